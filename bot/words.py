"""The words people read: each sentence through gettext, each number as the locale writes it.

Refuses to build a sentence from parts, and to let a person's text become markup: there are two ways to say something.
`Words._` and `Words.ngettext` give plain text, for `plain_text` objects. `Words.mark` and `Words.nmark` give `Markup`,
for mrkdwn: every fact that is not `Markup` yet is escaped there, once, and nowhere else. Placeholders have names.

A translation is a catalogue `bot/locale/<language>/LC_MESSAGES/hallpass.mo`; where there is none, the sentences in the
code are what is read. `pybabel extract` finds them by the keywords in `EXTRACTED_BY`. `PSEUDO_LOCALE` is a catalogue
that wraps every sentence in ⟦⟧, so that a stray string shows.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.lists import format_list
from babel.numbers import format_decimal

DEFAULT_LOCALE = "en-US"
DOMAIN = "hallpass"
CATALOGUES = Path(__file__).parent / "locale"
EXTRACTED_BY: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "say": None,
    "mark": None,
    "both": None,
    "ngettext": (1, 2),
    "nmark": (1, 2),
    "nboth": (1, 2),
}
"""The functions that take a sentence, and which arguments are sentences, as Babel has it. They take it literally,
never from a variable, or a translator would not get to see it."""

PSEUDO_LOCALE = "en-XA"
"""The customary name of the pseudo-translation; Slack never sends it."""
LONG_PSEUDO_LOCALE = "en-XL"
"""The same, each sentence as much longer as in the languages that need most room."""
_STRETCH = {PSEUDO_LOCALE: 0.0, LONG_PSEUDO_LOCALE: 0.4}


class Markup(str):
    """Text that is mrkdwn already: whatever came from a person in it is escaped."""

    __slots__ = ()


def escape(text: str) -> Markup:
    """`text` such that mrkdwn shows it as it is. What is `Markup` already comes back unchanged."""
    if isinstance(text, Markup):
        return text
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


class PseudoTranslations(gettext.NullTranslations):
    """Translates every sentence into itself between ⟦ and ⟧, longer by this share of it."""

    def __init__(self, stretch: float = 0.0) -> None:
        super().__init__()
        self._stretch = stretch

    def gettext(self, message: str) -> str:
        return f"⟦{message}{'·' * round(len(message) * self._stretch)}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@dataclass(frozen=True, kw_only=True)
class Words:
    """Everything that can be said in one locale."""

    locale: Locale
    translations: gettext.NullTranslations

    def _(self, sentence: str, /, **facts: object) -> str:
        """The sentence as plain text. A fact that is a whole number is written as the locale writes it."""
        return self.translations.gettext(sentence).format(**self._plain(facts))

    def ngettext(self, one: str, many: str, count: int, /, **facts: object) -> str:
        """The form of the sentence that fits `count`, which is also the fact `{count}`, as plain text."""
        return self.translations.ngettext(one, many, count).format(**self._plain({"count": count, **facts}))

    def mark(self, sentence: str, /, **facts: object) -> Markup:
        """The sentence as mrkdwn, facts escaped."""
        return Markup(self.translations.gettext(sentence).format(**self._escaped(facts)))

    def nmark(self, one: str, many: str, count: int, /, **facts: object) -> Markup:
        """The form of the sentence that fits `count`, as mrkdwn, facts escaped."""
        return Markup(self.translations.ngettext(one, many, count).format(**self._escaped({"count": count, **facts})))

    def join(self, names: Iterable[str]) -> str:
        """ "Ada, Ben, and Cara", as plain text."""
        return format_list(list(names), locale=self.locale)

    def join_marked(self, names: Iterable[str], *, at_most: int) -> Markup:
        """ "Ada, Ben, and Cara" as mrkdwn, names escaped; beyond `at_most` the rest are counted."""
        return Markup(self._shorten([escape(name) for name in names], at_most))

    def join_some(self, names: Iterable[str], *, at_most: int = 5) -> str:
        """As `join`, but beyond `at_most` names the rest are counted."""
        return self._shorten(list(names), at_most)

    def length(self, span: timedelta) -> str:
        """ "1 hour 30 minutes". Less than a minute in seconds."""
        seconds = round(span.total_seconds())
        if 0 < seconds < 60:
            return self.ngettext("{count} second", "{count} seconds", seconds)
        hours, minutes = divmod(round(seconds / 60), 60)
        spoken_hours = self.ngettext("{count} hour", "{count} hours", hours)
        spoken_minutes = self.ngettext("{count} minute", "{count} minutes", minutes)
        if not hours:
            return spoken_minutes
        if not minutes:
            return spoken_hours
        return self._("{hours} {minutes}", hours=spoken_hours, minutes=spoken_minutes)

    def short_length(self, span: timedelta) -> str:
        """ "10 min", for buttons and lists."""
        seconds = round(span.total_seconds())
        if 0 < seconds < 60:
            return self._("{count} sec", count=seconds)
        return self._("{count} min", count=round(seconds / 60))

    def number(self, value: int) -> str:
        return _write_number(value, self.locale)

    def _shorten(self, names: list[str], at_most: int) -> str:
        if len(names) <= at_most:
            return format_list(names, locale=self.locale)
        more = len(names) - at_most + 1
        shown = names[: at_most - 1]
        return format_list([*shown, self.ngettext("{count} more", "{count} more", more)], locale=self.locale)

    def _plain(self, facts: dict[str, object]) -> dict[str, str]:
        return {name: self._written(fact) for name, fact in facts.items()}

    def _escaped(self, facts: dict[str, object]) -> dict[str, str]:
        return {name: escape(self._written(fact)) for name, fact in facts.items()}

    def _written(self, fact: object) -> str:
        if isinstance(fact, str):
            return fact
        if isinstance(fact, int) and not isinstance(fact, bool):
            return self.number(fact)
        raise TypeError(f"a sentence takes text and whole numbers, not {type(fact).__name__}")


@lru_cache(maxsize=1024)
def _write_number(value: int, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def list_locales(folder: Path = CATALOGUES) -> list[str]:
    """The locales that there are sentences in: the code's own first, then each that has a catalogue, by name."""
    translated = (path.parents[1].name.replace("_", "-") for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return [DEFAULT_LOCALE, *sorted(translated)]


@lru_cache(maxsize=64)
def words_for(locale: str | None) -> Words:
    """The words for a locale as Slack writes it ("en-GB"). One we do not know is read as American English."""
    if locale in _STRETCH:
        stretched = PseudoTranslations(_STRETCH[locale])
        return Words(locale=Locale.parse(DEFAULT_LOCALE, sep="-"), translations=stretched)
    try:
        known = Locale.parse(locale or DEFAULT_LOCALE, sep="-")
    except (UnknownLocaleError, ValueError):
        known = Locale.parse(DEFAULT_LOCALE, sep="-")
    catalogues = gettext.translation(
        DOMAIN, localedir=CATALOGUES, languages=[str(known), known.language], fallback=True
    )
    return Words(locale=known, translations=catalogues)
