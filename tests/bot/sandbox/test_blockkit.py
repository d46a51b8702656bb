"""Block Kit's limits: taken at the limit, refused one beyond it, and refused with its place."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from slack_sdk.models.views import View

from bot.sandbox.blockkit import Surface, check_blocks, check_view, is_too_large, list_elements

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(text: str = "One", value: str = "one") -> Json:
    return {"text": plain(text), "value": value}


def button(text: str = "Join", **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": "join"} | more


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(**parts: Any) -> Json:
    return {"type": "section"} | parts


def field(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain("Label"), "element": element} | more


def select(**more: Any) -> Json:
    return {"type": "static_select", "options": [option()]} | more


def confirm(**more: Any) -> Json:
    parts = {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")}
    return button(confirm=parts | more)


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Form"), "submit": plain("Send"), "blocks": list(blocks)} | more


def x(count: int) -> str:
    return "x" * count


LIMITS: list[tuple[str, int, Any]] = [
    # what is limited, how much of it is still taken, the block that holds so much of it
    ("section text", 3000, lambda n: section(text=mrkdwn(x(n)))),
    ("section field", 2000, lambda n: section(fields=[mrkdwn(x(n))])),
    ("section fields", 10, lambda n: section(fields=[mrkdwn("x")] * n)),
    ("header", 150, lambda n: {"type": "header", "text": plain(x(n))}),
    ("context elements", 10, lambda n: {"type": "context", "elements": [mrkdwn("x")] * n}),
    ("actions elements", 25, lambda n: actions(*[button(action_id=str(i)) for i in range(n)])),
    ("block id", 255, lambda n: {"type": "divider", "block_id": x(n)}),
    ("action id", 255, lambda n: actions(button(action_id=x(n)))),
    ("button text", 75, lambda n: actions(button(x(n)))),
    ("button value", 2000, lambda n: actions(button(value=x(n)))),
    ("button address", 3000, lambda n: actions(button(url="https://" + x(n - 8)))),
    ("button label", 75, lambda n: actions(button(accessibility_label=x(n)))),
    ("dialog title", 100, lambda n: actions(confirm(title=plain(x(n))))),
    ("dialog text", 300, lambda n: actions(confirm(text=plain(x(n))))),
    ("dialog button", 30, lambda n: actions(confirm(confirm=plain(x(n))))),
    ("dialog other button", 30, lambda n: actions(confirm(deny=plain(x(n))))),
    ("placeholder", 150, lambda n: actions(select(placeholder=plain(x(n))))),
    ("options", 100, lambda n: actions(select(options=[option(value=str(i)) for i in range(n)]))),
    ("option text", 75, lambda n: actions(select(options=[option(text=x(n))]))),
    ("option value", 150, lambda n: actions(select(options=[option(value=x(n))]))),
    ("overflow", 5, lambda n: actions({"type": "overflow", "options": [option(value=str(i)) for i in range(n)]})),
    ("checkboxes", 10, lambda n: actions({"type": "checkboxes", "options": [option(value=str(i)) for i in range(n)]})),
    ("radio", 10, lambda n: actions({"type": "radio_buttons", "options": [option(value=str(i)) for i in range(n)]})),
    ("input label", 2000, lambda n: field(select(), label=plain(x(n)))),
    ("input hint", 2000, lambda n: field(select(), hint=plain(x(n)))),
    ("typed text", 3000, lambda n: field({"type": "plain_text_input", "max_length": n})),
    ("image alt text", 2000, lambda n: {"type": "image", "image_url": "https://x.example/a.png", "alt_text": x(n)}),
    ("markdown", 12_000, lambda n: {"type": "markdown", "text": x(n)}),
]


@pytest.mark.parametrize(("what", "most", "build"), LIMITS, ids=[what for what, _, _ in LIMITS])
def test_limit_is_kept_to_the_last_one(what: str, most: int, build: Any) -> None:
    """At the limit it is taken, one beyond it is refused, and none at all too where something is needed."""
    assert check_blocks([build(most)]) == []
    assert len(check_blocks([build(most + 1)])) == 1


@pytest.mark.parametrize(("surface", "most"), [(Surface.MESSAGE, 50), (Surface.MODAL, 100), (Surface.HOME, 100)])
def test_blocks_in_one_place(surface: Surface, most: int) -> None:
    """50 in a message, 100 in a view."""
    divider = {"type": "divider"}

    assert check_blocks([divider] * most, surface=surface) == []
    assert [f"no more than {most} items allowed [json-pointer:/blocks]"] == (
        check_blocks([divider] * (most + 1), surface=surface)
    )


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        (section(), "missing required field: text or fields [json-pointer:/blocks/0]"),
        (section(text=plain("")), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (section(text={"text": "x"}), "unsupported type for text: None [json-pointer:/blocks/0/text]"),
        ({"type": "poster"}, "unsupported type for block: poster [json-pointer:/blocks/0]"),
        ({"type": "header", "text": mrkdwn("x")}, "must be one of: plain_text [json-pointer:/blocks/0/text/type]"),
        ({"type": "divider", "colour": "red"}, "invalid additional property: colour [json-pointer:/blocks/0]"),
        (actions(), "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
        (
            actions(button(), button()),
            "`action_id` must be unique within its block [json-pointer:/blocks/0/elements]",
        ),
        (
            actions(button(style="loud")),
            "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (
            actions(button(url="not an address")),
            "failed to match the required pattern [json-pointer:/blocks/0/elements/0/url]",
        ),
        (
            actions({"type": "plain_text_input"}),
            "unsupported type for element: plain_text_input [json-pointer:/blocks/0/elements/0]",
        ),
        (
            section(text=plain("x"), accessory={"type": "datetimepicker"}),
            "unsupported type for accessory: datetimepicker [json-pointer:/blocks/0/accessory]",
        ),
        (
            actions({"type": "datetimepicker", "initial_date_time": 12}),
            "must be between 1000000000 and 9999999999 [json-pointer:/blocks/0/elements/0/initial_date_time]",
        ),
        (
            actions(select(initial_option=option(text="Another"))),
            "initial options must be among the options, exactly [json-pointer:/blocks/0]",
        ),
        (
            actions({"type": "static_select"}),
            "exactly one of options and option_groups is required [json-pointer:/blocks/0]",
        ),
        (
            field({"type": "multi_users_select", "max_selected_items": 1, "initial_users": ["U1", "U2"]}),
            "initial_users holds more than max_selected_items [json-pointer:/blocks/0]",
        ),
        (
            field({"type": "plain_text_input", "max_length": 2, "initial_value": "xyz"}),
            "initial_value is longer than max_length [json-pointer:/blocks/0]",
        ),
        (field(button()), "unsupported type for element: button [json-pointer:/blocks/0/element]"),
        ("divider", "unsupported type for block: None [json-pointer:/blocks/0]"),
    ],
)
def test_faulty_block_is_named_with_its_place(block: Any, fault: str) -> None:
    """One fault, one line, with the pointer to it."""
    assert [fault] == check_blocks([block])


def test_block_ids_are_unique() -> None:
    """Within one message or view."""
    divider = {"type": "divider", "block_id": "a"}

    assert check_blocks([divider, divider]) == ["`block_id` a already exists [json-pointer:/blocks/1/block_id]"]


def test_focus_is_in_one_place() -> None:
    """Two elements cannot both have it."""
    focused = {"type": "plain_text_input", "focus_on_load": True}

    assert check_blocks([field(focused)]) == []
    assert len(check_blocks([field(focused), field(focused)])) == 1


def test_markdown_blocks_are_for_messages() -> None:
    """Views refuse them."""
    assert len(check_view(modal({"type": "markdown", "text": "x"}))) == 1


@pytest.mark.parametrize(
    ("name", "most"),
    [("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)],
)
def test_views_own_texts(name: str, most: int) -> None:
    """Its names and what is kept in it."""
    assert check_view(modal(**{name: x(most)})) == []
    assert len(check_view(modal(**{name: x(most + 1)}))) == 1


@pytest.mark.parametrize("name", ["title", "submit", "close"])
def test_views_bar_has_24_characters(name: str) -> None:
    """Title, submit and close."""
    assert check_view(modal(**{name: plain(x(24))})) == []
    assert [f"must be less than 25 characters [json-pointer:/view/{name}/text]"] == (
        check_view(modal(**{name: plain(x(25))}))
    )


def test_form_needs_something_to_submit_it() -> None:
    """As soon as it has an input block."""
    without = modal(field(select()))
    del without["submit"]

    (fault,) = check_view(without)
    assert "`submit` is required" in fault
    without["blocks"] = []
    assert check_view(without) == []


@pytest.mark.parametrize(
    "view",
    [
        "modal",
        {"type": "window"},
        {"type": "modal", "blocks": []},
        {"type": "modal", "title": plain("x")},
        {"type": "home", "title": plain("x"), "blocks": []},
        modal(notify_on_close="yes"),
    ],
)
def test_views_that_are_none(view: Any) -> None:
    """Wrong kinds, missing parts, parts that do not belong."""
    assert check_view(view)


def test_home_has_blocks_only() -> None:
    """A hundred of them."""
    home = {"type": "home", "blocks": [{"type": "divider"}] * 100}

    assert check_view(home) == []
    assert len(check_view(home | {"blocks": [{"type": "divider"}] * 101})) == 1


def test_size_is_counted_in_bytes() -> None:
    """250 kB, whatever the alphabet."""
    texts = [section(text=plain("é" * 2900)) for _ in range(42)]

    assert not is_too_large(modal(*texts))
    assert is_too_large(modal(*texts, *texts[:2]))


def test_sdk_agrees_that_a_whole_view_is_whole() -> None:
    """What passes here, the SDK's own models take too."""
    view = modal(field(select()), section(text=mrkdwn("x"), accessory=button()), actions(button()))

    assert check_view(view) == []
    View(**copy.deepcopy(view)).validate_json()


def test_elements_are_listed_with_their_blocks() -> None:
    """Buttons, fields and accessories; pictures are none."""
    picture = {"type": "image", "image_url": "https://x.example/a.png", "alt_text": "x"}
    blocks = [
        actions(button(), select()),
        field(select()),
        section(text=plain("x"), accessory=button()),
        section(text=plain("x"), accessory=picture),
        {"type": "divider"},
    ]

    kinds = [(block["type"], element["type"]) for block, element in list_elements(blocks)]
    assert kinds == [
        ("actions", "button"),
        ("actions", "static_select"),
        ("input", "static_select"),
        ("section", "button"),
    ]
