"""Sentences: translated whole, facts escaped once, numbers and lists as the locale writes them."""

from __future__ import annotations

import gettext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from babel import Locale

from bot.words import LONG_PSEUDO_LOCALE, PSEUDO_LOCALE, Markup, Words, escape, list_locales, words_for

WORDS = words_for("en-US")


class Backwards(gettext.NullTranslations):
    """A catalogue that puts the placeholders in another order, as other languages do."""

    def gettext(self, message: str) -> str:
        return {"{a} before {b}": "{b} nach {a}"}.get(message, message)


def test_markup_is_escaped_once() -> None:
    """What is escaped already is not escaped again, wherever it travels."""
    once = escape("a & b < c")

    assert once == "a &amp; b &lt; c"
    assert escape(once) is once
    assert WORDS.mark("{a}", a=WORDS.mark("{a}", a="x & y")) == "x &amp; y"


def test_plain_text_is_never_escaped() -> None:
    """Plain text objects show what they are given."""
    assert WORDS._("Join {title}", title="Q&A <1>") == "Join Q&A <1>"


def test_a_mention_typed_by_a_person_stays_text() -> None:
    """Nobody can ring a whole channel with a title."""
    assert WORDS.mark("{title}", title="<!channel>") == "&lt;!channel&gt;"


def test_facts_with_braces_are_left_alone() -> None:
    """Only the sentence has placeholders; what a person wrote is not searched for any."""
    assert WORDS._("{title}!", title="{title} {0}") == "{title} {0}!"


def test_a_translation_may_turn_the_facts_around() -> None:
    """Placeholders have names, so their order is the translator's."""
    german = Words(locale=Locale("de"), translations=Backwards())

    assert german._("{a} before {b}", a="x", b="y") == "y nach x"


def test_counts_choose_the_form_and_are_written_as_the_locale_does() -> None:
    """One person, two people, 1,200 people."""
    forms = "{count} person", "{count} people"

    assert WORDS.ngettext(*forms, 1) == "1 person"
    assert WORDS.ngettext(*forms, 0) == "0 people"
    assert WORDS.nmark(*forms, 1200) == "1,200 people"
    assert words_for("de-DE").number(1200) == "1.200"


@pytest.mark.parametrize("fact", [datetime(2026, 1, 1), timedelta(1), None, True, 1.5])  # noqa: DTZ001 (refused anyway)
def test_a_fact_without_words_is_refused(fact: Any) -> None:
    """A time or a length must be put into words first; nothing prints itself into a sentence."""
    with pytest.raises(TypeError):
        WORDS._("{fact}", fact=fact)


@pytest.mark.parametrize("locale", [None, "", "xx-YY", "not a locale", "en-US"])
def test_an_unknown_locale_reads_american_english(locale: str | None) -> None:
    """People whose language we do not have are still answered."""
    assert str(words_for(locale).locale) == "en_US"


def test_a_locale_without_catalogue_keeps_its_own_dates_and_numbers() -> None:
    """British English has no catalogue, and is not American all the same."""
    assert str(words_for("en-GB").locale) == "en_GB"
    assert words_for("en-GB")._("Join") == "Join"


def test_the_pseudo_locale_wraps_every_sentence() -> None:
    """Singular, plural, plain and marked."""
    pseudo = words_for(PSEUDO_LOCALE)

    assert pseudo._("Join {title}", title="x") == "⟦Join x⟧"
    assert pseudo.nmark("{count} a", "{count} b", 2) == "⟦2 b⟧"


def test_the_long_pseudo_locale_makes_every_sentence_longer() -> None:
    """By two fifths, placeholders left whole."""
    pseudo = words_for(LONG_PSEUDO_LOCALE)

    assert pseudo._("Cancel now") == "⟦Cancel now····⟧"
    assert pseudo.nmark("{count} a", "{count} b", 2) == "⟦2 b····⟧"


def test_the_locales_are_those_with_sentences(tmp_path: Path) -> None:
    """The code's own, then each with a catalogue, as Slack writes locales; a folder without one is none."""
    for folder, name in (("pt_BR", "hallpass.mo"), ("de", "hallpass.mo"), ("fr", "hallpass.po")):
        path = tmp_path / folder / "LC_MESSAGES" / name
        path.parent.mkdir(parents=True)
        path.touch()

    assert list_locales(tmp_path) == ["en-US", "de", "pt-BR"]
    assert list_locales()[0] == "en-US"


@pytest.mark.parametrize(
    "span, spoken, short",
    [
        (timedelta(seconds=10), "10 seconds", "10 sec"),
        (timedelta(0), "0 minutes", "0 min"),
        (timedelta(minutes=1), "1 minute", "1 min"),
        (timedelta(minutes=45), "45 minutes", "45 min"),
        (timedelta(minutes=59, seconds=40), "1 hour", "60 min"),
        (timedelta(hours=1), "1 hour", "60 min"),
        (timedelta(hours=2, minutes=1), "2 hours 1 minute", "121 min"),
    ],
)
def test_lengths_are_said_in_hours_and_minutes(span: timedelta, spoken: str, short: str) -> None:
    """Spoken in sentences, short on buttons."""
    assert WORDS.length(span) == spoken
    assert WORDS.short_length(span) == short


def test_beyond_some_names_the_rest_are_counted() -> None:
    """A hundred names do not fill a message; how many are left out is said."""
    names = ["Ada", "Ben & Co", "Cara", "Dan"]

    assert WORDS.join(names[:2]) == "Ada and Ben & Co"
    assert WORDS.join_some(names, at_most=4) == "Ada, Ben & Co, Cara, and Dan"
    assert WORDS.join_marked(names, at_most=3) == Markup("Ada, Ben &amp; Co, and 2 more")
