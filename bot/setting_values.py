"""Text from the environment into typed values. Pure; every refusal says what is wrong and how to mend it.

A refusal never repeats the text itself: it may be a secret in the wrong place.
What is allowed together, and what is missing, is `bot/settings.py`'s to say.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from ipaddress import ip_network
from typing import TypeVar
from urllib.parse import urlsplit

from bot.quiet import OFF, QuietHours
from bot.rooms.agora_rooms import REGIONS
from bot.rooms.base import Audience
from bot.rooms.lessonspace_launch import MORE_REPORTS, find_option_problems
from bot.rooms.options import NotOptions, list_names, list_secrets, read_options
from bot.watchers import Watchers
from storage.records import LinkWay

Choice = TypeVar("Choice", bound=StrEnum)

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:/\s*(s|m))?(?:\s+burst\s+(\d+))?")
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SLACK_ID = re.compile(r"[USW][A-Z0-9]{2,}")
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{2,}")


class Wrong(ValueError):
    """A value that cannot be used: `what` is wrong with it, and the `mend`. Neither holds the value."""

    def __init__(self, what: str, mend: str, *, others: tuple[Wrong, ...] = ()) -> None:
        """`others`: what else is wrong with the same value."""
        super().__init__(f"{what}; {mend}")
        self.what = what
        self.mend = mend
        self.others = others


class RoomServiceChoice(StrEnum):
    """A room service, by its name."""

    LESSONSPACE = "lessonspace"
    VIDESK = "videsk"
    AGORA_WHITEBOARD = "agora_whiteboard"
    LOOP = "loop"


@dataclass(frozen=True, kw_only=True)
class Listen:
    """Where the web server listens. Port 0: a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """So many a second, and how many at once after a quiet while."""

    per_second: float
    burst: int

    def __str__(self) -> str:
        return f"{self.per_second:g}/s burst {self.burst}"


class BookersRule(StrEnum):
    """Who may book lessons."""

    MEMBERS = "members"  # full members of the workspace, no guests
    EVERYONE = "everyone"  # guests too
    GROUPS = "groups"  # who is in one of the user groups


@dataclass(frozen=True, kw_only=True)
class Bookers:
    """Who may book lessons; `groups` holds Slack's ids of user groups where the rule is GROUPS."""

    rule: BookersRule
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ", ".join(self.groups) or self.rule.value


@dataclass(frozen=True, kw_only=True)
class LaunchOptions:
    """What every launch says beside a lesson's own matters, in the room service's words. Shown without its values."""

    values: Mapping[str, object] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return ", ".join(list_names(self.values)) or "not set"

    def list_secrets(self) -> list[str]:
        return list_secrets(self.values)


def parse_duration(text: str, *, lowest: timedelta, highest: timedelta) -> timedelta:
    """`10m`, `24h`, `90s`, `1h30m`, `2d`."""
    mend = "write it like 10m, 24h, 90s or 1h30m"
    compact = "".join(text.lower().split())
    if re.fullmatch(r"\d+(\.\d+)?", compact):
        raise Wrong("is a number without a unit", mend)
    if not compact or not re.fullmatch(rf"(?:{_DURATION.pattern})+", compact):
        raise Wrong("is not a duration", mend)
    units = [unit for _, unit in _DURATION.findall(compact)]
    if units != sorted(set(units), key="dhms".index):
        raise Wrong("names a unit twice or out of order", mend)
    seconds = sum(float(count) * UNITS[unit] for count, unit in _DURATION.findall(compact))
    if not lowest.total_seconds() <= seconds <= highest.total_seconds():
        raise Wrong("is out of range", f"use {show_duration(lowest)} to {show_duration(highest)}")
    return timedelta(seconds=seconds)


def show_duration(duration: timedelta) -> str:
    """As `parse_duration` reads it: `1h30m`, `0s`."""
    left = duration.total_seconds()
    parts = []
    for unit in ("h", "m"):
        count, left = divmod(left, UNITS[unit])
        if count:
            parts.append(f"{count:g}{unit}")
    if left or not parts:
        parts.append(f"{left:g}s")
    return "".join(parts)


