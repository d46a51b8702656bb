"""There is a picture of every page, on a phone and on a desktop, beside the code that takes them."""

from __future__ import annotations

from bot.join_pages import Face
from tests.browser.camera import FOLDER, STATES, list_names


def test_there_is_a_picture_of_every_page() -> None:
    """And none of a page that is gone: `make screenshots` takes them anew."""
    assert sorted(Face) == sorted(STATES)
    assert list_names() == sorted(path.stem for path in FOLDER.iterdir())
    assert {b"\x89PNG"} == {path.read_bytes()[:4] for path in FOLDER.iterdir()}
