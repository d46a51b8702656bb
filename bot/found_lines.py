"""What a search in transcripts found, as a private answer, page by page, with the words that were sought marked. Pure.

Nobody sees here what they may not read: who may is settled by whoever searched.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from bot.blocks import Block, Message, actions, button, cut, lines, section
from bot.ids import Action
from bot.readers import Reader, reader_of
from bot.words import Markup, escape
from storage.records import Lesson, Person, Record, TranscriptLine

LINES_A_PAGE = 10
LINE_LENGTH = 250
"""Characters of one line that are shown, around the first word that was sought."""
TYPED_LENGTH = 200

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Hit(Record):
    """A line that was searched for, and when it was said."""

    lesson: Lesson
    line: TranscriptLine
    said_at: datetime


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was typed, and which line of what it finds comes first."""

    typed: str
    offset: int = 0

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.typed.split())

    def to_value(self) -> str:
        """What a button carries."""
        return json.dumps({"typed": self.typed[:TYPED_LENGTH], "offset": max(self.offset, 0)})


def read_search(value: str | None) -> Search | None:
    """The search behind a button; None when it is not one of ours (any more)."""
    try:
        parts = json.loads(value or "")
        typed, offset = parts["typed"], parts["offset"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(typed, str) or type(offset) is not int or offset < 0:
        return None
    return Search(typed=typed, offset=offset)


def build_found(hits: Sequence[Hit], *, search: Search, has_more: bool, reader: Person, now: datetime) -> Message:
    """One page: the lines by lesson, each with when it was said and by whom."""
    reads = reader_of(reader, now=now)
    words = reads.words
    if not hits:
        return _build_nothing(search, reads)
    top = _write_top(len(hits), search, reads, is_all=not search.offset and not has_more)
    blocks = [section(top)]
    for _, said in groupby(hits, key=lambda hit: hit.lesson.id):
        page = list(said)
        lesson = page[0].lesson
        title = words.mark("*{title}*, {when}", title=lesson.title, when=reads.stamp(lesson.starts_at))
        blocks.append(section(lines(title, *(_write_line(hit, search, reads) for hit in page))))
    return Message(top, [*blocks, *_turning(search, reads, has_more=has_more)])


def build_no_search(reader: Person, *, now: datetime) -> Message:
    """`/lesson transcript` without a word to look for."""
    line = reader_of(reader, now=now).words.mark(
        "Type what you look for, like `/lesson transcript common denominator`: it finds the lines of your lessons in "
        "which all these words were said."
    )
    return Message(line, [section(line)])


def mark_words(text: str, sought: Sequence[str]) -> Markup:
    """`text` escaped, with the words that begin like one of those sought in bold; case and accents do not count."""
    beginnings = _beginnings(sought)
    made, at = "", 0
    for word in _WORD.finditer(text):
        made += escape(text[at : word.start()])
        is_sought = _plain(word[0]).startswith(beginnings)
        made += f"*{escape(word[0])}*" if is_sought else escape(word[0])
        at = word.end()
    return Markup(made + escape(text[at:]))


def _write_top(count: int, search: Search, reader: Reader, *, is_all: bool) -> Markup:
    typed = _typed(search)
    if is_all:
        return reader.words.nmark("One line with “{typed}”:", "{count} lines with “{typed}”:", count, typed=typed)
    first, last = search.offset + 1, search.offset + count
    return reader.words.mark("Lines with “{typed}”, {first} to {last}:", typed=typed, first=first, last=last)


def _build_nothing(search: Search, reader: Reader) -> Message:
    line = reader.words.mark(
        "“{typed}” was not found. You can search what was said in lessons that you lead and that were transcribed, and "
        "admins in all of them; each word must have been said in the same line.",
        typed=_typed(search),
    )
    return Message(line, [section(line)])


def _write_line(hit: Hit, search: Search, reader: Reader) -> Markup:
    text = mark_words(_shorten(hit.line.text, search.words), search.words)
    return reader.words.mark(
        "{time} {speaker}: {text}", time=reader.stamp_time(hit.said_at), speaker=hit.line.speaker[:80], text=text
    )


def _shorten(text: str, sought: Sequence[str]) -> str:
    """On one line, not longer than is shown, around the first word that was sought."""
    text = " ".join(text.split())
    beginnings = _beginnings(sought)
    first = next((word.start() for word in _WORD.finditer(text) if _plain(word[0]).startswith(beginnings)), 0)
    begin = max(min(first - LINE_LENGTH // 3, len(text) - LINE_LENGTH), 0)
    begin = text.find(" ", begin, first) + 1 if begin else 0  # not in the middle of a word
    shown = cut(text[begin:], LINE_LENGTH)
    return f"…{shown}" if begin else shown


def _beginnings(sought: Sequence[str]) -> tuple[str, ...]:
    return tuple(_plain(part) for word in sought for part in _WORD.findall(word))


def _plain(word: str) -> str:
    """Without case and accents, as the store compares words."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _typed(search: Search) -> str:
    return cut(search.typed, TYPED_LENGTH)


def _turning(search: Search, reader: Reader, *, has_more: bool) -> list[Block]:
    row = []
    if search.offset:
        back = Search(typed=search.typed, offset=max(search.offset - LINES_A_PAGE, 0))
        row.append(button(reader.words._("Back"), Action.FOUND_BACK, back.to_value()))
    if has_more:
        more = Search(typed=search.typed, offset=search.offset + LINES_A_PAGE)
        row.append(button(reader.words._("More"), Action.FOUND_MORE, more.to_value()))
    return actions(row)
