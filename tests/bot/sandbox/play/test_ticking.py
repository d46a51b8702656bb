"""The school's time: by hand through every event, by itself at a speed, and what that does to whatever waits."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from bot.sandbox.cast import at
from bot.sandbox.faults import EVERY_METHOD, Fault
from bot.sandbox.houses import LESSONSPACE
from bot.sandbox.play.ledger import Ledger
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.ticking import LONGEST_BEAT, Speed, Timekeeper
from storage.records import Notice, NoticeKind, NoticeState
from storage.store import Transaction
from tests.acceptance.telling import book, find_card, find_url, settle, submit, wait_for_words

LESSON = "@Ben @Cara @Dina today 3pm 30m Algebra"


class Winder:
    """The machine's clock as the test winds it; nobody's sleep ends by itself."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.get_running_loop().create_future()


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """With Lessonspace's own links, whose room is there, and is asked, before anybody comes."""
    async with Playground(services=(LESSONSPACE,)) as playground:
        yield playground


@pytest.fixture
def winder() -> Winder:
    return Winder()


@pytest.fixture
def timekeeper(playground: Playground, winder: Winder) -> Timekeeper:
    return Timekeeper(playground, Ledger(playground), monotonic=winder, sleep=winder.sleep)


async def list_agenda(timekeeper: Timekeeper) -> list[tuple[datetime, str]]:
    return [(event.at, event.what) for event in (await timekeeper.look_ahead()).events]


async def list_notices(playground: Playground, kind: NoticeKind) -> list[Notice]:
    def find(tx: Transaction) -> list[Notice]:
        [workspace] = tx.workspaces.list_all()
        lessons = tx.lessons.list_between(workspace.id)
        found = [notice for lesson in lessons for notice in tx.notices.list_for_lesson(workspace.id, lesson.id)]
        return [notice for notice in found if notice.kind is kind]

    return await playground.read(find)


async def count_states(playground: Playground, kind: NoticeKind) -> Counter[NoticeState]:
    return Counter(notice.state for notice in await list_notices(playground, kind))


# What is to come


async def test_nothing_is_to_come_where_nothing_is_booked(timekeeper: Timekeeper) -> None:
    """An empty school has no next event."""
    agenda = await timekeeper.look_ahead()

    assert (None, ()) == (agenda.find_next(), agenda.lessons)


async def test_all_that_a_lesson_brings_stands_in_its_order(playground: Playground, timekeeper: Timekeeper) -> None:
    """Doors, reminders, the start, who is late, the question, the end, the doors again."""
    await book(playground.school, playground.cast.ada, LESSON)

    expected = [
        (at("14:50"), "Join begins to work for everybody"),
        (at("14:50"), "reminds Ada, Ben and 2 others of Algebra"),
        (at("15:00"), "Algebra begins"),
        (at("15:05"), "nudges Ben, Cara and 1 other unless they come before"),
        (at("15:25"), "asks Ada whether to extend Algebra"),
        (at("15:30"), "Algebra ends"),
        (at("15:30"), "asks the room who came to Algebra"),
        (at("16:00"), "Join stops working for everybody"),
    ]
    assert expected == await list_agenda(timekeeper)


async def test_after_a_move_all_of_it_comes_at_the_new_times(playground: Playground, timekeeper: Timekeeper) -> None:
    """And nothing at the former ones."""
    school, ada = playground.school, playground.cast.ada
    await book(school, ada, LESSON)
    before = await list_agenda(timekeeper)

    await ada.pick(find_card(ada), "more", "move")
    await wait_for_words(school, ada, "Move lesson")
    assert (await submit(school, ada, starts_at=at("17:00"))).is_fine
    await settle(school)

    assert [(moment + timedelta(hours=2), what) for moment, what in before] == await list_agenda(timekeeper)


async def test_what_will_be_dropped_is_not_to_come(playground: Playground, timekeeper: Timekeeper) -> None:
    """Who can't come is owed a reminder as stored, and will get none."""
    await book(playground.school, playground.cast.ada, LESSON)
    ben = playground.cast.ben

    assert (await ben.press(find_card(ben), "reply_not_coming")).is_fine
    await settle(playground.school)

    states = await count_states(playground, NoticeKind.START_REMINDER)
    told = [what for _, what in await list_agenda(timekeeper) if what.startswith("reminds")]
    assert ({NoticeState.WAITING: 4}, ["reminds Ada, Cara and 1 other of Algebra"]) == (states, told)


# By hand


