"""What must hold of every message and view, whatever its state: limits, words, secrets, escapes; and that all hang."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir

from bot.blocks import FALLBACK_TEXT, Block, Message
from bot.ids import Action, Choice, Field
from bot.ids import View as Callback
from bot.join_pages import Face, Page
from bot.sandbox.blockkit import check_blocks, check_view, is_too_large
from bot.sandbox.gallery.catalogue import EXHIBITS, list_all
from bot.sandbox.gallery.exhibits import State, View
from bot.sandbox.gallery.forms import SERVICES
from bot.sandbox.gallery.party import EVERYDAY, LONGEST, PARTIES, Party
from bot.sandbox.gallery.scenes import SECRET_URL
from bot.words import EXTRACTED_BY, LONG_PSEUDO_LOCALE, PSEUDO_LOCALE, PseudoTranslations

ROOT = Path(__file__).parents[2]
TRANSLATED = replace(EVERYDAY, locale=PSEUDO_LOCALE)
MUST_FIT = {**PARTIES, "in long words": replace(LONGEST, locale=LONG_PSEUDO_LOCALE, learner_count=5)}
NAMES = {"English", "French", "Polish", *(one.shown_name for one in SERVICES)}
"""Of languages, which Babel writes in the reader's own, and of companies."""
STAMP = re.compile(r"<!date\^\d+\^(?:\{date_short_pretty\} )?\{time\}\|([^<>|]*)>")
MARKUP = re.compile(r"&(?!amp;|lt;|gt;)|[<>]")


@lru_cache(maxsize=4)
def hang(party: Party) -> tuple[tuple[str, State], ...]:
    """All of it, built once for all tests."""
    return tuple(list_all(party))


def list_messages(party: Party) -> Iterator[tuple[str, Message]]:
    return ((name, state.shown) for name, state in hang(party) if isinstance(state.shown, Message))


def list_views(party: Party) -> Iterator[tuple[str, View]]:
    return ((name, state.shown) for name, state in hang(party) if isinstance(state.shown, dict))


def list_texts(node: Any) -> Iterator[tuple[str, str]]:
    """Every text that people read or hear in a block or view, with its kind."""
    if isinstance(node, list):
        for part in node:
            yield from list_texts(part)
    if isinstance(node, dict):
        if node.get("type") in ("plain_text", "mrkdwn"):
            yield node["type"], node["text"]
        for name, part in node.items():
            if name in ("accessibility_label", "alt_text"):
                yield "plain_text", part
            yield from list_texts(part)


def find_strays(text: str) -> str:
    """The letters of ours outside of ⟦⟧: words that no translation would reach. The party writes no Latin letters."""
    depth, stray = 0, ""
    for character in STAMP.sub(r"\1", text):
        depth += (character == "⟦") - (character == "⟧")
        stray += character if depth == 0 and character.isascii() and character.isalpha() else ""
    return stray


def find_urls(node: Any, *, inside: str = "") -> Iterator[str]:
    """Under which names a link stands."""
    if isinstance(node, list):
        for part in node:
            yield from find_urls(part, inside=inside)
    elif isinstance(node, dict):
        for name, part in node.items():
            yield from find_urls(part, inside=name)
    elif isinstance(node, str) and "://" in node:
        yield inside


@pytest.mark.parametrize("party", MUST_FIT.values(), ids=MUST_FIT)
def test_every_message_keeps_slacks_limits(party: Party) -> None:
    """Slack would take each message, and later update it, with the longest names, 100 people and long words as well."""
    for name, message in list_messages(party):
        assert check_blocks(message.blocks) == [], name
        assert 0 < len(message.text) <= FALLBACK_TEXT, name


@pytest.mark.parametrize("party", MUST_FIT.values(), ids=MUST_FIT)
def test_every_view_keeps_slacks_limits(party: Party) -> None:
    """Slack would take each view, with every field full, every problem and every caution as well."""
    for name, view in list_views(party):
        assert check_view(view) == [], name
        assert not is_too_large(view), name


