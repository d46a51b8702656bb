"""Slack's text markup in pieces that a page can draw: emphasis, code, links, names, dates, quotes. Pure.

It says where a piece begins and ends and of which kind it is; what a token reads like is `slack/wording.py`'s to say,
so that a page and the terminal never differ. No piece holds HTML: escaping is the template's.
A list in mrkdwn is lines that begin with a bullet, as Slack shows them; there is no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.wording import Reader, read_tokens, undo_escapes

_FENCED = re.compile(r"```(.+?)```", re.DOTALL)
_QUOTED = re.compile(r"(?:>|&gt;) ?")  # Slack takes a quote's bar either way
_WEB = re.compile(r"(?:https?://|mailto:)\S+", re.IGNORECASE)
_BARE = r"|(?P<bare>https?://[^\s<>|*~`]*[^\s<>|*_~`.,;:!?)])"
_DATE = re.compile(r"!date\^(-?\d+)\^[^^|>]+(?:\^([^|>]*))?")


class Kind(StrEnum):
    """What a piece is; a template draws each its own way."""

    TEXT = "text"
    BOLD = "bold"
    ITALIC = "italic"
    STRIKE = "strike"
    CODE = "code"
    LINK = "link"
    DATE = "date"
    MENTION = "mention"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some of a text. `text` is what is read, for emphasis empty: that holds further `parts`."""

    kind: Kind
    text: str = ""
    parts: tuple[Piece, ...] = ()
    url: str | None = field(default=None, repr=False)
    """Where a link leads; only addresses that a page may follow."""
    at: datetime | None = None
    """The instant of a date, for machines."""


class Manner(StrEnum):
    """How lines that belong together stand."""

    LINES = "lines"
    QUOTE = "quote"
    FENCED = "fenced"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Lines of one manner. Line breaks are in the pieces' text."""

    manner: Manner
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """What is read of it, no markers."""
        return "".join(map(_flatten, self.pieces))


def parse_text(part: Json, reader: Reader) -> tuple[Passage, ...]:
    """A text object: markup where it is mrkdwn, and as it stands where it is plain text."""
    if part["type"] == "mrkdwn":
        return parse_mrkdwn(part["text"], reader, is_verbatim=bool(part.get("verbatim")))
    return (Passage(manner=Manner.LINES, pieces=(Piece(kind=Kind.TEXT, text=part["text"]),)),)


def parse_mrkdwn(text: str, reader: Reader, *, is_verbatim: bool = False) -> tuple[Passage, ...]:
    """The text in passages. Unless `is_verbatim`, a bare web address becomes a link, as Slack makes it one."""
    passages: list[Passage] = []
    for number, run in enumerate(_FENCED.split(text)):
        if number % 2:
            code = Piece(kind=Kind.TEXT, text=undo_escapes(run.strip("\n")))
            passages.append(Passage(manner=Manner.FENCED, pieces=(code,)))
        elif run.strip("\n"):
            passages += _parse_lines(run if len(run) == len(text) else run.strip("\n"), reader, is_verbatim)
    return tuple(passages)


def find_web_address(url: str) -> str | None:
    """The address if a page may lead there; None for a script's and whatever else is not the web."""
    return url if _WEB.fullmatch(url) else None


def _parse_lines(text: str, reader: Reader, is_verbatim: bool) -> Iterator[Passage]:
    lines = text.split("\n")
    begin = 0
    for end in range(1, len(lines) + 1):
        is_quote = _QUOTED.match(lines[begin]) is not None
        if end < len(lines) and (_QUOTED.match(lines[end]) is not None) is is_quote:
            continue
        run = [_QUOTED.sub("", line, count=1) for line in lines[begin:end]] if is_quote else lines[begin:end]
        pattern = _VERBATIM if is_verbatim else _ANY
        pieces = tuple(_parse_pieces("\n".join(run), reader, pattern))
        yield Passage(manner=Manner.QUOTE if is_quote else Manner.LINES, pieces=pieces)
        begin = end


def _emphasis(name: str, sign: str) -> str:
    """Between two signs that stand at the edges of words; whole tokens may hold signs of their own, dates do."""
    inner = rf"(?:<[^<>\n]+>|[^{sign}\n<])+?"
    return rf"|(?<![\w{sign}]){sign}(?=\S)(?P<{name}>{inner})(?<=\S){sign}(?![\w{sign}])"


_MARKED = r"`(?P<code>[^`\n]+)`|<(?P<token>[^<>]+)>" + "".join(
    _emphasis(name, sign) for name, sign in (("bold", r"\*"), ("italic", "_"), ("strike", "~"))
)
_VERBATIM, _ANY = re.compile(_MARKED), re.compile(_MARKED + _BARE)


def _parse_pieces(text: str, reader: Reader, pattern: re.Pattern[str]) -> Iterator[Piece]:
    done = 0
    for found in pattern.finditer(text):
        if found.start() > done:
            yield Piece(kind=Kind.TEXT, text=undo_escapes(text[done : found.start()]))
        yield _build_piece(str(found.lastgroup), found, reader, pattern)
        done = found.end()
    if done < len(text):
        yield Piece(kind=Kind.TEXT, text=undo_escapes(text[done:]))


def _build_piece(name: str, found: re.Match[str], reader: Reader, pattern: re.Pattern[str]) -> Piece:
    inner = found[name]
    if name == "token":
        return _build_token(inner, undo_escapes(read_tokens(f"<{inner}>", reader)))
    if name == "code":
        # Slack shows tokens in code as what they stand for, but follows none.
        return Piece(kind=Kind.CODE, text="".join(map(_flatten, _parse_pieces(inner, reader, _TOKENS))))
    if name == "bare":
        return Piece(kind=Kind.LINK, text=undo_escapes(inner), url=undo_escapes(inner))
    return Piece(kind=Kind(name), parts=tuple(_parse_pieces(inner, reader, pattern)))


_TOKENS = re.compile(r"<(?P<token>[^<>]+)>")


def _build_token(inner: str, shown: str) -> Piece:
    date = _DATE.match(inner)
    if date is not None:
        at = datetime.fromtimestamp(int(date[1]), UTC)
        return Piece(kind=Kind.DATE, text=shown, at=at, url=find_web_address(undo_escapes(date[2] or "")))
    if inner[0] in "@#!":
        return Piece(kind=Kind.MENTION, text=shown)
    url = find_web_address(undo_escapes(inner.partition("|")[0]))
    return Piece(kind=Kind.LINK if url else Kind.TEXT, text=shown, url=url)


def _flatten(piece: Piece) -> str:
    return piece.text + "".join(map(_flatten, piece.parts))