async def test_a_move_goes_through_everything_on_its_way(playground: Playground, timekeeper: Timekeeper) -> None:
    """Straight to the end: the reminders went out ten minutes before the start, the question five before the end."""
    await book(playground.school, playground.cast.ada, LESSON)

    assert await timekeeper.move_to(at("15:30"))

    assert playground.school.clock.now() == at("15:30")
    reminders = await list_notices(playground, NoticeKind.START_REMINDER)
    assert [at("14:50")] * 4 == [one.sent_at for one in reminders]
    assert [at("15:25")] == [one.sent_at for one in await list_notices(playground, NoticeKind.END_WARNING)]
    nudges = await list_notices(playground, NoticeKind.LATE_NUDGE)
    assert {at("15:05")} == {one.sent_at for one in nudges}


async def test_lesson_time_never_goes_back(playground: Playground, timekeeper: Timekeeper) -> None:
    """A target that has passed is reached already."""
    await timekeeper.move_to(at("14:30"))

    assert await timekeeper.move_to(at("14:10"))
    assert playground.school.clock.now() == at("14:30")


async def test_two_moves_at_once_follow_one_another(playground: Playground, timekeeper: Timekeeper) -> None:
    """A button pressed twice is two minutes."""
    await asyncio.gather(*(timekeeper.move_by(timedelta(minutes=1)) for _ in range(2)))

    assert playground.school.clock.now() == at("14:02")


async def test_a_minute_by_hand_is_a_minute_for_what_waits_to_be_tried_again(
    playground: Playground, timekeeper: Timekeeper
) -> None:
    """After minutes of Slack's silence a retry waits for a minute or so: two presses, and nobody sits through it."""
    await book(playground.school, playground.cast.ada, LESSON)
    playground.school.slack.faults.switch_on("chat.postMessage", Fault.failing())
    await timekeeper.move_to(at("14:52"))
    assert NoticeState.SENT not in await count_states(playground, NoticeKind.START_REMINDER)

    playground.school.slack.faults.switch_off()
    for _ in range(2):
        await timekeeper.move_by(timedelta(minutes=1))

    assert {NoticeState.SENT: 4} == await count_states(playground, NoticeKind.START_REMINDER)
    assert {at("14:52"), at("14:53")} >= {
        one.sent_at for one in await list_notices(playground, NoticeKind.START_REMINDER)
    }


async def test_a_room_service_that_failed_is_asked_again_within_a_minute_by_hand(
    playground: Playground, timekeeper: Timekeeper
) -> None:
    """It is left alone for 20 seconds of machine time at first: who waits a minute at the page waits for that too."""
    await book(playground.school, playground.cast.ada, LESSON)
    playground.school.lessonspace.faults.switch_on("sessions", Fault.failing())
    await timekeeper.move_to(at("15:00"))
    presence = playground.school.hallpass.presence if playground.school.hallpass else None
    assert presence is not None
    assert presence.quiet_until is not None

    playground.school.lessonspace.faults.switch_off()
    await timekeeper.move_by(timedelta(minutes=1))

    assert presence.quiet_until is None


async def test_a_room_reports_again_within_a_minute_by_hand(playground: Playground, timekeeper: Timekeeper) -> None:
    """Whoever came while the bot was dead was reported in vain; the room's next try is not waited for by anybody."""
    await book(playground.school, playground.cast.ada, LESSON)
    await timekeeper.move_to(at("15:00"))
    await playground.kill_bot()
    webhooks = playground.school.lessonspace.webhooks
    url = find_url(find_card(playground.cast.ben))
    assert url is not None
    assert (await playground.school.lessonspace.browser("Ben").join(url)).refusal is None
    await webhooks.wait_until_quiet()
    waiting = webhooks.waiting_count

    await playground.start_bot()
    await timekeeper.move_by(timedelta(minutes=1))

    assert waiting > 0
    assert 0 == webhooks.waiting_count


async def test_machine_time_stays_where_nothing_waits_for_it(playground: Playground, timekeeper: Timekeeper) -> None:
    """A lesson moved over by an hour is no reason to put the machine forward by one."""
    await book(playground.school, playground.cast.ada, LESSON)
    ahead = playground.school.machine_skipped

    await timekeeper.move_to(at("14:49"))

    assert playground.school.machine_skipped - ahead < timedelta(minutes=1)


async def test_a_post_in_flight_is_not_sent_twice_by_a_move(playground: Playground, timekeeper: Timekeeper) -> None:
    """Slack takes its time over each post; the move goes on, and everybody has one reminder."""
    await book(playground.school, playground.cast.ada, LESSON)
    playground.school.slack.faults.switch_on(
        "chat.postMessage", Fault.slow(timedelta(seconds=1), after_work=True), count=4
    )

    await timekeeper.move_to(at("14:58"))

    ben = playground.cast.ben
    assert 1 == sum("starts" in message.text for message in ben.messages())


