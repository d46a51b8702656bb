"""A sound draft becomes a lesson, once; anything else stores nothing and says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.booking import LAST_CHOICES, AskedBack, Booked, Declined, preset
from bot.drafts import BookingDraft, CautionCode, ProblemCode
from bot.errors import NotAllowed
from bot.ids import Field
from storage.records import LessonDetails, LessonState, NoticeKind, PersonKind, Role
from tests.bot.lessons_in_store import StoredSchool
from tests.records import NOW, STARTS_AT, make_channel, make_person


async def test_a_booked_lesson_is_stored_with_everything_it_owes(stored: StoredSchool) -> None:
    """One transaction: lesson, seats in the form's order, notices, last choices, audit."""
    lesson = await stored.book(stored.ben, stored.cleo, length_text="45")

    details = await stored.details(lesson)
    assert [Role.LEADER, Role.LEARNER, Role.LEARNER] == [seat.participant.role for seat in details.seats]
    assert STARTS_AT + timedelta(minutes=45) == lesson.ends_at
    assert 3 == len(await stored.notices(lesson, NoticeKind.JOIN_LINK))
    audit = await stored.store.read(lambda tx: tx.audit.list_for_lesson(stored.workspace.id, lesson.id))
    assert ["booked"] == [entry.action for entry in audit]


async def test_the_same_form_books_once(stored: StoredSchool) -> None:
    """Slack sends again, people press twice."""
    first = await stored.submit(stored.draft(), key="form 1")
    second = await stored.submit(stored.draft(), key="form 1")

    assert isinstance(first, Booked)
    assert Booked(lesson_id=first.lesson_id, is_repeat=True) == second


async def test_a_refused_draft_stores_nothing(stored: StoredSchool) -> None:
    """No half of a lesson, and no choice remembered."""
    result = await stored.submit(stored.draft(title="", length_text="an hour"))

    assert isinstance(result, Declined)
    assert {Field.TITLE, Field.LENGTH} == {problem.where for problem in result.problems}
    assert [] == await stored.store.read(lambda tx: tx.lessons.list_between(stored.workspace.id))
    choices = await stored.store.read(
        lambda tx: tx.settings.find(stored.workspace.id, LAST_CHOICES, person_id=stored.ada.id)
    )
    assert choices is None


@pytest.mark.parametrize(
    ("kind", "everyone", "may"),
    [
        (PersonKind.MEMBER, False, True),
        (PersonKind.GUEST, False, False),
        (PersonKind.GUEST, True, True),
        (PersonKind.SINGLE_CHANNEL_GUEST, False, False),
        (PersonKind.BOT, True, False),
        (PersonKind.EXTERNAL, False, False),
    ],
)
async def test_who_may_book(stored: StoredSchool, kind: PersonKind, everyone: bool, may: bool) -> None:
    """Members by default; everyone by setting; never a bot."""
    policy = replace(stored.policy, members_may_book=not everyone, everyone_may_book=everyone)
    booker = await stored.write(
        lambda tx: tx.people.save(make_person("Gil", kind=kind, workspace_id=stored.workspace.id))
    )

    if may:
        assert isinstance(await stored.submit(stored.draft(), by=booker, policy=policy), Booked)
    else:
        with pytest.raises(NotAllowed):
            await stored.submit(stored.draft(), by=booker, policy=policy)


async def test_user_groups_and_admins_may_book(stored: StoredSchool) -> None:
    """Where groups are named only they may, and admins always."""
    policy = replace(stored.policy, booker_ids=frozenset({stored.olga.user_id}), admin_ids=frozenset({"U0ADMIN"}))

    assert policy.may_book(stored.olga)
    assert not policy.may_book(stored.ada)
    assert policy.may_book(make_person("Root", user_id="U0ADMIN"))
    assert not policy.may_book(make_person("Slack's admin", is_admin=True))


async def test_an_overlap_is_asked_about_and_then_booked(stored: StoredSchool) -> None:
    """For leader and participant each; confirmed by the digest of just these cautions."""
    await stored.book(stored.ben, title="Geometry")
    draft = stored.draft(stored.ben, starts_at=STARTS_AT + timedelta(minutes=30))

    asked = await stored.submit(draft)
    assert isinstance(asked, AskedBack)
    assert {CautionCode.LEADER_OVERLAP, CautionCode.PARTICIPANT_OVERLAP} == {one.code for one in asked.cautions}
    assert isinstance(await stored.submit(draft, confirmed="another digest"), AskedBack)
    assert isinstance(await stored.submit(draft, confirmed=asked.digest), Booked)


async def test_a_stranger_to_the_other_lesson_does_not_read_its_title(stored: StoredSchool) -> None:
    """That somebody is busy is said; with what, only to who may know."""
    await stored.book(stored.ben, title="Private matters")

    asked = await stored.submit(stored.draft(stored.ben, leader_ids=(stored.olga.user_id,)), by=stored.olga)
    assert isinstance(asked, AskedBack)
    assert [""] == [caution.title for caution in asked.cautions]


