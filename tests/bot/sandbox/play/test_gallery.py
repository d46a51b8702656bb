"""The gallery's pages: everything by name, drawn for whom one chooses, to be copied; and nothing happens in it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.blocks import Message
from bot.join_pages import Face
from bot.sandbox.blockkit import check_blocks, check_view
from bot.sandbox.gallery.catalogue import EXHIBITS
from bot.sandbox.gallery.exhibits import Exhibit, State
from bot.sandbox.gallery.party import EVERYDAY, SIZES, build_party
from bot.sandbox.play.gallery import BY_SLUG, Gallery, list_languages, name_slug
from bot.sandbox.play.hanging import list_pictures
from bot.words import LONG_PSEUDO_LOCALE, PSEUDO_LOCALE
from tests.bot.sandbox.html_pages import Node, parse_html
from tests.bot.sandbox.play.visits import open_visit


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=list(Gallery().list_routes()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client


async def open_page(client: httpx.AsyncClient, path: str, **chosen: str) -> Node:
    answer = await client.get(f"/gallery/{path}", params=chosen)
    assert answer.status_code == 200, path
    return parse_html(re.sub("<!doctype html>", "", answer.text))


def list_articles(page: Node) -> list[Node]:
    return page.find_all("article")


# What there is


async def test_the_index_leads_to_each_exhibit(client: httpx.AsyncClient) -> None:
    """By subject, with what was chosen in every address; and each of them is there."""
    page = await open_page(client, "", size="30", zone="Asia/Kolkata")

    links = [node.attributes["href"] for node in page.find_by_id("pictures").find_all("a")]
    assert len(links) == len(EXHIBITS) == len(BY_SLUG)
    for link in links:
        assert link.endswith("?size=30&language=en-US&zone=Asia%2FKolkata")
    assert [heading.read().strip() for heading in page.find_all("h2")][:2] == ["Cards", "Messages"]


@pytest.mark.parametrize("slug", BY_SLUG)
async def test_each_exhibit_has_a_page(client: httpx.AsyncClient, slug: str) -> None:
    """Every picture has its name or is the only one; nothing is refused; ids are unique, so that labels find theirs."""
    page = await open_page(client, slug)

    articles = list_articles(page)
    assert articles
    assert not [node for node in page.walk() if node.has_class("refused")]
    names = [article.find_all("h2")[0].read().strip() for article in articles if len(articles) > 1]
    assert len([name for name in names if name]) == len(names)
    ids = [node.attributes["id"] for node in page.walk() if "id" in node.attributes]
    assert sorted(set(ids)) == sorted(ids)
    assert not [node for node in page.walk() if node.attributes.get("aria-modal")], "nothing may cover the page"


async def test_what_looks_the_same_is_shown_once(client: httpx.AsyncClient) -> None:
    """With the names of all states that look so, however fresh the ids in their buttons are."""
    states = list(EXHIBITS["somebody's place"].list_states(build_party("4", locale="en-US", zone="Europe/Berlin")))

    page = await open_page(client, "somebodys-place")

    articles = list_articles(page)
    others = [node for node in page.walk() if node.has_class("alike")]
    assert len(articles) < len(states)
    assert len(states) == len(articles) + sum(len(node.find_all("li")) for node in others)


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "booking?size=7",
        "booking?language=xx",
        "booking?zone=Nowhere",
        "booking/0",
        "a-links-page/99",
        "?size=",
    ],
)
async def test_what_is_not_there_is_said(client: httpx.AsyncClient, path: str) -> None:
    """Also of a choice that is none, and of a form where a page was asked for."""
    answer = await client.get(f"/gallery/{path}")

    assert answer.status_code == 404
    assert "Nothing like this hangs in the gallery" in answer.text


# For whom


@pytest.mark.parametrize(("size", "count"), [("1", 1), ("4", 4), ("30", 30), ("100", 100)])
async def test_as_many_take_part_as_chosen(client: httpx.AsyncClient, size: str, count: int) -> None:
    """Each with a name of their own, on the pages of everybody's standing: the first two, the fourth, the last."""
    party = build_party(size, locale="en-US", zone="Europe/Berlin")
    names = [party.name(number) for number in range(count)]

    text = (await open_page(client, "everybodys-standing", size=size)).read()

    assert len(set(names)) == count
    shown = [name for name in names if name in text]
    assert shown == names if count <= 30 else len(shown) > 30
    assert party.name(count) not in text or count == 100


def test_every_size_can_be_chosen() -> None:
    """And long names are as long as a name may be."""
    for size in SIZES:
        party = build_party(size, locale="en-US", zone="Europe/Berlin")
        assert party.name(3)
    assert len(build_party("long", locale="en-US", zone="Europe/Berlin").name(3)) == 80


async def test_times_are_the_chosen_zones(client: httpx.AsyncClient) -> None:
    """In what Slack shows by its reader's clock, and in what we write out."""
    berlin, kolkata = [
        (await open_page(client, "leaders-card", zone=zone)).read() for zone in ("Europe/Berlin", "Asia/Kolkata")
    ]

    assert "5:00 PM to 6:00 PM" in berlin
    assert "9:30 PM to 10:30 PM" in kolkata
    assert "5:00 PM" not in kolkata


