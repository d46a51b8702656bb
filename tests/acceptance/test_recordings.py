"""*Watch recording*, *Transcript*, `/lesson transcript`: for who may, when it is there, and in nobody else's sight."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.people import UserKind
from storage.records import NoticeKind, NoticeState, Produced
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.acceptance.test_home import open_home
from tests.acceptance.test_settings_in_home import open_settings


async def hold(
    school: School, *, options: tuple[str, ...] = ("warn", "record", "transcribe"), until_minute: int = 47
) -> tuple[Actor, Actor]:
    """Ada teaches Ben Algebra, 15:00 to 15:45 in Berlin; both come, and talk. It is 15:47 then, and over."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", options=list(options))
    await telling.move_to(school, 14, 0)
    for actor, words in ((ada, "What is one half & <two>?"), (ben, "I don't know.")):
        outcome = await actor.press(telling.find_card(actor), "join")
        browser = school.lessonspace.browser(actor.user.name)
        assert outcome.url is not None
        assert (await browser.join(outcome.url)).is_inside
        await browser.say(words)
    await telling.move_to(school, 14, 44)
    await telling.leave_all(school)
    await telling.move_to(school, 14, until_minute)
    return ada, ben


def find_summary(actor: Actor) -> Message:
    return telling.find_message(actor, "Summary of Algebra")


async def look_later(school: School, *, minutes: int = 30) -> None:
    """Until everything is there."""
    school.clock.move_by(timedelta(minutes=minutes))
    await telling.settle(school)


async def fetch(url: str) -> int:
    """What the recording's own page answers to a browser."""
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return answer.status


async def read_page(url: str) -> str:
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return await answer.text()


async def watch(school: School, actor: Actor, message: Message) -> str:
    """Press *Watch recording*; where the private answer's button leads."""
    seen = len(actor.private_answers())
    assert (await actor.press(message, "watch")).is_fine
    await school.slack.wait_for(lambda: len(actor.private_answers()) > seen)
    answer = actor.private_answers()[-1]
    assert "Here is the recording of Algebra" in answer.text
    return str(telling.list_buttons(answer)["open_recording"]["url"])


async def test_a_leader_watches_by_a_fresh_address_each_time(school: School) -> None:
    """It opens now, not for ever; another press gives another. No message, row or log but the answer ever holds it."""
    ada, ben = await hold(school)
    summary = find_summary(ada)
    assert "The recording and the transcript are being prepared." in ada.read(summary)
    posted = len(ada.messages())

    await look_later(school)
    assert {"watch", "transcript", "again"} == telling.list_buttons(find_summary(ada)).keys()
    assert "being prepared" not in ada.read(find_summary(ada))
    assert posted == len(ada.messages())
    assert not {"watch", "transcript"} & {name for one in ben.messages() for name in telling.list_buttons(one)}

    first = await watch(school, ada, find_summary(ada))
    assert 200 == await fetch(first)
    school.clock.move_by(timedelta(hours=4))
    assert 200 != await fetch(first)
    again = await watch(school, ada, find_summary(ada))
    assert (True, 200) == (first != again, await fetch(again))
    stored = school.database_path.read_bytes() + school.database_path.with_suffix(".db-wal").read_bytes()
    for url in (first, again):
        assert url.rpartition("/")[2].encode() not in stored
        assert not any(url in json.dumps(message.blocks) for message in ada.messages())
    assert (await ada.press(ada.private_answers()[-1], "open_recording")).is_fine


