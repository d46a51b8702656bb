"""`hallpass room …` as typed: what the room service itself holds of sessions, spaces and users, read and put right.

It asks the provider with the key that is set, and nothing else: no bot need run, neither Slack nor a database is
touched. What cannot be taken back it asks about first, and of ways in it prints only a recording's address, where that
was asked for. Which filters there are: room_options. What a row says: room_listings. Files: room_files.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from rich.console import Console

from bot.assembly import LESSONSPACE, open_room_services
from bot.errors import RoomServiceRefused
from bot.logs import configure_logs
from bot.room_files import (
    NotThere,
    add_recording_options,
    add_transcript_options,
    give_recording,
    give_transcript,
    naming_session,
)
from bot.room_listings import (
    SESSIONS,
    SPACES,
    USERS,
    describe_policy,
    describe_session,
    describe_space,
    describe_user,
    describe_whole_session,
    print_rows,
    print_session,
    show_cell,
)
from bot.room_options import (
    add_session_filters,
    add_space_filters,
    add_user_filters,
    build_session_filters,
    build_space_filters,
    build_user_filters,
)
from bot.rooms.base import Audience
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.lessonspace_lists import SessionFilters
from bot.rooms.lessonspace_records import LogRecord, SessionRecord
from bot.settings import load_settings
from storage.errors import HallpassError

Row = TypeVar("Row")
Got = TypeVar("Got")
Deed = Callable[[Lessonspace, argparse.Namespace], Awaitable[Got]]

DONE, NOT_THERE = 0, 1
HOUSES_OWN = "organisation"
"""As an audience: whoever the organisation's own settings let watch."""

EXAMPLES = """\
examples:
  hallpass room sessions --since 2026-11-01 --until 2026-11-30 --csv > november.csv
  hallpass room sessions --live
  hallpass room sessions --tag hallpass_lesson --min-minutes 5
  hallpass room users --role teacher --search ada

Days and times are those of this machine's clock. The key is LESSONSPACE_API_KEY; no bot need run.
Exit status: 0 done; 1 there is no such thing, or it was refused; 2 wrong arguments or settings, or no answer.
"""
RECORDING_TOLD = """\
Print an address at which the recording can be watched, by whoever has it; it stops working after some hours. With -o,
save what is at that address where it is a file (Lessonspace mostly gives a page, which is for watching only); a
download that broke off goes on where it was.
"""
FORGET_TOLD = """\
Remove somebody from the organisation at Lessonspace, for good; it asks first, unless told --yes. ID is Lessonspace's
own, as `hallpass room users` shows it. Their documents do not say what becomes of sessions, recordings and transcripts
in which somebody was, nor of a link that is still good. What Hallpass stores stays: `hallpass forget-person` erases it.
"""


class LessonspaceOnly(HallpassError):
    """Lessonspace is none of the room services here."""

    def __init__(self, shown_names: Sequence[str]) -> None:
        where = " and ".join(shown_names)
        super().__init__(f"`hallpass room` is for Lessonspace only; lessons here take place at {where}")


class NotConfirmed(HallpassError):
    """There is nobody to ask."""


