"""Block Kit as HTML: everything there is to read, once; nothing that somebody wrote becomes markup; all has a name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.blockkit import list_elements
from bot.sandbox.gallery.catalogue import list_all
from bot.sandbox.gallery.party import EVERYDAY, LONGEST
from bot.sandbox.play.drawing import draw_message
from bot.sandbox.play.hanging import build_viewer, list_hung, render_hung
from bot.sandbox.play.posted import read_posted
from bot.sandbox.play.rendering import render_message, render_view
from bot.sandbox.play.server import STATIC
from bot.sandbox.slack.inputs import keeps_value, to_kept
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.plaintext import DIVIDER
from bot.sandbox.slack.plaintext import render_message as read_message
from bot.sandbox.slack.views import OpenView
from bot.sandbox.slack.wording import Reader, read_mrkdwn
from tests.bot.sandbox.html_pages import Node, list_sent, parse_html

VIEWER = replace(build_viewer(), reader=build_viewer(["Ada Lane", "Ben Okoro"]).reader)
"""Nobody can be chosen; who was chosen has a name."""
DECORATION = frozenset({"[", "]", "·", "…", DIVIDER})


def list_gallery() -> Iterator[tuple[str, Message | OpenView]]:
    """All of the everyday party, and all again with the longest names that there are, made of `&<>`."""
    for party in (EVERYDAY, replace(LONGEST, learner_count=5)):
        yield from list_hung(list_all(party))


@pytest.fixture(scope="module")
def gallery() -> list[tuple[str, Message | OpenView, Node]]:
    return [(name, what, parse_html(render_hung(what, VIEWER))) for name, what in list_gallery()]


Gallery = list[tuple[str, Message | OpenView, Node]]


def build_message(*blocks: dict[str, Any], text: str = "") -> Message:
    return Message(channel_id="D1", ts="1.5", user_id="B1", text=text, blocks=list(blocks))


def build_view(*blocks: dict[str, Any], **more: Any) -> OpenView:
    view = OpenView(id="V1", user_id="U1", given={}, root_view_id="V1")
    plain = {"type": "plain_text", "text": "Move a lesson"}
    view.show({"type": "modal", "title": plain, "submit": plain | {"text": "Move"}, "blocks": list(blocks)} | more)
    return view


def draw(what: Message | OpenView) -> Node:
    return parse_html(render_hung(what, VIEWER))


# What is read


def list_written(node: Any, reader: Reader) -> Iterator[str]:
    """Every text that must be read somewhere, by the JSON. Placeholders and initial values are not."""
    if isinstance(node, list):
        for part in node:
            yield from list_written(part, reader)
    elif isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield read_mrkdwn(re.sub(r"(?m)^>", "", node["text"]), reader)
        elif node.get("type") == "plain_text":
            yield node["text"]
        if node.get("optional"):
            yield "(optional)"
        for name, part in node.items():
            if name in ("initial_user", "initial_users", "initial_conversation"):
                chosen = part if isinstance(part, list) else [part]
                yield from (reader.find_name(one) or one for one in chosen)
            elif not name.startswith("initial_") and name != "placeholder":
                yield from list_written(part, reader)


def get_sent(what: Message | OpenView) -> Any:
    """What is shown of it: a message's text only where it has no blocks."""
    if isinstance(what, OpenView):
        return what.given
    return what.blocks or {"type": "mrkdwn", "text": what.text}


def is_no_text(node: Node) -> bool:
    """Placeholders, what stands in fields, signs for the eye alone."""
    is_empty_option = node.tag == "option" and node.attributes["value"] == ""
    return (
        is_empty_option or node.tag == "textarea" or "aria-hidden" in node.attributes or node.has_class("placeholder")
    )


def test_every_text_is_shown_exactly_once(gallery: Gallery) -> None:
    """Dialogs, menus and everything that can be chosen as well."""
    for name, what, page in gallery:
        expected = Counter(word for text in list_written(get_sent(what), VIEWER.reader) for word in text.split())
        if isinstance(what, OpenView) and what.given["type"] == "modal" and not what.given.get("close"):
            expected["Cancel"] += 1
        if isinstance(what, OpenView):
            expected.update(word for error in what.errors.values() for word in error.split())

        assert expected == Counter(page.read(skips=is_no_text).split()), name


