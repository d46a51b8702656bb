"""What must never be readable at rest, in the log, or in what Slack keeps."""

from __future__ import annotations

import logging
import sqlite3

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.school import School
from tests.acceptance import telling


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
    stored = b"".join(path.read_bytes() for path in school.folder.glob("hallpass.db*") if path.suffix != ".keys")
    assert b"Algebra" in stored
    assert not [what for what, secret in secrets.items() if secret.encode() in stored]
    logged = capsys.readouterr()
    said = f"{logged.out}{logged.err}{caplog.text}"
    assert "launched" in said
    assert not [what for what, secret in secrets.items() if secret in said]
    posted = [message for place in school.slack.workspace.conversations.values() for message in place.messages]
    texts = str([(message.metadata, [one.text for one in message.revisions]) for message in posted])
    assert not [what for what, secret in secrets.items() if secret in texts]
    shown = str([[one.blocks for one in message.revisions] for message in posted])
    assert not [what for what, secret in secrets.items() if secret in shown and not what.startswith(("link", "ticket"))]


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
