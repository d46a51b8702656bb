"""Records to rows and back, by the record's own annotations.

A datetime becomes UTC text of fixed width (its order is time's order), a timedelta a number in a column named
`<field>_seconds`, an enum its value, a bool 0 or 1, a dict JSON. A record inside a record (a lesson's options)
becomes columns of the same row. It refuses naive datetimes, and annotations that it has no rule for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from operator import attrgetter
from types import UnionType
from typing import Any, Generic, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

R = TypeVar("R")


def text_of(moment: datetime) -> str:
    """`2026-11-23T16:00:00.000000Z`: 27 characters, so that text sorts as time does."""
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored or compared")
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def bind(value: Any) -> Any:
    """A value as a query takes it. Collections become JSON arrays, to be opened by `json_each`."""
    write = _BINDERS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Collection):
        return json.dumps([bind(item) for item in value])
    raise TypeError(f"no rule to bind {type(value).__name__}")


def _same(value: Any) -> Any:
    return value


_BINDERS: dict[type, Callable[[Any], Any]] = {
    type(None): _same,
    str: _same,
    int: _same,
    float: _same,
    bytes: _same,
    bool: int,
    datetime: text_of,
    timedelta: timedelta.total_seconds,
    dict: json.dumps,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One field's column: its name, and how to read what is stored there and to write it (None: as it is)."""

    field: str
    name: str
    read: Callable[[Any], Any] | None
    write: Callable[[Any], Any] | None


class Columns(Generic[R]):
    """How one kind of record lies in a row."""

    def __init__(self, record: type[R], *embedded: str) -> None:
        """`embedded`: the fields that are records themselves, and share the row."""
        self._record = record
        hints = get_type_hints(record)
        self._inner = {name: Columns[Any](hints[name]) for name in embedded}
        own = [part.name for part in fields(record) if part.name not in embedded]  # type: ignore[arg-type]
        self._columns = [_column(name, hints[name]) for name in own]
        self._fields = tuple(own)
        self._own_width = len(own)
        self._reads = tuple((column.field, column.read) for column in self._columns if column.read)
        self._own_names = tuple(column.name for column in self._columns)
        self._get_all = attrgetter(*own)
        self._writes = tuple((column.name, column.write) for column in self._columns if column.write)
        self.names: tuple[str, ...] = self._own_names + tuple(
            name for inner in self._inner.values() for name in inner.names
        )
        self.width = len(self.names)

    def to_row(self, record: R) -> dict[str, Any]:
        """Column names to what a query takes."""
        row = dict(zip(self._own_names, self._get_all(record), strict=True))
        for name, write in self._writes:
            if row[name] is not None:
                row[name] = write(row[name])
        for name, inner in self._inner.items():
            row.update(inner.to_row(getattr(record, name)))
        return row

    def from_row(self, row: Sequence[Any], start: int = 0) -> R:
        """The record that lies in `row`, its columns beginning at `start`.

        The record's own checks are left out: whatever is stored was a whole record when it was written, and claims
        read thousands of rows at a time.
        """
        record = object.__new__(self._record)
        held = record.__dict__
        held.update(zip(self._fields, row[start : start + self._own_width], strict=True))
        for field, read in self._reads:
            value = held[field]
            if value is not None:
                held[field] = read(value)
        start += self._own_width
        for name, inner in self._inner.items():
            held[name] = inner.from_row(row, start)
            start += inner.width
        return record

    def listed(self, alias: str = "") -> str:
        """The columns for SELECT or RETURNING, in the order that `from_row` expects."""
        return ", ".join(f"{alias}.{name}" if alias else name for name in self.names)

    def insert_into(self, table: str, *more: str) -> str:
        """`INSERT INTO table (…) VALUES (…)` for the record's columns and `more`."""
        names = (*self.names, *more)
        return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"  # noqa: S608

    def update(self, table: str) -> str:
        """`UPDATE table SET …` of every column but the key, for one row of one workspace."""
        changes = ", ".join(f"{name} = :{name}" for name in self.names if name not in ("id", "workspace_id"))
        return f"UPDATE {table} SET {changes} WHERE workspace_id = :workspace_id AND id = :id"  # noqa: S608


def _column(field: str, hint: Any) -> Column:
    kind = _plain_type(hint)
    if kind is timedelta:
        return Column(field, f"{field}_seconds", _duration_of, timedelta.total_seconds)
    if kind is datetime:
        return Column(field, field, datetime.fromisoformat, text_of)
    if kind is bool:
        return Column(field, field, bool, int)
    if kind is dict:
        return Column(field, field, json.loads, json.dumps)
    if issubclass(kind, Enum):
        return Column(field, field, {member.value: member for member in kind}.__getitem__, attrgetter("value"))
    if kind in (str, int, float, bytes):
        return Column(field, field, None, None)
    raise TypeError(f"no rule to store {field}: {hint}")


def _plain_type(hint: Any) -> type:
    """`X | None` is X, a NewType what it stands for, `dict[…]` a dict."""
    if get_origin(hint) in (Union, UnionType):  # `X | None` is the latter, or the former where X is a NewType
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    origin = get_origin(hint) or hint
    if not isinstance(origin, type):
        raise TypeError(f"no rule to store {hint}")
    return origin


def _duration_of(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
