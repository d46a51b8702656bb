"""The page of each person: who they are, their conversations and what is new in them, what they may see."""

from __future__ import annotations

import pytest
from markupsafe import Markup
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.sandbox.play.frame import Frame
from bot.sandbox.play.panels import Looking, Panel
from bot.sandbox.slack.people import UserKind
from tests.acceptance.telling import book
from tests.bot.sandbox.html_pages import Node, parse_html
from tests.bot.sandbox.play.visits import Visit


def read(node: Node) -> str:
    return " ".join(node.read().split())


def list_links(node: Node) -> dict[str, str]:
    """What each link says, by where it leads."""
    return {link.attributes["href"]: read(link) for link in node.find_all("a")}


async def test_the_first_page_is_the_leaders(visit: Visit) -> None:
    """Whoever opens the school begins as Ada."""
    async with visit.client.get(visit.address) as answer:
        assert f"/{visit.find_path('ada')}" == answer.url.path


@pytest.mark.parametrize("name", ["ada", "ben", "cara", "dina", "emil", "finn", "gwen", "hana", "ines"])
async def test_one_can_be_everybody(visit: Visit, name: str) -> None:
    """Guest and admin too: a page with their own conversation, and a way to be each of the others."""
    page = await visit.open(name)

    people = page.find_by_id("people")
    assert 9 == len(people.find_all("a"))
    (current,) = [link for link in people.find_all("a") if "aria-current" in link.attributes]
    assert visit.playground.cast.people[name].user.real_name in read(current)
    assert 1 == len(page.find_all("h1"))
    assert "Hallpass" in read(page.find_all("h2")[0])


async def test_people_are_told_apart_by_role_city_and_clock(visit: Visit) -> None:
    """By lesson time, in each one's own zone."""
    people = list_links((await visit.open("ada")).find_by_id("people")).values()

    assert "Ada leads lessons Berlin 14:00" in people
    assert "Cara learner New York 08:00" in people
    assert "Dina learner Kolkata 18:30" in people
    assert "Emil guest London 13:00" in people
    assert "Ines admin Berlin 14:00" in people


async def test_conversations_are_those_somebody_is_in(visit: Visit) -> None:
    """Home and the talk with the bot, and channels only for their members."""
    ada, ben = [read((await visit.open(name)).find_by_id("places")) for name in ("ada", "ben")]

    assert ("Home Hallpass #lessons", "Home Hallpass") == (ada, ben)


async def test_what_is_not_theirs_is_not_there(visit: Visit) -> None:
    """Somebody nobody knows, the bot itself, a channel they are not in: one page that leads back."""
    cast, slack = visit.playground.cast, visit.playground.school.slack
    paths = ["as/U0NOBODY/", "as/U0NOBODY/home", f"as/{slack.bot_user_id}/"]
    paths.append(visit.find_path("ben", f"in/{cast.channel.id}"))

    answers = [await visit.get(path) for path in paths]

    assert {404} == {status for status, _ in answers}
    assert all("Not here" in text for _, text in answers)


async def test_a_lesson_is_announced_by_unread_marks(visit: Visit) -> None:
    """Beside who got something, until their page has shown it."""
    await book(visit.playground.school, visit.playground.cast.ada, "@Ben today 3pm 30m Algebra")

    people = list_links((await visit.open("hana")).find_by_id("people"))
    assert "Ben 1 unread" in people[f"/{visit.find_path('ben')}"]
    assert "unread" not in people[f"/{visit.find_path('hana')}"]

    page = await visit.open("ben", "home")
    assert "Hallpass 1 unread" in list_links(page.find_by_id("places")).values()
    page = await visit.open("ben")
    assert "unread" not in read(page.find_by_id("places"))
    assert "Algebra" in read(page.find_by_id("messages"))
    assert "Ben learner Berlin 14:00" == list_links(page.find_by_id("people"))[f"/{visit.find_path('ben')}"]


