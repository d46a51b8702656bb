"""What happens inside the stand-in's spaces: coming in, being asked, being put out, sessions and their figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.lessonspace.aftercare import Aftercare
from bot.sandbox.lessonspace.meetings import LogType, Occurrence, Person, Ticket
from bot.sandbox.lessonspace.spaces import EMPTY_FOR, IDLE_FOR, Reason, Space, TurnedAway

START = datetime(2030, 3, 4, 15, 0, tzinfo=UTC)
END = START + timedelta(minutes=60)

ADA = Person(name="Ada", user_id=501, role="teacher")
BEN = Person(name="Ben", user_id=502)


def at(minutes: float) -> datetime:
    """Minutes after the window opens."""
    return START + timedelta(minutes=minutes)


def build_space() -> Space:
    return Space(room_id="room", launch_id="lesson", secret="not used here")


def build_ticket(
    person: Person,
    *,
    link_id: str | None = None,
    is_leader: bool = False,
    is_single_use: bool = False,
    leaves_at_close: bool = False,
    asks_at: datetime | None = None,
) -> Ticket:
    return Ticket(
        link_id=link_id or f"link of {person.name}",
        person=person,
        opens_at=START,
        closes_at=END,
        is_leader=is_leader,
        is_single_use=is_single_use,
        leaves_at_close=leaves_at_close,
        asks_at=asks_at,
    )


def list_log(space: Space) -> list[tuple[float, str, str | None]]:
    """Every session's log, in minutes after START."""
    return [
        ((entry.at - START) / timedelta(minutes=1), entry.log_type.value, entry.person.name if entry.person else None)
        for session in space.sessions
        for entry in session.log
    ]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of the table of joining."""

    minute: float  # when it is tried
    browser: str = "laptop"  # the link was first used in "laptop", at minute 0
    is_single_use: bool = True
    first_left: float | None = None  # when the first one left; None: is still there
    refusal: Reason | None = None  # None: comes in


ENTRIES = {
    "before the window": Entry(minute=-0.01, browser="phone", is_single_use=False, refusal=Reason.TOO_EARLY),
    "reload in the same browser": Entry(minute=5),
    "back in the same browser, session still waiting": Entry(minute=10.4, first_left=10),
    "same browser, session over": Entry(minute=10.5, first_left=10, refusal=Reason.SPENT),
    "another browser": Entry(minute=5, browser="phone", refusal=Reason.USED_ELSEWHERE),
    "another browser, session over": Entry(minute=20, browser="phone", first_left=10, refusal=Reason.USED_ELSEWHERE),
    "another browser, link for many": Entry(minute=5, browser="phone", is_single_use=False),
    "link for many, session over": Entry(minute=20, first_left=10, is_single_use=False),
    "the last moment": Entry(minute=59.99),
    "the end itself": Entry(minute=60, refusal=Reason.EXPIRED),
    "the end itself, link for many": Entry(minute=60, is_single_use=False, refusal=Reason.EXPIRED),
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())
def test_who_is_let_in_and_why_not(entry: Entry) -> None:
    """The window is half-open; a single-use link belongs to its first browser until that session ends."""
    space = build_space()
    ticket = build_ticket(BEN, is_single_use=entry.is_single_use)
    if entry.minute > 0:
        first = space.connect(ticket, "laptop", START)
        if entry.first_left is not None:
            space.leave(first.id, at(entry.first_left))

    refusal = None
    try:
        space.connect(ticket, entry.browser, at(entry.minute))
    except TurnedAway as turned_away:
        refusal = turned_away.reason

    assert entry.refusal == refusal


def test_a_refused_try_spends_nothing_and_leaves_no_session() -> None:
    """Too early in one browser, in time in another: the second is the first."""
    space = build_space()
    ticket = build_ticket(BEN, is_single_use=True)
    with pytest.raises(TurnedAway):
        space.connect(ticket, "phone", at(-1))
    assert space.sessions == []

    space.connect(ticket, "laptop", START)

    assert space.running is not None


def test_a_session_ends_half_a_minute_after_the_last_one_left() -> None:
    """Somebody coming back within it goes on in the same session; afterwards another begins, with another id."""
    space = build_space()
    foretold = space.session_id
    first = space.connect(build_ticket(ADA), "laptop", at(0))
    space.leave(first.id, at(10))
    second = space.connect(build_ticket(ADA), "laptop", at(10.4))
    space.leave(second.id, at(20))
    space.connect(build_ticket(BEN), "tablet", at(30))

    assert [(s.started_at, s.ended_at) for s in space.sessions] == [(at(0), at(20) + EMPTY_FOR), (at(30), None)]
    assert [foretold, space.session_id] == [session.session_id for session in space.sessions]
    assert foretold != space.session_id


def test_a_session_ends_when_all_have_been_idle_for_five_minutes() -> None:
    """Counted from when the last of them fell idle; everybody is out then, and the log says why."""
    space = build_space()
    ada = space.connect(build_ticket(ADA), "laptop", at(0))
    ben = space.connect(build_ticket(BEN), "tablet", at(1))
    space.rest(ada.id, at(2), is_idle=True)
    space.rest(ben.id, at(4), is_idle=True)

    space.advance(at(60))

    assert space.sessions[0].ended_at == at(4) + IDLE_FOR
    assert list_log(space)[2:] == [
        (2, "user-idled", "Ada"),
        (4, "user-idled", "Ben"),
        (9, "session-idled", None),
        (9, "user-left", "Ada"),
        (9, "user-left", "Ben"),
    ]


def test_one_who_stirs_keeps_the_session_alive() -> None:
    """Any activity inside the five minutes begins them anew."""
    space = build_space()
    ada = space.connect(build_ticket(ADA), "laptop", at(0))
    space.rest(ada.id, at(2), is_idle=True)
    space.rest(ada.id, at(6.9), is_idle=False)

    space.advance(at(50))

    assert space.find_open(ada.id) is not None


def test_only_who_must_leave_is_put_out_at_the_end() -> None:
    """`kickOnExp` is each link's own: the learner is out at the end, the leader stays inside."""
    space = build_space()
    ada = space.connect(build_ticket(ADA, is_leader=True), "laptop", at(0))
    ben = space.connect(build_ticket(BEN, leaves_at_close=True), "tablet", at(1))

    space.advance(at(90))

    assert [space.find_open(ada.id) is not None, space.find_open(ben.id) is not None] == [True, False]
    assert list_log(space)[-1] == (60, "user-left", "Ben")


