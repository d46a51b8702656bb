"""Logs: one way out for everything, and no secret or link on it."""

from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.logs import REDACTED, TALKATIVE, Redactor, configure_logs

HIDDEN = "s3cr3t-p4th"
LINK = f"https://go.example.org/space/{HIDDEN}?jwt={HIDDEN}#{HIDDEN}"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """What configuring changes for the whole process is put back."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    levels = {name: logging.getLogger(name).level for name in (*TALKATIVE, "uvicorn.access")}
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    for name, former in levels.items():
        logging.getLogger(name).setLevel(former)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


# One way out


def test_our_events_and_the_libraries_records_come_out_alike() -> None:
    """JSON where nobody looks: event, level, logger, time, and the facts."""
    stream = io.StringIO()
    configure_logs(stream)

    structlog.get_logger("bot.sending").info("sent", notice_id="n1", attempts=2)
    logging.getLogger("apscheduler").warning("late by %s", "1 s")

    ours, theirs = lines_of(stream)
    assert (ours["event"], ours["notice_id"], ours["attempts"]) == ("sent", "n1", 2)
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("late by 1 s", "warning", "apscheduler")
    assert set(ours) == {"event", "level", "logger", "timestamp", "notice_id", "attempts"}
    assert ours["timestamp"].endswith("Z")


def test_a_terminal_gets_lines_for_people() -> None:
    """Unless JSON is asked for; and a file gets them plain when they are asked for there."""
    terminal, asked, plain = Terminal(), Terminal(), io.StringIO()
    for stream, is_json in ((terminal, None), (asked, True), (plain, False)):
        configure_logs(stream, is_json=is_json)
        structlog.get_logger("bot").info("sent", notice_id="n1")

    assert "\x1b[" in terminal.getvalue()
    assert lines_of(asked)[0]["event"] == "sent"
    assert "notice_id=n1" in plain.getvalue()
    assert "\x1b[" not in plain.getvalue()


def test_configured_again_each_line_comes_once() -> None:
    """And only on the new stream."""
    first, second = io.StringIO(), io.StringIO()
    configure_logs(first)
    configure_logs(second)

    structlog.get_logger("bot").info("sent")

    assert first.getvalue() == ""
    assert len(lines_of(second)) == 1


@pytest.mark.parametrize("name", [f"{name}.somewhere" for name in TALKATIVE])
def test_talkative_libraries_never_debug(name: str) -> None:
    """Not even when everything debugs and the library gives its own logger a level of its own."""
    stream = io.StringIO()
    configure_logs(stream, level=logging.DEBUG)
    logging.getLogger(name).setLevel(logging.DEBUG)

    logging.getLogger(name).debug("body: the whole message")
    logging.getLogger(name).info("connected")
    logging.getLogger("bot.x").debug("ours")
    logging.getLogger(name).setLevel(logging.NOTSET)

    assert [line["event"] for line in lines_of(stream)] == ["connected", "ours"]


def test_below_the_level_nothing_comes_out() -> None:
    """Neither ours nor theirs."""
    stream = io.StringIO()
    configure_logs(stream, level=logging.WARNING)

    structlog.get_logger("bot").info("sent")
    logging.getLogger("apscheduler").info("running")

    assert stream.getvalue() == ""


def test_warnings_and_crashes_are_logged_too() -> None:
    """Redacted like everything else, instead of printed as they are."""
    stream = io.StringIO()
    configure_logs(stream)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"old address {LINK}", stacklevel=1)
    try:
        raise RuntimeError(LINK)
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)

    assert HIDDEN not in stream.getvalue()
    assert [line["level"] for line in lines_of(stream)] == ["warning", "critical"]


def test_a_record_that_cannot_be_written_is_named_without_its_arguments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The standard way would print them to stderr, links and all."""
    errors = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", errors)
    monkeypatch.setattr(sys, "stderr", errors)
    logging.getLogger().handlers.clear()  # pytest's own would raise first
    configure_logs(io.StringIO())

    logging.getLogger("somebody").info("%d people", LINK)

    assert "somebody" in errors.getvalue()
    assert HIDDEN not in errors.getvalue()