class WrongAudiences(HallpassError):
    """The organisation's own settings and something else."""

    def __init__(self) -> None:
        super().__init__(f"room policy: {HOUSES_OWN} stands alone: it means that nothing is set for this session")


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """The parsers of `room`, with what does each."""
    told = "what Lessonspace itself holds: sessions, transcripts, recordings, spaces, users"
    room = commands.add_parser(
        "room",
        help=told,
        description=f"{told[0].upper()}{told[1:]}.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = room.add_subparsers(title="commands", metavar="command", required=True)
    _add_lists(kinds)
    _add_session_commands(kinds)
    forgetting = _add(kinds, "forget-user", "remove somebody from the organisation, for good", _delete_user)
    forgetting.set_defaults(work=partial(_work, forget_user))
    forgetting.description, forgetting.formatter_class = FORGET_TOLD, argparse.RawDescriptionHelpFormatter
    forgetting.add_argument("user", metavar="ID", help="Lessonspace's id of them")
    forgetting.add_argument("--yes", action="store_true", help="do not ask")


def _add_lists(kinds: argparse._SubParsersAction[Any]) -> None:
    sessions = _add(kinds, "sessions", "sessions that were held or run, newest first", list_sessions)
    add_session_filters(sessions)
    spaces = _add(kinds, "spaces", "the organisation's spaces: every room there is", list_spaces)
    add_space_filters(spaces)
    users = _add(kinds, "users", "the organisation's users: everybody who was ever sent a link", list_users)
    add_user_filters(users)
    for parser in (sessions, spaces, users):
        _add_forms(parser, "json", "csv")


def _add_session_commands(kinds: argparse._SubParsersAction[Any]) -> None:
    showing = _add_of_session(kinds, "session", "one session: when, who, how long", show_session)
    showing.add_argument("--log", action="store_true", help="who came and went, too")
    _add_forms(showing, "json")
    renaming = _add_of_session(kinds, "rename", "give a session another name", rename_session)
    renaming.add_argument("name", metavar="NAME", help="the new one")
    policing = _add_of_session(kinds, "policy", "say who may watch a session's recording there", set_policy)
    choices = [*Audience, HOUSES_OWN]
    told = f"{', '.join(choices[:-1])}, or {HOUSES_OWN}: as its own settings have it"
    policing.add_argument("audience", metavar="AUDIENCE", nargs="+", choices=choices, help=told)
    transcribing = _add_of_session(kinds, "transcript", "what was said in a session", give_transcript)
    add_transcript_options(transcribing)
    recording = _add_of_session(kinds, "recording", "where a session's recording can be watched", give_recording)
    recording.description = RECORDING_TOLD
    add_recording_options(recording)


def _add(kinds: argparse._SubParsersAction[Any], name: str, told: str, deed: Deed[int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = kinds.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}.")
    parser.set_defaults(work=partial(_work, partial(_ask, deed)))
    return parser


def _add_of_session(
    kinds: argparse._SubParsersAction[Any], name: str, told: str, deed: Deed[int]
) -> argparse.ArgumentParser:
    parser = _add(kinds, name, told, deed)
    parser.add_argument("session", metavar="ID", help="the session, as `hallpass room sessions` shows it")
    return parser


def _add_forms(parser: argparse.ArgumentParser, *forms: str) -> None:
    parser.set_defaults(form="table")
    group = parser.add_mutually_exclusive_group()
    for form in forms:
        told = f"as {form.upper()}, with all columns, instead of a table"
        group.add_argument(f"--{form}", dest="form", action="store_const", const=form, help=told)


def _work(act: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """Do it; what the provider refuses is one line and a status of its own."""
    try:
        return act(arguments)
    except (RoomServiceRefused, NotThere) as error:
        print(f"hallpass: {error}", file=sys.stderr)
        return NOT_THERE


def _ask(deed: Deed[Got], arguments: argparse.Namespace) -> Got:
    """What comes of it at the provider."""
    settings = load_settings(is_for_slack=False)
    configure_logs(sys.stderr, level=logging.ERROR, secrets=settings.list_secrets())

    async def ask() -> Got:
        async with open_room_services(settings) as services:
            service = services.find(LESSONSPACE)
            if not isinstance(service, Lessonspace):
                raise LessonspaceOnly([one.shown_name for one in services])
            return await deed(service, arguments)

    return asyncio.run(ask())


# Lists


async def list_sessions(service: Lessonspace, arguments: argparse.Namespace) -> int:
    """`hallpass room sessions`."""
    found = _first(service.iterate_sessions(build_session_filters(arguments)), arguments.limit)
    await print_rows((describe_session(one) async for one in found), SESSIONS, form=arguments.form)
    return DONE


async def list_spaces(service: Lessonspace, arguments: argparse.Namespace) -> int:
    """`hallpass room spaces`."""
    found = _first(service.iterate_spaces(build_space_filters(arguments)), arguments.limit)
    await print_rows((describe_space(one) async for one in found), SPACES, form=arguments.form)
    return DONE


async def list_users(service: Lessonspace, arguments: argparse.Namespace) -> int:
    """`hallpass room users`."""
    found = _first(service.iterate_users(build_user_filters(arguments)), arguments.limit)
    await print_rows((describe_user(one) async for one in found), USERS, form=arguments.form)
    return DONE


async def _first(found: AsyncIterator[Row], limit: int | None) -> AsyncIterator[Row]:
    """So many of them at most; what comes after the last one is not asked for."""
    count = 0
    async for one in found:
        yield one
        count += 1
        if count == limit:
            return


# One session


async def show_session(service: Lessonspace, arguments: argparse.Namespace) -> int:
    """`hallpass room session`."""
    with naming_session(arguments.session):
        record = await service.fetch_session(arguments.session)
    told = describe_whole_session(record, await _fetch_log(service, record) if arguments.log else None)
    if arguments.form == "json":
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        print_session(Console(), told)
    return DONE


async def _fetch_log(service: Lessonspace, record: SessionRecord) -> tuple[LogRecord, ...]:
    """Only a space's own list has logs; the session is in it at its own start."""
    if record.space is None:
        return ()
    near = SessionFilters(
        start_time_after=record.start_time - timedelta(seconds=1),
        start_time_before=record.start_time + timedelta(seconds=1),
    )
    async for one in service.iterate_space_sessions(record.space.slug, near):
        if one.uuid == record.uuid:
            return one.logs or ()
    return ()


async def rename_session(service: Lessonspace, arguments: argparse.Namespace) -> int:
    """`hallpass room rename`."""
    with naming_session(arguments.session):
        record = await service.change_session(arguments.session, name=arguments.name)
    print(f"The session is called {show_cell(record.name)} now.")
    return DONE


async def set_policy(service: Lessonspace, arguments: argparse.Namespace) -> int:
    """`hallpass room policy`."""
    wanted = arguments.audience
    if HOUSES_OWN in wanted and len(wanted) > 1:
        raise WrongAudiences
    audiences = () if wanted == [HOUSES_OWN] else tuple(map(Audience, wanted))
    with naming_session(arguments.session):
        # Their API takes a policy only together with a name.
        name = (await service.fetch_session(arguments.session)).name or ""
        record = await service.change_session(arguments.session, name=name, audiences=audiences)
    print(
        f"Who may watch the recording of {show_cell(record.name)}: {describe_policy(record.recording_access_policy)}."
    )
    if Audience.PUBLIC in audiences:
        print("hallpass: public means anybody, whether they were there or not", file=sys.stderr)
    return DONE


# People


def forget_user(arguments: argparse.Namespace) -> int:
    """`hallpass room forget-user`. It asks outside of the event loop, where Ctrl-C is heard at once."""
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise NotConfirmed("there is no terminal to ask on: add --yes")
        if not _confirm(f"{_ask(_name_user, arguments)} for good"):
            print("Nothing was changed.")
            return NOT_THERE
    return _ask(_delete_user, arguments)


async def _name_user(service: Lessonspace, arguments: argparse.Namespace) -> str:
    """Who that is, so that a mistyped number is seen before it is too late. There is no way to ask for one of them."""
    async for user in service.iterate_users():
        if user.id == arguments.user:
            return f"{show_cell(user.name)} ({', '.join(filter(None, (user.role, f'user {user.id}')))})"
    raise NotThere(f"{service.shown_name} lists no user {arguments.user}; with --yes it is tried all the same")


async def _delete_user(service: Lessonspace, arguments: argparse.Namespace) -> int:
    if not await service.delete_user(arguments.user):
        raise NotThere(f"{service.shown_name} knows no user {arguments.user}")
    print(f"User {arguments.user} was removed from the organisation at {service.shown_name}.")
    print("What Hallpass itself stores of them is still there: hallpass forget-person erases it.")
    return DONE


def _confirm(what: str) -> bool:
    print(f"Remove {what}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
