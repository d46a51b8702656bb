"""*Another device*: a second way in for the same person, and for nobody else."""

from __future__ import annotations

from bot.devices import MOST_DEVICES
from bot.sandbox.faults import Fault
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from storage.records import Link
from storage.store import Transaction
from tests.acceptance import telling


async def ask(school: School, actor: Actor, words: str = "a second way into Algebra") -> Message:
    """Press *Another device* on the card; the private answer."""
    seen = len(actor.private_answers())
    outcome = await actor.press(telling.find_card(actor), "device")
    assert outcome.trouble is None
    await school.slack.wait_for(lambda: len(actor.private_answers()) > seen)
    answer = actor.private_answers()[-1]
    assert words in actor.read(answer, now=school.clock.now())
    return answer


async def list_links(school: School) -> list[Link]:
    """The lesson's stored links."""
    assert school.hallpass is not None
    lesson = await telling.get_lesson(school)

    def read(tx: Transaction) -> list[Link]:
        return tx.lessons.list_links(lesson.workspace_id, lesson.id)

    return await school.hallpass.store.read(read)


async def test_a_second_device_comes_in_beside_the_first(school: School) -> None:
    """Both links work, each in its own browser; nothing is revoked, nothing counts as a new link, the card stays."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 55)
    url = telling.find_url(telling.find_card(ben))

    for person in (ben, ada):
        answer = await ask(school, person)
        assert await telling.join(school, person, "phone") is None
        assert await telling.join(school, person, "tablet", message=answer) is None
        assert await telling.join(school, person, "stranger's", message=answer) is not None

    await telling.settle(school)
    assert url == telling.find_url(telling.find_card(ben))
    assert "new link" not in telling.read_all(school, ada)[0].replace("I need a new link", "")
    links = await list_links(school)
    assert sorted([1, 2] * 2) == sorted(link.device for link in links)
    assert not [link for link in links if link.revoked_at]


async def test_pressing_twice_makes_one_more_link_until_it_is_used(school: School) -> None:
    """A link that waits is given again; after it was opened there is another, up to a limit that names who helps."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 55)

    first, again = await ask(school, ben), await ask(school, ben)
    assert telling.find_url(first) == telling.find_url(again)
    for _ in range(MOST_DEVICES - 1):
        await ben.press(await ask(school, ben), "join")
    await ask(school, ben, "which is the limit. Write to Ada")
    assert MOST_DEVICES + 1 == len(await list_links(school))


async def test_a_second_device_before_and_after_the_window_is_told_when(school: School) -> None:
    """Nothing is launched."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await ask(school, ben, "It is too early. You can come in from 14:50")
    school.lessonspace.faults.switch_on("space_sessions", Fault.refusing())
    await telling.move_to(school, 15, 16)
    await ben.press(telling.find_card(ben), "device", revision=0)
    await telling.wait_for_answer(school, ben, "It is too late. The way in closed at 16:15")
    assert len(school.lessonspace.launches) == 2


async def test_nobody_gets_a_device_by_somebody_elses_button(school: School) -> None:
    """Cara sends what only Ben's button carries."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    await telling.move_to(school, 13, 55)
    own, others = (telling.list_buttons(telling.find_card(one))["device"] for one in (cara, ben))
    assert isinstance(own, dict)
    own["value"] = others["value"]

    await ask(school, cara, "A way in is its person's alone")
    assert len(school.lessonspace.launches) == 3


async def test_a_room_service_that_is_down_is_said(school: School) -> None:
    """And the next press works."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 55)
    school.lessonspace.faults.switch_on("launch", Fault.refusing())

    await ask(school, ben, "The room service did not answer")
    school.lessonspace.faults.switch_off()
    await ask(school, ben)


async def test_a_second_device_is_sealed_and_erased_like_the_first(school: School) -> None:
    """After the lesson nothing is left of it."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 55)
    url = telling.find_url(await ask(school, ben))
    assert url is not None
    assert url.encode() not in school.database_path.read_bytes()

    await telling.move_to(school, 15, 45)
    await telling.move_to(school, 16, 20)
    assert not [link for link in await list_links(school) if link.url_sealed]


async def test_new_links_have_a_limit_and_then_the_leader_helps(school: School) -> None:
    """Five, then words that name the leader; the leader's own second way in is not touched by it."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 55)
    for _ in range(5):
        await ben.press(telling.find_card(ben), "new_link")
        await telling.settle(school)
    url = telling.find_url(telling.find_card(ben))

    await ben.press(telling.find_card(ben), "new_link")
    await telling.wait_for_answer(
        school, ben, "asked for that 5 times for this lesson, which is the limit. Write to Ada"
    )
    await telling.settle(school)
    assert (url, 7) == (telling.find_url(telling.find_card(ben)), len(school.lessonspace.launches))
