"""Where a link to a server of the school's own opens: in a browser of whoever follows it, on any of their devices.

Pure. A page on which one can be anybody is one browser; whose tab a link opens in is told by the tab's host name
(`inside/browsers.py`). Links to anywhere else lead where they lead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.sandbox.inside.browsers import DEVICES, Browser


@dataclass(frozen=True, kw_only=True)
class Lead:
    """One way to follow a link."""

    browser: str
    """Whose and which: "Ben’s phone"."""
    url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Leads:
    """Somebody's devices, and the servers to which links lead them as one of these."""

    owner: str
    origins: frozenset[str]

    def list_for(self, url: str | None) -> tuple[Lead, ...]:
        """One for each device, the usual one first; none for an address elsewhere."""
        found = ((one, one.lead(url, origins=self.origins)) for one in self._list_browsers()) if url else ()
        return tuple(Lead(browser=one.name, url=led) for one, led in found if led is not None)

    def _list_browsers(self) -> list[Browser]:
        return [Browser(owner=self.owner, device=device) for device in DEVICES]
