"""Whatever people press, however time passes, whatever fails and dies in between: what must hold, holds.

Each run is a made-up afternoon. In the end all faults are over, the bot runs, and everything is looked at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.ids import Choice, View
from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from storage.records import CardKind, LessonDetails, LessonState, Notice, NoticeKind, NoticeState
from storage.store import Transaction
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM

NAMES = ("Ada", "Ben", "Cara", "Dan")
POST_FAULTS = (
    Fault.dropping(does_work=True),
    Fault.dropping(),
    Fault.refusing(does_work=True),
    Fault.failing(500),
    Fault.slow(timedelta(seconds=0.05), after_work=True),
)


class Afternoon:
    """One school and everything that can happen in it. What is not possible at the moment does nothing."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.people = {name: school.add(name) for name in NAMES}
        self.is_up = True
        self.booked_count = 0

    async def book(self, leader: str, minutes: int) -> None:
        """A lesson with everybody else, soon."""
        actor = self.people[leader]
        others = " ".join(f"@{name}" for name in NAMES if name != leader)
        self.booked_count += 1
        await telling.open_form(self.school, actor, f"now {others} 30m Lesson {self.booked_count}")
        start = self.school.clock.now() + timedelta(minutes=minutes)
        outcome = await telling.submit(self.school, actor, starts_at=start, title=f"Lesson {self.booked_count}")
        if actor.view is not None and actor.view.callback_id == "booking":
            outcome = await actor.submit()  # an overlap, meant
        assert outcome.is_fine, outcome

    async def press(self, name: str, action: str, which: int) -> None:
        """Press such a button on one of their messages that has it."""
        actor = self.people[name]
        found = [message for message in actor.messages() if action in telling.list_buttons(message)]
        if found:
            outcome = await actor.press(found[which % len(found)], action)
            assert outcome.trouble is None, outcome
            await self.answer_form(actor)

    async def choose(self, name: str, choice: Choice, which: int, minutes: int) -> None:
        """Choose in the menu of one of their cards; of a move, a start so many minutes from now."""
        actor = self.people[name]
        found = [message for message in actor.messages() if offers(message, choice)]
        if not found:
            return
        outcome = await actor.pick(found[which % len(found)], "more", choice.value)
        assert outcome.trouble is None, outcome
        if actor.view is not None and "starts_at" in str(actor.view.given["blocks"]):
            start = self.school.clock.now().replace(second=0) + timedelta(minutes=minutes)
            await actor.fill(actor.view, {"starts_at": start})
        await self.answer_form(actor)

    async def answer_form(self, actor: Actor) -> None:
        """Send the small form that asks back, once more where it asks about an overlap; what is refused is closed."""
        for _ in range(2):
            if actor.view is not None and actor.view.callback_id in ASKING:
                outcome = await actor.submit()
                assert outcome.trouble is None, outcome
        while actor.view is not None:
            await actor.close()

    async def join(self, name: str, which: int) -> None:
        """Press Join and follow the link."""
        actor = self.people[name]
        found = [message for message in actor.messages() if telling.find_url(message)]
        if found:
            await telling.join(self.school, actor, message=found[which % len(found)])

    async def pass_time(self, minutes: int) -> None:
        """Lesson time and machine time go on."""
        self.school.clock.move_by(timedelta(minutes=minutes))
        self.school.skip(timedelta(minutes=minutes))

    async def fail_posts(self, which: int, count: int) -> None:
        """Slack misbehaves for some posts."""
        self.school.slack.faults.switch_on("chat.postMessage", POST_FAULTS[which % len(POST_FAULTS)], count=count)

    async def fail_launches(self, count: int) -> None:
        """Lessonspace talks nonsense for some launches."""
        self.school.lessonspace.faults.switch_on("launch", Fault.garbage(does_work=True), count=count)

    async def die(self) -> None:
        """Dead, and back."""
        await telling.crash(self.school)
        await self.school.start()

    async def rest(self) -> None:
        """All that can be sent is sent."""
        await telling.settle(self.school)

    async def come_to_rest(self) -> None:
        """No more faults; who was not reached is tried again; everything is looked for and sent."""
        self.school.slack.faults.switch_off()
        self.school.lessonspace.faults.switch_off()
        for _ in range(2):
            for _ in range(3):
                await telling.skip(self.school, telling.UNTIL_LOOKED_FOR + timedelta(minutes=1))
            for name in NAMES:
                await self.press(name, "try_again", 0)
        await telling.settle(self.school)


ASKING = frozenset({View.MOVE, View.CANCEL, View.END, View.EXTEND})


def offers(message: Message, choice: Choice) -> bool:
    """Is this in the message's menu?"""
    menus = [element for block in message.blocks for element in block.get("elements", [])]
    return any(option["value"] == choice for menu in menus for option in menu.get("options", []))


Step = Callable[[Afternoon], Awaitable[None]]


def step(name: str, *arguments: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[str, tuple[object, ...]]]:
    """Something that happens, shown by its name when a run fails."""
    return st.tuples(st.just(name), st.tuples(*arguments))


