"""`hallpass lessons …` as typed: arguments in, tables, JSON or CSV out. What is in them: listings and exports."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any

from rich.console import Console

from bot.billing import Days, Wanted, write_csv
from bot.clock import SystemClock
from bot.exports import export_rows, print_export, write_json
from bot.listings import (
    LIST_FIELDS,
    describe_all,
    describe_lesson,
    find_lesson,
    find_lessons,
    open_reading,
    print_lesson,
    print_list,
)
from bot.settings import load_settings
from storage.store import Transaction

LOOK_BACK = timedelta(days=7)

EXAMPLES = """\
examples:
  hallpass lessons list                             from a week ago on
  hallpass lessons list --from 2026-11-23 --to 2026-11-23
  hallpass lessons show 3f2a9c81d0e4                an id, or how it ends
  hallpass lessons export --from 2026-11-01 --to 2026-11-30 --csv > november.csv

Days are days in each lesson's own zone, both included. All of this may run while the bot runs.
"""
EXPORT_TOLD = """\
Attendance for billing, one row for each participant and lesson, up to today unless told: planned and actual times (in
the lesson's zone, with its offset), attendance (present, absent, not known, uninvited), minutes, minutes late.
On a terminal a table with some of the columns, elsewhere CSV with all of them.
lesson_together_minutes (a leader and a learner present) and lesson_billable_minutes (the room service's own figure) are
the whole lesson's, on each of its rows: do not add them up over people.
"""


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """The parsers of `lessons`, with what does each."""
    raw = argparse.RawDescriptionHelpFormatter
    told = "what is stored: list, show one, export attendance for billing"
    lessons = commands.add_parser(
        "lessons", help=told, description=f"{told[0].upper()}{told[1:]}.", epilog=EXAMPLES, formatter_class=raw
    )
    kinds = lessons.add_subparsers(title="commands", metavar="command", required=True)
    listing = kinds.add_parser(
        "list", help="lessons by start", description="Lessons by start; from a week ago on, unless told."
    )
    listing.set_defaults(work=list_lessons)
    _add_days(listing)
    _add_forms(listing, "json", "csv")
    showing = kinds.add_parser("show", help="one lesson", description="One lesson: who, how far, what is still owed.")
    showing.set_defaults(work=show_lesson)
    showing.add_argument("lesson", metavar="id", help="a lesson's id, or how it ends")
    _add_forms(showing, "json")
    exporting = kinds.add_parser("export", help="attendance for billing", description=EXPORT_TOLD, formatter_class=raw)
    exporting.set_defaults(work=export_lessons)
    _add_days(exporting)
    whom = "by Slack id, or by name in full"
    exporting.add_argument("--leader", metavar="WHO", help=f"only lessons led by them, {whom}")
    exporting.add_argument("--participant", metavar="WHO", help=f"only their own rows, {whom}")
    _add_forms(exporting, "json", "csv")
    exporting.set_defaults(form=None)


def _add_days(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="first", type=_day, metavar="DAY", help="first day, like 2026-11-01")
    parser.add_argument("--to", dest="last", type=_day, metavar="DAY", help="last day, included")


def _add_forms(parser: argparse.ArgumentParser, *forms: str) -> None:
    parser.set_defaults(form="table")
    group = parser.add_mutually_exclusive_group()
    for form in forms:
        told = f"as {form.upper()}, everything there is, instead of a table"
        group.add_argument(f"--{form}", dest="form", action="store_const", const=form, help=told)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a day: write it like 2026-11-01") from None


def list_lessons(arguments: argparse.Namespace) -> int:
    """`hallpass lessons list`."""
    first = arguments.first
    if first is None and arguments.last is None:
        first = (SystemClock().now() - LOOK_BACK).astimezone().date()
    with _open() as tx:
        found = find_lessons(tx, Days(first=first, last=arguments.last))
        lessons = [tx.lessons.get_details(workspace.id, lesson.id) for workspace, lesson in found]
    if arguments.form == "table":
        print_list(Console(), lessons)
    elif arguments.form == "json":
        _print_json([describe_lesson(details) for details in lessons])
    else:
        write_csv(map(describe_lesson, lessons), sys.stdout, fields=LIST_FIELDS)
    return 0


def show_lesson(arguments: argparse.Namespace) -> int:
    """`hallpass lessons show`."""
    with _open() as tx:
        details = find_lesson(tx, arguments.lesson)
        if arguments.form == "json":
            _print_json(describe_all(tx, details))
        else:
            print_lesson(Console(), tx, details)
    return 0


def export_lessons(arguments: argparse.Namespace) -> int:
    """`hallpass lessons export`."""
    days = Days(first=arguments.first, last=arguments.last or SystemClock().now().astimezone().date())
    wanted = Wanted(days=days, leader=arguments.leader, participant=arguments.participant)
    form = arguments.form or ("table" if sys.stdout.isatty() else "csv")
    with _open() as tx:
        is_watched = sys.stderr.isatty() and not sys.stdout.isatty()
        rows = export_rows(tx, wanted, shows_progress=is_watched)
        if form == "table":
            print_export(Console(), rows)
        elif form == "json":
            write_json(rows, sys.stdout)
        else:
            write_csv(rows, sys.stdout)
    return 0


def _open() -> AbstractContextManager[Transaction]:
    return open_reading(load_settings(is_for_slack=False).database_path)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
