"""What every subject of the store has: a connection, and short ways to ask it. It never commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from storage.columns import bind

Row = tuple[Any, ...]


class Table:
    """One subject's queries over the connection of one unit of work."""

    def __init__(self, connection: sqlite3.Connection, owe: Callable[[], None]) -> None:
        """`owe` is called when something to send was stored."""
        self._connection = connection
        self._owe = owe

    def _one(self, sql: str, **values: Any) -> Row | None:
        row: Row | None = self._connection.execute(sql, _bound(values)).fetchone()
        return row

    def _all(self, sql: str, **values: Any) -> list[Row]:
        return self._connection.execute(sql, _bound(values)).fetchall()

    def _each(self, sql: str, **values: Any) -> Iterator[Row]:
        """Row by row, as they are asked for, on a cursor of its own."""
        return iter(self._connection.execute(sql, _bound(values)))

    def _change(self, sql: str, **values: Any) -> int:
        """How many rows it changed."""
        return self._connection.execute(sql, _bound(values)).rowcount

    def _put(self, sql: str, row: Mapping[str, Any]) -> int:
        """The same for a row that is bound already."""
        return self._connection.execute(sql, row).rowcount

    def _put_all(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """How many rows were changed by all of them."""
        return max(0, self._connection.executemany(sql, rows).rowcount)


def _bound(values: dict[str, Any]) -> dict[str, Any]:
    # Most values are text or nothing: a sender's round of small statements should not pay for finding that out.
    return {name: value if value is None or type(value) is str else bind(value) for name, value in values.items()}