WHO, WHICH, COUNT = st.sampled_from(NAMES), st.integers(0, 3), st.integers(1, 2)
STEPS = st.lists(
    st.one_of(
        step("book", WHO, st.sampled_from([0, 12, 45])),
        step("press", WHO, st.sampled_from(["extend", "cancel", "let_end", "new_link", "try_again"]), WHICH),
        step("press", WHO, st.just("new_link"), WHICH),
        step("choose", WHO, st.sampled_from([Choice.MOVE, Choice.END]), WHICH, st.sampled_from([0, 20, 45, 1800])),
        step("join", WHO, WHICH),
        step("pass_time", st.sampled_from([2, 9, 26])),
        step("fail_posts", st.integers(0, len(POST_FAULTS) - 1), COUNT),
        step("fail_launches", COUNT),
        step("die"),
        step("rest"),
    ),
    min_size=4,
    max_size=14,
)


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
async def test_whatever_happens_what_must_hold_holds(steps: list[tuple[str, tuple[object, ...]]]) -> None:
    """Nobody sees another's link, nothing comes twice, a cancelled lesson is silent, everybody has their card."""
    with TemporaryDirectory() as folder:
        async with open_school(Path(folder), starts_at=MONDAY_TWO_PM) as school:
            await school.start()
            afternoon = Afternoon(school)
            await afternoon.book("Ada", 12)
            for name, arguments in steps:
                await getattr(afternoon, name)(*arguments)
            await afternoon.come_to_rest()

            check_links(school, afternoon.people)
            check_nothing_twice(school)
            for details, owed, cards in await read_all_lessons(school):
                check_silence_after_cancelling(details, owed)
                check_cards(school, details, cards)


def list_posted(school: School) -> list[Message]:
    """Every message of the bot, wherever."""
    return [message for place in school.slack.workspace.conversations.values() for message in place.messages]


def check_links(school: School, people: dict[str, Actor]) -> None:
    """Each person's messages held, at any time, only links made for them."""
    for name, actor in people.items():
        shown = str([[one.blocks for one in message.revisions] for message in actor.messages()])
        others = [launch.user["name"] for launch in school.lessonspace.launches if launch.user["name"] != name]
        urls = [launch.url for launch in school.lessonspace.launches if launch.user["name"] != name]
        assert not [owner for owner, url in zip(others, urls, strict=True) if url in shown]


def check_nothing_twice(school: School) -> None:
    """Each notice is in at most one message."""
    ids = Counter(one.metadata["event_payload"]["notice_id"] for one in list_posted(school) if one.metadata)
    assert not [notice_id for notice_id, count in ids.items() if count > 1]


def check_silence_after_cancelling(details: LessonDetails, owed: list[Notice]) -> None:
    """After cancelling nothing is sent but the word of it, once each."""
    cancelled_at = details.lesson.cancelled_at
    if cancelled_at is None:
        return
    sent = [one for one in owed if one.state is NoticeState.SENT and one.sent_at]
    late = [one.kind for one in sent if one.sent_at and one.sent_at > cancelled_at]
    assert set(late) <= {NoticeKind.CANCELLED, NoticeKind.ERASE_SECRETS, *FOUND_LATER}
    words = [one for one in owed if one.kind is NoticeKind.CANCELLED and one.state is NoticeState.SENT]
    told = Counter(one.person_id for one in words)
    assert all(count == 1 for count in told.values())
    word_at = {one.person_id: one.ts for one in words if one.ts}
    for one in sent:
        if one.kind in FOUND_LATER and one.ts and one.person_id in word_at:
            assert one.ts < word_at[one.person_id], one.kind


FOUND_LATER = (NoticeKind.JOIN_LINK, NoticeKind.START_REMINDER, NoticeKind.END_WARNING, NoticeKind.MOVED)
"""Posted before cancelling without a definite answer, these are recorded as sent when they are found after it."""


def check_cards(school: School, details: LessonDetails, cards: Counter[str]) -> None:
    """In a lesson that is on everybody has exactly one card, in one that is over at most one, and without Join."""
    for seat in details.seats:
        count = cards[seat.person.id]
        assert count == 1 if details.lesson.is_open else count <= 1, (details.lesson.title, seat.person.name)
    if details.lesson.state in (LessonState.CANCELLED, LessonState.ENDED):
        joins = [one for one in list_posted(school) if details.lesson.id in str(one.blocks) and telling.find_url(one)]
        assert not joins, (details.lesson.title, joins[0].text)


async def read_all_lessons(school: School) -> list[tuple[LessonDetails, list[Notice], Counter[str]]]:
    """Every lesson with its notices, and how many cards of their own each person has in Slack."""
    assert school.hallpass is not None
    there = {(one.channel_id, one.ts) for one in list_posted(school)}

    def read(tx: Transaction) -> list[tuple[LessonDetails, list[Notice], Counter[str]]]:
        found = []
        for workspace in tx.workspaces.list_all():
            for lesson in tx.lessons.list_between(workspace.id):
                own = Counter(
                    str(card.person_id)
                    for card in tx.cards.list_for_lesson(workspace.id, lesson.id)
                    if card.kind in (CardKind.PARTICIPANT, CardKind.LEADER) and (card.conversation, card.ts) in there
                )
                owed = tx.notices.list_for_lesson(workspace.id, lesson.id)
                found.append((tx.lessons.get_details(workspace.id, lesson.id), owed, own))
        return found

    return await school.hallpass.store.read(read)
