"""Join links that we judge ourselves: made without asking the room service, kept true to the lesson's times.

A link that goes by our page or by a press is only our word that somebody may come in; the room is asked when they do.
So it costs nothing to make, and where the lesson's times change it follows in the same transaction, and the same Join
goes on working. A provider's own link cannot follow: `windows.needs_new_link` says when that one has to be replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot import notices, windows
from bot.links import digest_of, new_token
from bot.rooms.base import Capabilities
from storage.records import Lesson, Link, LinkId, LinkWay, Participant, new_id
from storage.sealing import Sealer
from storage.store import Transaction


def build_link(lesson: Lesson, participant: Participant, *, way: LinkWay, device: int, now: datetime) -> Link:
    """A link of the participant's present number, for their window; what opens the room is not in it yet."""
    window = windows.window_of(lesson, participant)
    return Link(
        id=LinkId(new_id()),
        workspace_id=lesson.workspace_id,
        lesson_id=lesson.id,
        participant_id=participant.id,
        number=participant.link_number,
        device=device,
        way=way,
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        warns_at=windows.soft_expiry(lesson, participant),
        made_at=now,
    )


def issue(
    lesson: Lesson, participant: Participant, *, way: LinkWay, sealer: Sealer, now: datetime, device: int = 1
) -> Link:
    """A link of ours. One that goes by the page has a token; a press needs none, since Slack says who presses."""
    link = build_link(lesson, participant, way=way, device=device, now=now)
    if way is not LinkWay.PAGE:
        return link
    token = new_token()
    return replace(link, token_digest=digest_of(token), token_sealed=sealer.seal(token))


def fit_windows(
    tx: Transaction,
    lesson: Lesson,
    participants: Iterable[Participant],
    *,
    capabilities: Capabilities,
    now: datetime,
) -> None:
    """The lesson's times, or somebody's own window, have changed: these people's links of ours work by the new ones.

    Where a room has an end of its own, it is owed that this follows too.
    """
    participants = list(participants)
    if capabilities.room_ends and tx.lessons.get_room(lesson.workspace_id, lesson.room).room_id is not None:
        tx.notices.insert([notices.plan_keeping(lesson, windows.last_close(lesson, participants), now=now)])
    places = {participant.id: participant for participant in participants}
    for link in tx.lessons.list_links(lesson.workspace_id, lesson.id):
        participant = places.get(link.participant_id)
        if participant is None or link.way is LinkWay.DIRECT or link.revoked_at is not None:
            continue
        window = windows.window_of(lesson, participant)
        fitting = replace(
            link,
            opens_at=window.opens_at,
            closes_at=window.closes_at,
            warns_at=windows.soft_expiry(lesson, participant),
        )
        if fitting != link:
            tx.lessons.update_link(fitting)


def is_beyond_recall(link: Link, *, now: datetime) -> bool:
    """Does it open the room whatever we do? Only a provider's own link does, until its window closes."""
    return link.way is LinkWay.DIRECT and now < link.closes_at
