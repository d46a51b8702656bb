"""What could be meant by what was typed so far: commands, the words they know, people. Pure.

It only suggests. What is typed in the end is the person's, and what it means is for the bot to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.sandbox.play.offers import Command, Offers

MOST = 8
"""Suggestions at once: as many as show without scrolling on a phone."""


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """One thing that could be meant."""

    text: str
    """What then stands in place of what was typed."""
    told: str = ""


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Suggestions for what stands between `begin` and `end`, in characters of what was typed."""

    begin: int
    end: int
    suggestions: tuple[Suggestion, ...] = ()


def complete(typed: str, at: int, *, offers: Offers, names: Sequence[str]) -> Completion:
    """What fits at the caret. `names`: of everybody who can be mentioned."""
    before = typed[: max(0, at)]
    begin, found = _find(before, offers, names)
    suggestions = tuple(found)[:MOST]
    if [one.text.rstrip() for one in suggestions] == [before[begin:]]:
        suggestions = ()  # it stands there already
    return Completion(begin=begin, end=len(before), suggestions=suggestions)


def _find(before: str, offers: Offers, names: Sequence[str]) -> tuple[int, Iterator[Suggestion]]:
    """Where what is being typed begins, and what it could be."""
    sign = before.rfind("@")
    if sign >= 0 and not before[max(0, sign - 1) : sign].strip():
        people = list(_list_people(before[sign + 1 :], names))
        if people:
            return sign, iter(people)
    if before.startswith("/"):
        name, space, rest = before.partition(" ")
        if not space:
            return 0, _list_commands(name, offers)
        command = next((one for one in offers.commands if one.name == name), None)
        if command is not None and " " not in rest:
            return len(name) + 1, _list_words(rest, command)
    return len(before), iter(())


def _list_commands(begun: str, offers: Offers) -> Iterator[Suggestion]:
    return (Suggestion(text=f"{one.name} ", told=one.told) for one in offers.commands if one.name.startswith(begun))


def _list_words(begun: str, command: Command) -> Iterator[Suggestion]:
    fits = (word for word in command.words if word.text.startswith(begun.lower()))
    return (Suggestion(text=f"{word.text} ", told=word.told) for word in fits)


def _list_people(begun: str, names: Sequence[str]) -> Iterator[Suggestion]:
    """By the beginning of any of their names."""
    wanted = begun.casefold()
    for name in names:
        starts = [name.casefold(), *name.casefold().split()]
        if any(start.startswith(wanted) for start in starts):
            yield Suggestion(text=f"@{name} ")