def test_messages_read_as_in_the_terminal(gallery: Gallery) -> None:
    """The same words in the same order, apart from what only shows when it is asked for."""
    for name, what, page in gallery:
        if isinstance(what, Message):
            lines = "\n".join(read_message(what, VIEWER.reader))
            expected = [word for word in re.sub(r"(?m)^>", "", lines).split() if word not in DECORATION]
            shown = page.read(skips=lambda node: node.tag == "dialog" or node.has_class("menu"))

            assert expected == [word for word in shown.split() if word not in DECORATION], name


def test_nothing_of_the_gallery_is_refused(gallery: Gallery) -> None:
    """Slack takes all of it, and this page draws all of it."""
    assert [name for name, _, page in gallery if any(node.has_class("refused") for node in page.walk())] == []


def test_a_message_without_blocks_is_its_text() -> None:
    """With its markup; and the notes that Slack puts on messages."""
    message = build_message(text="*Algebra* &lt;1&gt; at https://maths.example.")
    message.ephemeral_to, message.edited_ts = "U1", "2.5"

    page = draw(message)

    assert " ".join(page.read().split()) == "Only visible to you Algebra <1> at https://maths.example. (edited)"
    assert [node.read() for node in page.find_all("strong")] == ["Algebra"]
    assert [node.attributes["href"] for node in page.find_all("a")] == ["https://maths.example"]


def test_a_button_stays_itself_when_its_message_is_drawn_anew() -> None:
    """Slack gives blocks other ids with each update: whoever is about to press is not to lose it under the hand."""

    def list_ids(**ids: str) -> list[str]:
        text = {"type": "section", "block_id": ids["text"], "text": {"type": "mrkdwn", "text": "Now"}}
        presses = [{"type": "actions", "block_id": ids[name], "elements": [press]} for name in ("join", "move")]
        page = parse_html(render_message(build_message(text, *presses), VIEWER))
        return [node.attributes["id"] for node in page.walk() if "id" in node.attributes]

    words = {name: {"type": "plain_text", "text": name} for name in ("title", "text", "confirm", "deny")}
    press = {"type": "button", "action_id": "press", "text": words["text"], "confirm": words}
    before = list_ids(join="a1", move="b1", text="c1")
    assert len(set(before)) == len(before) > 2
    assert before == list_ids(join="a2", move="b2", text="c2")


def test_an_earlier_revision_can_be_shown() -> None:
    """As somebody sees it whose client is behind."""
    message = build_message(text="Before")
    message.change(text="After", blocks=[], ts="2.5", has_edited_label=False)

    assert "Before" in render_message(message, VIEWER, revision=0)
    assert "After" in render_message(message, VIEWER)


# What is pressed and filled in


def test_a_form_posts_what_stands_in_it(gallery: Gallery) -> None:
    """Sent as it opened, every field comes back as Slack keeps it: names and values survive the browser."""
    checked = 0
    for name, what, page in gallery:
        if isinstance(what, OpenView):
            posted = read_posted(what.blocks, list_sent(page), zone=VIEWER.reader.zone)
            fields = {(block["block_id"], element["action_id"]): element for block, element in what.list_fields()}
            kept = {place: to_kept(element, posted.values[place]) for place, element in fields.items()}

            assert what.inputs == kept, name
            assert (posted.pressed, posted.gone) == (None, ()), name
            checked += len(fields)
    assert checked > 500


def test_every_button_names_itself(gallery: Gallery) -> None:
    """Of all that can be pressed, pressing it says which it was and what it carries; links carry it as data."""
    for name, what, page in gallery:
        found = []
        for node in page.walk():
            if node.tag == "button" and "/" in node.attributes.get("name", ""):
                posted = read_posted(what.blocks, list_sent(page, pressed=node), zone="UTC")
                found.append((posted.pressed, posted.value))
            elif node.tag == "a" and "data-name" in node.attributes:
                place = (node.attributes["data-block-id"], node.attributes["data-action-id"])
                found.append((place, node.attributes["data-value"]))

        assert Counter(list_pressable(what.blocks)) == Counter(found), name


def list_pressable(blocks: list[dict[str, Any]]) -> Iterator[tuple[tuple[str, str], str]]:
    for block, element in list_elements(blocks):
        for one in [] if keeps_value(element) else element.get("options") or [element]:
            yield (block.get("block_id", ""), element["action_id"]), one["value"]


