"""Several people in one real browser: each device of each person has a host name of its own on loopback. Pure.

Who opens Ben's link and Cara's in two tabs is one browser to every site: the same cookies, the same local storage, so a
link that lets in only one browser would let in both. Hence the tabs differ by host: `ben-laptop.localhost` and
`cara-laptop.localhost` lead to the same server (browsers send every name below `localhost` to loopback, RFC 6761), and
keep what they are told apart, by the browser's own rules. Neither the bot nor a room need know anything of it.

Sent on from one server to another, the name goes along behind the `#`, which survives a redirect and reaches no server.
Chromium and Firefox take such names by themselves; where a browser does not, each person needs a browser of their own.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

LAPTOP, PHONE = "laptop", "phone"
DEVICES = (LAPTOP, PHONE)
"""What everybody has: the one that links open in, and another one."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True, kw_only=True)
class Browser:
    """One device of somebody's."""

    owner: str
    """What they are called."""
    device: str = LAPTOP

    @property
    def name(self) -> str:
        """As people say."""
        return f"{self.owner}’s {self.device}"

    @property
    def label(self) -> str:
        """As hosts are called: `ben-laptop`."""
        words = re.findall(r"[a-z0-9]+", self.owner.casefold())
        return "-".join([*(words or ["somebody"]), self.device])

    @property
    def host(self) -> str:
        return f"{self.label}.localhost"

    def lead(self, url: str, *, origins: Collection[str]) -> str | None:
        """The same address as this browser opens it; None: it leads to none of these servers of ours."""
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" not in origins or parts.hostname not in _LOOPBACK:
            return None
        return urlunsplit(parts._replace(netloc=f"{self.host}:{parts.port}", fragment=self.label))


def find_owner(host: str) -> str:
    """Whose device a host name is: the label's beginning, `ben`; empty for any other host."""
    label, _, top = host.partition(":")[0].partition(".")
    owner, _, device = label.rpartition("-")
    return owner if top == "localhost" and device in DEVICES else ""