async def test_time_waits_for_nobody_who_hangs(playground: Playground, timekeeper: Timekeeper) -> None:
    """A room service that answers late holds a move up for a bounded while, and it is said that something hangs."""
    playground.school.lessonspace.faults.switch_on(EVERY_METHOD, Fault.slow(timedelta(seconds=30)))
    ada = playground.cast.ada
    await ada.slash("/lesson", LESSON)
    await playground.school.slack.wait_for(lambda: ada.view is not None and "submit" in ada.view.given)
    await ada.submit()

    async with asyncio.timeout(30):
        assert not await timekeeper.move_to(at("14:10"))

    assert playground.school.clock.now() == at("14:10")


async def test_a_dead_bot_is_not_waited_for_and_catches_up(playground: Playground, timekeeper: Timekeeper) -> None:
    """What was due while it was dead, and is still of use, comes after the start; the reminder of a lesson that
    has begun does not."""
    await book(playground.school, playground.cast.ada, LESSON)
    await playground.kill_bot()

    assert await timekeeper.move_to(at("15:26"))
    assert {NoticeState.WAITING: 1} == await count_states(playground, NoticeKind.END_WARNING)
    await playground.start_bot()
    await timekeeper.move_to(at("15:27"))

    assert {NoticeState.SENT: 1} == await count_states(playground, NoticeKind.END_WARNING)
    assert {NoticeState.DROPPED: 4} == await count_states(playground, NoticeKind.START_REMINDER)


# At a speed


async def test_time_passes_at_the_speed_that_was_chosen(
    playground: Playground, timekeeper: Timekeeper, winder: Winder
) -> None:
    """Half a second of the machine's at 60 times is half a minute; paused again, it stands."""
    timekeeper.run_at(Speed.SIXTY)
    winder.seconds += 0.5
    await timekeeper.beat()
    at_sixty = playground.school.clock.now()
    timekeeper.run_at(Speed.PAUSED)
    winder.seconds += 0.5
    await timekeeper.beat()

    assert at("14:00") + timedelta(seconds=30) == at_sixty == playground.school.clock.now()


async def test_a_machine_that_slept_makes_no_leap(
    playground: Playground, timekeeper: Timekeeper, winder: Winder
) -> None:
    """An hour between two beats counts as the longest there may be."""
    timekeeper.run_at(Speed.TEN)
    winder.seconds += 3600
    await timekeeper.beat()

    assert at("14:00") + 10 * LONGEST_BEAT == playground.school.clock.now()


async def test_a_move_by_hand_is_not_counted_again_by_the_next_beat(
    playground: Playground, timekeeper: Timekeeper, winder: Winder
) -> None:
    """Whatever the move itself took, time goes on from where it came to."""
    timekeeper.run_at(Speed.SIXTY)
    winder.seconds += 0.75
    await timekeeper.move_to(at("14:10"))
    await timekeeper.beat()

    assert playground.school.clock.now() == at("14:10")


async def test_events_come_at_their_time_also_at_a_speed(
    playground: Playground, timekeeper: Timekeeper, winder: Winder
) -> None:
    """A beat that goes over the moment of a reminder stops there on its way."""
    await book(playground.school, playground.cast.ada, LESSON)
    await timekeeper.move_to(at("14:49") + timedelta(seconds=45))
    timekeeper.run_at(Speed.SIXTY)

    winder.seconds += 0.5
    await timekeeper.beat()

    assert playground.school.clock.now() == at("14:50") + timedelta(seconds=15)
    reminders = await list_notices(playground, NoticeKind.START_REMINDER)
    assert {at("14:50")} == {one.sent_at for one in reminders}


async def test_the_beats_go_on_by_themselves(playground: Playground) -> None:
    """Nobody has to ask: chosen once, time passes, and the page is told."""
    timekeeper = Timekeeper(playground, Ledger(playground))
    timekeeper.run_at(Speed.SIXTY)

    await playground.changes.wait_for(lambda: playground.school.clock.now() > at("14:00"), seconds=10)


async def test_a_fresh_school_stands_still(playground: Playground, timekeeper: Timekeeper) -> None:
    """The speed of the one before is not the next one's."""
    timekeeper.run_at(Speed.SIXTY)
    before = timekeeper.speed

    await playground.start_over()

    assert (Speed.SIXTY, Speed.PAUSED) == (before, timekeeper.speed)
