"""What is pressed, chosen, typed and sent on the page, done by the person as at their own Slack client.

Only what differs from what stood in a form is typed into it, so that nothing reports which nobody touched. What one
person does to views and in the composer happens in order; buttons of messages do not wait for each other, as at Slack:
a double click is two presses, and it is for the bot to do them once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from urllib.parse import quote

from bot.sandbox.blockkit import list_elements
from bot.sandbox.play.field_names import parse_name
from bot.sandbox.play.filling import fill_in, list_changed
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.posted import Posted, read_posted
from bot.sandbox.play.saying import (
    DONE,
    IS_GONE,
    MESSAGE_GONE,
    NOTHING_TO_SEND,
    ONLY_COMMANDS,
    VIEW_COVERED,
    VIEW_GONE,
    VIEW_OF_SOMEBODY_ELSE,
    Act,
    Said,
    refuse,
    say_outcome,
    say_refused,
)
from bot.sandbox.play.slots import read_inputs
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.inputs import ImpossibleInput
from bot.sandbox.slack.mentions import escape_typed
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.outcomes import Outcome
from bot.sandbox.slack.views import OpenView

REPORTS = "reports"
"""The name of what says which field reports what was typed into it; its value is the field's name."""
OPENING = ("views.open", "views.push")
Pairs = Iterable[tuple[str, str]]


def build_message_address(user_id: str, message: Message) -> str:
    """Where this person's page posts the message's form as it is now."""
    return f"/as/{user_id}/message/{message.channel_id}/{message.ts}?revision={len(message.revisions) - 1}"


def build_view_address(view: OpenView) -> str:
    """Where its person's page posts the form of a modal or Home tab."""
    return f"/as/{view.user_id}/view/{quote(view.id, safe='')}"