# Nothing hidden gets out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"posted {LINK}, done", "posted https://go.example.org/… done"),
        (f"<{LINK}|Join>", "<https://go.example.org/…>"),
        (f"URL('{LINK}')", "URL('https://go.example.org/…')"),
        (f"wss://u:{HIDDEN}@relay.example.org:8443/{HIDDEN}", "wss://relay.example.org:8443/…"),
        (f"https:\\/\\/hooks.example.org\\/{HIDDEN}", "https://hooks.example.org/…"),
        (f"next=https%3A%2F%2Fgo.example.org%2F{HIDDEN}", "next=https://go.example.org/…"),
        (f"https://go.example.org/it's-{HIDDEN}", "https://go.example.org/…"),
        ("see https://slack.com for more", "see https://slack.com for more"),
        (f"token xoxb-1-{HIDDEN} ", f"token {REDACTED} "),
        (f"xapp-1-A1-{HIDDEN}", REDACTED),
        (f"xoxe.xoxb-1-{HIDDEN}", REDACTED),
        (f"xoxe-1-{HIDDEN}", REDACTED),
        ("Organisation 123e4567-e89b-12d3-a456-426614174000", f"Organisation {REDACTED}"),
        ("Organisation 12345 answered", "Organisation 12345 answered"),
        (f"Authorization: Bearer {HIDDEN}\nnext line", f"Authorization: {REDACTED}\nnext line"),
        (f"{{'Authorization': 'Basic {HIDDEN}', 'n': 1}}", f"{{'Authorization': {REDACTED}, 'n': 1}}"),
        (f"(b'authorization', b'{HIDDEN}')", f"(b'authorization', b{REDACTED})"),
        (f"sent Bearer {HIDDEN}", f"sent Bearer {REDACTED}"),
        (f"jwt {JWT}!", f"jwt {REDACTED}!"),
        (f"GET /join?user={HIDDEN}&room=7", f"GET /join?user={REDACTED}&room=7"),
        ("16:00 to 17:00, 3/4 sent: ok", "16:00 to 17:00, 3/4 sent: ok"),
    ],
)
def test_what_looks_secret_is_cut_out_of_text(text: str, expected: str) -> None:
    """And what does not is left as it is: a line about a failure keeps its facts."""
    assert expected == Redactor().clean(text)


def test_known_secrets_are_cut_out_wherever_they_are() -> None:
    """Also percent-encoded, also one inside another, also those known later."""
    redactor = Redactor(["hunter", "hunter2/=="])
    redactor.add(["made-later"])

    cleaned = redactor.clean("a hunter2/== b hunter2%2F%3D%3D c made-later d hunter.")

    assert cleaned == f"a {REDACTED} b {REDACTED} c {REDACTED} d {REDACTED}."
    assert repr(redactor) == "Redactor()"


def test_values_under_telling_names_are_not_shown_at_all() -> None:
    """A password need not look like one; whether there is one may be seen."""
    cleaned = Redactor().clean_value(
        {"api_key": "abc", "signing_secret": None, "has_token": True, "Cookie": ["a", "b"], "lesson": 4}
    )

    assert cleaned == {
        "api_key": REDACTED,
        "signing_secret": None,
        "has_token": True,
        "Cookie": REDACTED,
        "lesson": 4,
    }


def test_an_object_that_cannot_be_shown_breaks_nothing() -> None:
    """A log line must never be what fails; nor does something that holds itself."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError(LINK)

    circle: list[Any] = [LINK]
    circle.append(circle)

    assert Redactor().clean_value(Broken()) == "<Broken>"
    assert HIDDEN not in repr(Redactor().clean_value(circle))


class Holder:
    """Something whose repr shows what it holds, like a library's request."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __repr__(self) -> str:
        return f"<Holder {self.held!r}>"


secrets = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=/+", min_size=8, max_size=40)
paths = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.~%&=/?#+!:@,;()*$", min_size=4, max_size=40)


def carry(hidden: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Anything that can be logged and holds such a text somewhere."""
    texts = st.builds("{}{}{}".format, st.sampled_from(["", "at ", "('", "=", '"', "\n"]), hidden, st.just(" end"))
    leaves = st.one_of(texts, texts.map(str.encode), texts.map(ValueError), texts.map(Holder))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=2),
            st.tuples(inner, st.integers()),
            st.dictionaries(st.sampled_from(["a", "url"]), inner, max_size=2),
            inner.map(Holder),
        ),
        max_leaves=4,
    )


def log_everywhere(value: Any, *, is_json: bool, known: list[str]) -> str:
    """What comes out when this is a fact, an argument, a context and the reason of a failure."""
    stream = io.StringIO()
    configure_logs(stream, is_json=is_json, secrets=known)
    with structlog.contextvars.bound_contextvars(context=value):
        structlog.get_logger("bot").info("event", fact=value)
    logging.getLogger("library").warning("argument %s", value)
    try:
        try:
            raise ValueError(value)
        except ValueError as error:
            raise RuntimeError("again") from error
    except RuntimeError:
        structlog.get_logger("bot").exception("failed", fact=value)
        logging.getLogger("library").exception("failed: %r", value)
    return stream.getvalue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data(), secret=secrets, is_json=st.booleans())
def test_no_known_secret_survives(data: st.DataObject, secret: str, is_json: bool) -> None:
    """In whatever nesting, as fact, argument, context or in a traceback with its causes."""
    value = data.draw(carry(st.just(secret)))

    assert secret not in log_everywhere(value, is_json=is_json, known=[secret])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data(), path=paths, is_json=st.booleans())
def test_no_link_survives(data: st.DataObject, path: str, is_json: bool) -> None:
    """Only scheme and host come out of any link that anybody logs."""
    value = data.draw(carry(st.just(f"https://go.example.org/{path}{HIDDEN}")))

    assert HIDDEN not in log_everywhere(value, is_json=is_json, known=[])
