"""Open modals and Home views: the stack each person has open, hashes, and what was typed into them.

Everything that changes a view is here. What a person typed stays over an update only where block id, action id and
kind of element stay (docs.slack.dev/surfaces/modals); an initial value given later does not overwrite it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.blockkit import check_view, is_too_large, list_elements
from bot.sandbox.slack.inputs import keeps_value, read_initial, to_state
from bot.sandbox.slack.messages import Json, fill_ids
from bot.sandbox.slack.refusals import Refused, refuse_arguments
from bot.sandbox.slack.workspace import Workspace

DEEPEST = 3
"""Views that can be stacked."""


@dataclass(kw_only=True, eq=False)
class OpenView:
    """One view as its person sees it. `given` is what the app last sent; `inputs` what stands in its fields."""

    id: str
    user_id: str
    given: Json = field(repr=False)
    root_view_id: str
    previous_view_id: str | None = None
    hash: str = ""
    inputs: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    is_open: bool = True
    updates: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    """What the app found wrong at the last submission, by block."""
    team_id: str = ""
    app_id: str = ""
    bot_id: str = ""

    @property
    def callback_id(self) -> str:
        """The app's own name for this kind of view."""
        return str(self.given.get("callback_id", ""))

    @property
    def blocks(self) -> list[Json]:
        """Its blocks, ids filled in."""
        blocks: list[Json] = self.given["blocks"]
        return blocks

    @property
    def title(self) -> str:
        """What its title bar says; empty for Home."""
        return str(self.given.get("title", {}).get("text", ""))

    @property
    def private_metadata(self) -> str:
        """What the app keeps in it."""
        return str(self.given.get("private_metadata", ""))

    def list_fields(self) -> Iterator[tuple[Json, Json]]:
        """Every element that holds a value, with its block."""
        return ((block, element) for block, element in list_elements(self.blocks) if keeps_value(element))

    def show(self, given: Json) -> None:
        """Show what the app sent, keeping what was typed where it stays."""
        kinds = {(b["block_id"], e["action_id"]): e["type"] for b, e in self.list_fields()} if self.given else {}
        kept = self.inputs
        self.errors = {}
        self.given = given | {"blocks": fill_ids(given["blocks"])}
        self.inputs = {}
        for block, element in self.list_fields():
            place = (block["block_id"], element["action_id"])
            stays = kinds.get(place) == element["type"]
            self.inputs[place] = kept[place] if stays else read_initial(element)
        self.hash = f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}"

    def read_state(self) -> Json:
        """`state.values`, as payloads carry it."""
        values: dict[str, Json] = {}
        for block, element in self.list_fields():
            place = (block["block_id"], element["action_id"])
            values.setdefault(place[0], {})[place[1]] = to_state(element, self.inputs[place])
        return {"values": values}

    def to_json(self) -> Json:
        """The view object of answers and payloads."""
        kind = self.given["type"]
        told: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "type": kind,
            "blocks": self.blocks,
            "private_metadata": self.private_metadata,
            "callback_id": self.callback_id,
            "state": self.read_state(),
            "hash": self.hash,
            "title": self.given.get("title", {"type": "plain_text", "text": "View Title"}),
            "clear_on_close": self.given.get("clear_on_close", False),
            "notify_on_close": self.given.get("notify_on_close", False),
            "close": self.given.get("close"),
            "submit": self.given.get("submit"),
            "previous_view_id": self.previous_view_id,
            "root_view_id": self.root_view_id,
            "app_id": self.app_id,
            "external_id": self.given.get("external_id", ""),
            "app_installed_team_id": self.team_id,
            "bot_id": self.bot_id,
        }
        return told


class Views:
    """Every open view of everybody. Views are judged before anything is changed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stacks: dict[str, list[OpenView]] = {}
        self._homes: dict[str, OpenView] = {}
        self._by_id: dict[str, OpenView] = {}

    def get_stack(self, user_id: str) -> list[OpenView]:
        """The modals this person has open, the root first."""
        return self._stacks.setdefault(user_id, [])

    def find_home(self, user_id: str) -> OpenView | None:
        """This person's Home view, once one was published."""
        return self._homes.get(user_id)

    def find_open(self, *, view_id: str | None = None, external_id: str | None = None) -> OpenView | None:
        """A view that is open now, by either id."""
        if view_id is not None:
            return self._by_id.get(view_id)
        return next((v for v in self._by_id.values() if v.given.get("external_id") == external_id), None)

    def check(self, given: Any, *, kind: str, replaces: OpenView | None = None) -> Json:
        """The view as sent, judged whole; refused as Slack refuses it."""
        if isinstance(given, dict) and is_too_large(given):
            raise Refused("view_too_large")
        faults = check_view(given)
        if not faults and given["type"] != kind:
            faults = [f"must be of type {kind} [json-pointer:/view/type]"]
        if faults:
            raise refuse_arguments(faults)
        external_id = given.get("external_id")
        if external_id and self.find_open(external_id=external_id) not in (None, replaces):
            raise Refused("duplicate_external_id")
        checked: Json = given
        return checked

    def open(self, user_id: str, given: Json) -> OpenView:
        """A new root; whatever was open before is gone."""
        self.clear(user_id)
        return self._put(user_id, given)

    def push(self, user_id: str, given: Json) -> OpenView:
        """On top of what is open; three at most."""
        if len(self.get_stack(user_id)) >= DEEPEST:
            raise Refused("push_limit_reached")
        return self._put(user_id, given)

    def update(self, view: OpenView, given: Json) -> None:
        """Show something else in an open view."""
        view.show(given)
        view.updates += 1
        self._workspace.changes.ring()

    def publish(self, user_id: str, given: Json) -> OpenView:
        """This person's Home view, new or shown anew."""
        home = self._homes.get(user_id)
        if home is None:
            home = self._homes[user_id] = self._build(user_id, given)
            self._workspace.changes.ring()
        else:
            self.update(home, given)
        return home

    def close(self, view: OpenView) -> None:
        """Close this view; the one below shows again."""
        stack = self.get_stack(view.user_id)
        if view in stack:
            stack.remove(view)
        view.is_open = False
        self._by_id.pop(view.id, None)
        self._workspace.changes.ring()

    def clear(self, user_id: str) -> None:
        """Close everything this person has open."""
        for view in list(self.get_stack(user_id)):
            self.close(view)

    def _put(self, user_id: str, given: Json) -> OpenView:
        stack = self.get_stack(user_id)
        view = self._build(user_id, given)
        if stack:
            view.root_view_id, view.previous_view_id = stack[0].id, stack[-1].id
        stack.append(view)
        self._workspace.changes.ring()
        return view

    def _build(self, user_id: str, given: Json) -> OpenView:
        view_id = self._workspace.issue_id("V")
        app = self._workspace.app
        view = OpenView(
            id=view_id,
            user_id=user_id,
            given={},
            root_view_id=view_id,
            team_id=self._workspace.team_id,
            app_id=app.app_id,
            bot_id=app.bot_id,
        )
        view.show(given)
        self._by_id[view_id] = view
        return view


def parse_view(given: Any) -> Any:
    """A view sent as JSON in a string, or as an object."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        raise refuse_arguments(["must be valid JSON [json-pointer:/view]"]) from None