def test_every_word_goes_through_the_translation() -> None:
    """A catalogue that wraps each sentence covers all that people read in messages; names are not ours to translate."""
    for name, message in list_messages(TRANSLATED):
        for text in [message.text, *(text for _, text in list_texts(message.blocks))]:
            assert find_strays(text) == "", (name, text)


def test_every_word_of_views_goes_through_the_translation() -> None:
    """The same for views."""
    for name, view in list_views(TRANSLATED):
        for _, text in list_texts(view):
            assert text in NAMES or find_strays(text) == "", (name, text)


def test_a_translator_gets_every_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sentence that is said stands literally in the source, where the extraction for catalogues finds it."""
    said: set[str] = set()

    def note(self: PseudoTranslations, *sentences: Any) -> str:
        said.update(sentence for sentence in sentences if isinstance(sentence, str))
        return str(sentences[0])

    monkeypatch.setattr(PseudoTranslations, "gettext", note)
    monkeypatch.setattr(PseudoTranslations, "ngettext", note)
    for _ in list_all(TRANSLATED):
        pass

    assert len(said) > 150
    assert said - set(list_extracted()) == set()


def list_extracted() -> Iterator[str]:
    """The sentences that a translator would be given."""
    for folder in ("bot", "commands"):
        for _, _, sentences, _, _ in extract_from_dir(ROOT / folder, [("**.py", "python")], keywords=EXTRACTED_BY):
            yield from [sentences] if isinstance(sentences, str) else sentences


def test_a_stray_word_would_be_found() -> None:
    """The search above finds a word outside of the translation, and the written-out time in a stamp."""
    assert find_strays("⟦fine ⟦inner⟧ fine⟧ Join now αβγ 12") == "Joinnow"
    assert find_strays("⟦at⟧ <!date^1795449600^{time}|4:00 pm>") == "pm"


def test_a_link_stands_only_in_a_buttons_address() -> None:
    """No text, value, label or fallback holds a link, and no repr shows one."""
    found = set()
    for name, message in list_messages(EVERYDAY):
        found |= set(find_urls(message.blocks))
        assert "://" not in message.text, name
        assert SECRET_URL not in repr(message), name

    assert {"url"} == found


def test_what_people_wrote_is_escaped_once_in_markup_and_never_in_plain_text() -> None:
    """With names made of & < and >, markup holds entities and stamps only, plain text the characters themselves."""
    for name, message in list_messages(LONGEST):
        for kind, text in [("mrkdwn", message.text), *list_texts(message.blocks)]:
            assert_escaped_once(name, kind, text)
    for name, view in list_views(LONGEST):
        for kind, text in list_texts(view):
            assert_escaped_once(name, kind, text)


def assert_escaped_once(name: str, kind: str, text: str) -> None:
    assert "&amp;amp;" not in text, (name, text)
    assert "&amp;lt;" not in text, (name, text)
    if kind == "plain_text":
        assert "&amp;" not in text, (name, text)
    else:
        unquoted = re.sub(r"(?m)^>", "", STAMP.sub(r"\1", text))
        assert MARKUP.search(unquoted) is None, (name, text)


RUNNERS_AFTERWARDS = ("leader's card", "summary,")
"""What whoever ran a lesson has of it when it is over."""


def test_no_message_offers_what_is_over() -> None:
    """Ended and cancelled lessons have no button in any message but the leader's mention of the next lesson.

    Of one that has ended, *Book again* and nothing else is on the leader's card and on the summary to people.
    """
    checked = again = 0
    for name, message in list_messages(EVERYDAY):
        is_over = name.endswith((": ended", ": cancelled", ": ended, nobody answered", ": ended, not read yet"))
        if is_over and not name.startswith("end warning"):
            rows = [made["elements"] for made in message.blocks if made["type"] == "actions"]
            is_runners = name.startswith(RUNNERS_AFTERWARDS) and not name.endswith(": cancelled")
            checked, again = checked + 1, again + is_runners
            offered = [[element["action_id"] for element in row] for row in rows]
            assert offered == ([["again"]] if is_runners else []), name

    assert checked > 50
    assert again > 10


def test_every_button_of_one_message_can_be_told_apart() -> None:
    """No two buttons in one row share an action id: Slack refuses that."""
    for name, blocks in _list_all_blocks():
        for row in (made for made in blocks if made["type"] == "actions"):
            ids = [element["action_id"] for element in row["elements"]]
            assert len(ids) == len(set(ids)), name


def _list_all_blocks() -> Iterator[tuple[str, list[Block]]]:
    for name, message in list_messages(EVERYDAY):
        yield name, message.blocks
    for name, view in list_views(EVERYDAY):
        yield name, view["blocks"]


# That all is there


BUILDERS = ("build_", "say_", "describe_")
"""How the functions are called that word something for people."""


def list_builders() -> Iterator[tuple[str, CodeType]]:
    """Every one of them on the floor where words are, by its whole name."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = [contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers"]
    (floor,) = [layer for layer in layers if "bot.messages" in layer]
    for name in re.findall(r"[\w.]+", floor):
        module = importlib.import_module(name)
        for function_name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == name and function_name.startswith(BUILDERS):
                yield f"{name}.{function_name}", function.__code__


