"""An open page keeps up: everything at first, then only what is another than it has, each change once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count

import pytest
from markupsafe import Markup

from bot.sandbox.play.conversations import Item, Shown
from bot.sandbox.play.frame import Drawing, Frame
from bot.sandbox.play.live import Live, Sent, build_event
from bot.sandbox.play.panels import Looking, Panel
from bot.sandbox.slack.conversations import Conversation
from tests.bot.sandbox.html_pages import parse_html
from tests.bot.sandbox.play.visits import PATIENCE, Visit, open_visit


@pytest.fixture
async def visit() -> AsyncIterator[Visit]:
    async with open_visit(panels=()) as visit:  # what panels have to tell comes at any time
        yield visit


def post(visit: Visit, place: Conversation, text: str, *, thread_ts: str | None = None) -> str:
    """The bot says something there; the id of its element."""
    workspace = visit.playground.school.slack.workspace
    message = workspace.post(place, text=text, blocks=[], author_id=workspace.app.bot_user_id, thread_ts=thread_ts)
    return f"m-{place.id}-{message.ts.replace('.', '-')}"


# What is sent


def draw(**items: str) -> Drawing:
    """A page of one region and these messages."""
    return Drawing(
        regions={"people": '<nav id="people"></nav>'},
        shown=Shown(items=tuple(Item(id=its_id, html=html) for its_id, html in items.items()), earlier_count=0),
    )


def list_changes(sent: Sent, drawing: Drawing) -> list[str]:
    """Target, manner, and what comes, of each partial."""
    template = [parse_html(partial).children[0] for partial in sent.update(drawing)]
    return [
        f"{node.attributes['hx-target']} {node.attributes['hx-swap']} {node.read().strip()}".strip()
        for node in template
        if not isinstance(node, str)
    ]


def test_a_window_begins_with_everything() -> None:
    """Whatever it has from before: the regions, and all messages at once."""
    assert ["#people outerMorph", "#messages outerMorph AB"] == list_changes(Sent(), draw(a="A", b="B"))


def test_what_is_there_already_is_not_sent() -> None:
    """Nothing at all, where nothing changed."""
    sent = Sent()
    sent.update(draw(a="A"))

    assert [] == sent.update(draw(a="A"))


def test_messages_come_change_and_go_each_by_itself() -> None:
    """The others stay untouched."""
    sent = Sent()
    sent.update(draw(a="A", b="B", c="C"))

    assert ["#a delete", "#b outerMorph B2", "#c afterend DE"] == list_changes(sent, draw(b="B2", c="C", d="D", e="E"))
    assert [] == sent.update(draw(b="B2", c="C", d="D", e="E"))


def test_new_messages_go_where_they_belong() -> None:
    """Each run behind what it follows in the window as it is; the first ones before everything."""
    sent = Sent()
    sent.update(draw(b="B", d="D"))

    changes = list_changes(sent, draw(a="A", b="B", c1="C1", c2="C2", d="D", e="E"))
    assert ["#messages afterbegin A", "#b afterend C1C2", "#d afterend E"] == changes


def test_new_messages_never_follow_one_that_goes() -> None:
    """All targets are found before anything changes, and one that goes is gone by then."""
    sent = Sent()
    sent.update(draw(a="A", b="B"))

    assert ["#b delete", "#a afterend C"] == list_changes(sent, draw(a="A", c="C"))


def test_the_first_messages_come_into_an_empty_list() -> None:
    """There is nothing for them to follow."""
    sent = Sent()
    sent.update(draw())

    assert ["#messages afterbegin A"] == list_changes(sent, draw(a="A"))


def test_whatever_ends_a_line_stays_in_its_event() -> None:
    """The format ends lines at all three; none of them may end a message early."""
    assert b"data: a\ndata: b\ndata: c\ndata: \ndata: d\n\n" == build_event("a\r\nb\rc\n\nd")
    assert b"event: over\ndata: \n\n" == build_event("", name="over")


# Over HTTP


async def test_a_message_that_arrives_is_sent(visit: Visit) -> None:
    """Behind those that are there, and alone."""
    page = await visit.open("ben")
    direct = visit.playground.cast.ben.direct
    assert direct is not None
    async with visit.watch(page) as stream:
        await stream.next()
        its_id = post(visit, direct, "Algebra begins.")

        partial = await stream.wait_for("#messages")
        assert ("afterbegin", 1) == (partial.swap, partial.html.count("<li"))
        assert f'id="{its_id}"' in partial.html
        assert "Algebra begins." in partial.html

        post(visit, direct, "Algebra ends.")
        partial = await stream.wait_for(f"#{its_id}")
        assert "afterend" == partial.swap
        assert "Algebra begins." not in partial.html


class Pondering(Panel):
    """Stands at once, and from then on has to look something up for as long as the test wants."""

    id = "pondering"

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def draw(self, looking: Looking) -> Markup:
        await self.may_answer.wait()
        return Markup(f'<p id="{self.id}">There.</p>')


async def test_a_message_does_not_wait_for_panels() -> None:
    """Whoever pressed something looks at the card; what the panels have to look up comes when it comes."""
    panel = Pondering()
    async with open_visit(panels=[panel]) as visit:
        page = await visit.open("ben")
        async with visit.watch(page) as stream:
            await stream.next()
            panel.may_answer.clear()
            direct = visit.playground.school.slack.workspace.open_direct([visit.playground.cast.ben.user.id])
            post(visit, direct, "Hello")

            assert "Hello" in (await stream.wait_for("#messages", saying="Hello")).html
            panel.may_answer.set()


async def test_a_change_and_a_removal_are_sent_by_themselves(visit: Visit) -> None:
    """In place; nothing else of the conversation comes with them."""
    direct = visit.playground.school.slack.workspace.open_direct([visit.playground.cast.ben.user.id])
    its_id, other_id = post(visit, direct, "sent"), post(visit, direct, "other")
    page = await visit.open("ben")
    async with visit.watch(page) as stream:
        await stream.next()
        message = direct.messages[0]
        message.change(text="joined", blocks=[], ts=message.ts, has_edited_label=False)
        visit.playground.ring()

        event = await stream.next()
        assert [f"#{its_id}"] == event.targets
        assert "joined" in event.partials[0].html

        direct.messages[1].is_deleted = True
        visit.playground.ring()
        event = await stream.next()
        assert (f"#{other_id}", "delete") == (event.partials[0].target, event.partials[0].swap)


async def test_nothing_is_sent_twice(visit: Visit) -> None:
    """However often the bell rings: what comes next is the next change, and only that."""
    ada = visit.playground.cast.ada
    page = await visit.open("ada")
    async with visit.watch(page) as stream:
        await stream.next()
        for _ in range(50):
            visit.playground.ring()
        assert ada.direct is not None
        post(visit, ada.direct, "one")
        seen = [await stream.wait_for("#messages")]
        for _ in range(50):
            visit.playground.ring()
        its_id = f"m-{ada.direct.id}-{ada.direct.messages[0].ts.replace('.', '-')}"
        post(visit, ada.direct, "two")
        seen.append(await stream.wait_for(f"#{its_id}"))

        assert [1, 0] == [partial.html.count("one") for partial in seen]


async def test_a_page_that_was_away_has_missed_nothing(visit: Visit) -> None:
    """It comes again with the same address, and is sent all there is by then."""
    page = await visit.open("ben")
    direct = visit.playground.cast.ben.direct
    assert direct is not None
    async with visit.watch(page) as stream:
        await stream.next()
    post(visit, direct, "said meanwhile")

    async with visit.watch(page) as stream:
        partial = (await stream.next()).find("#messages")

    assert partial is not None
    assert "outerMorph" == partial.swap
    assert "said meanwhile" in partial.html


async def test_a_form_that_opens_is_sent(visit: Visit) -> None:
    """And that it closed. Nobody else's page hears of it."""
    ada = visit.playground.cast.ada
    page = await visit.open("ada")
    async with visit.watch(page) as stream, visit.watch(await visit.open("ben")) as other:
        for one in (stream, other):
            await one.next()
        await ada.slash("/lesson")
        await stream.wait_for("#modal", saying="Book a lesson")
        await visit.playground.school.slack.wait_for(lambda: ada.view is not None)
        await ada.close(closes_all=True)
        partial = await stream.wait_for("#modal")
        assert '<div id="modal"></div>' == partial.html

        direct = visit.playground.cast.ben.direct
        assert direct is not None
        post(visit, direct, "for Ben")
        event = await other.next()
        while event.find("#messages") is None:
            assert event.find("#modal") is None
            event = await other.next()


