"""What the school's page is put together from: panels, each one element that keeps up with what happens.

A panel draws what it shows as of now and says nothing to browsers itself: an open page asks it again whenever
something may have changed, and sends the element where it is another than before. So drawing is to be quick. Only who
presses something in it is answered, by a word (`say`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute


@dataclass(frozen=True, kw_only=True)
class Looking:
    """Who looks, in one browser window, and at which conversation."""

    user_id: str
    channel_id: str = ""
    """Empty: the Home tab."""


class Panel(ABC):
    """One element of the page."""

    id: str
    """The element's id: the outermost one that `draw` returns carries it."""

    @abstractmethod
    async def draw(self, looking: Looking) -> Markup:
        """The element as of now, for whoever looks."""

    def list_routes(self) -> Sequence[BaseRoute]:
        """What its own buttons and forms are posted to; the page's guard stands before all of them."""
        return ()


def say(text: str, *, status: int = 200, is_shown: bool = False) -> Response:
    """One sentence or two for the page to say. `is_shown`: as the page shows it anyway, it is for listeners alone."""
    said = Markup('<span class="aside">{}</span>').format(text) if is_shown else escape(text)
    return HTMLResponse(said, status_code=status)
