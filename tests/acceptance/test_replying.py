"""Whether people come: answered on the card, read on the leader's board, and *I can't come* as a message at once."""

from __future__ import annotations

from bot.sandbox.school import School
from storage.records import NoticeKind, Reply
from tests.acceptance import telling


def list_replies(buttons: dict[str, object]) -> list[str]:
    return sorted(name for name in buttons if name.startswith("reply_"))


async def test_who_cannot_come_is_told_to_the_leader_and_not_reminded(school: School) -> None:
    """A message at once, the word on the board, no reminder; the other learner is reminded as always."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")

    assert (await ben.press(telling.find_card(ben), "reply_not_coming")).is_fine
    await telling.wait_for_answer(school, ben, "1 leader of Algebra is told now")
    await telling.settle(school)

    assert "Ben can’t come to Algebra" in telling.read_all(school, ada)[-1]
    assert "Ben (first lesson with you): sent · can’t come" in telling.read_all(school, ada)[0]
    assert "You said that you can’t come." in telling.read_all(school, ben)[0]
    assert ["reply_coming", "reply_late"] == list_replies(dict(telling.list_buttons(telling.find_card(ben))))
    await telling.move_to(school, 13, 50)
    assert (1, 2) == (len(ben.messages()), len(cara.messages()))


async def test_taken_back_in_time_the_reminder_comes(school: School) -> None:
    """The leader, who was told, is told that too."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await ben.press(telling.find_card(ben), "reply_not_coming")
    await telling.settle(school)

    assert (await ben.press(telling.find_card(ben), "reply_coming")).is_fine
    await telling.settle(school)
    await telling.move_to(school, 13, 50)

    assert any("Ben can come to Algebra" in text for text in telling.read_all(school, ada))
    assert "Algebra starts at 15:00." in telling.read_all(school, ben)[-1]


async def test_running_late_is_on_the_board_only(school: School) -> None:
    """No message to the leader for that."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await ben.press(telling.find_card(ben), "reply_late")
    await telling.settle(school)

    assert "running late" in telling.read_all(school, ada)[0]
    assert 1 == len(ada.messages())


async def test_pressed_twice_the_leader_hears_it_once(school: School) -> None:
    """A double press, and a press on the card as it was before."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    card = telling.find_card(ben)
    await ben.press(card, "reply_not_coming")
    await telling.settle(school)

    assert (await ben.press(card, "reply_not_coming", revision=0)).is_fine
    await ben.press(card, "reply_coming", revision=0)
    await telling.wait_for_answer(school, ben, "out of date")
    await telling.settle(school)

    assert 1 == len(await telling.list_notices(school, NoticeKind.REPLY))
    assert "You said that you can’t come." in telling.read_all(school, ben)[0]


async def test_nobody_answers_for_another(school: School) -> None:
    """A forged value gets a private refusal, and nothing changes."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    bens, caras = (telling.list_buttons(telling.find_card(actor))["reply_not_coming"] for actor in (ben, cara))
    assert isinstance(caras, dict)
    caras["value"] = bens["value"]

    await cara.press(telling.find_card(cara), "reply_not_coming")
    await telling.wait_for_answer(school, cara, "Only the participant whose card this is")
    await telling.settle(school)

    assert school.hallpass is not None
    lesson = await telling.get_lesson(school)
    details = await school.hallpass.store.read(lambda tx: tx.lessons.get_details(lesson.workspace_id, lesson.id))
    assert {Reply.NONE} == {seat.participant.reply for seat in details.seats}
    assert not await telling.list_notices(school, NoticeKind.REPLY)
