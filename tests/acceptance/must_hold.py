"""What must hold after any afternoon (`afternoon.py`), each looked up where it would show, and told in its own words.

None of it asks the bot's own rules whether a message is wanted: they are what is on trial.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot import windows
from bot.moves import read_move
from bot.notices import says_not_coming
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from storage.records import (
    AuditEntry,
    Card,
    CardKind,
    LessonDetails,
    LessonState,
    Link,
    Notice,
    NoticeKind,
    NoticeState,
    Reply,
    Seat,
)
from storage.store import Transaction
from tests.acceptance import telling
from tests.acceptance.afternoon import Afternoon, Sight

OWED = (NoticeState.WAITING, NoticeState.CLAIMED, NoticeState.BEGUN)
WORDS_AFTER_CANCELLING = {NoticeKind.CANCELLED, NoticeKind.ERASE_SECRETS, NoticeKind.REMOVED}
NEW_LINKS = 5
"""So many by one person in one lesson; then their leader has to help."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """One lesson with everything that was stored about it."""

    details: LessonDetails
    owed: list[Notice]
    links: list[Link]
    cards: list[Card]
    audit: list[AuditEntry]

    @property
    def title(self) -> str:
        return self.details.lesson.title


async def read_stories(school: School) -> list[Story]:
    """Every lesson's."""

    def read(tx: Transaction) -> list[Story]:
        return [
            Story(
                details=tx.lessons.get_details(workspace.id, lesson.id),
                owed=tx.notices.list_for_lesson(workspace.id, lesson.id),
                links=tx.lessons.list_links(workspace.id, lesson.id),
                cards=tx.cards.list_for_lesson(workspace.id, lesson.id),
                audit=tx.audit.list_for_lesson(workspace.id, lesson.id),
            )
            for workspace in tx.workspaces.list_all()
            for lesson in tx.lessons.list_between(workspace.id)
        ]

    assert school.hallpass is not None
    return await school.hallpass.store.read(read)


async def check_at_rest(afternoon: Afternoon) -> None:
    """While lessons are still on: everything that was due was sent, and time stands still."""
    school, stories = afternoon.school, await read_stories(afternoon.school)
    check_own_links_only(school, afternoon.people)
    check_nothing_twice(school, stories)
    for story in stories:
        check_facts(story, afternoon.sights)
        check_links(story, afternoon.with_devices, now=school.clock.now())
        check_cards(school, story)
        check_silence_after_cancelling(story)
    for story in stories:
        await check_everybody_gets_in(afternoon, story)


async def check_afterwards(afternoon: Afternoon) -> None:
    """When everything is over."""
    school, stories = afternoon.school, await read_stories(afternoon.school)
    check_own_links_only(school, afternoon.people)
    check_nothing_twice(school, stories)
    for story in stories:
        assert not story.details.lesson.is_open, (story.title, story.details.lesson.state)
        check_facts(story, afternoon.sights)
        check_cards(school, story)
        check_silence_after_cancelling(story)
        check_summaries(school, story)
        check_nothing_is_owed(story)


def list_posted(school: School) -> list[Message]:
    """Every message of the bot, wherever."""
    return [message for place in school.slack.workspace.conversations.values() for message in place.messages]


def check_own_links_only(school: School, people: dict[str, Actor]) -> None:
    """What somebody could read at any time, privately or not, held only links that were made for them."""
    for name, actor in people.items():
        shown = "".join(_list_texts(school, actor))
        others = [launch for launch in school.lessonspace.launches if launch.user["name"] != name]
        assert not [launch.user["name"] for launch in others if launch.url in shown], name


def _list_texts(school: School, actor: Actor) -> Iterator[str]:
    for place in school.slack.workspace.conversations.values():
        common = place.messages if actor.user.id in place.members else []
        mine = [message for message in place.ephemeral if message.ephemeral_to == actor.user.id]
        for message in (*common, *mine):
            yield from (revision.text + str(revision.blocks) for revision in message.revisions)
    yield from (str(view.given) for view in (*actor.stack, *([actor.home] if actor.home else [])))


def check_nothing_twice(school: School, stories: Iterable[Story]) -> None:
    """Each notice is in at most one message, and nobody was told one fact of one lesson by two."""
    ids = Counter(one.metadata["event_payload"]["notice_id"] for one in list_posted(school) if one.metadata)
    assert not [notice_id for notice_id, count in ids.items() if count > 1]
    for story in stories:
        told = Counter(_fact_of(one) for one in story.owed if one.id in ids)
        assert not [(story.title, fact) for fact, count in told.items() if count > 1]


