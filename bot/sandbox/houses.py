"""The room services in which a school's lessons take place, standing in: opened by name, with the bot's settings.

Lessonspace's stand-in is not among them: it always stands there, and where no lessons take place in it, the bot has no
key to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.rooms.agora_whiteboard import AgoraWhiteboard
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.loop import Loop
from bot.rooms.videsk import Videsk
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.clock import MovableClock
from bot.sandbox.loop.stand_in import LoopStandIn
from bot.sandbox.videsk.stand_in import VideskStandIn

LESSONSPACE = Lessonspace.name
SHOWN_NAMES: Mapping[str, str] = {kind.name: kind.shown_name for kind in (Lessonspace, Videsk, AgoraWhiteboard, Loop)}
"""What people call each that stands in, by its name in settings."""
EVERY = tuple(SHOWN_NAMES)
"""All that stand in, as settings call them."""
REGION = "eu"
"""Where the school's whiteboards are kept."""


@dataclass(frozen=True, kw_only=True)
class House:
    """One stand-in beside Lessonspace's, and what the bot must know to find it."""

    service: str
    stand_in: VideskStandIn | AgoraStandIn | LoopStandIn
    settings: Mapping[str, str]

    @property
    def needs_page(self) -> bool:
        """Do its rooms run in a page of ours, so that the bot needs an address?"""
        return not isinstance(self.stand_in, LoopStandIn)

    def count_pages(self) -> int:
        """Pages of the bot's own that people have open with a room of this service in them; a reloaded one once."""
        return 0 if isinstance(self.stand_in, LoopStandIn) else len(set(self.stand_in.list_pages()))


@asynccontextmanager
async def open_house(service: str, clock: MovableClock) -> AsyncIterator[House]:
    """The stand-in of this service, running. ValueError for a name that is none of them."""
    match service:
        case "videsk":
            async with VideskStandIn(clock) as videsk:
                settings = {
                    "VIDESK_API_TOKEN": videsk.api_token,
                    "VIDESK_API_URL": videsk.api_url,
                    "VIDESK_SCRIPT_URL": videsk.script_url,
                }
                yield House(service=service, stand_in=videsk, settings=settings)
        case "agora_whiteboard":
            async with AgoraStandIn(clock) as agora:
                settings = {
                    "AGORA_APP_IDENTIFIER": agora.app_identifier,
                    "AGORA_ACCESS_KEY": agora.access_key,
                    "AGORA_SECRET_KEY": agora.secret_key,
                    "AGORA_REGION": REGION,
                    "AGORA_API_URL": agora.api_url,
                    "AGORA_SCRIPT_URL": agora.script_url,
                }
                yield House(service=service, stand_in=agora, settings=settings)
        case "loop":
            async with LoopStandIn(clock) as loop:
                yield House(service=service, stand_in=loop, settings={"LOOP_URL": f"{loop.origin}/"})
        case _:
            raise ValueError(f"no stand-in for {service}")