async def test_a_transcript_comes_as_a_file(school: School) -> None:
    """Text at once, the other kinds behind the dots; what was said is in each, whatever was said."""
    ada, _ = await hold(school)
    await look_later(school)

    await ada.press(find_summary(ada), "transcript")
    for choice in ("subtitles", "data"):
        await ada.pick(find_summary(ada), "transcript_as", choice)
    await school.slack.wait_for(lambda: len([one for one in school.slack.uploads.files if one.channel_id]) == 3)

    assert ada.direct is not None
    assert {ada.direct.id} == {upload.channel_id for upload in school.slack.uploads.files}
    files = {upload.name: (upload.content or b"").decode() for upload in school.slack.uploads.files}
    name = "transcript-2026-11-23-1500"
    assert "Ada: What is one half & <two>?\n" in files[f"{name}.txt"]
    assert "<v Ada>What is one half &amp; &lt;two&gt;?\n" in files[f"{name}.vtt"]
    [session] = json.loads(files[f"{name}.json"])["sessions"]
    assert ["What is one half & <two>?", "I don't know."] == [line["text"] for line in session["lines"]]
    assert "Transcript of Algebra" in ada.messages()[-1].text


@pytest.mark.parametrize("action", ["watch", "transcript"])
async def test_nobody_else_gets_either(school: School, action: str) -> None:
    """Ben was there and sends what only Ada's button carries; nothing is fetched, nothing handed over."""
    ada, ben = await hold(school)
    await look_later(school)
    forged = forge_row(ben, find_summary(ada), action)

    await ben.press(forged, action)

    refusal = (
        "You may not watch this recording." if action == "watch" else "Only the lesson’s leaders and admins can read"
    )
    await telling.wait_for_answer(school, ben, refusal)
    assert [] == school.slack.uploads.files


def forge_row(actor: Actor, other: Message, action: str) -> Message:
    """Their own card, with the other message's row in it, as a forged client might send it."""
    row = next(
        block
        for block in other.blocks
        if action in [element.get("action_id") for element in block.get("elements", []) if isinstance(element, dict)]
    )
    card = telling.find_card(actor)
    card.blocks.append(row)
    return card


async def test_where_the_service_does_not_answer_they_are_told(school: School) -> None:
    """Privately, with what to do; and where the recording is gone, that."""
    ada, _ = await hold(school)
    await look_later(school)
    school.lessonspace.faults.switch_on("playback", Fault.refusing())
    await ada.press(find_summary(ada), "watch")
    await telling.wait_for_answer(
        school, ada, "Lessonspace did not answer, so the recording of Algebra cannot be opened"
    )

    school.lessonspace.faults.switch_off()
    await watch(school, ada, find_summary(ada))
    for space in school.lessonspace.organisation.spaces.values():
        for session in space.sessions:
            session.recorded_at = None
    await ada.press(find_summary(ada), "watch")
    await telling.wait_for_answer(school, ada, "Lessonspace has no recording of Algebra")


async def test_a_file_that_slack_refuses_is_said(school: School) -> None:
    """With Slack's own word for it."""
    ada, _ = await hold(school)
    await look_later(school)
    school.slack.faults.switch_on("files.getUploadURLExternal", Fault.refusing("missing_scope"))

    await ada.press(find_summary(ada), "transcript")

    await telling.wait_for_answer(school, ada, "Slack did not take the transcript of Algebra (missing_scope).")


async def test_home_shows_the_same_and_answers_in_views(school: School) -> None:
    """The summary from the Home tab: the same buttons; an answer there is a view on top."""
    ada, _ = await hold(school)
    await look_later(school)
    await ada.press(await open_home(school, ada), "summary")
    await telling.wait_for_words(school, ada, "2 of 2 came")
    assert ada.view is not None

    await ada.press(ada.view, "transcript")
    await telling.wait_for_words(school, ada, "The transcript of Algebra is in your messages")
    await ada.close()
    assert ada.view is not None
    school.slack.faults.switch_on("views.open", Fault.refusing("expired_trigger_id"))  # the answer may take longer
    await ada.press(ada.view, "watch")
    await telling.wait_for_words(school, ada, "Here is the recording of Algebra")


