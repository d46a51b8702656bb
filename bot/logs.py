"""What the process says while it runs: one line each, for people on a terminal, JSON elsewhere, secrets cut out.

Everything goes one way: structlog's events and the libraries' own records meet in one handler, become plain text and
numbers, are redacted, and only then written. So whatever is logged, by whomever, however nested, no link and no secret
gets out; a line about a failure keeps its facts. Floor 1: knows nothing of ours, reads no setting.

It refuses the libraries' debug lines altogether: below INFO they print whole messages with the links in them.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"
TALKATIVE = ("slack_sdk", "slack_bolt", "aiohttp", "httpx", "httpcore")
"""Libraries that write requests, answers and headers when they may debug."""

SENSITIVE_KEYS = re.compile(
    r"authorization|cookie|password|passwd|secret|token|api_?key|signature|sealed|response_url|private_metadata|"
    r"encryption_?keys?|jwt",
    re.IGNORECASE,
)
"""Keys whose value is never shown, whatever it is."""

_URL = re.compile(
    # Also as JSON escapes it and as another address carries it. An apostrophe is the end only where text may follow.
    r"\b([a-z][a-z0-9+.-]*)(?:://|:\\/\\/|%3a%2f%2f)((?:[^\s\"'<>]|'(?=[\w%/.~-]))*)",
    re.IGNORECASE,
)
_HOST_END = re.compile(r"[/?#\\]|%2f|%3f|%23", re.IGNORECASE)
_SHAPES = (
    # Headers, as text, in a dict's repr, as a pair or as raw bytes; the whole value up to its quote or line's end.
    (
        re.compile(
            r"(authorization[\"']?\s*[:=,]\s*(?-i:b(?=[\"']))?)(\"[^\"\n]*\"?|'[^'\n]*'?|[^\n]+)", re.IGNORECASE
        ),
        r"\1" + REDACTED,
    ),
    (
        re.compile(r"([?&](?:token|key|jwt|secret|user|code|state|sig\w*)=)[^&\s\"'<>]+", re.IGNORECASE),
        r"\1" + REDACTED,
    ),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), r"\1 " + REDACTED),
    (re.compile(r"\b(organisation)\s+[0-9a-f][0-9a-f-]{15,}", re.IGNORECASE), r"\1 " + REDACTED),
    # Slack: xoxb-, xoxp-, xapp-, xoxe-, xoxe.xoxb-…
    (re.compile(r"x(?:ox[a-z]|app)[-.][\w.-]+", re.IGNORECASE), REDACTED),
    # A JSON Web Token is two or three parts of base64, the first of which begins a JSON object.
    (re.compile(r"eyJ[\w-]{5,}(?:\.[\w-]*){0,2}"), REDACTED),
)

_SUSPECT = re.compile(r"://|:\\/|%3a%2f|[?&]|authorization|bearer|basic|organisation|xox|xapp|eyj", re.IGNORECASE)
"""What every pattern above needs somewhere. Most of what is logged is ids and short words, and has none of it."""


class Redactor:
    """Takes secrets and links out of text and of whatever can be logged. repr shows nothing."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: list[str] = []
        self.add(secrets)

    def __repr__(self) -> str:
        return "Redactor()"

    def add(self, secrets: Iterable[str]) -> None:
        """Secrets that became known later, like keys that were made at the first start."""
        forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}
        # Longest first: where one secret holds another, nothing of the longer one may stay.
        self._known = sorted({*self._known, *forms}, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text without secrets; of each link only scheme and host are left."""
        for secret in self._known:
            text = text.replace(secret, REDACTED)
        if not _SUSPECT.search(text):
            return text
        text = _URL.sub(_cut_url, text)
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text

    def clean_value(self, value: Any, *, depth: int = 0) -> Any:
        """The same for anything: numbers stay, text is cleaned, containers become plain ones, the rest its text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.clean(str(value))
        if isinstance(value, bytes | bytearray):
            return self.clean(bytes(value).decode("utf-8", "replace"))
        if depth > 8:
            return "…"
        if isinstance(value, Mapping):
            return {self.clean(str(key)): self._clean_item(key, item, depth) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.clean_value(item, depth=depth + 1) for item in value]
        try:
            return self.clean(repr(value))
        except Exception:  # somebody's __repr__; a log line must never be what breaks
            return f"<{type(value).__name__}>"

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """As a structlog processor; put it after whatever makes text, right before what writes it."""
        cleaned: EventDict = self.clean_value(dict(event))
        return cleaned

    def _clean_item(self, key: object, item: Any, depth: int) -> Any:
        if isinstance(item, bool) or item is None or not SENSITIVE_KEYS.search(str(key)):
            return self.clean_value(item, depth=depth + 1)
        return REDACTED


def _cut_url(found: re.Match[str]) -> str:
    authority = _HOST_END.split(found[2], maxsplit=1)[0].rpartition("@")[2]
    return f"{found[1]}://{authority}" + ("" if authority == found[2] else "/…")


def configure_logs(
    stream: TextIO, *, level: int = logging.INFO, is_json: bool | None = None, secrets: Iterable[str] = ()
) -> Redactor:
    """Send everything that is logged in this process to `stream`, from now on; called again, to the new one.

    `is_json` None: JSON unless the stream is a terminal. The redactor that is returned takes secrets known later.
    """
    redactor = Redactor(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Handler(stream, redactor)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redactor,
                _choose_renderer(stream, is_json),
            ],
            keep_exc_info=False,
            keep_stack_info=False,
        )
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.INFO))
    # It tells of every alarm that is set and rings, several times for each message.
    logging.getLogger("apscheduler").setLevel(max(level, logging.WARNING))
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # paths of our own links
    logging.captureWarnings(True)
    sys.excepthook = _log_crash
    return redactor


def _choose_renderer(stream: TextIO, is_json: bool | None) -> Processor:
    if is_json if is_json is not None else not stream.isatty():
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=40
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Writes, and drops what the talkative say below INFO.

    Here and not only by their loggers' level, because libraries set levels of their own on loggers of their own.
    """

    def __init__(self, stream: TextIO, redactor: Redactor) -> None:
        super().__init__(stream)
        self._redactor = redactor
        self.addFilter(lambda record: record.levelno >= logging.INFO or record.name.partition(".")[0] not in TALKATIVE)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's own name)
        """Say that a record could not be written; the standard way would print its arguments, links and all."""
        reason = self._redactor.clean(traceback.format_exc(limit=0).strip().splitlines()[-1])
        if sys.__stderr__ is not None:
            sys.__stderr__.write(f"a log record of {record.name} could not be written: {reason}\n")


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The end of the process is a log record too, and redacted like any other."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("hallpass").critical("stopped by an error", exc_info=(kind, error, trace))
