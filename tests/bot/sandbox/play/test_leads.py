"""Links to the school's own servers open as the browser of whoever follows them, on each of their devices."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from bot.ids import Action
from bot.sandbox.inside.browsers import LAPTOP, PHONE
from bot.sandbox.play.leads import Leads
from tests.acceptance.telling import book, find_card, list_buttons
from tests.bot.sandbox.html_pages import Node
from tests.bot.sandbox.play.visits import Visit, open_visit

OURS = "http://127.0.0.1:8710"
LEADS = Leads(owner="Ben", origins=frozenset({OURS}))


def test_each_device_has_its_own_way() -> None:
    """The usual one first, each named for people."""
    found = LEADS.list_for(f"{OURS}/join/token")

    assert ["Ben’s laptop", "Ben’s phone"] == [lead.browser for lead in found]
    assert ["ben-laptop.localhost", "ben-phone.localhost"] == [urlsplit(lead.url).hostname for lead in found]
    assert "token" not in repr(found)


@pytest.mark.parametrize("url", [None, "", "https://slack.example/help", "http://127.0.0.1:9/"])
def test_links_elsewhere_lead_where_they_lead(url: str | None) -> None:
    """There is no other way of following them."""
    assert () == LEADS.list_for(url)


async def test_join_opens_in_the_browser_of_whose_page_it_is() -> None:
    """With a second link for their other device; both are told to the bot as the one button that they are."""
    async with open_visit() as visit:
        cast = visit.playground.cast
        await book(visit.playground.school, cast.ada, "@Ben today 4pm 45m Algebra")
        ben, ada = [await list_joins(visit, name) for name in ("ben", "ada")]
        token = urlsplit(list_buttons(find_card(cast.ben))["join"]["url"]).path

    assert [f"ben-{LAPTOP}.localhost", f"ben-{PHONE}.localhost"] == [host_of(link) for link in ben]
    assert [f"ada-{LAPTOP}.localhost", f"ada-{PHONE}.localhost"] == [host_of(link) for link in ada]
    assert {token} == {urlsplit(link.attributes["href"]).path for link in ben}
    assert 1 == len({(link.attributes["data-name"], link.attributes["data-value"]) for link in ben})
    assert ["Join", "on Ben’s phone"] == [" ".join(link.read().split()) for link in ben]


async def list_joins(visit: Visit, name: str) -> list[Node]:
    page = await visit.open(name)
    return [link for link in page.find_all("a") if link.attributes.get("data-action-id") == Action.JOIN.value]


def host_of(link: Node) -> str | None:
    return urlsplit(link.attributes["href"]).hostname
