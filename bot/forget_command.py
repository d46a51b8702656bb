"""`hallpass forget-person WHO`: one person erased here and at the room services, and what names them still.

It may run while the bot runs: what it writes is a few short commits of its own, and the bot picks up what is owed by
them. It asks before it erases, and erases nothing while a lesson needs the person, unless told to take them out. The
room services come first: where one does not answer, nothing is erased here either, and the same command does it later.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.assembly import LESSONSPACE, list_services
from bot.booking import BookingPolicy
from bot.clock import SystemClock
from bot.erasing import Asked, NotErased, erase_everywhere, list_kept, tell_erased
from bot.forgetting import Known, OnlyOne, Remains, StillNeeded, find_known, find_remains, forget, take_out
from bot.listings import ID_SHOWN, show_moment
from bot.rooms.base import Capabilities
from bot.settings import Settings, load_settings
from storage.errors import HallpassError, StoreUnusable
from storage.lock import find_holder
from storage.records import FORGOTTEN_NAME, Lesson, LessonState
from storage.sqlite import SqliteStore, open_store
from storage.store import Forgotten, Transaction

SHOWN = {
    "transcript_lines": ("line that they said", "lines that they said"),
    "summaries": ("summary of a lesson of theirs", "summaries of lessons of theirs"),
    "events": ("coming or going", "comings and goings"),
    "deliveries": ("raw report of the room service", "raw reports of the room service"),
    "links": ("record of a link", "records of links"),
    "notices": ("record of a message", "records of messages"),
    "reasons": ("reason given for cancelling", "reasons given for cancelling"),
    "settings": ("choice of their own", "choices of their own"),
}
"""What is told of the store's counts."""
REDRAWN_WITHIN_SECONDS = 40.0
"""A bot that is not told of a change by its own commit looks every 30 seconds."""
TOLD = """\
Erase one person, here and at the room services, and say what names them still. Their places in lessons stay as
"Somebody forgotten", so that others' lessons can be counted. Nothing brings it back. May be used while the bot runs.
"""