def test_a_leader_is_asked_near_the_end_and_again_after_each_extension() -> None:
    """At `softExp`, and ten minutes after that when they went on; without an answer, no more."""
    space = build_space()
    ada = space.connect(build_ticket(ADA, is_leader=True, asks_at=at(55)), "laptop", at(0))
    too_early = space.extend(ada.id, at(54))
    space.advance(at(56))
    extended = space.extend(ada.id, at(57))
    twice = space.extend(ada.id, at(58))

    space.advance(at(200))

    assert [too_early, extended, twice] == [False, True, False]
    assert [prompt.at for prompt in space.prompts] == [at(55), at(65)]


def test_learners_are_never_asked() -> None:
    """A soft expiry in a learner's link does nothing."""
    space = build_space()
    space.connect(build_ticket(BEN, asks_at=at(55)), "tablet", at(0))

    space.advance(at(59))

    assert space.prompts == []


def test_a_leader_who_comes_after_the_moment_is_asked_on_coming_in() -> None:
    """The question waits for somebody to put it to."""
    space = build_space()
    space.connect(build_ticket(ADA, is_leader=True, asks_at=at(55)), "laptop", at(58))

    assert [prompt.at for prompt in space.prompts] == [at(58)]


def test_billable_time_is_while_two_are_connected() -> None:
    """Alone before and after counts nothing; two tabs are two connections."""
    space = build_space()
    ada = space.connect(build_ticket(ADA), "laptop", at(0))
    ben = space.connect(build_ticket(BEN), "tablet", at(10))
    space.leave(ben.id, at(30))
    space.leave(ada.id, at(40))

    assert space.sessions[0].count_billable(at(60)) == timedelta(minutes=20)


def test_what_is_made_of_several_sessions_is_told_in_the_order_of_time() -> None:
    """The second one's transcript before the first one's summary, where that takes longer."""
    told: list[Occurrence] = []
    space = Space(room_id="room", launch_id="lesson", secret="x", aftercare=Aftercare(summary_delay=timedelta(hours=1)))
    space.settle(dict.fromkeys(("record_av", "transcribe", "summarise"), True), {}, START)
    space.tell = told.append
    for minute in (0, 10):
        both = [space.connect(build_ticket(person), person.name, at(minute)) for person in (ADA, BEN)]
        for connection in both:
            space.leave(connection.id, at(minute + 8))

    space.advance(END + timedelta(days=1))

    finished = [occurrence.event.partition(".")[0] for occurrence in told if occurrence.event.endswith(".finish")]
    assert finished == ["transcription", "transcription", "summary", "summary"]


