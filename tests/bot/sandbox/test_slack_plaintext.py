"""What people read: markup undone, dates in their own zone, fields with what stands in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.plaintext import DIVIDER, render_blocks
from bot.sandbox.slack.standin import SlackStandIn
from bot.sandbox.slack.wording import Reader, read_mrkdwn

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LESSON = datetime(2026, 3, 2, 16, tzinfo=UTC)


def build_reader(zone: str = "Europe/London", locale: str = "en-GB") -> Reader:
    names = {"U1": "Ada", "C1": "maths"}
    return Reader(zone=zone, locale=locale, now=NOW, find_name=names.get)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("*Algebra* with <@U1>", "Algebra with @Ada"),
        ("<@U9|kim> in <#C1|maths> and <#C1>", "@kim in #maths and #maths"),
        ("_one_ ~two~ `three` snake_case_name 2*3*4", "one two three snake_case_name 2*3*4"),
        ("<https://x.example|the room> or <https://y.example>", "the room or https://y.example"),
        ("&lt;!channel&gt; &amp; &amp;lt;", "<!channel> & &lt;"),
        ("<!channel> <!subteam^S1|@tutors>", "@channel @tutors"),
    ],
)
def test_markup_is_undone(written: str, read: str) -> None:
    """Escaped text stays text; a mention that was not escaped shows as one."""
    assert read == read_mrkdwn(written, build_reader())


@pytest.mark.parametrize(
    ("tokens", "reader", "read"),
    [
        ("{date_short_pretty} {time}", build_reader(), "today 16:00"),
        ("{date_short_pretty} {time}", build_reader("America/New_York", "en-US"), "today 11:00 AM"),
        ("{date_long} at {time}", build_reader("Asia/Tokyo"), "Tuesday, 3 March at 01:00"),
        ("{date_pretty}", build_reader("Asia/Tokyo"), "tomorrow"),
        ("{date}", build_reader(locale="en-US"), "March 2"),
        ("{date_num} {time_secs}", build_reader(), "2026-03-02 16:00:00"),
        ("{ago}", build_reader(), "in 420 minutes"),
        ("{date_next}", build_reader(), "fallback"),
        ("no token", build_reader(), "fallback"),
    ],
)
def test_dates_are_the_readers_own(tokens: str, reader: Reader, read: str) -> None:
    """In their zone and way of writing; what Slack does not know shows the fallback."""
    assert read == read_mrkdwn(f"<!date^{int(LESSON.timestamp())}^{tokens}|fallback>", reader)


def test_far_dates_show_their_year() -> None:
    """From about half a year on."""
    far = int(datetime(2027, 1, 5, 16, tzinfo=UTC).timestamp())

    assert read_mrkdwn(f"<!date^{far}^{{date_short}}|x>", build_reader()) == "5 Jan 2027"
    assert read_mrkdwn(f"<!date^{far}^{{date_short}}|x>", build_reader(locale="en-US")) == "Jan 5, 2027"


def test_blocks_read_from_top_to_bottom() -> None:
    """Headers, sections with fields, context on one line, buttons beside each other; no address of a link."""
    text = {"type": "plain_text", "text": "Join"}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Algebra & more"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "With <@U1>"}, "fields": [text]},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "one"}, {"type": "mrkdwn", "text": "_two_"}]},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "action_id": "join", "text": text, "url": "https://rooms.example/secret"},
                {"type": "button", "action_id": "new", "text": {"type": "plain_text", "text": "I need a new link"}},
            ],
        },
    ]

    expected = ["Algebra & more", "With @Ada", "Join", DIVIDER, "one · two", "[ Join ] [ I need a new link ]"]
    assert expected == render_blocks(blocks, build_reader())


def test_fields_show_what_stands_in_them() -> None:
    """Names of people, ticks, the instant in the reader's zone, a gap where nothing is."""

    def build(block_id: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
        label = {"type": "plain_text", "text": block_id.title()}
        return {"type": "input", "block_id": block_id, "label": label, "element": element | {"action_id": "a"}} | more

    options = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("Record", "Warn")]
    blocks: list[dict[str, Any]] = [
        build("title", {"type": "plain_text_input", "initial_value": "Algebra"}),
        build("people", {"type": "multi_users_select", "initial_users": ["U1", "U9"]}),
        build("starts", {"type": "datetimepicker", "initial_date_time": int(LESSON.timestamp())}),
        build("options", {"type": "checkboxes", "options": options, "initial_options": options[:1]}),
        build("room", {"type": "radio_buttons", "options": options, "initial_option": options[1]}),
        build("note", {"type": "plain_text_input"}, optional=True, hint={"type": "plain_text", "text": "For all."}),
        build("language", {"type": "static_select", "options": options, "placeholder": {"text": "Choose"}}),
    ]

    expected = [
        "Title: Algebra",
        "People: Ada, U9",
        "Starts: 2 Mar 16:00",
        "Options:",
        "  [x] Record",
        "  [ ] Warn",
        "Room:",
        "  ( ) Record",
        "  (•) Warn",
        "Note (optional): ____",
        "  For all.",
        "Language: ‹Choose›",
    ]
    assert expected == render_blocks(blocks, build_reader())


async def test_actors_read_with_their_own_eyes(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """The same message, two zones; an earlier revision can be read again."""
    channel = slack.add_channel("maths", ["Ada", "Ben"])
    text = f"Algebra, <!date^{int(LESSON.timestamp())}^{{date_short_pretty}} {{time}}|soon>"
    posted = await client.chat_postMessage(channel=channel.id, text=text)
    await client.chat_update(channel=channel.id, ts=posted["ts"], text="Over")
    (message,) = slack.as_user("Ada").messages(channel)

    readings = [slack.as_user(name).read(message, now=NOW, revision=0) for name in ("Ada", "Ben")]

    assert readings == ["Algebra, today 16:00", "Algebra, today 11:00 AM"]
    assert slack.as_user("Ada").read(message, now=NOW) == "Over"
