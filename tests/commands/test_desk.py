"""What listeners leave to be done after they have answered."""

from __future__ import annotations

import gc
from typing import Any, cast

from commands.desk import Desk


def build_desk() -> Desk:
    """A desk that nobody needs anything of."""
    nothing = cast(Any, None)
    return Desk(
        store=nothing,
        delivery=nothing,
        directory=nothing,
        drawer=nothing,
        clock=nothing,
        workspace_id=nothing,
        policy=nothing,
        make_device_link=nothing,
        enter=nothing,
        fetch_recording=nothing,
        launch_defaults=nothing,
        quiet_hours=nothing,
    )


async def test_work_that_never_began_is_let_go_of_quietly() -> None:
    """As when the bot is killed just then: it is not done, and Python does not complain that nobody awaited it."""
    desk, done = build_desk(), []

    async def work() -> None:
        done.append(True)

    desk.run(work())
    for task in list(desk.tasks):
        task.cancel()
    await desk.close()
    gc.collect()  # where the complaint would be made
    assert not done
    assert not desk.tasks
