"""Which way join links go: the service's own, a page of ours, or a press in Slack. Pure.

Chosen for each service when a link is made, and kept with the link: a changed setting changes no link that is there.
What cannot work is refused at the start with its mend, and never found out by somebody who stands before a door.
"""

from __future__ import annotations

from bot.rooms.base import Capabilities
from storage.errors import HallpassError
from storage.records import LinkWay


class WayImpossible(HallpassError):
    """The links of a service cannot go this way; `mend` says what to set."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}: {mend}")
        self.what = what
        self.mend = mend


def choose_way(capabilities: Capabilities, *, shown_name: str, wanted: LinkWay | None, has_public_url: bool) -> LinkWay:
    """The way of this service's links. `wanted` None: nobody said. Raises WayImpossible."""
    way = wanted or _find_usual(capabilities, has_public_url=has_public_url)
    if way is LinkWay.DIRECT and not capabilities.is_direct:
        raise WayImpossible(
            f"HALLPASS_LINKS=direct does not work with {shown_name}, whose own links anybody could use at any time",
            "leave HALLPASS_LINKS out",
        )
    if way is LinkWay.PAGE and not has_public_url:
        raise WayImpossible(
            "HALLPASS_LINKS=page needs an address where people's browsers find Hallpass",
            "set HALLPASS_PUBLIC_URL, or use HALLPASS_LINKS=press",
        )
    if way is LinkWay.PRESS and capabilities.own_page and not has_public_url:  # with it, a press leads to our page
        raise WayImpossible(
            f"{shown_name} needs a page of Hallpass’s own to run in, which people's browsers find",
            "set HALLPASS_PUBLIC_URL",
        )
    return way


def _find_usual(capabilities: Capabilities, *, has_public_url: bool) -> LinkWay:
    if has_public_url:
        return LinkWay.PAGE
    return LinkWay.DIRECT if capabilities.is_direct else LinkWay.PRESS