async def test_an_open_page_reads_what_comes(visit: Visit) -> None:
    """Nothing is marked as new to somebody who looks at it, and it is for the others."""
    direct = visit.playground.school.slack.workspace.open_direct([visit.playground.cast.ben.user.id])
    page = await visit.open("ben")
    async with visit.watch(page) as stream:
        await stream.next()
        workspace = visit.playground.school.slack.workspace
        workspace.post(direct, text="Hello", blocks=[], author_id=workspace.app.bot_user_id)
        workspace.post(visit.playground.cast.channel, text="Hello", blocks=[], author_id=workspace.app.bot_user_id)
        partial = await stream.wait_for("#people", saying="unread")

    assert {"Ada 1 unread", "Gwen 1 unread"} == {
        " ".join(read(link).split()[:3]) for link in parse_html(partial.html).find_all("a") if "unread" in read(link)
    }


async def test_opening_a_page_is_told_to_the_bot_as_by_slack(visit: Visit) -> None:
    """The Home tab is published when somebody opens it."""
    page = await visit.open("ines", "home")
    async with visit.watch(page) as stream:
        partial = await stream.wait_for("#home", saying="Welcome to Hallpass")

    assert "Book a lesson" in partial.html


async def test_a_page_does_not_wait_for_the_bot(visit: Visit) -> None:
    """Dead, it says nothing; its people can still look around."""
    await visit.playground.kill_bot()

    page = await visit.open("ada", "home")

    assert "Nothing is shown here yet." in read(page.find_by_id("home"))


async def test_a_file_is_for_those_in_its_conversation(visit: Visit) -> None:
    """It opens as plain text for whom it was shown to, and for nobody else."""
    slack, cast = visit.playground.school.slack, visit.playground.cast
    direct = slack.workspace.open_direct([cast.ada.user.id])
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=visit.client)
    begun = await client.files_getUploadURLExternal(filename="transcript.txt", length=5)
    async with visit.client.post(begun["upload_url"], data=b"<b>A:") as answer:
        assert 200 == answer.status
    await client.files_completeUploadExternal(files=[{"id": begun["file_id"]}], channel_id=direct.id)

    page = await visit.open("ada")
    (path,) = [where[1:] for where, what in list_links(page.find_by_id("messages")).items() if what == "transcript.txt"]
    async with visit.client.get(visit.address + path) as answer:
        assert ("text/plain", "<b>A:") == (answer.content_type, await answer.text())
    assert 404 == (await visit.get(path.replace(cast.ada.user.id, cast.ben.user.id)))[0]


async def test_a_hundred_more_people_can_be_chosen(visit: Visit) -> None:
    """Whoever has hands; a bot and somebody who is gone have none."""
    school = visit.playground.school
    for number in range(100):
        school.add(f"Learner {number}")
    school.add("Gone", kind=UserKind.DEACTIVATED)

    people = read((await visit.open("ada")).find_by_id("people"))

    assert "Learner 99 learner" in people
    assert "Gone" not in people
    assert "Slackbot" not in people


async def test_what_an_act_came_to_is_said_above_an_open_form(visit: Visit) -> None:
    """While a form is open nothing else can be reached or is read out, so what is said stands outside of that."""
    page = await visit.open("ada")

    desk = page.find_by_id("desk")
    assert "status" == page.find_by_id("said").attributes["role"]
    assert {"said", "modal", "live"}.isdisjoint(node.attributes.get("id") for node in desk.walk())


async def test_a_panel_that_fails_leaves_the_others_standing(visit: Visit) -> None:
    """It is told in its place, with nothing of the error, which is in the log."""
    playground = visit.playground

    class Broken(Panel):
        id = "broken"

        async def draw(self, looking: Looking) -> Markup:
            raise RuntimeError("secret")

    frame = Frame(playground, [Broken()])

    with capture_logs() as logs:
        drawing = await frame.draw(Looking(user_id=playground.cast.ada.user.id))

    failed = parse_html(drawing.regions["broken"]).find_by_id("broken")
    assert "This part of the page failed." in read(failed)
    assert "secret" not in read(failed)
    assert "Ada" in drawing.regions["people"]
    assert [("panel_failed", "broken")] == [(entry["event"], entry["panel"]) for entry in logs if "panel" in entry]
