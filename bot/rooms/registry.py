"""The room services that this installation has, by name. A lesson's account says which one is its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.errors import RoomServiceRefused
from bot.rooms.base import RoomService


class RoomServices:
    """In the order in which they are offered: the first is the one that lessons use unless somebody chooses."""

    def __init__(self, services: Iterable[RoomService]) -> None:
        """Raises ValueError without any, or for two of the same name."""
        listed = list(services)
        self._services = {service.name: service for service in listed}
        if not listed or len(self._services) < len(listed):
            raise ValueError("room services have one name each, and there is at least one")

    def __iter__(self) -> Iterator[RoomService]:
        return iter(self._services.values())

    def __len__(self) -> int:
        return len(self._services)

    @property
    def default(self) -> RoomService:
        return next(iter(self))

    def find(self, name: str) -> RoomService | None:
        """None: it is not set up here, or not any more."""
        return self._services.get(name)

    def get(self, name: str) -> RoomService:
        """Raises RoomServiceRefused where it is not set up here any more: a person must set it up again."""
        service = self._services.get(name)
        if service is None:
            raise RoomServiceRefused(name, "is not set up here any more")
        return service
