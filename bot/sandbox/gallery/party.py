"""Who takes part in the gallery's lessons, what they are called and what they write, in every size that must fit.

`EVERYDAY` and `LONGEST` are written in signs: of letters that are nobody's, a word of ours that misses the translation
stands out, and of `&<>` one escape too many. `build_party` makes one that reads as a school's.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.sandbox.gallery.records import make_person
from bot.words import DEFAULT_LOCALE
from storage.records import Person

FIRST_NAMES = ("Ada", "Ben", "Cara", "Dina", "Emil", "Finn", "Gwen", "Hana", "Ines", "Jona")
LAST_NAMES = ("Lane", "Okoro", "Novak", "Rao", "Weiss", "Moreau", "Silva", "Tanaka", "Berg", "Quinn")
MOST_PEOPLE = 100
"""In one lesson."""


@dataclass(frozen=True, kw_only=True)
class Party:
    """People and their texts. Lengths are in characters; a party of one is a leader on trial, alone."""

    letters: str
    """What names, titles and notes are made of."""
    name_length: int
    title_length: int
    note_length: int
    learner_count: int
    locale: str = DEFAULT_LOCALE
    zone: str = "Europe/Berlin"
    is_signs: bool = True
    """No word of these texts means anything: what is named by `call` is signs as well."""
    names: tuple[str, ...] = ()
    """Of people; without any, they are signs too."""

    def write(self, length: int, number: int = 0) -> str:
        """Text of exactly this length, another for each number."""
        return ((f"{number} " if number else "") + self.letters * length)[:length]

    def write_note(self) -> str:
        """A lesson's: two lines."""
        line = self.write(self.note_length // 2 - 1)
        return f"{line}\n{line}" if self.is_signs else "Please bring your own examples.\nWe begin with the homework."

    def call(self, name: str, length: int, number: int = 0) -> str:
        """A thing's name; in signs, as long as a name can be."""
        return self.write(length, number) if self.is_signs else f"{name} {number}" if number else name

    def name(self, number: int) -> str:
        """Somebody's."""
        return self.names[number % len(self.names)] if self.names else self.write(self.name_length, number)

    def person(self, number: int, *, has_zone: bool = True) -> Person:
        """Somebody who reads in the party's language and, where it is known, its zone."""
        return make_person(self.name(number), locale=self.locale, zone=self.zone if has_zone else None)


EVERYDAY = Party(letters="αβγ", name_length=8, title_length=10, note_length=30, learner_count=3)
LONGEST = Party(letters="&<>", name_length=80, title_length=80, note_length=2000, learner_count=MOST_PEOPLE - 1)
PARTIES = {"everyday": EVERYDAY, "longest": LONGEST}

SIZES = {"4": "4 people", "1": "1 person", "30": "30 people", "100": "100 people", "long": "100 people, long names"}
"""How many take part, the usual first; in the last all texts are as long as they may be."""


def build_party(size: str, *, locale: str, zone: str) -> Party:
    """One of `SIZES`, reading in this language and zone."""
    if size == "long":
        letters = "Maximiliane-Alexandra Hohenlohe-Öhringen & Söhne "
        return Party(
            letters=letters,
            name_length=LONGEST.name_length,
            title_length=LONGEST.title_length,
            note_length=LONGEST.note_length,
            learner_count=LONGEST.learner_count,
            locale=locale,
            zone=zone,
        )
    title = "Quadratic equations"
    return Party(
        letters=f"{title}, second part: please bring your own examples. ",
        name_length=8,
        title_length=len(title),
        note_length=140,
        learner_count=int(size) - 1,
        locale=locale,
        zone=zone,
        is_signs=False,
        names=tuple(
            f"{FIRST_NAMES[number % 10]} {LAST_NAMES[(number + number // 10) % 10]}" for number in range(MOST_PEOPLE)
        ),
    )
