"""`hallpass room transcript` and `recording`: what was said and seen in a session, handed to whoever asked, or saved.

What is saved is at its place whole or not at all, and readable by its owner alone. The address of a recording is a way
in: it is printed where it was asked for, and otherwise stays here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from bot.errors import RoomServiceRefused
from bot.rooms.downloads import OnProgress, Source, download
from bot.rooms.http import open_client
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.parts import Part
from bot.transcripts import Format, Transcript, write
from bot.transcripts import Part as Spoken
from bot.windows import UnknownZone, find_zone
from storage.errors import HallpassError


class NotThere(HallpassError):
    """The provider has no such thing, or not yet."""


def add_transcript_options(parser: argparse.ArgumentParser) -> None:
    """For `give_transcript`."""
    told = "txt to read, vtt to go with the recording, json for programs; unless told, as FILE ends, else txt"
    parser.add_argument("--format", choices=[form.value for form in Format], help=told)
    told = "on whose clock lines in txt are, like Europe/Berlin; UTC unless told"
    parser.add_argument("--zone", type=_zone, default="UTC", metavar="ZONE", help=told)
    _add_output(parser)


def add_recording_options(parser: argparse.ArgumentParser) -> None:
    """For `give_recording`."""
    _add_output(parser)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="save it there, for your eyes only")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def _zone(text: str) -> str:
    try:
        return find_zone(text).key
    except UnknownZone:
        raise argparse.ArgumentTypeError(f"{text} is not a time zone: write it like Europe/Berlin") from None


async def give_transcript(service: Lessonspace, arguments: argparse.Namespace) -> int:
    """`hallpass room transcript`."""
    if arguments.output is None:
        sys.stdout.write(await _write_transcript(service, arguments))
        return 0
    with Part(arguments.output, overwrites=arguments.force) as part:
        text = await _write_transcript(service, arguments)
        part.begin(None)
        part.add(text.encode())
        part.finish()
    print(f"Saved {arguments.output}.")
    return 0


async def _write_transcript(service: Lessonspace, arguments: argparse.Namespace) -> str:
    with naming_session(arguments.session):
        record = await service.fetch_session(arguments.session)
    lines = await service.fetch_transcript(arguments.session)
    if lines is None:
        reason = "it is not ready yet, or there will be none (it takes sound, two people and some minutes)"
        raise NotThere(f"{service.shown_name} has no transcript of session {arguments.session}: {reason}")
    spoken = Spoken(session_id=record.uuid, started_at=record.start_time, lines=lines)
    transcript = Transcript(
        title=record.name or "Session", starts_at=record.start_time, zone=arguments.zone, parts=(spoken,)
    )
    return write(transcript, _choose_format(arguments.format, arguments.output))


def _choose_format(wanted: str | None, output: Path | None) -> Format:
    if wanted is None and output is not None and output.suffix[1:] in list(Format):
        wanted = output.suffix[1:]
    return Format(wanted or Format.TEXT)


async def give_recording(service: Lessonspace, arguments: argparse.Namespace) -> int:
    """`hallpass room recording`."""
    if arguments.output is None:
        print(await _fetch_address(service, arguments.session))
        if sys.stdout.isatty():
            print("Whoever has this address can watch, for some hours.", file=sys.stderr)
        return 0
    with Part(arguments.output, overwrites=arguments.force) as part, _telling_what_is_left(part):
        address = await _fetch_address(service, arguments.session)
        source = Source(provider=service.shown_name, what="recording", address=address)
        # A client of its own: this one never holds the key.
        async with open_client(connections=1) as client:
            with _show_progress(arguments.output.name) as on_progress:
                await download(client, source, part, on_progress=on_progress)
        size_bytes = part.size_bytes
        part.finish()
    print(f"Saved {arguments.output} ({decimal(size_bytes)}).")
    return 0


async def _fetch_address(service: Lessonspace, session_id: str) -> str:
    address = await service.fetch_recording(session_id)
    if address is None:
        reason = "nothing was recorded, it is not ready yet, or there is no such session"
        raise NotThere(f"{service.shown_name} has no recording of session {session_id}: {reason}")
    return address


@contextmanager
def naming_session(session_id: str) -> Iterator[None]:
    """A session that the provider does not know, told as that: NotThere."""
    try:
        yield
    except RoomServiceRefused as error:
        if error.status != 404:
            raise
        raise NotThere(f"{error.provider} knows no session {session_id}") from error


@contextmanager
def _telling_what_is_left(part: Part) -> Iterator[None]:
    """However it was broken off: what there is of it, where the next try goes on with that."""
    try:
        yield
    except BaseException:  # Ctrl-C above all; it is only told, and goes on as it was
        if part.size_bytes and part.version:
            told = f"{decimal(part.size_bytes)} of it are in {part.place}: the same command goes on from there"
            print(f"hallpass: {told}", file=sys.stderr)
        raise


@contextmanager
def _show_progress(name: str) -> Iterator[OnProgress]:
    """A bar on a terminal; nothing elsewhere."""
    columns: list[Any] = [BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()]
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
