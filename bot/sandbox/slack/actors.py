"""A person at their own Slack client: everything they can do there.

An actor is held to what Slack's client allows: no button that is not there, no form sent with a required field
empty, no command for people from other organisations. Each act returns what came of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.sandbox.blockkit import list_elements
from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.conversations import Conversation
from bot.sandbox.slack.deliveries import Answer, DeliveryKind, Trouble
from bot.sandbox.slack.eyes import Eyes
from bot.sandbox.slack.forms import check_errors, find_complaints, find_field
from bot.sandbox.slack.inputs import WRITTEN, ImpossibleInput, keeps_value, to_kept, to_state
from bot.sandbox.slack.mentions import escape_typed
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.outcomes import Outcome
from bot.sandbox.slack.payloads import (
    build_action,
    build_command,
    build_interaction,
    build_message_place,
    build_view_place,
)
from bot.sandbox.slack.people import WITHOUT_HANDS
from bot.sandbox.slack.refusals import Refused
from bot.sandbox.slack.views import OpenView


class Actor(Eyes):
    """One person, acting. What they see is in `eyes.py`."""

    async def slash(self, command: str, text: str = "", *, channel: Conversation | None = None) -> Outcome:
        """Type a command, in their conversation with the bot unless told otherwise. `@Ada` becomes a mention."""
        workspace = self._desk.workspace
        known = workspace.app.commands
        stopped = self._find_obstacle() or (None if known is None or command in known else "There is no such command.")
        if stopped is not None:
            return Outcome(stopped=stopped)
        place = channel or workspace.open_direct([self.user.id])
        if known is None or known[command]:
            text = escape_typed(text, workspace)
        payload = build_command(workspace, self.user, command, text, place)
        payload["trigger_id"] = self._desk.triggers.issue(self.user.id)
        payload["response_url"] = self._desk.responses.issue(self.user.id, place)
        answer = await self._desk.deliveries.deliver(DeliveryKind.COMMAND, command, payload)
        return Outcome(answer=answer, trouble=answer.trouble or self._show_command_answer(answer, place))

    async def shortcut(self, callback_id: str) -> Outcome:
        """Choose a global shortcut. It knows no channel and gets no response_url."""
        stopped = self._find_obstacle() or self._find_missing_shortcut(callback_id)
        if stopped is not None:
            return Outcome(stopped=stopped)
        more = {"callback_id": callback_id, "action_ts": self._desk.workspace.timestamps.issue()}
        return await self._interact("shortcut", callback_id, more)

    async def message_shortcut(self, callback_id: str, message: Message) -> Outcome:
        """Choose a shortcut on a message that they see."""
        stopped = self._find_obstacle() or self._find_missing_shortcut(callback_id)
        if stopped is not None:
            return Outcome(stopped=stopped)
        place = self._get_place(message)
        more = {
            "callback_id": callback_id,
            "action_ts": self._desk.workspace.timestamps.issue(),
            "message_ts": message.ts,
            "message": message.to_json(),
            "channel": {"id": place.id, "name": place.name},
            "response_url": self._desk.responses.issue(self.user.id, place),
        }
        return await self._interact("message_action", callback_id, more)

    async def fill(self, view: OpenView, values: Mapping[str, Any]) -> list[Outcome]:
        """Type and choose, by block id. What reports at once is sent at once; those outcomes are returned, in order."""
        outcomes = []
        for block_id, value in values.items():
            block, element = find_field(view, block_id)
            if element["type"] not in WRITTEN and _reports(block):
                outcomes.append(await self.pick(view, element["action_id"], value, block_id=block_id))
            else:
                view.inputs[block_id, element["action_id"]] = self._read(element, value)
        return outcomes

    async def pick(
        self, where: OpenView | Message, action_id: str, value: Any, *, block_id: str | None = None
    ) -> Outcome:
        """Choose in one select, date picker or overflow menu, and let it report where it does."""
        block, element = self._find(where, action_id, block_id, 0, is_button=False)
        chosen = self._read_choice(element, value)
        if keeps_value(element):
            if isinstance(where, OpenView):
                where.inputs[block["block_id"], action_id] = chosen
            else:
                where.inputs[block["block_id"], action_id] = to_state(element, chosen)
        if not _reports(block):
            return Outcome(stopped="This field is sent with the form.")
        return await self._act(where, block, element, chosen)

    async def press(
        self,
        where: OpenView | Message,
        action_id: str,
        *,
        block_id: str | None = None,
        index: int = 0,
        confirms: bool = True,
        revision: int = -1,
    ) -> Outcome:
        """Press a button. `index` tells apart buttons with the same action id; `confirms` answers its dialog.

        `revision` presses the message as it was earlier, as somebody does whose client is behind.
        """
        block, element = self._find(where, action_id, block_id, index, is_button=True, revision=revision)
        confirm = element.get("confirm")
        if confirm is not None and not confirms:
            return Outcome(stopped="The dialog was dismissed.", confirm=confirm)
        return await self._act(where, block, element, None, confirm=confirm, revision=revision)

    async def submit(self, view: OpenView | None = None) -> Outcome:
        """Send the form they are looking at. A field that Slack's client complains about keeps it from being sent."""
        view = self._get_top(view)
        if view.given.get("submit") is None:
            raise ImpossibleInput("This view has nothing to submit.")
        complaints = find_complaints(view)
        if complaints:
            return Outcome(stopped="Fields are not filled in.", complaints=complaints)
        more = {"view": view.to_json(), "response_urls": []}
        payload = self._build("view_submission", more, view_id=view.id)
        name = view.callback_id
        answer = await self._desk.deliveries.deliver(DeliveryKind.INTERACTION, name, payload)
        if answer.trouble is not None:
            return Outcome(answer=answer, trouble=answer.trouble)
        return self._obey(view, answer)

    async def close(self, view: OpenView | None = None, *, closes_all: bool = False) -> Outcome:
        """Cancel the view they are looking at, or with `closes_all` press the X: all of them close."""
        view = self._get_top(view)
        if closes_all:
            view = self.stack[0]
            self._desk.views.clear(self.user.id)
        elif view.given.get("clear_on_close"):
            self._desk.views.clear(self.user.id)
        else:
            self._desk.views.close(view)
        if not view.given.get("notify_on_close"):
            return Outcome(stopped="The app did not ask to be told.")
        payload = build_interaction(self._desk.workspace, self.user, "view_closed")
        payload |= {"view": view.to_json(), "is_cleared": closes_all}
        answer = await self._desk.deliveries.deliver(DeliveryKind.INTERACTION, view.callback_id, payload)
        return Outcome(answer=answer, trouble=answer.trouble)

    async def open_home(self, *, tab: str = "home") -> Outcome:
        """Look at the app's Home tab, or with `tab="messages"` at the conversation with it."""
        direct = self._desk.workspace.open_direct([self.user.id])
        event: Json = {"type": "app_home_opened", "user": self.user.id, "channel": direct.id, "tab": tab}
        if tab == "home" and self.home is not None:
            event["view"] = self.home.to_json()
        return await self._tell(event)

    async def say(self, text: str) -> Outcome:
        """Write to the bot in their direct conversation."""
        direct = self._desk.workspace.open_direct([self.user.id])
        message = self._desk.workspace.post(direct, text=text, blocks=[], author_id=self.user.id)
        event = message.to_json() | {"channel": direct.id, "channel_type": "im", "event_ts": message.ts}
        return await self._tell(event, subscription="message.im")

    # -- How --------------------------------------------------------------------------------------------------------

    def _find_obstacle(self) -> str | None:
        """Why this person's client offers neither commands nor shortcuts of this app."""
        if self.user.kind in WITHOUT_HANDS:
            raise ImpossibleInput(f"{self.user.real_name} cannot use Slack here.")
        return "Not for people from other organisations." if self.user.is_outsider else None

    def _find_missing_shortcut(self, callback_id: str) -> str | None:
        known = self._desk.workspace.app.shortcuts
        return None if known is None or callback_id in known else "There is no such shortcut."

    def _build(self, kind: str, more: Json, *, view_id: str | None = None) -> Json:
        payload = build_interaction(self._desk.workspace, self.user, kind) | more
        payload["trigger_id"] = self._desk.triggers.issue(self.user.id, view_id=view_id)
        return payload

    async def _interact(self, kind: str, name: str, more: Json, *, view_id: str | None = None) -> Outcome:
        payload = self._build(kind, more, view_id=view_id)
        answer = await self._desk.deliveries.deliver(DeliveryKind.INTERACTION, name, payload)
        return Outcome(answer=answer, trouble=answer.trouble)

    async def _tell(self, event: Json, *, subscription: str | None = None) -> Outcome:
        subscribed = self._desk.workspace.app.events
        if subscribed is not None and (subscription or event["type"]) not in subscribed:
            return Outcome(stopped="The app is not subscribed to this.")
        event = {"event_ts": self._desk.workspace.timestamps.issue()} | event
        answer = await self._desk.deliveries.deliver_event(event)
        return Outcome(answer=answer, trouble=answer.trouble)

    async def _act(
        self,
        where: OpenView | Message,
        block: Json,
        element: Json,
        value: Any,
        *,
        confirm: Json | None = None,
        revision: int = -1,
    ) -> Outcome:
        """Send block_actions for one element."""
        if self.user.kind in WITHOUT_HANDS:
            raise ImpossibleInput(f"{self.user.real_name} cannot use Slack here.")
        stamp = self._desk.workspace.timestamps.issue()
        action = build_action(block, element, value=value, action_ts=stamp)
        view_id = None
        if isinstance(where, OpenView):
            place = build_view_place(where)
            view_id = where.id if where.given["type"] == "modal" else None
        else:
            channel = self._get_place(where)
            place = build_message_place(channel, where, where.revisions[revision])
            place["response_url"] = self._desk.responses.issue(self.user.id, channel, source=where)
        more = place | {"actions": [action]}
        payload = self._build("block_actions", more, view_id=view_id)
        answer = await self._desk.deliveries.deliver(DeliveryKind.INTERACTION, element["action_id"], payload)
        return Outcome(answer=answer, trouble=answer.trouble, url=element.get("url"), confirm=confirm)

    def _obey(self, view: OpenView, answer: Answer) -> Outcome:
        """Do what a submission's acknowledgement asks for. Nothing asked: the view closes."""
        views, body = self._desk.views, answer.body
        action = body.get("response_action")
        try:
            if action is None and not body:
                views.close(view)
            elif action == "clear":
                views.clear(self.user.id)
            elif action == "errors":
                view.errors = check_errors(view, body.get("errors"))
                return Outcome(answer=answer, errors=view.errors)
            elif action == "update":
                views.update(view, views.check(body.get("view"), kind="modal", replaces=view))
            elif action == "push":
                views.push(self.user.id, views.check(body.get("view"), kind="modal"))
            else:
                raise Refused("invalid_response_action")
        except Refused:
            return Outcome(answer=answer, trouble=Trouble.UNREADABLE)
        return Outcome(answer=answer)

    def _show_command_answer(self, answer: Answer, place: Conversation) -> Trouble | None:
        if not answer.body:
            return None
        try:
            self._desk.responses.answer_command(self.user.id, place, Arguments(answer.body))
        except Refused:
            return Trouble.UNREADABLE
        return None

    def _get_top(self, view: OpenView | None) -> OpenView:
        if self.view is None or view not in (None, self.view):
            raise ImpossibleInput("They are not looking at that view.")
        return self.view

    def _get_place(self, message: Message) -> Conversation:
        place = self._desk.workspace.conversations[message.channel_id]
        is_theirs = message.ephemeral_to in (None, self.user.id) and not message.is_deleted
        if not is_theirs or (message.ephemeral_to is None and self.user.id not in place.members):
            raise ImpossibleInput(f"{self.user.real_name} does not see that message.")
        return place

    def _find(
        self,
        where: OpenView | Message,
        action_id: str,
        block_id: str | None,
        index: int,
        *,
        is_button: bool,
        revision: int = -1,
    ) -> tuple[Json, Json]:
        if isinstance(where, OpenView):
            if where.user_id != self.user.id or not where.is_open:
                raise ImpossibleInput("They are not looking at that view.")
            blocks = where.blocks
        else:
            blocks = where.revisions[revision].blocks
        there = [pair for pair in list_elements(blocks) if (pair[1]["type"] == "button") is is_button]
        found = [(b, e) for b, e in there if e["action_id"] == action_id and block_id in (None, b["block_id"])]
        if index >= len(found):
            names = ", ".join(sorted({e["action_id"] for _, e in there})) or "nothing"
            raise ImpossibleInput(f"There is no {action_id} number {index + 1} here, only: {names}.")
        return found[index]

    def _read_choice(self, element: Json, value: Any) -> Any:
        if element["type"] == "overflow":
            return next((o for o in element["options"] if value in (o["value"], o["text"]["text"])), None)
        return self._read(element, value)

    def _read(self, element: Json, value: Any) -> Any:
        """A friendly value as Slack keeps it; people and channels may be given by name."""
        if element["type"] in ("users_select", "multi_users_select"):
            value = _map(value, lambda who: self._desk.workspace.get_user(who).id)
        return to_kept(element, value)


def _map(value: Any, change: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [change(one) for one in value]
    return change(value)


def _reports(block: Json) -> bool:
    """Do elements of this block report at once?"""
    return block["type"] != "input" or bool(block.get("dispatch_action"))
