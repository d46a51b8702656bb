"""The demo's proofs find what they are there to find: each is shown the fault once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.sandbox import proofs
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from bot.sandbox.venues import BROCHURES
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """A school without a bot: its stand-ins do what the tests ask them to."""
    async with open_school(tmp_path) as school:
        yield school


async def launch(school: School, actor: Actor) -> str:
    """A link for somebody, made by the stand-in room service."""
    asked = {"id": "lesson", "user": {"id": actor.user.id, "name": actor.user.real_name, "role": "student"}}
    headers = {"Authorization": f"Organisation {school.lessonspace.api_key}"}
    address = f"{school.lessonspace.api_url}spaces/launch/"
    async with ClientSession(headers=headers) as client, client.post(address, json=asked) as response:
        assert response.status in (200, 201)
    return school.lessonspace.launches[-1].url


def post(school: School, actor: Actor, text: str, *, url: str | None = None, notice_id: str | None = None) -> Message:
    """A direct message to somebody, with a Join button where a link is given."""
    workspace = school.slack.workspace
    button = {"type": "button", "action_id": "join", "text": {"type": "plain_text", "text": "Join"}, "url": url}
    blocks: list[dict[str, Any]] = [] if url is None else [{"type": "actions", "block_id": "1", "elements": [button]}]
    message = workspace.post(
        workspace.open_direct([actor.user.id]), text=text, blocks=blocks, author_id=school.slack.bot_user_id
    )
    if notice_id is not None:
        message.metadata = {"event_type": "hallpass_notice", "event_payload": {"notice_id": notice_id}}
    return message


async def test_own_links_are_nothing_strange(school: School) -> None:
    """Each their own: nothing to report."""
    people = [school.add("Ben"), school.add("Cara")]
    for person in people:
        post(school, person, "Join", url=await launch(school, person))

    assert proofs.find_strange_links(school, people) == []


async def test_another_persons_link_is_found_also_after_it_was_taken_back(school: School) -> None:
    """It was seen, if only for a moment."""
    ben, cara = school.add("Ben"), school.add("Cara")
    for person in (ben, cara):
        post(school, person, "Join", url=await launch(school, person))
    wrong = post(school, ben, "Join too", url=school.lessonspace.launches[-1].url)
    wrong.change(text="Never mind", blocks=[], ts="9999999999.000001", has_edited_label=False)

    assert proofs.find_strange_links(school, [ben, cara]) == ["Ben saw a link of Cara"]


async def test_a_link_in_a_channel_is_found(school: School) -> None:
    """Everybody in the channel has seen it."""
    ben, gwen = school.add("Ben"), school.add("Gwen")
    url = await launch(school, ben)
    post(school, ben, "Join", url=url)
    channel = school.slack.add_channel("lessons", [gwen.user])
    school.slack.workspace.post(channel, text=f"Come in: {url}", blocks=[], author_id=school.slack.bot_user_id)

    assert proofs.find_strange_links(school, [ben, gwen]) == ["Gwen saw a link of Ben"]


async def test_a_link_that_never_came_is_found(school: School) -> None:
    """A link was made for somebody who has not got it."""
    ben = school.add("Ben")
    await launch(school, ben)

    assert proofs.find_strange_links(school, [ben]) == ["Ben never saw a link"]


async def test_a_notice_that_arrived_twice_is_found(school: School) -> None:
    """Whatever its words are by now."""
    ben = school.add("Ben")
    post(school, ben, "Algebra starts at 16:00.", notice_id="n1")
    post(school, ben, "Algebra began at 16:00.", notice_id="n1")

    assert proofs.find_repeated(school) == ["the notice n1 arrived 2 times"]


async def test_the_same_words_twice_are_found(school: School) -> None:
    """Two notices that say the same to one person; to two people they may."""
    ben, cara = school.add("Ben"), school.add("Cara")
    for number, person in enumerate((ben, cara, ben)):
        post(school, person, "Algebra starts at 16:00.", notice_id=f"n{number}")

    assert proofs.find_repeated(school) == ["in Ben's direct messages, “Algebra starts at 16:00.” arrived 2 times"]


@pytest.mark.parametrize("name", ["hallpass.db", "hallpass.db-wal", "hallpass.log", "deeper/other.txt"])
@pytest.mark.parametrize("kind", ["link", "room secret", "bot token", "API key", "encryption key"])
async def test_clear_text_is_found_wherever_it_lies(school: School, name: str, kind: str) -> None:
    """In the database, beside it, in the log: every kind of secret. Its own file may hold the encryption key."""
    await launch(school, school.add("Ben"))
    key_file = school.folder / "hallpass.db.keys"
    key_file.write_text("a-key-made-at-the-first-start\n")
    launched = school.lessonspace.launches[-1]
    secret = {
        "link": launched.url,
        "room secret": launched.secret,
        "bot token": school.slack.bot_token,
        "API key": school.lessonspace.api_key,
        "encryption key": "a-key-made-at-the-first-start",
    }[kind]
    path = school.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\x00\x01" + json.dumps({"it": secret}).encode())

    assert proofs.find_clear_text(school) == [f"a secret can be read in {path.name}"]
    path.write_bytes(b"nothing")
    assert proofs.find_clear_text(school) == []


def test_rows_are_counted_table_by_table(tmp_path: Path) -> None:
    """By name; the file is only read."""
    path = tmp_path / "some.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("create table b (x); create table a (x); insert into b values (1), (2);")

    assert proofs.count_rows(path) == {"a": 0, "b": 2}
    assert list(proofs.count_rows(path)) == ["a", "b"]


async def test_another_persons_link_to_our_own_page_is_found(tmp_path: Path) -> None:
    """As the database knows whose each is; and where one is written down in the clear, that is found too."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("videsk",)) as school:
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
        url = telling.find_url(telling.find_card(ben)) or ""

        assert proofs.find_strange_links(school, [ada, ben]) == []
        assert proofs.find_clear_text(school) == []
        post(school, ada, "Somebody else's", url=url)
        (tmp_path / "notes.txt").write_text(f"I may need {url}")
        assert proofs.find_strange_links(school, [ada, ben]) == ["Ada saw a link of Ben"]
        assert proofs.find_clear_text(school) == ["a secret can be read in notes.txt"]
        (tmp_path / "notes.txt").write_text("the token 4711-0815")
        assert proofs.find_clear_text(school, ["4711-0815"]) == ["a secret can be read in notes.txt"]


def test_only_what_a_service_can_have_is_missed() -> None:
    """Tables that stay empty where nothing is reported or transcribed."""
    can, cannot = BROCHURES["lessonspace"].capabilities, BROCHURES["loop"].capabilities

    assert proofs.list_empty_tables(dict.fromkeys(proofs.FULL_TABLES, 1), can) == []
    missed = set(proofs.list_empty_tables({}, can)) - set(proofs.list_empty_tables({}, cannot))
    assert missed == {"deliveries", "held_sessions", "transcript_lines"}