async def test_an_admin_who_was_not_there_may_watch_and_search(school: School) -> None:
    """From the list of all lessons, and in all transcripts."""
    olga = school.add("Olga", kind=UserKind.ADMIN)
    await hold(school)
    await look_later(school)

    await olga.press(await open_home(school, olga), "all_lessons")
    await telling.wait_for_words(school, olga, "Algebra")
    assert olga.view is not None
    await olga.press(olga.view, "show_lesson")
    await telling.wait_for_words(school, olga, "2 of 2 came")
    await olga.press(olga.view, "watch")
    await telling.wait_for_words(school, olga, "Here is the recording of Algebra")
    await olga.slash("/lesson", "transcript half")
    await telling.wait_for_answer(school, olga, "What is one half & <two>?")


async def test_who_only_booked_reads_that_there_is_a_recording(school: School) -> None:
    """And has no button for it, nor reads what was said."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    options = ["warn", "record", "transcribe"]
    await telling.book(school, cara, "@Ben today 3pm 45m Algebra", leaders=["Ada"], options=options)
    await telling.move_to(school, 14, 0)
    for actor in (ada, ben):
        await telling.join(school, actor)
    await telling.move_to(school, 14, 44)
    await telling.leave_all(school)
    await telling.move_to(school, 14, 47)
    assert "prepared" not in cara.read(find_summary(cara))
    await look_later(school)

    assert "There is a recording of this lesson at Lessonspace." in cara.read(find_summary(cara))
    assert {"again"} == telling.list_buttons(find_summary(cara)).keys()
    assert {"watch", "transcript", "again"} == telling.list_buttons(find_summary(ada)).keys()


async def test_what_was_said_is_found_again(school: School) -> None:
    """By who led it, with when and by whom; who only learned there reads what can be searched."""
    ada, ben = await hold(school)
    await look_later(school)

    await ada.slash("/lesson", "transcript KNOW")
    answer = await telling.wait_for_answer(school, ada, "I don't know.")
    assert "Algebra" in ada.read(answer)
    assert "15:00 Ben:" in ada.read(answer, now=school.clock.now())
    await ada.slash("/lesson", "transcript nonsense")
    await telling.wait_for_answer(school, ada, "“nonsense” was not found.")
    await ada.slash("/lesson", "transcript")
    await telling.wait_for_answer(school, ada, "Type what you look for")

    await ben.slash("/lesson", "transcript half")
    await telling.wait_for_answer(school, ben, "You can search what was said in lessons that you lead")


async def test_a_lesson_that_was_not_recorded_says_nothing_of_it(school: School) -> None:
    """No button, no waiting; its session has the lesson's name all the same, and nothing is owed any more."""
    ada, _ = await hold(school, options=("warn",))
    await look_later(school)

    assert {"again"} == telling.list_buttons(find_summary(ada)).keys()
    assert "ecording" not in ada.read(find_summary(ada))
    [space] = school.lessonspace.organisation.spaces.values()
    assert ["Algebra"] == [session.name for session in space.sessions]
    [work] = await telling.list_notices(school, NoticeKind.COLLECT)
    assert NoticeState.SENT == work.state


