"""Somebody at the page without a screen: forms as they are drawn, filled in as a browser would and posted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlencode

import httpx

from bot.sandbox.play.act_routes import WRONG
from bot.sandbox.play.acting import build_message_address, build_view_address
from bot.sandbox.play.person import find_person
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_message, render_view
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.views import OpenView
from tests.bot.sandbox.html_pages import Node, list_sent, parse_html

PATIENCE = 20.0
"""Seconds that something may take to come; nothing is judged by them."""


class Told(NamedTuple):
    """The page's answer to a post."""

    status: int
    said: str
    wrong: str | None


class Hands:
    """One person. What they post goes to the routes themselves; what they see is drawn anew each time."""

    def __init__(self, playground: Playground, client: httpx.AsyncClient, actor: Actor) -> None:
        self.playground = playground
        self.client = client
        self.actor = actor
        self.address = f"/as/{actor.user.id}"

    @property
    def view(self) -> OpenView:
        assert self.actor.view is not None
        return self.actor.view

    @property
    def direct_id(self) -> str:
        return self.playground.school.slack.workspace.open_direct([self.actor.user.id]).id

    def draw(self, what: Message | OpenView) -> Node:
        """The form as their page shows it now."""
        person = find_person(self.playground, self.actor.user.id)
        assert person is not None
        if isinstance(what, OpenView):
            page = parse_html(render_view(what, person.viewer, action=build_view_address(what)))
        else:
            action = build_message_address(self.actor.user.id, what)
            page = parse_html(render_message(what, person.viewer, action=action))
        (form,) = page.find_all("form")
        return form

    async def post(self, address: str, pairs: Iterable[tuple[str, str]] = ()) -> Told:
        answer = await self.client.post(
            address,
            content=urlencode(list(pairs)).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        return Told(answer.status_code, answer.text, answer.headers.get(WRONG))

    async def press(
        self, what: Message | OpenView, action_id: str, value: str | None = None, *, form: Node | None = None
    ) -> Told:
        """Press a button or a menu's entry, as the form shows it now or as an earlier drawing of it did."""
        form = form or self.draw(what)
        if link := find_link(form, action_id):
            pressed = [(link.attributes["data-name"], link.attributes["data-value"])]
            return await self.post(form.attributes["action"], [*list_sent(form), *pressed])
        button = find_button(form, action_id, value)
        return await self.post(form.attributes["action"], list_sent(form, pressed=button))

    async def enter(self, what: Message | OpenView, **fields: str | list[str]) -> Told:
        """Change one or more fields that report at once."""
        form = self.draw(what)
        named = [fill(form, block_id, value) for block_id, value in fields.items()]
        return await self.post(form.attributes["action"], [*list_sent(form), ("reports", named[-1])])

    async def submit(self, footer: str = "submit", **fields: str | list[str]) -> Told:
        """Fill in the form on top and send it, or press another of its own buttons."""
        form = self.draw(self.view)
        for block_id, value in fields.items():
            fill(form, block_id, value)
        return await self.post(form.attributes["action"], [*list_sent(form), ("view", footer)])

    async def type_in(self, text: str, *, channel_id: str | None = None) -> Told:
        return await self.post(f"{self.address}/say/{channel_id or self.direct_id}", [("text", text)])

    def read_errors(self) -> dict[str, str]:
        """What stands under the fields of the form on top, by their labels."""
        found = {}
        for field in [node for node in self.draw(self.view).walk() if node.has_class("field")]:
            for error in [node for node in field.walk() if node.has_class("error")]:
                (label,) = [*field.find_all("legend"), *field.find_all("label")][:1]
                found[" ".join(label.read().split())] = " ".join(error.read().split())
        return found

    def read(self, what: Message | OpenView | None = None) -> str:
        """What the form on top, or whatever is given, says."""
        return self.actor.read(what or self.view, now=self.playground.school.clock.now())

    async def wait_for_view(self, words: str) -> OpenView:
        """Until the form on top says this."""
        await self.playground.school.slack.wait_for(
            lambda: self.actor.view is not None and words in self.read(self.actor.view), timeout=PATIENCE
        )
        return self.view

    async def wait_for_message(self, words: str, *, is_private: bool = False) -> Message:
        """Until a message of theirs says this; the latest of those."""

        def find() -> list[Message]:
            messages = self.actor.private_answers() if is_private else self.actor.messages()
            return [one for one in messages if words in self.read(one)]

        await self.playground.school.slack.wait_for(lambda: bool(find()), timeout=PATIENCE)
        return find()[-1]


def list_controls(form: Node, block_id: str) -> list[Node]:
    return [
        node
        for node in form.walk()
        if node.tag in ("input", "textarea", "select") and node.attributes.get("data-block-id") == block_id
    ]


def fill(form: Node, block_id: str, value: str | list[str]) -> str:
    """Type or choose in the drawn form; its name."""
    controls = list_controls(form, block_id)
    assert controls, (block_id, [node.attributes.get("data-block-id") for node in form.walk() if node.tag == "input"])
    for node in controls:
        if node.attributes.get("type") in ("checkbox", "radio"):
            node.attributes.pop("checked", None)
            if node.attributes["value"] in ([value] if isinstance(value, str) else value):
                node.attributes["checked"] = ""
        elif node.tag == "select":
            for option in node.find_all("option"):
                option.attributes.pop("selected", None)
                if option.attributes["value"] == value:
                    option.attributes["selected"] = ""
        elif node.tag == "textarea":
            node.children = [str(value)]
        else:
            node.attributes["value"] = str(value)
    return controls[0].attributes["name"]


def find_link(form: Node, action_id: str) -> Node | None:
    found = [node for node in form.find_all("a") if node.attributes.get("data-action-id") == action_id]
    return found[0] if found else None


def find_button(form: Node, action_id: str, value: str | None = None) -> Node:
    (found, *_) = [
        node
        for node in form.find_all("button")
        if node.attributes.get("data-action-id") == action_id and value in (None, node.attributes["value"])
    ]
    return found
