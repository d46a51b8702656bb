"""The page's guard: loopback by name, changes from the page itself, nothing for other sites, and strict headers."""

from __future__ import annotations

import pytest
from starlette.types import Message, Receive, Scope, Send

from bot.sandbox.play.guard import Guard, find_refusal
from tests.bot.sandbox.play.visits import Visit

HERE = "127.0.0.1:8780"


def ask(method: str = "GET", *, host: str = HERE, **headers: str) -> str | None:
    """The guard's refusal of such a request."""
    named = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode()) for name, value in named.items() if value]
    return find_refusal({"type": "http", "method": method, "server": ("127.0.0.1", 8780), "headers": raw})


@pytest.mark.parametrize("host", [HERE, "localhost:8780"])
def test_the_page_answers_to_loopbacks_own_names(host: str) -> None:
    """Its number and its name, with the port it is at."""
    assert ask(host=host) is None


@pytest.mark.parametrize(
    "host", ["", "example.org:8780", "127.0.0.1", "127.0.0.1:8781", "ben.localhost:8780", "[::1]:8780", "0.0.0.0:8780"]
)
def test_another_name_is_refused(host: str) -> None:
    """Whoever has a name of theirs lead to this machine reads nothing."""
    assert "has no other name" in str(ask(host=host))


@pytest.mark.parametrize("origin", ["", "null", "http://127.0.0.1:9999", "http://localhost:8780", "https://" + HERE])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_a_change_from_elsewhere_is_refused(method: str, origin: str) -> None:
    """Also from another port of this machine, from the page's other name, and from nobody."""
    assert "Only the page itself" in str(ask(method, origin=origin))


def test_a_change_from_the_page_itself_goes_on() -> None:
    """As browsers send it, by either name."""
    assert ask("POST", origin=f"http://{HERE}", sec_fetch_site="same-origin") is None
    assert ask("POST", host="localhost:8780", origin="http://localhost:8780") is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("mode", "dest"),
    [("no-cors", "script"), ("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("cors", "document")],
)
def test_what_another_site_loads_is_refused(site: str, mode: str, dest: str) -> None:
    """Not even to look at: scripts, pictures, fetches and frames."""
    assert "another page" in str(ask(sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=dest))


def test_a_plain_link_from_another_site_may_be_followed() -> None:
    """It opens a page and changes nothing; a form posted from there is refused."""
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}

    assert ask(**link) is None
    assert ask("POST", origin=f"http://{HERE}", **link) is not None


async def test_refusals_come_before_anything_else(visit: Visit) -> None:
    """Over the wire, also for what is not there."""
    assert 403 == (await visit.get("", Host="example.org"))[0]
    assert 403 == (await visit.get("nowhere", Host="example.org"))[0]
    assert 403 == (await visit.get(visit.find_path("ada"), Sec_Fetch_Site="cross-site"))[0]
    async with visit.client.post(visit.address + "again") as answer:
        assert 403 == answer.status


async def test_a_websocket_is_not_opened() -> None:
    """There is none here, so nobody can open one past the rules of origins."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("the page is not asked")

    async def receive() -> Message:
        raise AssertionError("nothing is waited for")

    async def send(message: Message) -> None:
        sent.append(message)

    await Guard(app)({"type": "websocket"}, receive, send)

    assert [{"type": "websocket.close"}] == sent


async def test_every_answer_has_strict_headers(visit: Visit) -> None:
    """Pages, what is not there, and refusals: nothing from other hosts, nothing framed, nothing kept."""
    for path, host in ((visit.find_path("ada"), None), ("nowhere", None), ("", "example.org")):
        headers = {"Host": host} if host else {}
        async with visit.client.get(visit.address + path, headers=headers) as answer:
            policy = answer.headers["Content-Security-Policy"].split("; ")
            assert {"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            assert ("no-referrer", "nosniff", "no-store") == (
                answer.headers["Referrer-Policy"],
                answer.headers["X-Content-Type-Options"],
                answer.headers["Cache-Control"],
            )