class NotForgotten(HallpassError):
    """Nothing was erased here, and why."""


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """The parser of `forget-person`, with what does it."""
    parser = commands.add_parser(
        "forget-person",
        help="erase one person here and at the room services, and say what remains",
        description=TOLD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("who", metavar="WHO", help="Slack's id of them (in their profile: Copy member ID), or ours")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--remove", action="store_true", help="take them out of lessons that still need them")
    parser.add_argument("--only-here", action="store_true", help="leave the room services out")
    parser.set_defaults(work=forget_person)


def forget_person(arguments: argparse.Namespace) -> int:
    """`hallpass forget-person`."""
    settings = load_settings(is_for_slack=False)
    path = settings.database_path
    if not path.exists():
        raise StoreUnusable(str(path), "there is no such file: nothing is stored yet")
    known = asyncio.run(_look(path, arguments.who))
    if known is None:
        print(f"Nobody is stored under {arguments.who}: there is nothing to forget.")
        return 1
    print(_introduce(known))
    if known.needed and not arguments.remove:
        print(_tell_needed(known.needed, may_remove=True))
        return 1
    if not arguments.yes and not _is_confirmed(known, arguments):
        print("Nothing was changed.")
        return 1
    return asyncio.run(_forget(settings, known, arguments))


async def _look(path: Path, who: str) -> Known | None:
    async with open_store(path, migrate=False) as store:
        return await store.read(lambda tx: find_known(tx, who))


def _is_confirmed(known: Known, arguments: argparse.Namespace) -> bool:
    if not sys.stdin.isatty():
        raise NotForgotten("forget-person asks before it erases: say --yes where nobody can answer")
    count = 0 if arguments.only_here else len({service for service, _ in known.provider_ids})
    where = "here" + {0: "", 1: " and at the room service"}.get(count, f" and at {count} room services")
    answer = input(f"Forget {known.person.name} {where}? Nothing brings it back. [y/N] ")
    return answer.strip().lower() in {"y", "yes"}


async def _forget(settings: Settings, known: Known, arguments: argparse.Namespace) -> int:
    path, clock = settings.database_path, SystemClock()
    async with open_store(path, migrate=False) as store:
        behind = 0
        if known.needed:
            try:
                left = await store.write(lambda tx: take_out(tx, known, policy=_policy(tx, known), now=clock.now()))
            except OnlyOne as error:
                print(_tell_only(error))
                return 1
            except StillNeeded as error:
                print(_tell_needed(error.lessons, may_remove=False))
                return 1
            behind = await _wait_for_cards(store, known, left, is_running=find_holder(path) is not None)
        try:
            asked = [] if arguments.only_here else await erase_everywhere(settings, known.provider_ids)
        except NotErased as error:
            raise NotForgotten(str(error)) from error
        told = await store.write(
            lambda tx: forget(tx, known, now=clock.now(), provider_count=sum(one.user_count for one in asked))
        )
        if told is None:
            print("Somebody else was quicker: they are forgotten already.")
            return 1
        await _compact_words(store)
        remains = await store.read(lambda tx: find_remains(tx, known))
    at_services = list(list_kept(asked)) or list(_tell_not_asked(settings, known, is_only_here=arguments.only_here))
    remaining = _list_remaining(told, remains, behind=behind, at_services=at_services)
    print("\n".join(_tell(told, asked, remaining)))
    return 0


def _policy(tx: Transaction, known: Known) -> BookingPolicy:
    """As which they may take themselves out. No room service is asked: what it could take back makes no difference."""
    room = tx.lessons.get_room(known.workspace.id, known.needed[0].room)
    return BookingPolicy(
        account_id=room.account_id,
        service_name="",
        capabilities=Capabilities(),
        admin_ids=frozenset({known.person.user_id}),
    )


async def _wait_for_cards(store: SqliteStore, known: Known, left: list[Lesson], *, is_running: bool) -> int:
    """Give a running bot the time to take Join off their cards. How many it did not, or nobody was there to."""
    if left and is_running:
        print("They are taken out. Waiting for Hallpass to take Join off their cards, up to 40 seconds…")
    deadline = time.monotonic() + (REDRAWN_WITHIN_SECONDS if is_running else 0)
    while True:
        behind = await store.read(lambda tx: sum(_count_behind(tx, known, lesson) for lesson in left))
        if not behind or time.monotonic() >= deadline:
            return behind
        await asyncio.sleep(0.2)


def _count_behind(tx: Transaction, known: Known, lesson: Lesson) -> int:
    return sum(
        card.person_id == known.person.id and not card.is_final and card.revision_wanted > card.revision_shown
        for card in tx.cards.list_for_lesson(lesson.workspace_id, lesson.id)
    )


async def _compact_words(store: SqliteStore) -> None:
    begins = True
    while await store.write(lambda tx, begins=begins: tx.keeping.compact_words(begins=begins)):  # type: ignore[misc]
        begins = False


# Telling


def _introduce(known: Known) -> str:
    return f"{known.person.name} ({known.person.user_id}): {_count(len(known.lessons), 'lesson')} on record."


def _tell_needed(lessons: Sequence[Lesson], *, may_remove: bool) -> str:
    why = {LessonState.BOOKED: "is to come", LessonState.LIVE: "is on", LessonState.ENDED: "is still being summed up"}
    lines = ["Nothing was changed, for they are still needed:"]
    lines += [f"  {_name(lesson)} {why.get(lesson.state, '')}" for lesson in lessons]
    if any(lesson.state is LessonState.LIVE for lesson in lessons):
        lines.append("A lesson that is on must end first.")
    elif may_remove:
        lines.append("With --remove they are taken out of lessons to come, and those that are over are summed up no")
        lines.append("further; a recording or transcript that is still awaited then comes for nobody (at most a week).")
    return "\n".join(lines)


def _tell_only(error: OnlyOne) -> str:
    who, mend = ("leader", "Name another leader, or cancel it") if error.is_leader else ("participant", "Cancel it")
    return f"Nothing was changed, for they are the only {who} of {_name(error.lesson)}.\n{mend} in Slack first."


def _name(lesson: Lesson) -> str:
    return f"{show_moment(lesson.starts_at, lesson)} {lesson.title} ({lesson.id[-ID_SHOWN:]})"


def _tell(told: Forgotten, asked: Sequence[Asked], remaining: Iterable[str]) -> Iterator[str]:
    yield "Forgotten here:"
    yield "  name, Slack id, and how to reach them"
    counts = {name: getattr(told, name) for name in SHOWN if getattr(told, name)}
    yield from (f"  {_count(count, *SHOWN[name])}" for name, count in counts.items())
    yield from tell_erased(asked)
    yield "What remains:"
    yield from (f"  {line}" for line in remaining)


def _tell_not_asked(settings: Settings, known: Known, *, is_only_here: bool) -> Iterator[str]:
    """No room service was asked: why, and how to look there."""
    if is_only_here:
        yield "all of it at the room service, as asked"
        return
    yield "what a room service may have of them: Hallpass has no id of theirs at any, so none was asked"
    if LESSONSPACE in list_services(settings):
        yield f'  look with: hallpass room users --search "{known.person.name}"'


def _list_remaining(told: Forgotten, remains: Remains, *, behind: int, at_services: Sequence[str]) -> Iterator[str]:
    if told.places:
        yield f'{_count(told.places, "place")} in lessons, as "{FORGOTTEN_NAME}", with minutes and without a name'
    yield "messages in Slack to them; in those to others their name is replaced where Hallpass follows them still"
    if behind:
        yield f"Join on {_count(behind, 'card')} of theirs in Slack: a link that was sent works until it closes"
    yield from at_services
    if remains.written:
        ids = ", ".join(lesson_id[-ID_SHOWN:] for lesson_id in remains.written)
        yield f"their name in title, note or reason of {_count(len(remains.written), 'lesson')}: {ids}"
    if remains.said_count:
        yield f"their name in {_count(remains.said_count, 'line')} that others said, in transcripts"
    yield "your backups of the database; and the log, whose ids lead to nobody now"


def _count(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
