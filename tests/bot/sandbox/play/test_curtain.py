"""Behind the curtain: what went to and fro and what is owed, in a panel and on a page, live, and without any secret."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from yarl import URL

from bot.sandbox.cast import at
from bot.sandbox.faults import Fault, FaultKind
from bot.sandbox.lessonspace.mishaps import MishapKind
from bot.sandbox.play.behind import tell_due
from bot.sandbox.play.curtain import NAMES, NEWEST, TROUBLE, describe, list_lines, tell_duration
from bot.sandbox.play.live import OVER
from bot.sandbox.play.outbox import MARKED_FOR
from bot.sandbox.slack.actors import Actor
from bot.sandbox.traffic import Call, Entry, Party
from tests.acceptance.telling import book, find_url, settle
from tests.bot.sandbox.html_pages import Node, parse_html
from tests.bot.sandbox.play.visits import PATIENCE, Stream, Visit

CALL = Call(
    sender=Party.BOT,
    receiver=Party.SLACK,
    name="chat.postMessage",
    verb="POST",
    path="/api/{method}",
    status=200,
    at=datetime(2026, 11, 22, 20, 0, 0, 123456, tzinfo=UTC),
    taken=timedelta(milliseconds=12),
)


def tell(call: Call) -> tuple[str, str, bool]:
    """Answer, trouble, and whether it is marked as bad."""
    line = describe(Entry(number=1, call=call, lesson_at=at("14:52")), is_new=False)
    return line.result, line.trouble, line.is_bad


def list_rows(page: Node, its_id: str) -> list[str]:
    """The rows of a table, as they read."""
    return [" ".join(row.read().split()) for row in page.find_by_id(its_id).find_all("tr")][1:]


def test_a_request_in_words() -> None:
    """By the school's clock in its own zone, and by the machine's; who asked whom for what."""
    line = describe(Entry(number=7, call=CALL, lesson_at=at("14:52")), is_new=True)

    assert ("14:52:00", "20:00:00.123", "Hallpass", "Slack") == (line.at, line.machine_at, line.sender, line.receiver)
    assert ("chat.postMessage", "POST /api/{method}", "12 ms") == (line.name, line.asks, line.took)


@pytest.mark.parametrize(
    "call, told",
    [
        (CALL, ("200", "", False)),
        (replace(CALL, error="channel_not_found"), ("200", "channel_not_found", True)),
        (replace(CALL, status=429, error="ratelimited", fault="rate_limited"), ("429", "told to slow down", True)),
        (replace(CALL, error="fatal_error", fault="refusal"), ("200", "made to refuse, fatal_error", True)),
        (replace(CALL, status=None, error="dropped", fault="drop"), ("no answer", "cut off", True)),
        (replace(CALL, status=None, error="operation_timeout"), ("no answer", "operation_timeout", True)),
        (replace(CALL, status=None, fault="lose"), ("never sent", "lost on its way", True)),
        (replace(CALL, fault="delay"), ("200", "slowed down", False)),
        (replace(CALL, status=503), ("503", "", True)),
        (replace(CALL, verb="WebSocket"), ("acknowledged", "", False)),
    ],
)
def test_what_became_of_it_in_words(call: Call, told: tuple[str, str, bool]) -> None:
    """The status, and once why: what was switched on, or else the other side's own word."""
    assert told == tell(call)


def test_every_trouble_and_party_has_words() -> None:
    """Whatever a stand-in can be made to do."""
    assert {kind.value for kind in FaultKind} | {kind.value for kind in MishapKind} <= set(TROUBLE)
    assert set(Party) == set(NAMES)