def test_enter_presses_nothing_by_accident(gallery: Gallery) -> None:
    """A browser takes Enter in a field for the form's first button: in a modal that sends it, elsewhere nothing."""
    for name, what, page in gallery:
        first = page.find_all("button")[0].attributes
        sends = isinstance(what, OpenView) and what.given["type"] == "modal" and what.given.get("submit") is not None
        assert (first.get("value") == "submit" and "disabled" not in first) is sends, name
        assert ("disabled" in first) is not sends, name


CONFIRM = {
    "title": {"type": "plain_text", "text": "Cancel it?"},
    "text": {"type": "plain_text", "text": "Ben is told."},
    "confirm": {"type": "plain_text", "text": "Cancel the lesson"},
    "deny": {"type": "plain_text", "text": "Keep it"},
    "style": "danger",
}


def test_a_confirm_dialog_asks_before_anything_is_sent() -> None:
    """The button itself only opens it; the dialog says what happens, keeps or does; it needs no script."""
    button = {"type": "button", "action_id": "cancel", "value": "7", "text": {"type": "plain_text", "text": "Cancel"}}
    page = draw(build_message({"type": "actions", "block_id": "b", "elements": [button | {"confirm": CONFIRM}]}))

    (dialog,) = page.find_all("dialog")
    opener, keeps, does = page.find_all("button")[1:]
    assert opener.attributes["type"] == keeps.attributes["type"] == "button"
    assert opener.attributes["commandfor"] == keeps.attributes["commandfor"] == dialog.attributes["id"]
    assert (opener.attributes["command"], keeps.attributes["command"]) == ("show-modal", "close")
    assert (does.attributes["name"], does.attributes["value"]) == ("b/cancel", "7")
    assert does.has_class("danger")
    assert " ".join(dialog.read().split()) == "Cancel it? Ben is told. Keep it Cancel the lesson"


def test_an_error_stands_under_its_field() -> None:
    """And is told with it; the field keeps what was typed."""
    view = build_view(
        {
            "type": "input",
            "block_id": "length",
            "label": {"type": "plain_text", "text": "How long"},
            "hint": {"type": "plain_text", "text": "In minutes"},
            "element": {"type": "plain_text_input", "action_id": "length", "initial_value": "45"},
        }
    )
    view.inputs["length", "length"] = "ages"
    view.errors = {"length": "Type a number."}

    page = draw(view)

    (field,) = page.find_all("input")
    assert (field.attributes["value"], field.attributes["aria-invalid"]) == ("ages", "true")
    spoken = [page.find_by_id(its_id).read().strip() for its_id in field.attributes["aria-describedby"].split()]
    assert spoken == ["In minutes", "Type a number."]


def test_what_was_chosen_in_a_message_shows() -> None:
    """Messages keep it in another form than views do."""
    options = [{"text": {"type": "plain_text", "text": text}, "value": text} for text in ("10", "20")]
    select = {"type": "static_select", "action_id": "by", "options": options, "initial_option": options[0]}
    message = build_message({"type": "actions", "block_id": "b", "elements": [select]})
    message.inputs["b", "by"] = {"type": "static_select", "selected_option": options[1]}

    chosen = [node.read().strip() for node in draw(message).find_all("option") if "selected" in node.attributes]

    assert chosen == ["20"]


# Everybody


def test_everything_has_a_name_to_be_called_by(gallery: Gallery) -> None:
    """Each control a label, each button a word; ids are unique, and what refers to one finds it."""
    for name, _, page in gallery:
        nodes = list(page.walk())
        ids = [node.attributes["id"] for node in nodes if "id" in node.attributes]
        assert len(ids) == len(set(ids)), name
        labels = {node.attributes.get("for") for node in nodes if node.tag == "label"}
        in_labels = {id(inner) for node in nodes if node.tag == "label" for inner in node.walk()}
        for node in nodes:
            for reference in ("for", "aria-labelledby", "aria-describedby", "commandfor"):
                assert set(node.attributes.get(reference, "").split()) <= set(ids), (name, node)
            has_label = bool({"aria-label", "aria-labelledby"} & set(node.attributes)) or id(node) in in_labels
            if node.tag in ("input", "select", "textarea") and node.attributes.get("type") != "hidden":
                assert has_label or node.attributes.get("id") in labels, (name, node)
            if node.tag in ("button", "a", "summary") and "hidden" not in node.attributes:
                assert has_label or node.read().strip(), (name, node)


