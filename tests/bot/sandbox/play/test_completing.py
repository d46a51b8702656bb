"""What is suggested while somebody types: what fits at the caret, and what stands there afterwards."""

from __future__ import annotations

import pytest

from bot.manifest import load_manifest
from bot.sandbox.play.completing import MOST, complete
from bot.sandbox.play.offers import read_offers

OFFERS = read_offers(load_manifest())
NAMES = ["Ada", "Ada Lane", "Ben", "Cara"]


def put_in(typed: str, *, at: int | None = None, names: list[str] = NAMES) -> list[str]:
    """What stands there after each suggestion was chosen."""
    found = complete(typed, len(typed) if at is None else at, offers=OFFERS, names=names)
    return [typed[: found.begin] + one.text + typed[found.end :] for one in found.suggestions]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("/", ["/lesson ", "/lessons "]),
        ("/lessons", []),  # it stands there already
        ("/recital", []),
        ("/lesson s", ["/lesson show "]),
        ("/lesson L", ["/lesson list ", "/lesson link "]),
        ("/lesson show A", []),  # a title; only the first word is the command's
        ("/lesson now @b", ["/lesson now @Ben "]),
        ("/lesson @ada l", ["/lesson @Ada Lane "]),
        ("/lesson @Ben", []),
        ("/lesson @Ada today", []),
        ("ask @la", ["ask @Ada Lane "]),
        ("mail me@b", []),
        ("hello", []),
        ("", []),
    ],
)
def test_suggestions_fit_what_is_typed(typed: str, expected: list[str]) -> None:
    """Commands at the beginning, a command's words behind it, people behind `@` anywhere."""
    assert expected == put_in(typed)


def test_every_word_of_the_help_is_suggested() -> None:
    """Each once, with what it does; the help is where they are read from."""
    found = complete("/lesson ", 8, offers=OFFERS, names=NAMES).suggestions

    assert ["now ", "list ", "show ", "link ", "transcript ", "help "] == [one.text for one in found]
    assert all(one.text.strip() in one.told for one in found)


def test_what_stands_behind_the_caret_stays() -> None:
    """Somebody goes back and names one more person."""
    assert ["/lesson @Cara  today 3pm"] == put_in("/lesson @c today 3pm", at=10)


def test_no_more_is_suggested_than_can_be_seen() -> None:
    """Of a hundred people."""
    assert len(put_in("@", names=[f"Learner {number}" for number in range(100)])) == MOST


def test_what_the_app_offers_is_what_its_manifest_says() -> None:
    """All commands and shortcuts, each where it is offered."""
    assert ["/lesson", "/lessons"] == [one.name for one in OFFERS.commands]
    assert ["book_lesson"] == [one.callback_id for one in OFFERS.shortcuts]
    assert ["Book a lesson with them"] == [one.name for one in OFFERS.message_shortcuts]