def parse_quiet_hours(text: str) -> QuietHours:
    """`21:30-07:00`, or `off`."""
    compact = "".join(text.lower().split())
    if compact == "off":
        return OFF
    found = _HOURS.fullmatch(compact)
    mend = "write it like 21:30-07:00, or off"
    if not found:
        raise Wrong("is not two times of day", mend)
    start, end = (time(int(found[hour]), int(found[hour + 1])) for hour in (1, 3))
    if start == end:
        raise Wrong("begins and ends at the same time", mend)
    return QuietHours(start=start, end=end)


def parse_rate(text: str) -> Rate:
    """`5/s burst 30`, `5/s`, `300/m`, `5`. A burst that is not said is one second's worth."""
    found = _RATE.fullmatch(text.strip().lower())
    if not found or float(found[1]) <= 0 or found[3] == "0":
        raise Wrong("is not a rate", "write it like 5/s, 300/m or 5/s burst 30, all above 0")
    per_second = float(found[1]) / (60 if found[2] == "m" else 1)
    return Rate(per_second=per_second, burst=int(found[3]) if found[3] else max(1, math.ceil(per_second)))


def parse_limit(text: str) -> Rate | None:
    """A rate, or `unlimited` (None)."""
    return None if text.strip().lower() == "unlimited" else parse_rate(text)


def parse_count(text: str, *, lowest: int, highest: int) -> int:
    """A whole number."""
    if not re.fullmatch(r"\d{1,9}", text.strip()) or not lowest <= int(text) <= highest:
        raise Wrong("is not a whole number in range", f"use {lowest} to {highest}")
    return int(text)


def parse_switch(text: str) -> bool:
    """`on` or `off`, and the usual other words for them."""
    word = text.strip().lower()
    if word in {"on", "true", "yes", "1"}:
        return True
    if word in {"off", "false", "no", "0"}:
        return False
    raise Wrong("is neither on nor off", "write on or off")


def parse_url(text: str) -> str:
    """An address, with its final slash: https, or http on this machine."""
    mend = "write the whole address, like https://example.org/; http only for 127.0.0.1, localhost or [::1]"
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Wrong("is not an address", mend) from None
    if not host or parts.scheme not in {"http", "https"} or any(letter.isspace() for letter in text.strip()):
        raise Wrong("is not an address", mend)
    if parts.scheme == "http" and host not in LOOPBACK:
        raise Wrong("is not encrypted (http)", "use https; http only for 127.0.0.1, localhost or [::1]")
    if parts.username is not None or parts.query or parts.fragment:
        raise Wrong("has a user, a query or a fragment", "leave out everything before the host and after the path")
    return text.strip().rstrip("/") + "/"


def parse_script_url(text: str) -> str:
    """The address of one file, without a slash at its end: https, or http on this machine."""
    return parse_url(text).removesuffix("/")


def parse_listen(text: str) -> Listen:
    """`host:port`; port 0 is a free one."""
    mend = "write host:port, like 127.0.0.1:8710 (port 0: a free one)"
    host, colon, port = text.strip().rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not host or not re.fullmatch(r"\d{1,5}", port) or int(port) > 65535 or "/" in host:
        raise Wrong("is not host:port", mend)
    return Listen(host=host, port=int(port))


def parse_database(text: str) -> str:
    """`sqlite:///path`."""
    text = text.strip()
    if text.startswith(("postgresql:", "postgres:")):
        raise Wrong(
            "is a PostgreSQL address, which comes with support for several replicas", "use sqlite:///hallpass.db"
        )
    path = text.removeprefix("sqlite:///")
    if path == text or not path.strip("/"):
        raise Wrong(
            "is not an SQLite address", "write sqlite:///hallpass.db, with four slashes for a path from the root"
        )
    if path == ":memory:" or "?" in path:
        raise Wrong("is not a file", "name a file, since lessons must outlive a restart: sqlite:///hallpass.db")
    return text