async def test_marked_text_shows_what_is_translated(client: httpx.AsyncClient) -> None:
    """In messages, on buttons, and in the frames of join pages."""
    page = await open_page(client, "leaders-card", language=PSEUDO_LOCALE)
    document = await client.get("/gallery/a-links-page/0", params={"language": PSEUDO_LOCALE})

    assert "⟦Join⟧" in page.read()
    assert "⟦Join⟧" in document.text
    assert list(list_languages()) == ["en-US", PSEUDO_LOCALE, LONG_PSEUDO_LOCALE]


async def test_what_was_chosen_stays_chosen(client: httpx.AsyncClient) -> None:
    """In the fields above, and on the way back."""
    page = await open_page(client, "board", size="100", language=PSEUDO_LOCALE, zone="Europe/London")

    chosen = [node.attributes["value"] for node in page.find_all("option") if "selected" in node.attributes]
    assert chosen[:3] == ["100", PSEUDO_LOCALE, "Europe/London"]
    assert any("size=100&language=en-XA&zone=Europe%2FLondon" in a.attributes["href"] for a in page.find_all("a"))


# Copied


@pytest.mark.parametrize("slug", ["participants-card", "booking", "home", "recording-or-transcript-asked-for"])
async def test_each_picture_can_be_copied(client: httpx.AsyncClient, slug: str) -> None:
    """As JSON that Slack takes, in a field that can be selected; the button is a script's to show."""
    page = await open_page(client, slug)

    for article in list_articles(page):
        field = next(node for node in article.find_all("textarea") if node.attributes["id"].startswith("json-"))
        given: dict[str, Any] = json.loads(field.read())
        assert (check_view(given) if "type" in given else check_blocks(given["blocks"])) == []
        button = next(node for node in article.find_all("button") if "data-copies" in node.attributes)
        assert button.attributes["data-copies"] == field.attributes["id"]
        assert "hidden" in button.attributes


# Pages in frames


async def test_join_pages_stand_in_frames_of_their_own(client: httpx.AsyncClient) -> None:
    """Each as its visitor gets it, with its own style; in a sandbox, where nothing runs or is sent."""
    faces = set()
    for slug in ("a-links-page", "trouble-on-a-links-page"):
        for frame in (await open_page(client, slug)).find_all("iframe"):
            assert frame.attributes["sandbox"] == ""
            assert frame.attributes["title"]
            answer = await client.get(frame.attributes["src"])
            policy = answer.headers["content-security-policy"]
            nonce = re.search(r"style-src 'nonce-([\w-]+)'", policy)
            assert nonce, policy
            assert f'<style nonce="{nonce[1]}">' in answer.text
            assert "default-src 'none'" in policy
            assert "script-src" not in policy
            assert policy.endswith("sandbox")
            faces |= {one for one in Face if f'<body class="{one.value}">' in answer.text}

    assert faces == set(Face)


async def test_a_room_without_script_says_what_it_needs(client: httpx.AsyncClient) -> None:
    """The one sentence that is read where no script runs."""
    answer = await client.get("/gallery/a-room-in-a-page-without-script/0")

    assert "This room needs JavaScript" in answer.text


# Nothing happens


async def test_a_press_in_a_picture_does_nothing(client: httpx.AsyncClient) -> None:
    """The page stays as it is. It lets its browser say where a press comes from, or the guard would refuse that."""
    page = await client.get("/gallery/booking")
    answer = await client.post("/gallery/booking", data={"view": "submit"})

    assert page.headers["referrer-policy"] == "same-origin"
    assert (answer.status_code, answer.content) == (204, b"")


def test_what_slack_would_refuse_is_said_in_its_place() -> None:
    """A message that is too long, or a view without its title, is not drawn as if it were fine."""

    def list_states(_: object) -> Any:
        yield State(shown=Message("Hello", [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]))
        yield State(shown={"type": "modal", "blocks": []})

    for picture in list_pictures(Exhibit(name="wrong", list_states=list_states), replace(EVERYDAY)):
        assert 'class="refused"' in picture.fragment, picture.json


def test_names_in_addresses_are_plain() -> None:
    """Letters and hyphens alone, whatever the name."""
    assert name_slug("a link's page, by night") == "a-links-page-by-night"
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in BY_SLUG)


async def test_the_school_has_its_gallery() -> None:
    """At its own server, behind its guard, with the style and the script that the pages ask for."""
    async with open_visit() as visit:
        status, text = await visit.get("gallery/leaders-card")
        wanted = re.findall(r'(?:href|src)="/(static/[^"]+)"', text)
        answers = [(await visit.get(path))[0] for path in wanted]
        _, school = await visit.get(visit.find_path("ada"))

    assert status == 200
    assert {"static/gallery.css", "static/copy.js", "static/blocks.css"} <= set(wanted)
    assert set(answers) == {200}
    assert 'href="/gallery/"' in school
