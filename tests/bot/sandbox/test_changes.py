"""The workspace's bell: waiters look at each change, and whoever asked to is told at once."""

from __future__ import annotations

import asyncio

from bot.sandbox.slack.changes import Changes


def test_each_change_is_counted_and_told() -> None:
    """In the order of asking, before the change's own act goes on."""
    changes, told = Changes(), list[str]()
    changes.on_ring(lambda: told.append(f"first {changes.count}"))
    changes.on_ring(lambda: told.append(f"second {changes.count}"))

    changes.ring()
    changes.ring()

    assert ["first 1", "second 1", "first 2", "second 2"] == told


async def test_nobody_who_remembers_the_count_misses_a_change() -> None:
    """Also one that came before they began to wait."""
    changes = Changes()
    heard = changes.count
    changes.ring()

    async with asyncio.timeout(5):
        await changes.wait_for(lambda: changes.count != heard, seconds=5)
