"""A Home that somebody has open follows what happens, and nobody else's is touched."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.sandbox.faults import Fault
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.people import UserKind
from commands.open_homes import FOLLOWED, OpenHomes
from tests.acceptance import telling
from tests.acceptance.test_home import buttons, open_home, press


async def wait_for_home(school: School, actor: Actor, *words: str) -> str:
    """What their Home says, once it says all of this, without anybody opening it."""

    def text() -> str:
        return actor.read(actor.home, now=school.clock.now()) if actor.home else ""

    await school.slack.wait_for(lambda: all(word in text() for word in words))
    return text()


def count_published(actor: Actor) -> int:
    """How often their Home was published."""
    return actor.home.updates + 1 if actor.home else 0


async def test_a_lesson_that_comes_and_ends_shows_in_an_open_home(school: School) -> None:
    """An invitation appears with its way in, the way in works when it opens, and what is over becomes past."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await open_home(school, ben)

    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await wait_for_home(school, ben, "Welcome to Hallpass", "Algebra")
    assert ben.home is not None
    assert "join" in buttons(ben.home)

    await telling.move_to(school, 14, 0)
    await telling.join(school, ben)
    await telling.move_to(school, 14, 30)
    await telling.leave_all(school)
    await telling.move_to(school, 14, 50)
    await wait_for_home(school, ben, "Past", "[ Summary ]")
    assert "join" not in buttons(ben.home)


async def test_trying_it_on_oneself_ends_in_an_open_home(school: School) -> None:
    """The lesson for one is there at once, and over when it is."""
    olga = school.add("Olga", kind=UserKind.ADMIN)
    await open_home(school, olga)
    await press(school, olga, "try_myself")
    await wait_for_home(school, olga, "A lesson to try")

    await telling.move_to(school, 13, 11)
    await telling.move_to(school, 13, 45)

    await wait_for_home(school, olga, "Past", "A lesson to try")


async def test_only_homes_that_read_differently_are_published(school: School) -> None:
    """Not that of somebody who is not in the lesson, nor that of somebody who never opened theirs."""
    ada, ben, cara, dina = (school.add(name) for name in ("Ada", "Ben", "Cara", "Dina"))
    for actor in (ada, cara):
        await open_home(school, actor)

    await telling.book(school, ada, "@Ben @Dina today 3pm 45m Algebra")
    await wait_for_home(school, ada, "Algebra")
    await telling.settle(school)

    assert 1 == count_published(cara)
    assert [0, 0] == [count_published(actor) for actor in (ben, dina)]


async def test_who_may_book_shows_in_every_open_home(school: School) -> None:
    """Somebody who may not any more loses the button, and another admin reads the new rule, unasked."""
    ben, olga, otto = school.add("Ben"), *(school.add(name, kind=UserKind.ADMIN) for name in ("Olga", "Otto"))
    tutors = school.slack.add_group("tutors", [])
    for actor in (ben, otto, olga):
        await open_home(school, actor)
    assert olga.home is not None
    await olga.press(olga.home, "house_rules")
    await telling.wait_for_words(school, olga, "Who may book")

    assert (await telling.submit(school, olga, bookers="groups", booker_groups=[tutors])).is_fine

    await wait_for_home(school, otto, "people in @tutors")
    home = ben.home
    assert home is not None
    await school.slack.wait_for(lambda: "book" not in buttons(home))


async def test_what_shows_in_no_home_publishes_none(school: School) -> None:
    """Something of the lesson was done, and the Home reads as it did."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    assert school.hallpass is not None
    desk, lesson = school.hallpass._desk, await telling.get_lesson(school)
    assert desk is not None
    homes, before = OpenHomes(desk, sleep=do_not_wait), set(desk.watches)
    await homes.publish(ada.user.id)
    published = school.slack.log.count("views.publish")

    homes.note_done(lesson.workspace_id, lesson.id)
    following = desk.watches - before
    await asyncio.gather(*following)

    assert 1 == len(following)
    assert published == school.slack.log.count("views.publish")


async def do_not_wait(seconds: float) -> None:
    await asyncio.sleep(0)


async def test_a_home_opened_long_ago_is_followed_no_longer(school: School) -> None:
    """Nor one that was open when the bot stopped: the next opening draws it."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await open_home(school, ben)
    school.skip(FOLLOWED + timedelta(seconds=1))
    await open_home(school, cara)
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    await wait_for_home(school, cara, "Algebra")
    before = count_published(cara)
    await school.stop()
    await school.start()
    await telling.book(school, ada, "@Ben @Cara today 5pm 45m Botany")
    await telling.move_to(school, 13, 50)

    assert 1 == count_published(ben)
    assert before == count_published(cara)
    assert "Botany" in cara.read(await open_home(school, cara), now=school.clock.now())


async def test_a_home_that_slack_refuses_is_let_go(school: School) -> None:
    """It is asked once; whoever else has theirs open is served all the same."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await open_home(school, ben)
    await open_home(school, ada)
    school.slack.faults.switch_on("views.publish", Fault.refusing("not_enabled"), count=1)

    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await wait_for_home(school, ada, "Algebra")

    assert 1 == count_published(ben)
    assert 1 == school.slack.log.count("views.publish", error="not_enabled")


async def test_when_slack_asks_to_wait_it_is_drawn_afterwards(school: School) -> None:
    """A limit delays an open Home, it does not lose the change."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await open_home(school, ben)
    school.slack.faults.switch_on("views.publish", Fault.rate_limited(1), count=1)

    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await wait_for_home(school, ben, "Algebra")