def _fact_of(notice: Notice) -> tuple[object, ...]:
    """What is announced to whom. A way in is a fact of a place in the lesson; everything else of the lesson itself."""
    is_of_place = notice.kind in PLACE_KINDS or notice.occasion.startswith("link:")
    who = notice.person_id or notice.channel_id
    return (notice.kind, who, notice.occasion, notice.about if is_of_place else None)


PLACE_KINDS = {
    *(NoticeKind.INVITATION, NoticeKind.JOIN_LINK, NoticeKind.REMOVED, NoticeKind.RESENT),
    NoticeKind.REPLY,  # about somebody else's place
}


def check_facts(story: Story, sights: list[Sight]) -> None:
    """What a message said was so when it was begun, or became so, or was just so: between two looks nobody knows."""
    for notice in story.owed:
        if notice.state is not NoticeState.SENT or notice.begun_at is None:
            continue
        seen = [
            sight.lessons[notice.lesson_id] for sight in _around(sights, notice) if notice.lesson_id in sight.lessons
        ]
        assert any(_is_so(notice, details) for details in seen), (story.title, notice, [one.lesson for one in seen])


def _around(sights: list[Sight], notice: Notice) -> list[Sight]:
    """The last look before it was begun, the first after it, and what is between."""
    begun_at = notice.begun_at
    assert begun_at is not None
    before = [number for number, sight in enumerate(sights) if sight.until <= begun_at]
    after = [number for number, sight in enumerate(sights) if sight.since >= begun_at]
    first, last = (before[-1] if before else 0), (after[0] if after else len(sights) - 1)
    return sights[first : last + 1]


def _is_so(notice: Notice, details: LessonDetails) -> bool:
    """Is what the notice announces true of the lesson as it is there?"""
    lesson, seat = details.lesson, _find_seat(notice, details)
    match notice.kind:
        case NoticeKind.CANCELLED:
            return lesson.state is LessonState.CANCELLED
        case NoticeKind.SUMMARY:
            return lesson.state is LessonState.ENDED
        case NoticeKind.NOT_REACHED:
            return lesson.state is not LessonState.CANCELLED
        case NoticeKind.REMOVED:
            return notice.person_id is not None and details.find_removed(notice.person_id) is not None
    if not lesson.is_open or (notice.about is not None and seat is None):
        return False
    match notice.kind:
        case NoticeKind.START_REMINDER | NoticeKind.LATE_NUDGE:
            is_coming = seat is not None and seat.participant.reply is not Reply.NOT_COMING
            return is_coming and notice.occasion == _stamp(lesson.starts_at)
        case NoticeKind.END_WARNING:
            warns_at = windows.warns_at(lesson)
            leads = notice.person_id in {None, *(leader.person.id for leader in details.leaders)}
            return leads and not lesson.is_let_end and warns_at is not None and notice.occasion == _stamp(warns_at)
        case NoticeKind.JOIN_LINK:
            return seat is not None and notice.occasion == f"link:{seat.participant.link_number}"
        case NoticeKind.MOVED:
            move = read_move(notice.occasion)
            if move is None:
                return seat is not None and notice.occasion == f"link:{seat.participant.link_number}"
            return move.starts_at == lesson.starts_at.replace(microsecond=0)
        case NoticeKind.REPLY:
            return seat is not None and says_not_coming(notice) is (seat.participant.reply is Reply.NOT_COMING)
    return True


def _find_seat(notice: Notice, details: LessonDetails) -> Seat | None:
    return next((seat for seat in details.seats if seat.participant.id == notice.about), None)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def check_links(story: Story, with_devices: set[str], *, now: datetime) -> None:
    """One link for everybody in a lesson that is on; a further one only by *Another device*, or until it runs out.

    An older link may still work after an extension, but never as long as the lesson now does; a removed person's never.
    """
    details = story.details
    if not details.lesson.is_open:
        return
    good = [link for link in story.links if link.revoked_at is None and link.closes_at > now]
    seats = {seat.participant.id: seat for seat in details.seats}
    assert not [link for link in good if link.participant_id not in seats], (story.title, "removed, with a link")
    for seat in details.seats:
        closes_at = windows.window_of(details.lesson, seat.participant).closes_at
        own = [link for link in good if link.participant_id == seat.participant.id and link.closes_at >= closes_at]
        first = [link for link in own if link.device == 1]
        assert len(first) <= 1, (story.title, seat.person.name, first)
        assert own == first or seat.person.name in with_devices, (story.title, seat.person.name, own)
        assert all(link.number == seat.participant.link_number for link in own), (story.title, seat.person.name)


