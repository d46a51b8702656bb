"""Names of form controls: block id and action id in one, and back. Pure.

A name always holds a slash that is its own, so it is never mistaken for a name that a page gives to something else.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

Place = tuple[str, str]
"""Block id and action id: what tells one element of a message or view from another."""


def build_name(place: Place) -> str:
    """The control's name. Whatever stands in ids, it has no space, so it also serves in a page's own ids."""
    return "/".join(quote(part, safe="") for part in place)


def parse_name(name: str) -> Place | None:
    """Which element this is; None for a control that is no element's."""
    block_id, slash, action_id = name.partition("/")
    return (unquote(block_id), unquote(action_id)) if slash else None