def test_pages_run_nothing_and_load_nothing(gallery: Gallery) -> None:
    """No script, no handler, no style of its own, nothing that a browser would fetch by itself."""
    for name, _, page in gallery:
        for node in page.walk():
            assert node.tag not in ("script", "style", "img", "iframe", "link", "object"), name
            assert not {a for a in node.attributes if a.startswith("on") or a in ("src", "style", "srcset")}, name


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_everything_can_be_read(is_dark: bool) -> None:
    """Text against what it stands on 4.5 to 1 at least, edges and focus ring 3 to 1 (WCAG 2.2, 1.4.3, 1.4.11)."""
    roots = re.findall(r":root \{(.*?)\}", (STATIC / "blocks.css").read_text(), re.S)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", roots[1 if is_dark else 0]))

    def contrast(one: str, other: str) -> float:
        high, low = sorted((_luminance(colours[one]), _luminance(colours[other])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    inks = [*(("ink", ground) for ground in ("paper", "back", "called", "wrong")), ("soft", "paper"), ("soft", "back")]
    for ink, ground in (*inks, ("link", "paper"), ("danger", "paper"), ("on-deed", "deed"), ("on-danger", "danger")):
        assert contrast(ink, ground) >= 4.5, (ink, ground)
    for edge in ("edge", "focus", "deed", "danger"):
        assert contrast(edge, "paper") >= 3, edge


def test_no_way_in_is_in_a_repr() -> None:
    """A button's address is a secret, and so is what people typed."""
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Join"}}
    blocks = [
        {"type": "actions", "elements": [button | {"url": "https://room.example/secret", "value": "secret"}]},
        {"type": "section", "text": {"type": "mrkdwn", "text": "<https://room.example/secret|Join>"}},
    ]

    drawn = draw_message(blocks, VIEWER, within="1")

    assert "secret" not in repr(drawn)
    assert drawn.faults == ()


# Hostile


HOSTILE = """"><script>alert('1')</script>&amp;<b onload="x">"""


def list_everything(text: str) -> list[dict[str, Any]]:
    """Every kind of block and element with this text in every place that takes text."""
    said = {"type": "plain_text", "text": text}
    marked = {"type": "mrkdwn", "text": text}
    option: dict[str, Any] = {"text": said, "value": text, "description": said}
    base = {"placeholder": said}
    choices: dict[str, Any] = {"options": [option, option | {"value": "2"}]}
    elements: list[dict[str, Any]] = [
        {"type": "static_select", **base, **choices, "initial_option": option},
        {"type": "multi_static_select", **base, **choices, "initial_options": [option], "max_selected_items": 2},
        {"type": "static_select", **base, "option_groups": [{"label": said, "options": [option]}]},
        *({"type": f"{one}_select", **base} for one in ("users", "conversations", "channels")),
        *({"type": f"multi_{one}_select", **base} for one in ("users", "conversations", "channels")),
        {"type": "users_select", "initial_user": text},
        {"type": "checkboxes", **choices, "initial_options": [option]},
        {"type": "radio_buttons", **choices, "initial_option": option},
        {"type": "datepicker", "initial_date": "2026-03-02", **base},
        {"type": "timepicker", "initial_time": "16:00", **base},
        {"type": "datetimepicker", "initial_date_time": 1_795_449_600, "focus_on_load": True},
        {"type": "plain_text_input", "initial_value": text, **base},
        {"type": "plain_text_input", "initial_value": text, "multiline": True, **base},
        {"type": "number_input", "is_decimal_allowed": True, "initial_value": text, **base},
        {"type": "email_text_input", "initial_value": text, **base},
        {"type": "url_text_input", "initial_value": text, **base},
    ]
    confirm: dict[str, Any] = CONFIRM | {"title": said, "text": marked, "confirm": said | {"text": text[:30]}}
    pressed: list[dict[str, Any]] = [
        {"type": "button", "text": said, "value": text, "accessibility_label": text, "confirm": confirm},
        {"type": "button", "text": said, "value": text, "url": f"https://x.example/{text.replace(' ', '')}"},
        {"type": "overflow", "options": [option], "confirm": confirm},
    ]
    inputs: list[dict[str, Any]] = [
        {"type": "input", "label": said, "hint": said, "element": {"action_id": f"{text}{number}", **element}}
        for number, element in enumerate(elements)
    ]
    for made in inputs[1::2]:
        made |= {"optional": True, "dispatch_action": True}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": said},
        {"type": "divider"},
        {"type": "section", "text": marked, "fields": [said, marked], "accessory": {**elements[10], "action_id": "c"}},
        {"type": "section", "text": marked, "accessory": {**elements[1], "action_id": "several"}},
        {"type": "context", "elements": [said, marked]},
        {"type": "actions", "elements": [{"action_id": f"{n}{text}", **one} for n, one in enumerate(pressed)]},
        *inputs,
    ]
    return [block | {"block_id": f"{number} {text}"} for number, block in enumerate(blocks)]


def test_nothing_that_somebody_wrote_becomes_markup() -> None:
    """In every kind of block and element, in texts, values, ids and errors."""
    view = build_view(*list_everything(HOSTILE))
    view.errors = {block["block_id"]: HOSTILE for block in view.blocks if block["type"] == "input"}

    page = draw(view)

    assert not [node for node in page.walk() if node.has_class("refused")], page.read()
    assert page.find_all("script") == page.find_all("b") == []
    assert {a for node in page.walk() for a in node.attributes if a.startswith("on")} == set()
    assert HOSTILE in [node.read().strip() for node in page.find_all("h3")]
    assert HOSTILE in [node.attributes.get("value") for node in page.find_all("input")]
    assert page.read().count(HOSTILE) > 50


def test_every_kind_of_field_comes_back_as_it_was() -> None:
    """Those too that Hallpass has no use for today."""
    view = build_view(*list_everything(HOSTILE))

    posted = read_posted(view.blocks, list_sent(draw(view)), zone=VIEWER.reader.zone)

    fields = {(block["block_id"], element["action_id"]): element for block, element in view.list_fields()}
    assert len(fields) == 22
    assert view.inputs == {place: to_kept(element, posted.values[place]) for place, element in fields.items()}


# Refused


SAID = {"type": "plain_text", "text": "Hello"}
BUTTON = {"type": "button", "action_id": "go", "text": SAID}


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ({"type": "video", "block_id": "v"}, "unsupported type for block: video"),
        ({"type": "header", "text": SAID | {"text": "a" * 151}}, "must be less than 151 characters"),
        ({"type": "section"}, "missing required field: text or fields"),
        ({"type": "section", "text": SAID, "onclick": "x"}, "invalid additional property: onclick"),
        ({"type": "actions", "elements": [BUTTON, BUTTON]}, "`action_id` must be unique within its block"),
        ({"type": "image", "image_url": "https://x.example/a.png", "alt_text": "A"}, "does not draw image"),
        (
            {"type": "context", "elements": [{"type": "image", "image_url": "https://x.example/a", "alt_text": "A"}]},
            "does not draw image",
        ),
        ({"type": "rich_text", "elements": [{}]}, "does not draw rich_text"),
        (
            {"type": "actions", "elements": [BUTTON | {"url": "javascript:alert(1)"}]},
            "follows only addresses of the web",
        ),
        (
            {
                "type": "section",
                "text": SAID,
                "accessory": {"type": "datepicker", "action_id": "d", "confirm": CONFIRM},
            },
            "does not ask before a change of datepicker",
        ),
        ("text", "unsupported type for block: None"),
    ],
)
def test_what_cannot_be_shown_says_why_in_its_place(block: Any, why: str) -> None:
    """The parts around it are drawn as ever."""
    divided = {"type": "section", "text": SAID}
    page = draw(build_message(divided, block, divided))

    (refused,) = [node for node in page.walk() if node.has_class("refused")]
    assert why in refused.read()
    around = page.read(skips=lambda node: node.has_class("refused"))
    assert around.split() == ["Hello", "Hello"]


def test_a_view_that_is_wrong_as_a_whole_shows_only_why() -> None:
    """Its texts may be of any shape, so nothing is made of them."""
    view = OpenView(id="V1", user_id="U1", given={}, root_view_id="V1")
    view.given = {"type": "modal", "title": {"type": "plain_text", "text": "a" * 25}, "blocks": [], "submit": "Send"}

    page = parse_html(render_view(view, VIEWER))

    assert "must be less than 25 characters [json-pointer:/view/title/text]" in page.read()
    assert "Send" not in page.read()


def test_a_view_too_large_is_refused() -> None:
    """As Slack would, with its own word for it."""
    blocks = [{"type": "section", "text": SAID | {"text": "é" * 3000}, "block_id": f"{n}"} for n in range(60)]

    assert "view_too_large" in render_view(build_view(*blocks), VIEWER)