async def test_time_that_goes_on_is_told_without_a_bell(visit: Visit) -> None:
    """Everybody's clock is on the page; nothing rings when lesson time is elsewhere."""
    page = await visit.open("ada")
    async with visit.watch(page) as stream:
        await stream.next()
        visit.playground.school.clock.move_by(timedelta(minutes=7))

        partial = await stream.wait_for("#people")
        assert "New York 08:07" in partial.html


async def test_another_school_ends_the_page(visit: Visit) -> None:
    """It is told so, and asks where to go on; a page of a school before that too, as soon as it comes again.

    Home is what both schools have alike: the same people with the same ids.
    """
    page = await visit.open("ben", "home")
    async with visit.watch(page) as stream:
        await stream.next()
        await visit.playground.start_over()
        event = await stream.next()
        while not event.name:
            event = await stream.next()
        assert "over" == event.name
    async with visit.watch(page) as stream:
        assert "over" == (await stream.next()).name

    async with visit.client.get(visit.address + "again") as answer:
        assert "/" == answer.headers["HX-Redirect"]
    assert 303 == (await visit.get(""))[0]


async def test_somebody_who_is_gone_ends_their_page(visit: Visit) -> None:
    """There is nothing more to show of a person who was deactivated."""
    page = await visit.open("finn")
    async with visit.watch(page) as stream:
        await stream.next()
        await visit.playground.school.slack.deactivate("Finn")
        event = await stream.next()
        while not event.name:
            event = await stream.next()

    assert "over" == event.name


# One window by itself


async def test_a_window_that_goes_away_is_let_go(visit: Visit) -> None:
    """Also while changes lie ready for it that nobody will take."""
    playground, numbers, drawn = visit.playground, count(), asyncio.Semaphore(0)

    async def draw() -> Drawing:
        drawn.release()
        playground.ring()
        return Drawing(regions={"clock": str(next(numbers))})

    window = Live(playground, Frame(playground, ())).follow(draw, draw, school=playground.token)
    async with asyncio.timeout(PATIENCE):
        await anext(window)
        await anext(window)
        for _ in range(6):  # at first two; then one lies ready, and two more wait for its place
            await drawn.acquire()
        await window.aclose()


async def test_what_breaks_a_window_is_raised_where_it_is_served(visit: Visit) -> None:
    """A page that stops to keep up for an error of ours is no page that was closed: the log is to say so."""
    playground, numbers = visit.playground, count()

    async def draw() -> Drawing:
        return Drawing(regions={"clock": str(1 // (1 - next(numbers)))})

    window = Live(playground, Frame(playground, ())).follow(draw, school=playground.token)
    async with asyncio.timeout(PATIENCE):
        await anext(window)
        with pytest.raises(ZeroDivisionError):
            await anext(window)