def check_cards(school: School, story: Story) -> None:
    """In a lesson that is on everybody has one card, and all their Joins are one link; after it there is no Join."""
    details, posted = story.details, list_posted(school)
    about = [message for message in posted if details.lesson.id in str(message.blocks)]
    if not details.lesson.is_open:
        assert not [one.text for one in about if telling.find_url(one)], story.title
    places = {(message.channel_id, message.ts) for message in posted}
    own = Counter(
        one.person_id
        for one in story.cards
        if one.kind in (CardKind.PARTICIPANT, CardKind.LEADER) and (one.conversation, one.ts) in places
    )
    for seat in details.seats if details.lesson.is_open else ():
        places_had = 1 + _count_removals(story, seat)
        assert 1 <= own[seat.person.id] <= places_had, (story.title, seat.person.name, own[seat.person.id])
        assert seat.card is not None, (story.title, seat.person.name)
        urls = {telling.find_url(one) for one in about if one.channel_id == seat.card.conversation} - {None}
        assert len(urls) <= 1, (story.title, seat.person.name, len(urls))


def _count_removals(story: Story, seat: Seat) -> int:
    """How often somebody was taken out, and so came back to another card."""
    abouts = {notice.about for notice in story.owed if notice.person_id == seat.person.id and notice.about is not None}
    return len(abouts - {seat.participant.id})


def check_silence_after_cancelling(story: Story) -> None:
    """After cancelling nothing is begun but the word of it, once each."""
    cancelled_at = story.details.lesson.cancelled_at
    if cancelled_at is None:
        return
    sent = [one for one in story.owed if one.state is NoticeState.SENT and one.sent_at]
    late = {one.kind for one in sent if one.sent_at and one.sent_at > cancelled_at and one.begun_at is None}
    assert late <= WORDS_AFTER_CANCELLING, (story.title, late)
    told = Counter(one.person_id for one in sent if one.kind is NoticeKind.CANCELLED)
    assert all(count == 1 for count in told.values()), story.title
    waiting = {one.kind for one in story.owed if one.state in OWED and one.created_at < cancelled_at}
    assert not waiting, (story.title, waiting)


async def check_everybody_gets_in(afternoon: Afternoon, story: Story) -> None:
    """By the Join on their card; where that was used up, by a new link, up to the limit."""
    school, details, now = afternoon.school, story.details, afternoon.school.clock.now()
    for seat in details.seats if details.lesson.is_open else ():
        window = windows.window_of(details.lesson, seat.participant)
        if not window.opens_at <= now < window.closes_at:
            continue
        actor, asked = afternoon.people[seat.person.name], _count_new_links(story, seat)
        card = next(one for one in actor.messages() if seat.card and one.ts == seat.card.ts)
        is_inside = telling.find_url(card) is not None and await afternoon.follow(actor, card)
        if not is_inside and asked < NEW_LINKS:
            assert (await actor.press(card, "new_link")).is_fine
            await telling.settle(school)
            is_inside = await afternoon.follow(actor, card)
        assert is_inside or asked >= NEW_LINKS, (story.title, seat.person.name)


def _count_new_links(story: Story, seat: Seat) -> int:
    return sum(entry.action == "new_link" and entry.actor == seat.person.id for entry in story.audit)


def check_summaries(school: School, story: Story) -> None:
    """A lesson that took place has one summary for each leader and for who booked it, and for nobody else."""
    details = story.details
    readers = {seat.person.id for seat in details.leaders} | {details.booked_by.id}
    wanted = Counter(readers if details.lesson.state is LessonState.ENDED else ())
    ids = {one.metadata["event_payload"]["notice_id"] for one in list_posted(school) if one.metadata}
    posted = [one for one in story.owed if one.kind is NoticeKind.SUMMARY and one.id in ids]
    assert wanted == Counter(one.person_id for one in posted if one.person_id), story.title


def check_nothing_is_owed(story: Story) -> None:
    """When a lesson is over and its links are too, nothing waits any more, and nothing of a link is kept.

    But for the secret of a room whose reports may still come, which goes a week later.
    """
    owed = [
        (one.kind, one.state, one.due_at)
        for one in story.owed
        if one.state in OWED and not one.occasion.startswith("room:")
    ]
    assert not owed, (story.title, owed)
    assert not [link for link in story.links if link.url_sealed is not None], story.title
