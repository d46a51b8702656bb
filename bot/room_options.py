"""What can be asked of `hallpass room`'s lists, as it is typed: the provider's own filters under words for people.

A day alone means all of it, on this machine's clock: `--since` from its beginning, `--until` to its end.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from bot.rooms.lessonspace_lists import SessionFilters, SpaceFilters, UserFilters

ROLES = ("teacher", "student", "admin")
"""In Lessonspace's words."""


def add_session_filters(parser: argparse.ArgumentParser) -> None:
    """For `build_session_filters`."""
    _add_search(parser, "part of the name, or a session's or room's id")
    _add_moments(parser, "started after this", "started before this")
    _add_moments(parser, "ended after this", "ended before this", "ended-")
    _add_moments(parser, "made after this", "made before this", "made-")
    for bound in ("min", "max"):
        told = f"{'at least' if bound == 'min' else 'at most'} so long"
        parser.add_argument(f"--{bound}-minutes", type=_minutes, metavar="N", help=told)
    parser.add_argument("--live", action="store_true", help="only what runs now")
    parser.add_argument(
        "--with-solo", action="store_true", default=True, help="also those of one person alone, as by default"
    )
    parser.add_argument("--no-solo", dest="with_solo", action="store_false", help="only those of two or more people")
    _add_ids(parser, "--user", "in which this user was, by Lessonspace's id; given again: or this one")
    _add_ids(parser, "--space", "in this room, by its id; given again: or that one")
    parser.add_argument("--launch-id", metavar="ID", help="in the room that we call so, in full")
    parser.add_argument("--person", metavar="ID", help="in which somebody was whom our links call so, in full")
    parser.add_argument("--name", metavar="TEXT", help="in which somebody was whose name has this in it")
    told = "that has this tag, of any value if none is given; given again: and that one"
    parser.add_argument("--tag", type=_tag, action="append", default=[], metavar="K=V", help=told)
    _add_extent(parser)


def build_session_filters(arguments: argparse.Namespace) -> SessionFilters:
    """As the provider calls them."""
    return SessionFilters(
        search=arguments.search,
        page=arguments.page,
        include_single_user=arguments.with_solo,
        in_progress_only=arguments.live,
        duration_min=arguments.min_minutes,
        duration_max=arguments.max_minutes,
        start_time_after=arguments.since,
        start_time_before=arguments.until,
        end_time_after=arguments.ended_since,
        end_time_before=arguments.ended_until,
        date_after=arguments.made_since,
        date_before=arguments.made_until,
        user=tuple(arguments.user),
        space=tuple(arguments.space),
        launch_id=arguments.launch_id,
        tags=dict(arguments.tag),
        user_external_id=arguments.person,
        user_name=arguments.name,
    )


def add_space_filters(parser: argparse.ArgumentParser) -> None:
    """For `build_space_filters`."""
    _add_search(parser, "part of the name")
    _add_moments(parser, "with a session that ended after this", "with a session that began before this")
    _add_ids(parser, "--session", "in which this session was; given again: or that one")
    _add_ids(parser, "--user", "in which this user was, by Lessonspace's id; given again: or that one")
    _add_ids(parser, "--assigned-to", "that is assigned to this user, by Lessonspace's id; given again: or that one")
    parser.add_argument("--tag", type=_whole_tag, metavar="K=V", help="that has this tag")
    _add_extent(parser)


def build_space_filters(arguments: argparse.Namespace) -> SpaceFilters:
    """As the provider calls them."""
    key, value = arguments.tag or (None, None)
    return SpaceFilters(
        search=arguments.search,
        page=arguments.page,
        session=tuple(arguments.session),
        tag_key=key,
        tag_value=value,
        user=tuple(arguments.user),
        assigned_to=tuple(arguments.assigned_to),
        date_after=arguments.since,
        date_before=arguments.until,
    )


def add_user_filters(parser: argparse.ArgumentParser) -> None:
    """For `build_user_filters`."""
    _add_search(parser, "part of what they are called")
    told = "only these; given again: and those"
    parser.add_argument("--role", action="append", default=[], choices=ROLES, help=told)
    _add_ids(parser, "--space", "who was in this room, by its id; given again: or in that one")
    _add_ids(parser, "--session", "who was in this session; given again: or in that one")
    _add_extent(parser)


def build_user_filters(arguments: argparse.Namespace) -> UserFilters:
    """As the provider calls them."""
    return UserFilters(
        search=arguments.search,
        page=arguments.page,
        role=tuple(arguments.role),
        space=tuple(arguments.space),
        session=tuple(arguments.session),
    )


def _add_search(parser: argparse.ArgumentParser, told: str) -> None:
    parser.add_argument("--search", metavar="TEXT", help=told)


def _add_moments(parser: argparse.ArgumentParser, after: str, before: str, prefix: str = "") -> None:
    form = "a day, like 2026-11-01, or a time, like 2026-11-01T16:00"
    parser.add_argument(f"--{prefix}since", type=parse_since, metavar="WHEN", help=f"{after}: {form}")
    parser.add_argument(f"--{prefix}until", type=parse_until, metavar="WHEN", help=f"{before}; of a day, its end")


def _add_ids(parser: argparse.ArgumentParser, name: str, told: str) -> None:
    parser.add_argument(name, action="append", default=[], metavar="ID", help=told)


def _add_extent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=_count, metavar="N", help="no more than so many")
    parser.add_argument("--page", type=_count, metavar="N", help="begin with this page of Lessonspace's list")


def parse_since(text: str) -> datetime:
    """The moment, or the day's beginning."""
    return _parse_moment(text, lambda day: day)


def parse_until(text: str) -> datetime:
    """The moment, or the day's end."""
    return _parse_moment(text, lambda day: day + timedelta(days=1))


def _parse_moment(text: str, choose: Callable[[date], date]) -> datetime:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return datetime.combine(choose(date.fromisoformat(text)), time.min).astimezone(UTC)
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        form = "write it like 2026-11-01, or 2026-11-01T16:00"
        raise argparse.ArgumentTypeError(f"{text} is not a day or time: {form}") from None


def _minutes(text: str) -> timedelta:
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text} is not a number of minutes: write it like 5 or 0.5")
    return timedelta(minutes=float(text))


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)


def _tag(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"{text} is not a tag: write it like subject=algebra")
    return name, value


def _whole_tag(text: str) -> tuple[str, str]:
    name, value = _tag(text)
    if not value:
        raise argparse.ArgumentTypeError(f"{text} has no value: write it like subject=algebra")
    return name, value
