"""Sealed values open with our keys and no others, and no key is shown."""

from __future__ import annotations

import os
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import StoreUnusable, Unreadable
from storage.sealing import Sealer, load_or_make_key_file, new_key


def test_what_was_sealed_opens() -> None:
    """With the same key, whatever the text; and no two sealed values look alike."""
    sealer = Sealer([new_key()])

    for text in ("", "https://example.invalid/?t=1", "ünïcödé"):
        sealed = sealer.seal(text)
        assert text == sealer.unseal(sealed)
        assert sealed != sealer.seal(text)
        assert not text or text.encode() not in sealed


def test_a_strange_value_is_unreadable() -> None:
    """Sealed with a key that is not ours, cut off, or never sealed at all."""
    sealer = Sealer([new_key()])
    sealed = sealer.seal("text")

    for value in (Sealer([new_key()]).seal("text"), sealed[:-1], b"text", b""):
        for way in (sealer.unseal, sealer.rotate):
            with pytest.raises(Unreadable):
                way(value)


def test_keys_rotate() -> None:
    """The newest seals, an older one still opens; what was rotated opens when the older one is gone."""
    old, new = new_key(), new_key()
    sealed = Sealer([old]).seal("text")
    both = Sealer([new, old])

    assert both.unseal(sealed) == "text"
    assert Sealer([new]).unseal(both.seal("text")) == "text"
    assert Sealer([new]).unseal(both.rotate(sealed)) == "text"


@pytest.mark.parametrize("keys", [[], [""], ["short"], ["k" * 44], ["clé"]])
def test_a_wrong_key_is_refused_unseen(keys: list[str]) -> None:
    """Neither the message nor the traceback shows it."""
    with pytest.raises(ValueError) as caught:
        Sealer(keys)
    shown = "".join(traceback.format_exception_only(caught.value)) + repr(caught.value.__cause__)

    assert not any(key and key in shown for key in keys)


def test_nothing_shows_a_key() -> None:
    """Not the repr, not an attribute's."""
    key = new_key()
    sealer = Sealer([key])

    assert key not in repr(sealer) + str(sealer) + repr(vars(sealer))


def test_a_key_file_is_made_once(tmp_path: Path) -> None:
    """For its owner only; the same keys the next time; nothing else left lying about."""
    path = tmp_path / "hallpass.db.keys"
    keys = load_or_make_key_file(path)

    assert len(keys) == 1
    assert keys == load_or_make_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [path.name] == os.listdir(tmp_path)
    assert Sealer(keys).unseal(Sealer(keys).seal("text")) == "text"


def test_two_that_make_it_at_once_get_one_key(tmp_path: Path) -> None:
    """Whoever is second reads what the first made; a key that sealed something is never replaced."""
    path = tmp_path / "keys"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: tuple(load_or_make_key_file(path)), range(8)))

    assert len(set(found)) == 1
    assert os.listdir(tmp_path) == ["keys"]


def test_a_key_file_holds_several_keys(tmp_path: Path) -> None:
    """One to a line, newest first."""
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    keys = [new_key(), new_key()]
    path.write_text("\n".join(keys) + "\n\n")

    assert keys == load_or_make_key_file(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With its mode and what to do; the key itself unseen."""
    path = tmp_path / "keys"
    (key,) = load_or_make_key_file(path)
    path.chmod(mode)

    with pytest.raises(StoreUnusable, match=f"{mode:04o}.*chmod 600") as caught:
        load_or_make_key_file(path)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "holds no key"), (b"\n \n", "holds no key"), (b"\xff\xfe", "not a file of keys")]
)
def test_a_key_file_without_keys_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    """Never filled with a new key: what was sealed before would be lost unnoticed."""
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    path.write_bytes(content)

    with pytest.raises(StoreUnusable, match=reason):
        load_or_make_key_file(path)
    assert content == path.read_bytes()


def test_a_key_file_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    """In the system's words."""
    with pytest.raises(StoreUnusable, match="No such file or directory"):
        load_or_make_key_file(tmp_path / "missing" / "keys")
