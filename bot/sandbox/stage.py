"""The stage of the demo's story: what its people do and read, how it is shown, and what is expected of it.

The chapters act through it, so that they read like the story. A step that does not come within the
patience ends the lesson with `NotToBe`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.ids import Action
from bot.sandbox.calm import wait_until_calm
from bot.sandbox.cast import Cast, at
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from bot.sandbox.steps import Account, Step
from bot.sandbox.telling import Seen, Telling
from bot.sandbox.venues import Tab, Venue
from bot.sandbox.visiting import Coming


class NotToBe(Exception):
    """A step did not come; without it the lesson cannot go on."""


class Stage:
    """One performance. `patience` limits each wait; `slowness` is how far apart the links go out."""

    def __init__(
        self,
        school: School,
        venue: Venue,
        cast: Cast,
        telling: Telling,
        account: Account,
        *,
        patience: timedelta,
        slowness: timedelta,
    ) -> None:
        self.school = school
        self.venue = venue
        self.cast = cast
        self.telling = telling
        self.slowness = slowness
        self.everybody = cast.invite(venue.brochure.capabilities.max_participants)
        """Whoever gets a link of the first lesson; the leader first."""
        self.participants = self.everybody[1:]
        self._account = account
        self._patience = patience

    # -- Hands ------------------------------------------------------------------------------------------------------

    async def begin_chapter(self, clock: str, title: str) -> None:
        if at(clock) > self.school.clock.now():
            await self.move(clock)
        await self.telling.chapter(clock, title)

    async def move(self, clock: str) -> None:
        await self.venue.pass_time(at(clock))

    def browser(self, name: str) -> Tab:
        return self.venue.browser(name)

    async def join(self, actor: Actor, browser: str, *, message: Message | None = None) -> Coming:
        """Press Join on the card or in another message, and follow the link; returns what came of it."""
        outcome = await actor.press(message or actor.messages()[0], Action.JOIN)
        if outcome.url is None:
            raise NotToBe(f"{actor.user.real_name}'s Join has no link")
        return await self.browser(browser).come_in(outcome.url)

    async def wait_until_looked(self) -> None:
        """Let the bot ask who is where, as the clock has it do: what it learns from now on came some other way."""
        await self.school.wait_until_looked(seconds=self._patience.total_seconds())

    async def settle(self) -> None:
        """Let the bot finish what has come of it so far: the clock goes on only then."""
        await wait_until_calm(self.school, seconds=self._patience.total_seconds())

    def among(self, *actors: Actor) -> list[Actor]:
        """Those of them who have a place in the first lesson."""
        return [actor for actor in actors if actor in self.everybody]

    # -- Eyes -------------------------------------------------------------------------------------------------------

    def read(self, actor: Actor, message: Message) -> str:
        return actor.read(message, now=self.school.clock.now())

    def read_card(self, actor: Actor) -> str:
        return self.read(actor, actor.messages()[0])

    def read_last(self, actor: Actor) -> str:
        return self.read(actor, actor.messages()[-1])

    def read_when(self, actor: Actor) -> str:
        """What the card says of when the lesson is."""
        return next(line for line in self.read_card(actor).splitlines() if line.startswith("When:")).removeprefix(
            "When: "
        )

    def read_view(self, actor: Actor) -> str:
        return actor.read(actor.view, now=self.school.clock.now()) if actor.view else ""

    def list_in_channel(self) -> list[Message]:
        return self.cast.gwen.messages(self.cast.channel)

    def list_present(self) -> list[str]:
        """Who is in the room: there is one lesson at a time."""
        return self.venue.list_present()

    # -- Telling ----------------------------------------------------------------------------------------------------

    def see(self, actor: Actor, what: str, text: str) -> Seen:
        city = actor.user.zone.rpartition("/")[2].replace("_", " ")
        local = self.school.clock.now().astimezone(ZoneInfo(actor.user.zone))
        return Seen(title=f"{actor.user.real_name} · {what} · {local:%H:%M} in {city}", text=text)

    async def show(self, actor: Actor, what: str, text: str, *, pauses: bool = True) -> None:
        """Print what somebody sees. `pauses` False: something is moving meanwhile."""
        await self.telling.show(self.see(actor, what, text), pauses=pauses)

    async def show_the_end(self) -> None:
        """What the leader has in view where the lesson could not go on: most often it says why."""
        ada = self.cast.ada
        if ada.view is not None:
            await self.show(ada, "when it stopped", self.read_view(ada))
        elif ada.messages():
            await self.show(ada, "card when it stopped", self.read_card(ada))

    async def show_answer(self, actor: Actor, step: Step) -> None:
        """The newest message that only they see, which is how the step shows."""
        await self.show(actor, "private answer", self.read(actor, actor.private_answers()[-1]))
        self.confirm(step)

    async def show_room(self, where: str, coming: Coming) -> None:
        text = coming.text if coming.is_inside else f"! {coming.text}"
        await self.telling.show(Seen(title=where, text=text))

    # -- Expecting --------------------------------------------------------------------------------------------------

    def promises(self, step: Step) -> bool:
        """Is it a step of the story, where it plays now?"""
        return self._account.promises(step)

    def expect(self, step: Step, is_so: bool) -> None:
        """It is so now, or it will be missing; the lesson goes on."""
        if is_so:
            self._account.confirm(step)
            self.telling.confirm(step.value)
        else:
            self._account.miss(step)
            self.telling.miss(step.value)

    def confirm(self, step: Step) -> None:
        """What was waited for has come, and was shown."""
        self.expect(step, True)

    async def wait(self, step: Step, condition: Callable[[], bool]) -> None:
        """It comes to be so within the patience, or the lesson cannot go on; that it was so is not told yet."""
        seconds = self._patience.total_seconds()
        try:
            await self.school.slack.wait_for(condition, seconds)
        except TimeoutError:
            self._account.miss(step)
            self.telling.miss(step.value)
            raise NotToBe(f"waited {seconds:g} seconds for: {step.value}") from None


def name_all(actors: Iterable[Actor]) -> str:
    """As a sentence has them: Ada, Ben and Cara."""
    *others, last = [actor.user.real_name for actor in actors]
    return f"{', '.join(others)} and {last}" if others else last


def cut_out_faults(text: str) -> str:
    """Of a form, its title and the fields with something wrong."""
    lines = text.splitlines()
    faults = [place for place, line in enumerate(lines) if line.startswith("  ! ")]
    return "\n".join([lines[0], *(line for place in faults for line in lines[place - 1 : place + 1])])


def cut_out_new(text: str, *, after: str) -> str:
    """Of a message, its first line and what stands behind the line with these words: the rest was shown before."""
    lines = text.splitlines()
    place = next((place for place, line in enumerate(lines) if after in line), len(lines))
    return "\n".join([lines[0], "…", *lines[place + 1 :]])


def has_line(text: str, *parts: str) -> bool:
    return any(all(part in line for part in parts) for line in text.splitlines())


def find_url(message: Message) -> str | None:
    """Where Join leads on a message; None where there is no Join."""
    for block in message.blocks:
        for element in block.get("elements", []):
            if element.get("action_id") == Action.JOIN.value:
                return str(element["url"])
    return None
