"""Which way a service's links go, and what stops the start."""

from __future__ import annotations

import pytest

from bot.rooms.base import Capabilities
from bot.ways import WayImpossible, choose_way
from storage.records import LinkWay

ENFORCES = Capabilities(single_use=True, window=True)
BARE = Capabilities()
PAGE_OF_OURS = Capabilities(own_page=True)


@pytest.mark.parametrize(
    # what the service can do; what was set; is there a public address; the way
    ("capabilities", "wanted", "has_public_url", "way"),
    [
        (ENFORCES, None, False, LinkWay.DIRECT),
        (ENFORCES, None, True, LinkWay.PAGE),
        (ENFORCES, LinkWay.DIRECT, True, LinkWay.DIRECT),
        (ENFORCES, LinkWay.PRESS, False, LinkWay.PRESS),
        (BARE, None, False, LinkWay.PRESS),
        (BARE, None, True, LinkWay.PAGE),
        (BARE, LinkWay.PRESS, True, LinkWay.PRESS),
        (PAGE_OF_OURS, None, True, LinkWay.PAGE),
        (PAGE_OF_OURS, LinkWay.PRESS, True, LinkWay.PRESS),
    ],
)
def test_a_way_follows_from_what_is_set_and_what_the_service_can(
    capabilities: Capabilities, wanted: LinkWay | None, has_public_url: bool, way: LinkWay
) -> None:
    """What was set wins; else our page where there is an address, else the service's own, else a press."""
    assert way == choose_way(capabilities, shown_name="Rooms", wanted=wanted, has_public_url=has_public_url)


@pytest.mark.parametrize(
    # likewise; what the mend names
    ("capabilities", "wanted", "has_public_url", "mend"),
    [
        (BARE, LinkWay.DIRECT, True, "leave HALLPASS_LINKS out"),
        (Capabilities(window=True), LinkWay.DIRECT, True, "leave HALLPASS_LINKS out"),
        (ENFORCES, LinkWay.PAGE, False, "set HALLPASS_PUBLIC_URL"),
        (PAGE_OF_OURS, None, False, "set HALLPASS_PUBLIC_URL"),
        (PAGE_OF_OURS, LinkWay.PRESS, False, "set HALLPASS_PUBLIC_URL"),
    ],
)
def test_what_cannot_work_is_refused_with_its_mend(
    capabilities: Capabilities, wanted: LinkWay | None, has_public_url: bool, mend: str
) -> None:
    """Before anybody is sent a link that opens nothing, or opens for everybody."""
    with pytest.raises(WayImpossible) as caught:
        choose_way(capabilities, shown_name="Rooms", wanted=wanted, has_public_url=has_public_url)

    assert mend in caught.value.mend
