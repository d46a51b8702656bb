"""A store that its process has to itself takes back what a dead process had claimed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from storage.records import ClaimId, NoticeState
from storage.sqlite import open_store
from tests.records import NOW, make_notice
from tests.storage.contract import make_school


async def test_claims_of_the_dead_are_free_at_the_next_start(tmp_path: Path) -> None:
    """Waiting for their leases would keep people waiting for their links for a minute."""
    async with open_store(tmp_path / "x.db") as store:
        school = await store.write(make_school(store))
        lesson = await school.book(school.ben)
        notice = make_notice(lesson, school.ben, due_at=NOW)
        await store.write(lambda tx: tx.notices.insert([notice]))
        lease = timedelta(minutes=1)
        await store.write(
            lambda tx: tx.notices.claim(now=NOW, machine_now=NOW, limit=1, claim_id=ClaimId("dead"), lease=lease)
        )

    async with open_store(tmp_path / "x.db", is_exclusive=True) as store:
        found = await store.read(lambda tx: tx.notices.get(notice.workspace_id, notice.id))
        again = await store.write(
            lambda tx: tx.notices.claim(now=NOW, machine_now=NOW, limit=1, claim_id=ClaimId("new"), lease=lease)
        )

    assert found.state == NoticeState.WAITING
    assert [notice.id] == [one.id for one in again]