async def test_a_short_lesson_has_no_transcript_and_says_why(school: School) -> None:
    """Nobody waits for what will not come: the service makes none of so short a session."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", options=["warn", "record", "transcribe"])
    await telling.move_to(school, 14, 0)
    for actor in (ada, ben):
        await telling.join(school, actor)
    school.clock.move_by(timedelta(minutes=1))
    await telling.leave_all(school)
    await telling.move_to(school, 14, 47)

    text = ada.read(find_summary(ada))
    assert "The recording is being prepared." in text
    assert "No transcript was made: Lessonspace makes none of a lesson that was shorter than 5 minutes" in text


@pytest.fixture
async def open_handed(tmp_path: Path) -> AsyncIterator[School]:
    """A school that lets everybody who was there watch, and lets teachers open recordings at Lessonspace."""
    settings = {"HALLPASS_RECORDINGS": "participants", "HALLPASS_RECORDING_POLICY": "teacher,admin"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings) as school:
        await school.start()
        yield school


async def test_participants_watch_where_the_workspace_lets_them(open_handed: School) -> None:
    """By a button on their card of the lesson that is over; what was said stays with leaders and admins."""
    school = open_handed
    _, ben = await hold(school)
    await look_later(school)

    assert {"watch"} == telling.list_buttons(telling.find_card(ben)).keys()
    assert 200 == await fetch(await watch(school, ben, telling.find_card(ben)))
    [space] = school.lessonspace.organisation.spaces.values()
    assert [["teacher", "admin"]] == [session.policy for session in space.sessions]


async def test_admins_say_in_home_who_may_watch_and_it_counts_at_once(school: School) -> None:
    """For lessons that are over too: buttons come and go; who presses one that is still there is judged anew."""
    olga = school.add("Olga", kind=UserKind.ADMIN)
    ada, ben = await hold(school)
    await look_later(school)
    card = telling.find_card(ben)

    await open_settings(school, olga)
    assert (await telling.submit(school, olga, watchers="participants")).is_fine
    await telling.settle(school)
    assert {"watch"} == telling.list_buttons(card).keys()
    assert 200 == await fetch(await watch(school, ben, card))
    forged = copy.deepcopy(find_summary(ada))

    await open_settings(school, olga)
    assert (await telling.submit(school, olga, watchers="admins")).is_fine
    await telling.settle(school)
    assert not telling.list_buttons(card)
    assert "watch" not in telling.list_buttons(find_summary(ada))
    find_summary(ada).blocks[:] = forged.blocks
    await ada.press(find_summary(ada), "watch")
    await telling.wait_for_answer(school, ada, "You may not watch this recording.")
    home = await open_home(school, olga)
    assert "Who may watch recordings: admins only." in olga.read(home, now=school.clock.now())


async def test_each_session_of_a_lesson_has_its_own_recording_and_transcript(school: School) -> None:
    """The room was empty for a while: two sessions, each with when it was, its buttons, and its own address."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", options=["record", "transcribe"])
    for begins, ends, words in ((0, 15, "Let us begin."), (20, 44, "Where were we?")):
        await telling.move_to(school, 14, begins)
        for actor in (ada, ben):
            outcome = await actor.press(telling.find_card(actor), "join")
            assert outcome.url is not None
            browser = school.lessonspace.browser(f"{actor.user.name} {begins}")
            assert (await browser.join(outcome.url)).is_inside
            await browser.say(words)
        await telling.move_to(school, 14, ends)
        await telling.leave_all(school)
        await telling.move_to(school, 14, ends + 1)
    await telling.move_to(school, 14, 47)
    await look_later(school)

    summary = find_summary(ada)
    text = ada.read(summary, now=school.clock.now())
    sessions = [line for line in text.splitlines() if line.startswith("Session")]
    assert ["Session today 15:00 to 15:15", "Session today 15:20 to 15:44"] == sessions
    assert "All sessions" in text
    rows = [block for block in summary.blocks if "watch" in str(block)]
    assert 2 == len(rows)
    told = []
    for row in rows:
        summary.blocks[:] = [row]
        told.append(await watch(school, ada, summary))
    pages = [await read_page(url) for url in told]
    [space] = school.lessonspace.organisation.spaces.values()
    assert all(session.session_id in page for session, page in zip(space.sessions, pages, strict=True))
    assert pages[0] != pages[1]


async def test_a_summary_that_was_on_its_way_is_brought_up_to_date(school: School) -> None:
    """The service says that something is ready while the summary is being posted, in words of before."""
    ada, _ = await hold(school, until_minute=44)
    school.slack.faults.switch_on("chat.postMessage", Fault.slow(timedelta(milliseconds=300), after_work=True), count=1)
    ending = asyncio.create_task(telling.move_to(school, 14, 47))
    await telling.wait_until(school, lambda: any("Summary of" in message.text for message in ada.messages()))
    assert school.hallpass is not None
    details = await telling.get_lesson_details(school)
    [session] = details.sessions
    ready = replace(session, recording=Produced.READY)
    await school.hallpass.store.write(lambda tx: tx.sessions.save([ready]))

    await ending
    await telling.settle(school)
    assert "watch" in telling.list_buttons(find_summary(ada))
