"""A made-up afternoon in a school: whatever people press, however time passes, whatever fails and dies in between.

Everything here is an act that can be drawn at random; what is not possible at the moment does nothing. After each act
it is noted how every lesson stands, so that afterwards one knows what was true when a message was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.ids import Choice, View
from bot.sandbox.faults import Fault
from bot.sandbox.lessonspace.browser import Browser
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from storage.records import LessonDetails
from storage.store import Transaction
from tests.acceptance import telling

NAMES = ("Ada", "Ben", "Cara", "Dan")
"""Who is in every lesson when it is booked."""
OTHERS = ("Eve", "Finn")
"""Who can be added."""
POST_FAULTS = (
    Fault.dropping(does_work=True),
    Fault.dropping(),
    Fault.refusing(does_work=True),
    Fault.failing(500),
    Fault.slow(timedelta(seconds=0.05), after_work=True),
)
ASKING = frozenset({View.MOVE, View.CANCEL, View.END, View.EXTEND})
"""Small forms that ask back."""
DOOR_ACTIONS = ("new_link", "device")


@dataclass(frozen=True, kw_only=True)
class Sight:
    """How every lesson stood: looked at not before `since`, and not after `until`, in machine time."""

    since: datetime
    until: datetime
    lessons: dict[str, LessonDetails]


class Afternoon:
    """One school and everything that can happen in it."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.people = {name: school.add(name) for name in (*NAMES, *OTHERS)}
        self.channel = school.slack.add_channel("lessons", ["Ada", "Eve", "Hallpass"])
        self.browsers: dict[str, Browser] = {}
        self.with_devices: set[str] = set()
        """Who asked for another device, by name."""
        self.sights: list[Sight] = []
        self.booked_count = 0

    async def act(self, name: str, arguments: Sequence[object], *, in_haste: bool = False) -> None:
        """Do what was drawn, and note how everything stands then; `in_haste`: before what was owed could be sent."""
        if not in_haste:
            await telling.settle(self.school)
            await self.look()
        await getattr(self, name)(*arguments)
        await self.look()

    async def look(self) -> None:
        """Note how every lesson stands."""
        since = self.school.clock.machine_now()
        lessons = await self.read_lessons()
        until = self.school.clock.machine_now()
        self.sights.append(Sight(since=since, until=until, lessons={one.lesson.id: one for one in lessons}))

    async def read_lessons(self) -> list[LessonDetails]:
        """Every lesson as it stands."""

        def read(tx: Transaction) -> list[LessonDetails]:
            return [
                tx.lessons.get_details(workspace.id, lesson.id)
                for workspace in tx.workspaces.list_all()
                for lesson in tx.lessons.list_between(workspace.id)
            ]

        assert self.school.hallpass is not None
        return await self.school.hallpass.store.read(read)

    # -- Acts -------------------------------------------------------------------------------------------------------

    async def book(self, leader: str, minutes: int, leaves: bool, tells_channel: bool) -> None:
        """A lesson with everybody else, soon. `leaves`: everybody leaves at its end, so that extending is new links."""
        actor = self.people[leader]
        others = " ".join(f"@{name}" for name in NAMES if name != leader)
        self.booked_count += 1
        title = f"Lesson {self.booked_count}"
        await telling.open_form(self.school, actor, f"now {others} 30m {title}")
        start = self.school.clock.now() + timedelta(minutes=minutes)
        fields: dict[str, object] = {"options": ["warn", "everyone_leaves"] if leaves else ["warn"]}
        if tells_channel and actor.user.id in self.channel.members:
            fields["channel"] = self.channel
        outcome = await telling.submit(self.school, actor, starts_at=start, title=title, **fields)
        if actor.view is not None and actor.view.callback_id == "booking":
            outcome = await actor.submit()  # an overlap, meant
        assert outcome.is_fine, outcome

    async def press(self, name: str, action: str, which: int) -> None:
        """Press such a button on one of their messages that has it."""
        actor = self.people[name]
        found = [message for message in actor.messages() if action in telling.list_buttons(message)]
        if found:
            await self._press(actor, found[which % len(found)], action)

    async def press_twice(self, name: str, action: str, which: int) -> None:
        """The same button twice, as fast as can be."""
        actor = self.people[name]
        found = [message for message in actor.messages() if action in telling.list_buttons(message)]
        if found:
            message = found[which % len(found)]
            await asyncio.gather(*(self._press(actor, message, action) for _ in range(2)))

    async def press_behind(self, name: str, action: str, which: int) -> None:
        """Press the button on a message as it was earlier, as somebody does whose client is behind."""
        actor = self.people[name]
        found = [
            (message, number)
            for message in actor.messages()
            for number, revision in enumerate(message.revisions)
            if f'"{action}"' in str(revision.blocks).replace("'", '"')
        ]
        if found:
            message, number = found[which % len(found)]
            await self._press(actor, message, action, revision=number)

    async def _press(self, actor: Actor, message: Message, action: str, *, revision: int = -1) -> None:
        if action == "device":
            self.with_devices.add(actor.user.real_name)
        outcome = await actor.press(message, action, revision=revision)
        assert outcome.trouble is None, outcome
        await self.answer_form(actor)

    async def choose(self, name: str, choice: Choice, which: int, minutes: int) -> None:
        """Choose in the menu of one of their cards; of a move, a start so many minutes from now."""
        actor = self.people[name]
        if not await self._open_choice(actor, choice, which):
            return
        if actor.view is not None and "starts_at" in str(actor.view.given["blocks"]):
            start = self.school.clock.now().replace(second=0) + timedelta(minutes=minutes)
            await actor.fill(actor.view, {"starts_at": start})
        await self.answer_form(actor)

    async def change_people(self, name: str, deed: str, which: int, whom: str) -> None:
        """Remove, write once more to, or replace somebody in one of their lessons, or add somebody."""
        actor = self.people[name]
        if not await self._open_choice(actor, Choice.PEOPLE, which) or actor.view is None:
            return
        if deed != "add":
            rows = [str(block["block_id"]) for block in actor.view.blocks if _starts(block, "person:")]
            outcome = await actor.press(actor.view, deed, block_id=rows[(which + len(whom)) % len(rows)])
            assert outcome.trouble is None, outcome
        if deed in ("add", "replace") and actor.view is not None:
            user_id = self.people[whom].user.id
            where = next(str(block["block_id"]) for block in actor.view.blocks if _starts(block, "add:"))
            is_one = actor.view.callback_id == View.REPLACE
            await actor.fill(actor.view, {where: user_id if is_one else [user_id]})
            for _ in range(2):  # once more where it asks about an overlap
                await self._submit(actor)
        await self.answer_form(actor)

    async def _submit(self, actor: Actor) -> None:
        if actor.view is not None and actor.view.given.get("submit"):
            await actor.submit()

    async def _open_choice(self, actor: Actor, choice: Choice, which: int) -> bool:
        found = [message for message in actor.messages() if offers(message, choice)]
        if not found:
            return False
        outcome = await actor.pick(found[which % len(found)], "more", choice.value)
        assert outcome.trouble is None, outcome
        return True

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
            await self.follow(actor, found[which % len(found)])

    async def follow(self, actor: Actor, message: Message) -> bool:
        """Press Join on this message, and follow the link in the one browser they have; are they inside?"""
        outcome = await actor.press(message, "join")
        assert outcome.url is not None
        name = actor.user.real_name
        browser = self.browsers.setdefault(name, self.school.lessonspace.browser(name))
        return (await browser.join(outcome.url)).is_inside

    async def leave(self, name: str) -> None:
        """Close the browser."""
        if name in self.browsers:
            await self.browsers[name].leave()

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

    async def restart(self) -> None:
        """Stopped as it should be, and back."""
        await self.school.stop()
        await self.school.start()

    # -- How it ends ------------------------------------------------------------------------------------------------

    async def come_to_rest(self) -> None:
        """No more faults; who was not reached is tried again; everything is looked for and sent."""
        self.school.slack.faults.switch_off()
        self.school.lessonspace.faults.switch_off()
        for _ in range(2):
            for _ in range(3):
                await telling.skip(self.school, telling.UNTIL_LOOKED_FOR + timedelta(minutes=1))
            for actor in self.people.values():
                for message in actor.messages():
                    if "try_again" in telling.list_buttons(message):
                        await self._press(actor, message, "try_again")
        await telling.settle(self.school)
        await self.look()

    async def go_home(self) -> None:
        """Everybody leaves, and time goes on until nothing is booked or running any more."""
        await telling.leave_all(self.school)
        for _ in range(2):
            ends = [one.lesson.ends_at for one in await self.read_lessons() if one.lesson.is_open]
            at = max([self.school.clock.now(), *ends]) + timedelta(hours=1)
            self.school.clock.move_to(at)
            await telling.skip(self.school, timedelta(minutes=5))
        await self.look()


def offers(message: Message, choice: Choice) -> bool:
    """Is this in the message's menu?"""
    menus = [element for block in message.blocks for element in block.get("elements", [])]
    return any(option["value"] == choice for menu in menus for option in menu.get("options", []))


def _starts(block: dict[str, object], prefix: str) -> bool:
    return str(block.get("block_id", "")).startswith(prefix)