def parse_links(text: str) -> LinkWay:
    return _parse_choice(LinkWay, text.strip().lower())


def parse_room_service(text: str, *, installed: Collection[str] = ()) -> str:
    """A room service's name: one of Hallpass's own, or one of those `installed` beside it."""
    name = text.strip().lower()
    if name in installed:
        return name
    try:
        return RoomServiceChoice(name).value
    except ValueError:
        also = f"; installed here: {', '.join(installed)}" if installed else ""
        raise Wrong("is not one of the choices", f"use {', '.join(RoomServiceChoice)}{also}") from None


def parse_room_services(text: str, *, installed: Collection[str] = ()) -> tuple[str, ...]:
    """Names, comma-separated, in the order in which they are offered."""
    parts = (part for part in text.split(",") if part.strip())
    return tuple(dict.fromkeys(parse_room_service(part, installed=installed) for part in parts))


def _parse_choice(kind: type[Choice], word: str) -> Choice:
    try:
        return kind(word)
    except ValueError:
        raise Wrong("is not one of the choices", f"use {' or '.join(kind)}") from None


def parse_ids(text: str, *, starts: str = "SUW") -> tuple[str, ...]:
    """Slack's ids, comma-separated; which kinds, by their first letter. Empty: none."""
    ids = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(_SLACK_ID.fullmatch(part) and part[0] in starts for part in ids):
        kinds = "ids of user groups (S…)" if starts == "S" else "ids of people (U… or W…) or of user groups (S…)"
        raise Wrong("holds something that is no such id", f"list {kinds}, separated by commas")
    return tuple(dict.fromkeys(ids))


def parse_proxies(text: str) -> tuple[str, ...]:
    """Addresses and networks of proxies, comma-separated; `none`: there are none."""
    if text.strip().lower() == "none":
        return ()
    proxies = tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return tuple(str(ip_network(proxy)).removesuffix("/32").removesuffix("/128") for proxy in proxies)
    except ValueError:
        mend = "list addresses like 10.0.0.1 or networks like 10.0.0.0/8, separated by commas, or write none"
        raise Wrong("holds something that is no address and no network", mend) from None


def parse_watchers(text: str) -> Watchers:
    return _parse_choice(Watchers, text.strip().lower())


def parse_audiences(text: str) -> tuple[Audience, ...]:
    """Who may open a recording, in the provider's words, comma-separated. Empty: as the organisation has it."""
    words = dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip())
    try:
        return tuple(Audience(word) for word in words)
    except ValueError:
        mend = f"list some of {', '.join(Audience)}, separated by commas"
        raise Wrong("names an audience that there is not", mend) from None


def parse_launch_options(text: str) -> LaunchOptions:
    """JSON; everything that is wrong with it at once, by its path."""
    mend = "correct it, or leave it out; the README's table of launch options has them all"
    try:
        values = read_options(text)
    except NotOptions as error:
        raise Wrong(str(error), 'write it like {"locale": "fr", "learner": {"features": {"chat": false}}}') from None
    problems = [Wrong(f"{path} {problem}", mend) for path, problem in find_option_problems(values).items()]
    if problems:
        raise Wrong(problems[0].what, mend, others=tuple(problems[1:]))
    return LaunchOptions(values=values)


def parse_reports(text: str) -> tuple[str, ...]:
    """Kinds of reports beyond those that a lesson needs, in the service's words, comma-separated."""
    names = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if set(names) - MORE_REPORTS.keys():
        raise Wrong("names a report that there is not", f"list some of {', '.join(MORE_REPORTS)}, separated by commas")
    return names


def parse_channel(text: str) -> str:
    """Slack's id of one channel."""
    channel_id = text.strip()
    if not _CHANNEL_ID.fullmatch(channel_id):
        raise Wrong("is no id of a channel", "use the id (C…) at the foot of the channel's details in Slack")
    return channel_id