Act = tuple[str, int, float]
"""What, who, and how many minutes after the act before."""

PEOPLE = [ADA, BEN, Person(name="Cleo", user_id=503), Person(name="Guest", guest_id="g")]

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "idle", "stir", "extend", "nothing"]),
        st.integers(0, len(PEOPLE) - 1),
        st.sampled_from([0, 0.25, 0.5, 1, 4.5, 5, 9, 20]),
    ),
    max_size=30,
)


def play(acts: list[Act], *, looks_between: int = 0, told: list[Occurrence] | None = None) -> Space:
    """A space in which all that was done; somebody looks in `looks_between` times between any two acts."""
    space = build_space()
    space.settle({"record_av": True, "transcribe": True, "summarise": True}, {}, START - timedelta(days=1))
    if told is not None:
        space.tell = told.append
    open_ids: dict[int, str] = {}
    now = START
    for deed, who, pause in acts:
        for step in range(1, looks_between + 1):
            space.advance(now + timedelta(minutes=pause) * step / (looks_between + 1))
        now += timedelta(minutes=pause)
        ticket = build_ticket(
            PEOPLE[who], is_leader=who == 0, is_single_use=who == 1, leaves_at_close=who in (1, 2), asks_at=at(12)
        )
        connection_id = open_ids.get(who, "nobody's")
        space.advance(now)  # what is asked below is asked of the space as it is now
        if deed == "join" and space.find_open(connection_id) is None:
            try:
                open_ids[who] = space.connect(ticket, f"browser {who}", now).id
            except TurnedAway:
                continue
        elif deed == "leave":
            space.leave(connection_id, now)
        elif deed in ("idle", "stir"):
            space.rest(connection_id, now, is_idle=deed == "idle")
        elif deed == "extend":
            space.extend(connection_id, now)
    space.advance(now)
    return space


@given(ACTS, st.integers(1, 3))
def test_looking_in_changes_nothing(acts: list[Act], looks_between: int) -> None:
    """Since nothing runs by itself, when somebody looks must not matter to what happened."""
    quiet, watched = play(acts), play(acts, looks_between=looks_between)

    assert list_log(quiet) == list_log(watched)
    assert [p.at for p in quiet.prompts] == [p.at for p in watched.prompts]
    assert [(s.started_at, s.ended_at) for s in quiet.sessions] == [
        (s.started_at, s.ended_at) for s in watched.sessions
    ]


@given(ACTS)
def test_every_session_tells_a_story_that_can_be(acts: list[Act]) -> None:
    """Sessions do not overlap; each connection joins once, leaves at most once and later; the log is in order."""
    space = play(acts)

    before = START
    for session in space.sessions:
        assert session.started_at >= before
        before = session.ended_at or before
        times = [entry.at for entry in session.log]
        assert times == sorted(times)
        assert (session.ended_at is None) == (session is space.running)
        assert len({entry.id for entry in session.log}) == len(session.log)
        for connection in session.connections:
            told = [entry.log_type for entry in session.log if entry.connection_id == connection.id]
            told = [log_type for log_type in told if log_type is not LogType.IDLED]
            assert told == [LogType.JOINED] + [LogType.LEFT] * (connection.left_at is not None)
            if connection.ticket.leaves_at_close:
                assert connection.left_at is None or connection.left_at <= END
        if session.ended_at:
            assert session.list_open() == []
            length = session.ended_at - session.started_at
            assert timedelta(0) <= session.count_billable(session.ended_at) <= length


@given(ACTS)
def test_what_is_told_is_what_is_logged(acts: list[Act]) -> None:
    """In the order of time, each entry of each log once; and each session's start before all of it, its end after."""
    told: list[Occurrence] = []
    space = play(acts, told=told)
    space.advance(END + timedelta(days=2))

    times = [occurrence.at for occurrence in told]
    assert times == sorted(times)
    for session in space.sessions:
        own = [(occurrence.event, occurrence.at) for occurrence in told if occurrence.session is session]
        logged = [(TOLD_AS[entry.log_type], entry.at) for entry in session.log]
        ended = [("session.end", session.ended_at)] if session.ended_at else []
        ready = [("transcription.finish", session.transcript_at), ("summary.finish", session.summary_at)]
        assert own == [("session.start", session.started_at), *logged, *ended, *(one for one in ready if one[1])]


TOLD_AS = {
    LogType.JOINED: "user.join",
    LogType.LEFT: "user.leave",
    LogType.IDLED: "user.idle",
    LogType.SESSION_IDLED: "session.idle",
}