class Acting:
    """Everybody's hands. Each act returns what is to be said; KeyError where there is nobody with that id."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._locks: dict[tuple[int, str], asyncio.Lock] = {}

    async def use_message(self, user_id: str, channel_id: str, ts: str, pairs: Pairs, *, revision: int = -1) -> Said:
        """Press or choose something in a message. `revision`: as which they saw it, the newest by default."""
        actor = self._get_actor(user_id)
        message = self._find_message(actor, channel_id, ts)
        if message is None:
            return refuse(MESSAGE_GONE)
        seen = revision if revision in range(len(message.revisions)) else -1
        try:
            posted = read_posted(message.revisions[seen].blocks, pairs, zone=actor.user.zone)
            if posted.pressed is None and posted.gone:
                return refuse(IS_GONE)
            said = await self._choose_in_message(actor, message, posted)
            if posted.pressed is None:
                return said
            return await self._do(_press(actor, message, posted, revision=seen), Act.PRESS)
        except ImpossibleInput:
            return refuse(IS_GONE)
        finally:
            self._ring()

    async def use_view(self, user_id: str, view_id: str, pairs: Pairs) -> Said:
        """Fill in, press, send or close the modal or Home tab that they are looking at."""
        actor = self._get_actor(user_id)
        given = list(pairs)
        async with self._lock(user_id):
            view = self._playground.school.slack.views.find_open(view_id=view_id)
            if view is None:
                return refuse(VIEW_GONE)
            if view.user_id != user_id:
                return refuse(VIEW_OF_SOMEBODY_ELSE, status=403)
            if view is not actor.home and view is not actor.view:
                return refuse(VIEW_COVERED)
            try:
                return await self._use_view(actor, view, given)
            except ImpossibleInput as error:
                return refuse(str(error))
            finally:
                self._ring()

    async def type_in(self, user_id: str, channel_id: str, text: str) -> Said:
        """Send what was typed in the composer: a command anywhere, anything else to the bot alone."""
        actor = self._get_actor(user_id)
        workspace = self._playground.school.slack.workspace
        place = workspace.conversations.get(channel_id)
        typed = text.strip()
        if place is None or user_id not in place.members:
            return refuse("You are not in that conversation.", status=403)
        if not typed:
            return DONE
        async with self._lock(user_id):
            try:
                if typed.startswith("/"):
                    command, _, rest = typed.partition(" ")
                    doing = actor.slash(command, rest.strip(), channel=place)
                    return await self._do(doing, Act.COMMAND, what=command)
                if place is not actor.direct:
                    return refuse(ONLY_COMMANDS)
                return await self._do(actor.say(escape_typed(typed, workspace, has_labels=False)), Act.WRITE)
            except ImpossibleInput as error:
                return refuse(str(error))
            finally:
                self._ring()

    async def take_shortcut(self, user_id: str, callback_id: str) -> Said:
        """Choose a global shortcut."""
        actor = self._get_actor(user_id)
        async with self._lock(user_id):
            try:
                return await self._do(actor.shortcut(callback_id), Act.CHOOSE)
            except ImpossibleInput as error:
                return refuse(str(error))

    async def take_message_shortcut(self, user_id: str, callback_id: str, channel_id: str, ts: str) -> Said:
        """Choose a shortcut on a message."""
        actor = self._get_actor(user_id)
        message = self._find_message(actor, channel_id, ts)
        if message is None:
            return refuse(MESSAGE_GONE)
        async with self._lock(user_id):
            try:
                return await self._do(actor.message_shortcut(callback_id, message), Act.CHOOSE)
            except ImpossibleInput as error:
                return refuse(str(error))

    # -- How --------------------------------------------------------------------------------------------------------

    async def _choose_in_message(self, actor: Actor, message: Message, posted: Posted) -> Said:
        """Report what was chosen in the message's own selects; as soon as one does not go through, no more."""
        for place, element, value in list_changed(message.blocks, read_inputs(message), posted, actor.user.zone):
            said = await self._do(actor.pick(message, element["action_id"], value, block_id=place[0]), Act.CHOOSE)
            if said is not DONE:
                return said
        return DONE

    async def _use_view(self, actor: Actor, view: OpenView, pairs: list[tuple[str, str]]) -> Said:
        posted = read_posted(view.blocks, pairs, zone=actor.user.zone)
        if posted.footer in ("close", "clear"):
            outcome = await actor.close(view, closes_all=posted.footer == "clear")
            return DONE if outcome.trouble is None else self._say(outcome, Act.PRESS)
        reports = next((parse_name(value) for name, value in pairs if name == REPORTS), None)
        filled = await fill_in(actor, view, posted, reports=reports)
        if filled.complaints:
            view.errors = filled.complaints
            return Said(is_done=False, wrong=_find_first_wrong(view))
        for outcome in filled.outcomes:
            if outcome.trouble is not None:
                return self._say(outcome, Act.CHOOSE)
        if posted.pressed is not None:
            return await self._do(_press(actor, view, posted), Act.PRESS)
        if posted.footer == "submit":
            return await self._submit(actor, view)
        return DONE if reports is not None or not posted.gone else refuse(IS_GONE)

    async def _submit(self, actor: Actor, view: OpenView) -> Said:
        if actor.view is not view:
            return refuse(VIEW_GONE if not view.is_open else VIEW_COVERED)
        if view.given.get("submit") is None:
            return refuse(NOTHING_TO_SEND)
        view.errors = {}
        outcome = await actor.submit(view)
        if outcome.complaints:
            view.errors = dict(outcome.complaints)
        said = self._say(outcome, Act.SEND)
        return replace(said, wrong=_find_first_wrong(view)) if said.wrong else said

    async def _do(self, doing: Awaitable[Outcome], act: Act, *, what: str = "") -> Said:
        """Have it done, and say what came of it; also that Slack refused a form meanwhile, which its client hides."""
        log = self._playground.school.slack.log
        heard = len(log.calls)
        said = self._say(await doing, act, what=what)
        refused = next((call.error for call in log.calls[heard:] if call.name in OPENING and call.error), None)
        return say_refused(refused, act) if said is DONE and refused else said

    def _say(self, outcome: Outcome, act: Act, *, what: str = "") -> Said:
        return say_outcome(outcome, act, what=what, is_running=self._playground.is_running)

    def _get_actor(self, user_id: str) -> Actor:
        workspace = self._playground.school.slack.workspace
        return self._playground.school.slack.as_user(workspace.users[user_id])

    def _find_message(self, actor: Actor, channel_id: str, ts: str) -> Message | None:
        """What they see under that ts, if they see anything there."""
        place = self._playground.school.slack.workspace.conversations.get(channel_id)
        if place is None:
            return None
        private = (one for one in place.ephemeral if one.ts == ts and not one.is_deleted)
        found = place.find(ts) if actor.user.id in place.members else None
        return found or next((one for one in private if one.ephemeral_to == actor.user.id), None)

    def _lock(self, user_id: str) -> asyncio.Lock:
        return self._locks.setdefault((self._playground.number, user_id), asyncio.Lock())

    def _ring(self) -> None:
        """What stands in fields, and what is wrong with them, rings no bell by itself."""
        self._playground.ring()


def _find_first_wrong(view: OpenView) -> str:
    """From the top, as somebody reads."""
    return next((block["block_id"] for block in view.blocks if block["block_id"] in view.errors), "")


async def _press(actor: Actor, where: OpenView | Message, posted: Posted, *, revision: int = -1) -> Outcome:
    """A button, or an entry of a menu. The dialog was confirmed on the page, else nothing is posted."""
    if posted.pressed is None:
        raise ImpossibleInput("Nothing was pressed.")
    block_id, action_id = posted.pressed
    blocks = where.blocks if isinstance(where, OpenView) else where.revisions[revision].blocks
    kinds = {(block["block_id"], element["action_id"]): element["type"] for block, element in list_elements(blocks)}
    if kinds.get(posted.pressed) == "overflow":
        return await actor.pick(where, action_id, posted.value, block_id=block_id)
    return await actor.press(where, action_id, block_id=block_id, revision=revision)