def watch_calls(work: Callable[[], Any]) -> set[CodeType]:
    """What ran meanwhile."""
    ran: set[CodeType] = set()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: ran.add(frame.f_code) if event == "call" else None)
    try:
        work()
    finally:
        sys.setprofile(before)
    return ran


def test_everything_that_is_worded_hangs_in_the_gallery() -> None:
    """Whoever writes a new message, card, form or page hangs it in `bot/sandbox/gallery/`; this says what does not."""
    builders = dict(list_builders())

    ran = watch_calls(lambda: list(list_all(EVERYDAY)))

    assert len(builders) > 90
    assert [name for name, code in builders.items() if code not in ran] == []


def test_everything_that_can_be_pressed_hangs_in_the_gallery() -> None:
    """Every action, menu entry, field and view of `bot/ids.py`, in some state of something."""
    found = {its_id for _, state in hang(LONGEST) if not isinstance(state.shown, Page) for its_id in find_ids(state)}

    wanted = [*Action, *Choice, *Field, *Callback]
    assert [f"{type(one).__name__}.{one.name}" for one in wanted if one.value not in found] == []


def find_ids(state: State) -> Iterator[str]:
    """What each element, block and view is called. A block's id may carry more after its name."""
    waiting: list[Any] = [state.shown.blocks if isinstance(state.shown, Message) else state.shown]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            yield from (node[name] for name in ("action_id", "callback_id", "value") if isinstance(node.get(name), str))
            yield re.split(r"\W", str(node.get("block_id", "")))[0]


def test_every_page_of_a_link_hangs_in_the_gallery() -> None:
    """One face at least each."""
    assert {state.shown.face for _, state in hang(EVERYDAY) if isinstance(state.shown, Page)} == set(Face)


@pytest.mark.parametrize("size", [1, 2, 11])
def test_the_gallery_hangs_for_any_number(size: int) -> None:
    """Somebody alone, two, or many: each exhibit has states, of lessons in each state where it is about one."""
    party = replace(EVERYDAY, learner_count=size - 1)

    for exhibit in EXHIBITS.values():
        states = list(exhibit.list_states(party))
        assert states, exhibit.name
        assert all(name.strip() == name for name in map(exhibit.name_state, states)), exhibit.name
        for state in states:
            if isinstance(state.shown, Message):
                assert check_blocks(state.shown.blocks) == [], exhibit.name_state(state)
            elif isinstance(state.shown, dict):
                assert check_view(state.shown) == [], exhibit.name_state(state)


def test_errors_stand_in_fields_of_their_form() -> None:
    """A form that was mistyped says so under fields that it has, in words of ours."""
    checked = 0
    for name, state in hang(EVERYDAY):
        if state.errors:
            assert isinstance(state.shown, dict), name
            assert set(state.errors) <= {block.get("block_id") for block in state.shown["blocks"]}, name
            assert all(state.errors.values()), name
            checked += 1
    for name, state in hang(TRANSLATED):
        if not name.startswith("rooms, refused"):
            assert {find_strays(text) for text in state.errors.values()} <= {""}, (name, state.errors)

    assert checked > 10