@pytest.mark.parametrize(
    "seconds, words",
    [(0.0004, "0.4 ms"), (0.0126, "13 ms"), (0.95, "950 ms"), (2.04, "2.0 s")],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    """As precise as anybody reads."""
    assert words == tell_duration(timedelta(seconds=seconds))


async def test_a_request_is_new_for_a_moment(visit: Visit) -> None:
    """By machine time since it ended; what is old is not marked."""
    school = visit.playground.school
    now = school.clock.machine_now()
    school.traffic.write(replace(CALL, at=now - MARKED_FOR - CALL.taken))
    school.traffic.write(replace(CALL, at=now))

    assert [True, False] == [line.is_new for line in list_lines(school, None, most=2)]


async def test_the_panel_shows_the_last_requests_of_whom_somebody_chose(visit: Visit) -> None:
    """Each person their own; all of them at first and again."""
    cast = visit.playground.cast
    await book(visit.playground.school, cast.ada, "@Ben today 2:30pm 30m Algebra")

    await join(visit, cast.ada)

    before = await read_parties(visit, "ada")
    assert 204 == await choose(visit, "lessonspace", cast.ada.user.id)
    chosen, other = await read_parties(visit, "ada"), await read_parties(visit, "gwen")
    assert 204 == await choose(visit, "all", cast.ada.user.id)

    everybody = {"Hallpass → Slack", "Hallpass → Lessonspace", "Lessonspace → Hallpass"}
    assert everybody < before
    assert {"Hallpass → Lessonspace", "Lessonspace → Hallpass"} == chosen
    assert everybody < other
    assert everybody < await read_parties(visit, "ada")
    assert 404 == await choose(visit, "all", "U404")


async def test_in_a_fresh_school_the_panel_shows_all_again(visit: Visit) -> None:
    """Its people have the same ids, and nobody has chosen anything yet."""
    ada = visit.playground.cast.ada
    assert 204 == await choose(visit, "lessonspace", ada.user.id)

    await visit.playground.start_over()

    assert ada.user.id == visit.playground.cast.ada.user.id
    assert "Hallpass → Slack" in await read_parties(visit, "ada")


async def join(visit: Visit, actor: Actor) -> str:
    """Let somebody in by their card once the doors are open, and hand over where they were sent."""
    school = visit.playground.school
    if school.clock.now() < at("14:25"):
        school.clock.move_to(at("14:25"))
        await settle(school)
    link = find_url(actor.messages()[0])
    assert link is not None
    async with visit.client.post(link, allow_redirects=False) as answer:
        onward = answer.headers["Location"]
    await school.lessonspace.browser(actor.user.name).join(onward)
    await school.lessonspace.deliver_all()
    await settle(school)
    return onward


async def read_parties(visit: Visit, name: str) -> set[str]:
    """Who asks whom, in somebody's panel."""
    page = await visit.open(name)
    lines = page.find_by_id("curtain").find_all("li")
    assert 0 < len(lines) <= NEWEST
    return {" ".join(line.find_all("span")[0].read().split()[1:]) for line in lines}


async def choose(visit: Visit, party: str, user_id: str) -> int:
    origin = visit.address.rstrip("/")
    async with visit.client.post(f"{origin}/behind/only/{party}/for/{user_id}", headers={"Origin": origin}) as answer:
        return answer.status


async def test_the_page_tells_a_lesson_from_both_sides(visit: Visit) -> None:
    """What was asked of whom, and what is owed to whom, in the school's time."""
    await book(visit.playground.school, visit.playground.cast.ada, "@Ben today 2:30pm 30m Algebra")

    await join(visit, visit.playground.cast.ben)

    page = await open_behind(visit)

    notices = list_rows(page, "notices")
    assert "Mon 14:20:00 start reminder Ben Algebra sent 1" in notices
    assert "Mon 14:55:00 end warning Ada Algebra waiting 0" in notices
    assert "Mon 14:30:00 go live itself Algebra waiting 0" in notices
    assert any(row.startswith("Mon 14:00:00 join link Ben Algebra sent 1") for row in notices)
    calls = list_rows(page, "calls")
    assert any("Hallpass → Lessonspace launch POST /v2/spaces/launch/ 201" in row for row in calls)
    assert any("Slack → Hallpass view_submission booking WebSocket acknowledged" in row for row in calls)
    assert any("Slack → Hallpass /lesson WebSocket acknowledged" in row for row in calls)
    assert any("Lessonspace → Hallpass user.join POST 200" in row for row in calls)


async def test_the_page_shows_one_party_only(visit: Visit) -> None:
    """And says which; a party that nobody knows is everybody."""
    await book(visit.playground.school, visit.playground.cast.ada, "@Ben today 2:30pm 30m Algebra")

    some, everything = await open_behind(visit, "?party=lessonspace"), await open_behind(visit, "?party=nobody")

    assert {True} == {"Hallpass → Lessonspace" in row for row in list_rows(some, "calls")}
    assert {True, False} == {"Hallpass → Lessonspace" in row for row in list_rows(everything, "calls")}
    assert ["Lessonspace", "All"] == [find_current(some), find_current(everything)]


async def test_notices_are_told_while_the_bot_is_dead(visit: Visit) -> None:
    """What it owes stands there, and what is due by now says so."""
    school = visit.playground.school
    await book(school, visit.playground.cast.ada, "@Ben today 2:30pm 30m Algebra")
    await visit.playground.kill_bot()
    school.clock.move_to(at("14:25"))

    rows = list_rows(await open_behind(visit), "notices")

    assert "Mon 14:20:00 start reminder Ben Algebra due 0" in rows


async def test_an_open_page_follows_and_marks_what_changed(visit: Visit) -> None:
    """A reminder goes out: its row is sent anew, marked, and a moment later unmarked."""
    school = visit.playground.school
    await book(school, visit.playground.cast.ada, "@Ben today 2:30pm 30m Algebra")
    async with visit.watch(await open_behind(visit)) as stream:
        await stream.next()
        school.clock.move_to(at("14:20"))
        marked = await wait_for_row(stream, "start reminder Ben Algebra sent", is_marked=True)
        school.skip(MARKED_FOR)
        unmarked = await wait_for_row(stream, "start reminder Ben Algebra sent", is_marked=False)

    assert marked.attributes["id"] == unmarked.attributes["id"]


async def wait_for_row(stream: Stream, words: str, *, is_marked: bool) -> Node:
    """The row that reads so and is marked, or not."""
    async with asyncio.timeout(PATIENCE):
        while True:
            partial = await stream.wait_for("#notices", saying="start reminder")
            for row in parse_html(partial.html).find_all("tr"):
                if words in " ".join(row.read().split()) and row.has_class("changed") is is_marked:
                    return row


async def test_another_school_begins_the_page_anew(visit: Visit) -> None:
    """An open page is told that it is over, and where to begin."""
    async with visit.watch(await open_behind(visit)) as stream:
        await stream.next()
        await visit.playground.start_over()
        while (event := await stream.next()).name != OVER:
            pass
    async with visit.client.get(f"{visit.address}behind/again") as answer:
        assert "/behind/" == answer.headers["HX-Redirect"]

    assert () == event.partials
    assert [] == list_rows(await open_behind(visit), "notices")


async def test_nothing_secret_stands_in_the_page(visit: Visit) -> None:
    """After a lesson in which links were made, sent, used and refused, reports came, and things went wrong."""
    school, cast = visit.playground.school, visit.playground.cast
    school.slack.faults.switch_on("chat.postMessage", Fault.dropping(), count=1)
    school.lessonspace.faults.switch_on("launch", Fault.slow(timedelta(milliseconds=20)), count=1)
    await book(school, cast.ada, "@Ben today 2:30pm 30m Algebra")
    onward = [await join(visit, actor) for actor in (cast.ada, cast.ben)]
    await school.lessonspace.browser("Ben’s other one").join(onward[1])
    school.clock.move_to(at("15:50"))
    await settle(school)

    drawn = [(await visit.get(path))[1] for path in ("behind/", visit.find_path("ada"), visit.find_path("gwen"))]
    drawn[1:] = [str(text)[text.index('id="curtain"') :] for text in drawn[1:]]
    assert "space_sessions" in drawn[0]
    assert "cut off" in drawn[0]
    assert "slowed down" in drawn[0]
    secrets = [*list_secrets(visit), *(("onward", link) for link in onward)]
    assert len(secrets) > 20
    assert [] == [f"{kind}: {secret}" for kind, secret in secrets for text in drawn if secret in text]


def list_secrets(visit: Visit) -> list[tuple[str, str]]:
    """What opens something, or leads to what does."""
    school = visit.playground.school
    slack, lessonspace = school.slack, school.lessonspace
    found = [("token", one) for one in (slack.bot_token, slack.app_token, slack.signing_secret, lessonspace.api_key)]
    found += [("address", address) for address in (slack.api_url, lessonspace.api_url, lessonspace.origin)]
    for launch in lessonspace.launches:
        found += [
            ("launch", launch.url),
            ("room", launch.room_id),
            ("room secret", launch.secret),
            ("space", launch.launch_id),
        ]
        found += [("link", URL(launch.url).query["user"]), ("session", launch.session_id)]
    for report in lessonspace.webhooks.deliveries:
        found += [("webhook", report.address), ("webhook key", report.address.rpartition("/")[2])]
    for actor in visit.playground.cast.everybody:
        found += [("join link", url.rpartition("/")[2]) for url in map(find_url, actor.messages()[:1]) if url]
    for house in school.houses.values():
        found += [(name, value) for name, value in house.settings.items() if "REGION" not in name]
    return found


def find_current(page: Node) -> str:
    """The party that the page says it shows."""
    [current] = [link for link in page.find_all("a") if link.attributes.get("aria-current")]
    return current.read().strip()


async def open_behind(visit: Visit, query: str = "") -> Node:
    """The page of everything."""
    status, text = await visit.get(f"behind/{query}")
    assert status == 200, text
    return parse_html(text)


@pytest.mark.parametrize(
    "days, expected",
    [(0, "Mon 14:30:00"), (6, "Sun 14:30:00"), (7, "Mon 30 Nov 14:30:00"), (-7, "Mon 16 Nov 14:30:00")],
)
def test_a_day_is_never_taken_for_another(days: int, expected: str) -> None:
    """Links are erased a week later, on the same weekday."""
    assert expected == tell_due(at("14:30") + timedelta(days=days), at("14:00"))