def parse_bookers(text: str) -> Bookers:
    """`members`, `everyone`, or ids of user groups."""
    word = text.strip().lower()
    if word in {BookersRule.MEMBERS, BookersRule.EVERYONE}:
        return Bookers(rule=BookersRule(word))
    try:
        groups = parse_ids(text, starts="S")
    except Wrong:
        groups = ()
    if not groups:
        raise Wrong("names nobody", "use members, everyone, or ids of user groups (S…) separated by commas")
    return Bookers(rule=BookersRule.GROUPS, groups=groups)


def parse_bot_token(text: str) -> str:
    return _parse_token(
        text, good=("xoxb-", "xoxe.xoxb-"), mend="use the Bot User OAuth Token (xoxb-…) from OAuth & Permissions"
    )


def parse_app_token(text: str) -> str:
    return _parse_token(text, good=("xapp-",), mend="use an app-level token (xapp-…) from Basic Information")


def parse_signing_secret(text: str) -> str:
    mend = "use the Signing Secret from Basic Information"
    if _name_token(text) is not None:
        raise Wrong(f"is {_name_token(text)}", mend)
    return _parse_printable(text, mend=mend)


def parse_plain_secret(text: str) -> str:
    return _parse_printable(text, mend="copy it again, in one line")


def _parse_token(text: str, *, good: tuple[str, ...], mend: str) -> str:
    token = _parse_printable(text, mend=mend)
    if not token.startswith(good):
        raise Wrong(f"is {_name_token(token) or 'no Slack token'}", mend)
    return token


def _name_token(text: str) -> str | None:
    names = {
        "xoxb-": "a bot token",
        "xoxe.xoxb-": "a bot token",
        "xoxp-": "a user token",
        "xoxe.xoxp-": "a user token",
        "xoxe-": "a refresh token",
        "xapp-": "an app-level token",
        "xoxa-": "a token of an old kind",
    }
    return next((name for prefix, name in names.items() if text.strip().startswith(prefix)), None)


def _parse_printable(text: str, *, mend: str) -> str:
    text = text.strip()
    if not text or not re.fullmatch(r"[!-~]+", text):
        raise Wrong("has spaces or letters that no key has", mend)
    return text


def parse_room_key(text: str) -> str:
    """A key of Lessonspace's. It is usually a UUID, but only their official plugin says so: see `is_usual_key`."""
    mend = "copy the bare key from the organisation's settings, API section"
    if " " in text.strip():
        raise Wrong("holds more than the key (it goes without the word Organisation)", mend)
    return _parse_printable(text, mend=mend).strip()


def parse_bearer(text: str) -> str:
    """A token that goes with each request as it is."""
    mend = "copy the bare token, in one piece and without the word Bearer"
    return _parse_printable(text, mend=mend)


def parse_agora_key(text: str) -> str:
    return _parse_printable(text, mend="copy it again from the whiteboard project in Agora's console, in one line")


def parse_agora_region(text: str) -> str:
    """One of the data centres that rooms can be in."""
    region = text.strip().lower()
    if region not in REGIONS:
        raise Wrong("is no region of Agora's whiteboard", f"use {', '.join(REGIONS)}")
    return region


def is_usual_key(key: str) -> bool:
    """Whether it looks as Lessonspace's keys do."""
    return _UUID.fullmatch(key) is not None


def parse_encryption_keys(text: str) -> tuple[str, ...]:
    """Fernet keys, comma-separated, newest first: 32 bytes each, in URL-safe base64 (44 characters)."""
    keys = tuple(part.strip() for part in text.split(",") if part.strip())
    if not keys or not all(_is_fernet_key(key) for key in keys):
        raise Wrong("holds something that is no encryption key", "make one with `hallpass keys new`; newest first")
    return keys


def _is_fernet_key(key: str) -> bool:
    try:
        return len(key) == 44 and len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def of_text(parse: Callable[[str], object]) -> Callable[[object], object]:
    """A validator that parses text and lets values that are typed already pass."""
    return lambda value: parse(value) if isinstance(value, str) else value
