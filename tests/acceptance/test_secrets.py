"""What must never be readable at rest, in the log, or in what Slack keeps."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from bot.assembly import build_sealer
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.faults import Fault
from bot.sandbox.houses import EVERY, LESSONSPACE, House
from bot.sandbox.loop.stand_in import LoopStandIn
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.sandbox.videsk.stand_in import VideskStandIn
from bot.sandbox.visiting import Visitor
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


def list_secrets(school: School) -> dict[str, str]:
    """Every secret of this school, with what it is."""
    secrets = {
        "bot token": school.slack.bot_token,
        "signing secret": school.slack.signing_secret,
        "api key": school.lessonspace.api_key,
    }
    for number, launch in enumerate(school.lessonspace.launches):
        secrets[f"link {number}"] = launch.url
        secrets[f"ticket {number}"] = launch.url.partition("user=")[2].partition("&")[0]
        secrets[f"room secret {number}"] = launch.secret
    return secrets


async def test_no_secret_is_left_in_clear_text(
    school: School, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a lesson with faults, a new link and an extension, one looks in the file, its log, our log and Slack."""
    caplog.set_level(logging.INFO)
    ada, ben = school.add("Ada"), school.add("Ben")
    channel = school.slack.add_channel("lessons", ["Ada", "Ben"])
    school.lessonspace.faults.switch_on("launch", Fault.garbage(does_work=True), count=1)
    school.slack.faults.switch_on("chat.postMessage", Fault.refusing(does_work=True), count=1)
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", channel=channel, options=["everyone_leaves", "warn"])
    await telling.skip(school, telling.UNTIL_LOOKED_FOR)
    await telling.move_to(school, 13, 55)
    assert await telling.join(school, ben) is None
    await ben.press(telling.find_card(ben), "new_link")
    await telling.move_to(school, 14, 41)
    await ada.press(telling.find_card(ada), "extend")
    await telling.settle(school)

    secrets = list_secrets(school)
    assert len(school.lessonspace.launches) >= 5
    assert len(telling.find_url(telling.find_card(ben)) or "") > 50
    stored = read_stored(school)
    assert b"Algebra" in stored
    assert not [what for what, secret in secrets.items() if secret.encode() in stored]
    logged = capsys.readouterr()
    said = f"{logged.out}{logged.err}{caplog.text}"
    assert "launched" in said
    assert not [what for what, secret in secrets.items() if secret in said]
    texts, shown = read_posted(school)
    assert not [what for what, secret in secrets.items() if secret in texts]
    assert not [what for what, secret in secrets.items() if secret in shown and not what.startswith(("link", "ticket"))]


@asynccontextmanager
async def open_afternoon(service: str, folder: Path) -> AsyncIterator[tuple[School, dict[str, str]]]:
    """A lesson behind our own page: everybody came in, Ben again after a new link and a restart. With all secrets."""
    async with (
        open_school(folder, starts_at=MONDAY_TWO_PM, has_webhooks=True, services=(service,)) as school,
        AsyncExitStack() as stack,
    ):
        await school.start()
        ada, ben, house = school.add("Ada"), school.add("Ben"), school.houses[service]
        await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
        await telling.move_to(school, 13, 55)
        secrets: dict[str, str] = {}

        async def come_in(actor: Actor) -> None:
            visitor = Visitor(house, actor.user.name)
            stack.push_async_callback(visitor.close)
            url = telling.find_url(telling.find_card(actor)) or ""
            assert (await visitor.come_in(url)).is_inside
            await telling.settle(school)
            secrets[f"token of link {len(secrets)}"] = url.rpartition("/")[2]
            secrets.update({f"way in {len(secrets)}": secret for secret in visitor.handed})

        await come_in(ada)
        await come_in(ben)
        await ben.press(telling.find_card(ben), "new_link")
        await telling.settle(school)
        await school.stop()
        await school.start()
        await come_in(ben)
        yield school, secrets | _list_keys(house) | _list_account_secrets(school)


def _list_keys(house: House) -> dict[str, str]:
    """What the service knows the bot by, and whatever opens a room there without more."""
    match house.stand_in:
        case VideskStandIn() as videsk:
            return {"api token": videsk.api_token}
        case AgoraStandIn() as agora:
            return {"access key": agora.access_key, "secret key": agora.secret_key}
        case LoopStandIn() as loop:
            return {f"room {number}": room.token for number, room in enumerate(loop.list_rooms())}


def _list_account_secrets(school: School) -> dict[str, str]:
    """What a service gave the bot to be known by, unsealed: Loop's token."""
    sealer = build_sealer(school.load_settings())
    with closing(sqlite3.connect(school.database_path)) as database:
        rows = database.execute("select id, secret_sealed from room_accounts where secret_sealed is not null")
        return {f"secret of account {account}": sealer.unseal(sealed) for account, sealed in rows}


@pytest.mark.parametrize("service", [service for service in EVERY if service != LESSONSPACE])
async def test_no_service_leaves_what_opens_a_room(
    service: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the lesson is on and after it: not in the file or its log, not in ours, not in what Slack keeps as text."""
    caplog.set_level(logging.DEBUG)
    async with open_afternoon(service, tmp_path) as (school, secrets):
        found = read_stored(school)
        assert b"Algebra" in found
        await telling.move_to(school, 15, 16)
        found += read_stored(school)
    assert all(len(secret) > 10 for secret in secrets.values()), secrets
    assert not [what for what, secret in secrets.items() if secret.encode() in found]

    logged = capsys.readouterr()
    said = f"{logged.out}{logged.err}{caplog.text}"
    assert "issued" in said
    assert not [what for what, secret in secrets.items() if secret in said]
    texts, shown = read_posted(school)
    assert not [what for what, secret in secrets.items() if secret in texts]
    assert not [what for what, secret in secrets.items() if secret in shown and not what.startswith("token of link")]


def read_posted(school: School) -> tuple[str, str]:
    """What Slack keeps of every message, as it is and as it was: its text with its metadata, and its blocks."""
    posted = [message for place in school.slack.workspace.conversations.values() for message in place.messages]
    texts = str([(message.metadata, [one.text for one in message.revisions]) for message in posted])
    return texts, str([[one.blocks for one in message.revisions] for message in posted])


def read_stored(school: School) -> bytes:
    """The database and its log, as they lie on the disk; not the key that seals."""
    return b"".join(path.read_bytes() for path in school.folder.glob("hallpass.db*") if path.suffix != ".keys")


async def test_links_are_erased_after_the_lesson(school: School) -> None:
    """Once none works any more, not even the sealed link is kept."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    assert count_sealed(school) == 2

    await telling.move_to(school, 14, 50)
    assert (await telling.get_lesson(school)).state == "ended"
    await telling.move_to(school, 15, 16)

    assert count_sealed(school) == 0


async def test_links_of_a_cancelled_lesson_are_erased_at_once(school: School) -> None:
    """Nobody needs them any more."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await telling.cancel(school, ada)
    await telling.settle(school)

    assert count_sealed(school) == 0


def count_sealed(school: School) -> int:
    """How many links are kept, sealed."""
    database = sqlite3.connect(school.database_path)
    try:
        [count] = database.execute("select count(*) from links where url_sealed is not null").fetchone()
        return int(count)
    finally:
        database.close()
