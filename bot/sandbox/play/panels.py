"""What the school's page is put together from: panels, each one element that keeps up with what happens.

A panel draws what it shows as of now and says nothing to browsers itself: an open page asks it again whenever
something may have changed, and sends the element where it is another than before. So drawing is to be quick.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
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
