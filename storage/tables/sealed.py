"""Every sealed column there is, and how to walk one when keys are rotated. A new sealed column is named here too."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

CHUNK = 200  # values to a transaction: some milliseconds, so that others' writes are not kept waiting


class SealedColumn(NamedTuple):
    """Where sealed values lie."""

    table: str
    column: str


SEALED_COLUMNS = (
    SealedColumn("installations", "bot_token_sealed"),
    SealedColumn("room_accounts", "settings_sealed"),
    SealedColumn("room_accounts", "secret_sealed"),
    SealedColumn("rooms", "secret_sealed"),
    SealedColumn("rooms", "webhook_key_sealed"),
    SealedColumn("deliveries", "body_sealed"),
    SealedColumn("links", "url_sealed"),
    SealedColumn("links", "token_sealed"),
)


def reseal_chunk(
    connection: sqlite3.Connection, where: SealedColumn, *, after: str, rotate: Callable[[bytes], bytes]
) -> tuple[int, str | None]:
    """Rotate the values of some rows after this id. How many, and the id to go on from; None: that was all."""
    table, column = where
    rows = connection.execute(
        f"SELECT id, {column} FROM {table} WHERE id > :after AND {column} IS NOT NULL ORDER BY id LIMIT :limit",  # noqa: S608
        {"after": after, "limit": CHUNK},
    ).fetchall()
    connection.executemany(
        f"UPDATE {table} SET {column} = :sealed WHERE id = :id",  # noqa: S608
        [{"id": row_id, "sealed": rotate(sealed)} for row_id, sealed in rows],
    )
    return len(rows), rows[-1][0] if len(rows) == CHUNK else None


def list_samples(connection: sqlite3.Connection) -> list[bytes]:
    """The oldest and the newest sealed value of each column, to see whether our keys still open them."""
    samples = []
    for table, column in SEALED_COLUMNS:
        for order in ("ASC", "DESC"):
            row = connection.execute(
                f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY id {order} LIMIT 1"  # noqa: S608
            ).fetchone()
            samples += [bytes(row[0])] if row else []
    return samples
