"""Reads typed values out of a provider's JSON, and names the field where it breaks the provider's promise. Pure.

It invents nothing: what is required and missing is an error that names the field, never its value; what is optional and
missing, or of another type than promised, is None ("not told").
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cache

from bot.errors import RoomServiceNonsense
from storage.records import Record


@dataclass(frozen=True, kw_only=True)
class Fields:
    """One JSON object of an answer. `path` says where in the answer it is, as in `results[2].logs[0]`."""

    provider: str
    values: dict[str, object] = field(repr=False)
    path: str = ""

    def get_text(self, name: str) -> str:
        """The text, never empty. RoomServiceNonsense when it is missing or not text."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise self.complain(name, "is missing" if value in (None, "") else "is not text")
        return value

    def get_id(self, name: str) -> str:
        """A number or a text, as text. RoomServiceNonsense when it is neither."""
        found = self.find_id(name)
        if found is None:
            raise self.complain(name, "is missing" if self.values.get(name) in (None, "") else "is not an id")
        return found

    def get_moment(self, name: str) -> datetime:
        """The instant, in UTC. RoomServiceNonsense when it is missing or not a timestamp."""
        moment = parse_moment(self.get_text(name))
        if moment is None:
            raise self.complain(name, "is not a timestamp")
        return moment

    def get_list(self, name: str) -> list[object]:
        """The array. RoomServiceNonsense when it is missing or something else."""
        value = self.values.get(name)
        if not isinstance(value, list):
            raise self.complain(name, "is missing" if value is None else "is not a list")
        return value

    def find_text(self, name: str) -> str | None:
        value = self.values.get(name)
        return value if isinstance(value, str) and value else None

    def find_id(self, name: str) -> str | None:
        """Ids are compared as text: one provider writes the same id as a number here and as text there."""
        value = self.values.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.find_text(name)

    def find_flag(self, name: str) -> bool | None:
        value = self.values.get(name)
        return value if isinstance(value, bool) else None

    def find_count(self, name: str) -> int | None:
        """A whole number from 0 up."""
        value = self.values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    def find_moment(self, name: str) -> datetime | None:
        """The instant, or None where there is none (null or missing); a broken one is RoomServiceNonsense."""
        return None if self.values.get(name) is None else self.get_moment(name)

    def find_hint(self, name: str) -> datetime | None:
        """An instant that nothing depends on: None also where it cannot be read."""
        return parse_moment(self.find_text(name) or "")

    def find_fields(self, name: str) -> Fields | None:
        value = self.values.get(name)
        if not isinstance(value, dict):
            return None
        return Fields(provider=self.provider, values=value, path=self._name_path(name))

    def list_fields(self, name: str) -> Iterator[Fields]:
        """Each object of a required array, in its order."""
        return list_fields(self.get_list(name), provider=self.provider, path=self._name_path(name))

    def keep_rest(self, record: type[Record], *, spell: Callable[[str], str] = str) -> dict[str, object]:
        """What this record has no field for, for its `extra`. `spell`: how the provider writes a field's name."""
        known = _list_names(record, spell)  # type: ignore[arg-type]  # mypy takes the instances' hash for the class's
        return {name: value for name, value in self.values.items() if name not in known}

    def complain(self, name: str, problem: str) -> RoomServiceNonsense:
        """The error that names this field. To be raised by the caller."""
        return RoomServiceNonsense(self.provider, self._name_path(name), problem)

    def _name_path(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def read_fields(body: object, *, provider: str, what: str) -> Fields:
    """The answer's object. RoomServiceNonsense naming `what` when it is something else."""
    if not isinstance(body, dict):
        raise RoomServiceNonsense(provider, what, "is not an object")
    return Fields(provider=provider, values=body)


def list_entries(body: object, *, provider: str, what: str) -> Iterator[Fields]:
    """Each object of an answer that is an array, in its order. RoomServiceNonsense naming `what` when it is none."""
    found = Fields(provider=provider, values={what: body})
    return list_fields(found.get_list(what), provider=provider, path=what)


def list_fields(items: list[object], *, provider: str, path: str) -> Iterator[Fields]:
    """Each object of an array, in its order. RoomServiceNonsense naming the first entry that is none."""
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise RoomServiceNonsense(provider, f"{path}[{index}]", "is not an object")
        yield Fields(provider=provider, values=item, path=f"{path}[{index}]")


def parse_moment(text: str) -> datetime | None:
    """The instant of an ISO 8601 timestamp, in UTC; None for anything else, also for a date without a time.

    A stamp without an offset is taken as UTC. Lessonspace documents neither its meaning nor that it sends such;
    UTC is what every stamp seen from it is in, and a wrong guess shows at once as an attendance hours away.
    """
    if "T" not in text and " " not in text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@cache
def _list_names(record: Hashable, spell: Callable[[str], str]) -> frozenset[str]:
    names = {item.name for item in fields(record)} - {"extra"}  # type: ignore[arg-type]  # a dataclass
    return frozenset(map(spell, names))