async def test_lessons_back_to_back_do_not_overlap(stored: StoredSchool) -> None:
    """Windows are half-open: one ends when the next begins."""
    first = await stored.book(stored.ben)

    assert isinstance(await stored.submit(stored.draft(stored.ben, starts_at=first.ends_at)), Booked)


async def test_the_same_people_share_their_room(stored: StoredSchool) -> None:
    """What was on the board last week is there; other people get another room."""
    first = await stored.book(stored.ben)
    tomorrow = STARTS_AT + timedelta(days=1)

    assert first.room == (await stored.book(stored.ben, starts_at=tomorrow)).room
    assert first.room != (await stored.book(stored.cleo, starts_at=tomorrow + timedelta(hours=3))).room
    later = tomorrow + timedelta(days=1)
    assert first.room != (await stored.book(stored.ben, starts_at=later, wants_new_room=True)).room


async def test_a_room_is_not_shared_while_a_link_of_the_other_lesson_works(stored: StoredSchool) -> None:
    """A link that puts its holder out at the first lesson's close would do so in the middle of the second."""
    first = await stored.book(stored.ben)
    second = await stored.book(stored.ben, starts_at=first.ends_at)

    assert first.room != second.room


async def test_a_chosen_room_that_is_busy_is_refused(stored: StoredSchool) -> None:
    """Two overlapping lessons never share one, not even on request."""
    first = await stored.book(stored.ben)
    draft = stored.draft(stored.ben, room=first.room, starts_at=STARTS_AT + timedelta(minutes=10))

    result = await stored.submit(draft)
    assert isinstance(result, Declined)
    assert [ProblemCode.ROOM_BUSY] == [problem.code for problem in result.problems]


async def test_a_room_of_others_cannot_be_chosen(stored: StoredSchool) -> None:
    """A form's value is not trusted: what was written there is other people's."""
    first = await stored.book(stored.ben)
    draft = stored.draft(stored.cleo, room=first.room, starts_at=STARTS_AT + timedelta(days=1))

    result = await stored.submit(draft)
    assert isinstance(result, Declined)
    assert [ProblemCode.ROOM_UNKNOWN] == [problem.code for problem in result.problems]


async def test_a_booker_reaches_a_bounded_number_of_people_an_hour(stored: StoredSchool) -> None:
    """A mistake stays small; an admin is not bounded."""
    policy = replace(stored.policy, reach=2)
    await stored.book(stored.ben, stored.cleo)
    draft = stored.draft(stored.olga, starts_at=STARTS_AT + timedelta(hours=5))

    declined = await stored.submit(draft, policy=policy)
    assert isinstance(declined, Declined)
    assert [ProblemCode.REACH] == [problem.code for problem in declined.problems]
    unbounded = replace(policy, admin_ids=frozenset({stored.ada.user_id}))
    assert isinstance(await stored.submit(draft, policy=unbounded), Booked)


@pytest.mark.parametrize(
    ("facts", "code"),
    [({"is_external": True}, CautionCode.CHANNEL_IS_EXTERNAL), ({"has_guests": True}, CautionCode.CHANNEL_HAS_GUESTS)],
)
async def test_a_channel_that_others_read_is_asked_about(
    stored: StoredSchool, facts: dict[str, Any], code: CautionCode
) -> None:
    """A warning to confirm, not a refusal."""
    channel = make_channel(workspace_id=stored.workspace.id, **facts)
    await stored.write(lambda tx: tx.people.save_channel(channel))

    asked = await stored.submit(stored.draft(channel_id=channel.channel_id))
    assert isinstance(asked, AskedBack)
    assert [code] == [caution.code for caution in asked.cautions]


async def test_first_lesson_together_is_noted(stored: StoredSchool) -> None:
    """For people new to all of the leaders."""
    first = await stored.book(stored.ben)
    second = await stored.book(stored.ben, stored.cleo, starts_at=STARTS_AT + timedelta(days=1))

    def new(details: LessonDetails) -> list[bool]:
        return [seat.participant.is_new_to_leader for seat in details.others]

    assert [True] == new(await stored.details(first))
    assert [False, True] == new(await stored.details(second))


async def test_last_choices_preset_the_next_form(stored: StoredSchool) -> None:
    """How the leader likes lessons; not with whom, when, or what was written."""
    await stored.book(stored.ben, length_text="45", records=True, note="Bring the book", warns=False)

    choices = await stored.store.read(
        lambda tx: tx.settings.find(stored.workspace.id, LAST_CHOICES, person_id=stored.ada.id)
    )
    draft = preset(BookingDraft(), choices)
    assert ("45", True, False) == (draft.length_text, draft.records, draft.warns)
    assert ("", "", ()) == (draft.note, draft.title, draft.participant_ids)
    typed = preset(BookingDraft(length_text="30"), choices, keeps_length=True)
    assert "30" == typed.length_text


async def test_a_start_some_minutes_ago_means_now(stored: StoredSchool) -> None:
    """Up to fifteen minutes; the length counts from now."""
    lesson = await stored.book(stored.ben, starts_at=NOW - timedelta(minutes=10))

    assert (NOW, NOW + timedelta(hours=1)) == (lesson.starts_at, lesson.ends_at)
    assert LessonState.BOOKED == lesson.state
