"""What can be proved of a school after a lesson: whose links people saw, what came twice, what lies open on the disk.

Each proof reads what is there and returns what is wrong, in words without a secret; nothing wrong is an empty list.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from bot.assembly import key_file_of
from bot.links import digest_of
from bot.rooms.base import Capabilities
from bot.sandbox.lessonspace.organisation import LaunchRecord
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.conversations import ConversationKind
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.people import UserKind

FULL_TABLES: Mapping[str, Callable[[Capabilities], bool]] = {
    "attendance": lambda can: True,
    "cards": lambda can: True,
    "deliveries": lambda can: can.webhooks,
    "held_sessions": lambda can: can.attendance,
    "lessons": lambda can: True,
    "notices": lambda can: True,
    "participants": lambda can: True,
    "people": lambda can: True,
    "transcript_lines": lambda can: can.transcript,
}
"""Tables that hold something after any lesson, where the room service can do this."""
_JOIN_PAGE = re.compile(r"/join/([A-Za-z0-9_-]{32})")
ASKED = ("sessions", "space_sessions")
"""The calls that tell who is where."""


def count_asked(school: School) -> int:
    """How often the bot has asked the room service who is where."""
    return sum(1 for asked in school.lessonspace.asked if asked.name in ASKED)


def count_reported(school: School) -> int:
    """How often rooms have set out to report something by themselves."""
    return len(school.lessonspace.webhooks.deliveries)


def find_strange_links(school: School, actors: Iterable[Actor]) -> list[str]:
    """Who could see a link that is not their own, also in what a message said earlier; who never saw any."""
    actors = list(actors)
    owners = {_token_of(launch): str(launch.user.get("name")) for launch in school.lessonspace.launches}
    owners |= _find_page_owners(school, actors)
    wrong = []
    for actor in actors:
        seen = {token for text in _list_texts(school, actor) for token in owners if token in text}
        strange = sorted({owners[token] for token in seen} - {actor.user.real_name})
        wrong += [f"{actor.user.real_name} saw a link of {name}" for name in strange]
        if not seen and actor.user.real_name in owners.values():
            wrong.append(f"{actor.user.real_name} never saw a link")
    return wrong


def find_repeated(school: School) -> list[str]:
    """Messages that arrived twice: the same notice, or the same words to the same place."""
    notices: Counter[str] = Counter()
    words: Counter[tuple[str, str]] = Counter()
    for place in school.slack.workspace.conversations.values():
        for message in place.messages:
            notices[_notice_of(message)] += 1
            words[place.id, message.revisions[0].text] += 1
    repeated = [f"the notice {notice} arrived {count} times" for notice, count in notices.items() if count > 1]
    for (place_id, text), count in words.items():
        if count > 1:
            repeated.append(f"in {_name_place(school, place_id)}, “{text}” arrived {count} times")
    return repeated


def find_clear_text(school: School, handed: Iterable[str] = ()) -> list[str]:
    """Files in the school's folder in which a link, a token or a key can be read; the key's own file may hold it.

    So also the key in a room's address for reports, and what opens a recording or a transcript. `handed`: what browsers
    were given to open rooms with.
    """
    key_file = key_file_of(school.load_settings())
    found = (*_list_secrets(school, key_file), *handed)
    secrets = {form.encode() for secret in found for form in (secret, quote(secret, safe=""))}
    files = [path for path in sorted(school.folder.rglob("*")) if path.is_file() and path != key_file]
    wrong = []
    for path in files:
        content = path.read_bytes()
        if any(secret in content for secret in secrets):
            wrong.append(f"a secret can be read in {path.name}")
    return wrong


def count_rows(database: Path) -> dict[str, int]:
    """Every table of the database with its rows, by name; what a person sees who opens the file."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = [
            name for (name,) in connection.execute("select name from sqlite_master where type = 'table' order by 1")
        ]
        return {name: connection.execute(f'select count(*) from "{name}"').fetchone()[0] for name in names}


def list_empty_tables(tables: Mapping[str, int], can: Capabilities) -> list[str]:
    """Of all tables with their rows, those that should hold something where the room service can do this."""
    return [name for name, is_filled in FULL_TABLES.items() if is_filled(can) and not tables.get(name)]


def _find_page_owners(school: School, actors: Iterable[Actor]) -> dict[str, str]:
    """Whose each link to a page of ours is that anybody was ever shown, as the database knows its digest."""
    shown = _find_page_tokens(school, actors)
    if not shown:
        return {}
    owner_of = (
        "select people.name from links join participants on participants.id = links.participant_id "
        "join people on people.id = participants.person_id where links.token_digest = ?"
    )
    with closing(sqlite3.connect(f"file:{school.database_path}?mode=ro", uri=True)) as connection:
        found = {token: connection.execute(owner_of, (digest_of(token),)).fetchone() for token in shown}
    return {token: row[0] if row else "nobody" for token, row in found.items()}


def _find_page_tokens(school: School, actors: Iterable[Actor]) -> set[str]:
    return {token for actor in actors for text in _list_texts(school, actor) for token in _JOIN_PAGE.findall(text)}


def _list_texts(school: School, actor: Actor) -> Iterator[str]:
    """Everything that was ever shown to somebody, as it was sent."""
    for place in school.slack.workspace.conversations.values():
        mine = [message for message in place.ephemeral if message.ephemeral_to == actor.user.id]
        common = place.messages if actor.user.id in place.members else []
        for message in (*common, *mine):
            yield json.dumps(message.metadata)
            for revision in message.revisions:
                yield revision.text + json.dumps(revision.blocks)
    for view in (*actor.stack, *([actor.home] if actor.home else [])):
        yield json.dumps(view.given)


def _name_place(school: School, place_id: str) -> str:
    """A channel's name, or whose direct messages these are."""
    workspace = school.slack.workspace
    place = workspace.conversations[place_id]
    if place.kind is not ConversationKind.DIRECT:
        return f"#{place.name}"
    people = (workspace.users[user_id] for user_id in place.members if user_id in workspace.users)
    return ", ".join(sorted(user.real_name for user in people if user.kind is not UserKind.BOT)) + "'s direct messages"


def _notice_of(message: Message) -> str:
    """What a message announces; its own ts where it says nothing of it."""
    payload = (message.metadata or {}).get("event_payload", {})
    return str(payload.get("notice_id", message.ts))


def _token_of(launch: LaunchRecord) -> str:
    return parse_qs(urlsplit(launch.url).query)["user"][0]


def _list_secrets(school: School, key_file: Path) -> Iterator[str]:
    yield f"{school.lessonspace.origin}/join"  # any link at all
    people = [user for user in school.slack.workspace.users.values() if user.kind is not UserKind.BOT]
    yield from _find_page_tokens(school, map(school.slack.as_user, people))
    for launch in school.lessonspace.launches:
        yield _token_of(launch)
        yield launch.secret
        for events in launch.body.get("webhooks", {}).values():
            yield from (address.rpartition("/")[2] for address in events.values())
    yield from school.lessonspace.handouts.list_tokens()
    yield from school.load_settings().list_secrets()
    if key_file.is_file():
        yield from key_file.read_text().split()
