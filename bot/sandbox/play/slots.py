"""One interactive element as a page's form control: its name, what stands in it, what can be chosen. Pure.

It judges nothing; what Slack would refuse never gets here (`drawing.py`). It knows no HTML: which control a kind
becomes is the template's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.play.directory import Directory
from bot.sandbox.play.field_names import Place, build_name
from bot.sandbox.play.leads import Lead, Leads
from bot.sandbox.play.markup import Passage, find_web_address, parse_text
from bot.sandbox.slack.inputs import keeps_value, read_initial
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.wording import Reader


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who is looking: how they read, and whom and what they can choose."""

    reader: Reader
    directory: Directory
    leads: Leads | None = None
    """How links to the school's own servers open; None: as they are."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One thing that can be chosen."""

    value: str
    text: tuple[Passage, ...]
    is_chosen: bool = False
    description: tuple[Passage, ...] = ()

    @property
    def plain(self) -> str:
        """Its text where a page can show no markup."""
        return "\n".join(passage.text for passage in self.text)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Choices under a heading, or under none."""

    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One element in its place."""

    kind: str
    """Slack's own word for it."""
    element: Json = field(repr=False)
    id: str
    """Its control's id on the page."""
    name: str
    place: Place
    value: str = field(repr=False)
    """What stands in it, as its control takes it; empty where several can be chosen."""
    groups: tuple[Group, ...]
    reports: bool
    """Is each change told to the app at once?"""
    url: str | None = field(repr=False)
    """Where a link button leads."""
    labelled_by: str
    """The page's id of the text that says what this is; empty where nothing does."""
    described_by: str
    """The page's ids of what else is said of it: hint and error."""
    asks: tuple[Passage, ...]
    """What its confirm dialog says; empty where it has none."""
    leads: tuple[Lead, ...] = ()
    """How a link button is followed on each of the viewer's devices; empty: as it is."""
    zone: str = ""
    """In whose time an instant is chosen."""
    is_wrong: bool = False

    @property
    def placeholder(self) -> str:
        """What stands in it while it is empty."""
        return str((self.element.get("placeholder") or {}).get("text", ""))

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All choices, whatever their heading."""
        return tuple(choice for group in self.groups for choice in group.choices)

    @property
    def is_several(self) -> bool:
        """Is it one long list of which several can be chosen?"""
        return self.kind.startswith("multi_")

    @property
    def is_ticked(self) -> bool:
        """Has every choice a box or a dot of its own?"""
        return self.is_several or self.kind in ("checkboxes", "radio_buttons")

    @property
    def tick(self) -> str:
        """Which of both."""
        return "radio" if self.kind == "radio_buttons" else "checkbox"


def build_slot(
    block: Json, element: Json, *, kept: Any, viewer: Viewer, within: str, labelled_by: str = "", described_by: str = ""
) -> Slot:
    """The element with what stands in it. `kept`: as Slack keeps it; `within`: the id of what it stands in."""
    place = (block.get("block_id", ""), element.get("action_id", ""))
    name = build_name(place)
    url = find_web_address(element.get("url") or "")
    return Slot(
        kind=element["type"],
        element=element,
        id=f"{within}/{name.partition('/')[2]}",
        name=name,
        place=place,
        value=_write_value(element, kept, viewer.reader),
        groups=_list_groups(element, kept, viewer),
        reports=block["type"] != "input" or bool(block.get("dispatch_action")),
        url=url,
        leads=viewer.leads.list_for(url) if viewer.leads is not None else (),
        labelled_by=labelled_by,
        described_by=described_by,
        asks=parse_text(element["confirm"]["text"], viewer.reader) if element.get("confirm") else (),
        zone=viewer.reader.zone if element["type"] == "datetimepicker" else "",
    )


def read_kept(block: Json, element: Json, inputs: Mapping[Place, Any]) -> Any:
    """What stands in the element: what was put there, or what it began with."""
    if not keeps_value(element):
        return None
    return inputs.get((block.get("block_id", ""), element.get("action_id", "")), read_initial(element))


def read_inputs(message: Message) -> dict[Place, Any]:
    """What was chosen in the message, as views keep it: the entry of its state without its kind."""
    return {
        place: next((value for name, value in state.items() if name != "type"), None)
        for place, state in message.inputs.items()
    }


def _write_value(element: Json, kept: Any, reader: Reader) -> str:
    if element["type"] == "button":
        return str(element.get("value", ""))
    if kept is None or isinstance(kept, list):
        return ""
    if isinstance(kept, dict):
        return str(kept["value"])
    if element["type"] == "datetimepicker":
        return f"{reader.to_local(datetime.fromtimestamp(kept, UTC)):%Y-%m-%dT%H:%M}"
    return str(kept)


def _list_groups(element: Json, kept: Any, viewer: Viewer) -> tuple[Group, ...]:
    kind = element["type"]
    several = kept if isinstance(kept, list) else [kept]
    if kind.endswith(("users_select", "conversations_select", "channels_select")):
        return (Group(label="", choices=_list_listed(element, [one for one in several if one], viewer)),)
    options = element.get("options") or []
    groups: list[Json] = (
        [{"label": {"text": ""}, "options": options}] if options else element.get("option_groups") or []
    )
    chosen = [one["value"] for one in several if isinstance(one, dict)]
    return tuple(
        Group(
            label=group["label"]["text"],
            choices=tuple(_build_choice(option, chosen, viewer.reader) for option in group["options"]),
        )
        for group in groups
    )


def _build_choice(option: Json, chosen: Collection[str], reader: Reader) -> Choice:
    return Choice(
        value=option["value"],
        text=parse_text(option["text"], reader),
        is_chosen=option["value"] in chosen,
        description=parse_text(option["description"], reader) if option.get("description") else (),
    )


def _list_listed(element: Json, chosen: list[str], viewer: Viewer) -> tuple[Choice, ...]:
    """Whom or what is chosen first, so that nobody has to look for it among a hundred."""
    names = {listed.id: listed.name for listed in viewer.directory.list_for(element)}
    others = [its_id for its_id in names if its_id not in chosen]
    find_name: Callable[[str], str | None] = viewer.reader.find_name
    return tuple(
        Choice(
            value=its_id,
            text=parse_text(
                {"type": "plain_text", "text": names.get(its_id) or find_name(its_id) or its_id}, viewer.reader
            ),
            is_chosen=its_id in chosen,
        )
        for its_id in (*chosen, *others)
    )
