"""What a class's links cost, held by counts: how busy the machine is changes none of them much.

`make bench` says how long it takes; this only holds that no link reads its whole class again, nor writes more often
than it has steps: stored and begun, then sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.school import School, open_school
from storage.columns import Columns
from storage.sqlite import SqliteStore
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM

LEARNERS = 60


@contextmanager
def counting(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Commits, units of work, statements that write or ask on the writing connection, and records read over any, while
    inside.
    """
    counts: Counter[str] = Counter()
    commits, connection = store.commit_count, store._writing.connection
    read = Columns.from_row

    def count_record(self: Columns[Any], row: Sequence[Any], start: int = 0) -> Any:
        counts["records"] += 1
        return read(self, row, start)

    def count_statement(text: str) -> None:
        counts["units"] += text.startswith("SAVEPOINT")
        counts["statements"] += not text.startswith(("--", "BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))

    with monkeypatch.context() as patched:
        patched.setattr(Columns, "from_row", count_record)
        connection.set_trace_callback(count_statement)
        try:
            yield counts
        finally:
            connection.set_trace_callback(None)
    counts["commits"] = store.commit_count - commits


async def send_links(school: School, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What it costs from the form until everybody has been told."""
    assert school.hallpass is not None
    ada, learners = school.add("Ada"), [school.add(f"Learner {number}") for number in range(LEARNERS)]
    await telling.open_form(school, ada)
    with counting(school.hallpass.store, monkeypatch) as counts:
        people = [learner.user.id for learner in learners]
        assert (await telling.submit(school, ada, title="Algebra", participants=people)).is_fine
        await school.slack.wait_for(lambda: all(learner.messages() for learner in learners))
    return counts


@pytest.mark.parametrize(
    # how links go; at most so many commits, units of work, statements and records read for each of them
    ("way", "commits", "units", "statements", "records"),
    [("direct", 2, 3.7, 40, 60), ("press", 2, 3.7, 40, 60)],
)
async def test_a_class_costs_its_links_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, commits: int, units: float, statements: int, records: int
) -> None:
    """Each link is kept and begun, then sent: two writes, put on disk together with others'; a third stores who they
    are, looked up for the first time.

    The ceilings are two to four times what is used, for a machine too busy to bring others together; a link that reads
    its class goes through them by far.
    """
    # Nothing waits for its turn: what does is stored before, by a write of its own.
    turns = {"HALLPASS_POST_RATE": "1000/s burst 1000", "HALLPASS_POSTS_AT_ONCE": str(LEARNERS + 1)}
    settings = {"HALLPASS_LINKS": way, **turns}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings) as school:
        await school.start()

        counts = await send_links(school, monkeypatch)

    told = {name: round(count / LEARNERS, 2) for name, count in counts.items()}
    assert told["commits"] <= commits, told
    assert told["units"] <= units, told
    assert told["statements"] <= statements, told
    assert told["records"] <= records, told
