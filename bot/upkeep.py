"""`hallpass migrate` and `hallpass keys`: the schema and the encryption keys, for whoever looks after the database.

Both say what they did, and doing them again does no harm. Neither touches a file that a running bot holds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

from bot.assembly import build_sealer
from bot.settings import Settings, load_settings
from storage.errors import StoreUnusable
from storage.lock import FileLock
from storage.sealing import new_key
from storage.sqlite import migrate, open_store, pending_migrations

KEYS_TOLD = """\
The keys that links and provider secrets are encrypted with in the database. To change them: `hallpass keys new`; put
the new key first (in HALLPASS_ENCRYPTION_KEYS, or as the first line of the key file beside the database); stop the
bot; `hallpass keys rotate`; and only then take the old key away.
"""


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """The parsers of `migrate` and `keys`, with what does each."""
    told = "bring the database to the present schema, or make it (`run` does so by itself)"
    migrating = commands.add_parser("migrate", help=told, description=f"B{told[1:]}.")
    migrating.set_defaults(work=migrate_database)
    keys = commands.add_parser(
        "keys",
        help="encryption keys: make a new one, re-encrypt with the newest",
        description=KEYS_TOLD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = keys.add_subparsers(title="commands", metavar="command", required=True)
    making = kinds.add_parser("new", help="print a new key", description="Print a new key; it is stored nowhere.")
    making.set_defaults(work=make_key)
    rotating = kinds.add_parser(
        "rotate", help="re-encrypt what is stored", description="Re-encrypt what is stored with the newest key."
    )
    rotating.set_defaults(work=rotate_keys)


def migrate_database(arguments: argparse.Namespace) -> int:
    """`hallpass migrate`."""
    path = load_settings(is_for_slack=False).database_path
    was_there = path.exists()
    if was_there and not pending_migrations(path):
        print(f"{path} is up to date.")
        return 0
    lock = FileLock(path)
    lock.take()  # an older version may be running on the file
    try:
        steps = migrate(path)
    finally:
        lock.release()
    print(f"{path}: {'brought up to date' if was_there else 'made'} ({', '.join(steps)}).")
    return 0


def make_key(arguments: argparse.Namespace) -> int:
    """`hallpass keys new`."""
    print(new_key())
    if sys.stdout.isatty():
        print("Put it first, keep the old ones behind it, then: hallpass keys rotate", file=sys.stderr)
    return 0


def rotate_keys(arguments: argparse.Namespace) -> int:
    """`hallpass keys rotate`."""
    settings = load_settings(is_for_slack=False)
    path = settings.database_path
    if not path.exists():
        raise StoreUnusable(str(path), "there is no such file: nothing is stored yet")
    count = asyncio.run(_rotate(settings, path))
    print(f"{count} stored {'value is' if count == 1 else 'values are'} encrypted with the newest key now.")
    return 0


async def _rotate(settings: Settings, path: Path) -> int:
    async with open_store(path, is_exclusive=True, migrate=False) as store:
        return await store.reseal(build_sealer(settings).rotate)
