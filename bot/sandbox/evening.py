"""The demo's evening, chapter by chapter: two more lessons, whose plans change before they begin and while they run.

As in `chapters.py`, nothing is staged: people press what they see, and every step is an expectation that is waited for.
These chapters come after the first lesson, so that what is told of that one stays as plain as it is. Webhooks are off
in them, where there are any: what the boards say was asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from bot.fields import EVERYONE_LEAVES, WARN
from bot.ids import Action, Choice, Field, View
from bot.sandbox.cast import at
from bot.sandbox.proofs import count_asked
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from bot.sandbox.stage import NotToBe, Stage, find_url, has_line
from bot.sandbox.steps import Step
from bot.sandbox.visiting import Coming

TITLE = "Geometry"
TYPED = f"@Ben @Finn today 5:30pm 30m {TITLE}"
OFF_TITLE = "Trigonometry"
OFF_TYPED = f"@Ben @Emil tomorrow 10am 30m {OFF_TITLE}"
WHY = "I am ill, sorry."


async def switch_off_webhooks(stage: Stage) -> None:
    """From here on nobody reports anything; where nobody did, there is nothing to switch off."""
    if not stage.promises(Step.WEBHOOKS_OFF):
        return
    school, counts = stage.school, {actor: len(actor.messages()) for actor in stage.cast.everybody}
    await stage.begin_chapter("17:09", "Webhooks are switched off")
    await stage.telling.say("Hallpass is stopped, and started again with HALLPASS_WEBHOOKS=off.")
    await school.stop()
    school.change_setting("HALLPASS_WEBHOOKS", "off")
    await school.start()
    stage.expect(Step.WEBHOOKS_OFF, counts == {actor: len(actor.messages()) for actor in counts})


async def book_another(stage: Stage) -> None:
    """A second lesson, which ends for everybody at its end, so that its links reach no further."""
    await stage.begin_chapter("17:10", "Ada books another lesson")
    await stage.telling.say(f"Ada types: /lesson {TYPED}, ticks “Everyone leaves at the end”, and presses Book.")
    cards = await _book(stage, Step.BOOKED_ANOTHER, TYPED, TITLE, options=[WARN, EVERYONE_LEAVES])
    stage.expect(Step.BOOKED_ANOTHER, all("At 18:00 everyone leaves" in stage.read(*card) for card in cards[1:]))


async def stay_away(stage: Stage) -> None:
    """Somebody cannot come, and the leader knows at once."""
    ada, finn = stage.cast.ada, stage.cast.finn
    before = len(ada.messages())
    await stage.telling.say("Finn presses I can't come on the card. Ada reads at once:")
    await finn.press(find_card(finn, TITLE), Action.REPLY_NOT_COMING)
    await stage.wait(Step.NOT_COMING_TOLD, lambda: len(ada.messages()) == before + 1)
    await stage.show(ada, "message", stage.read_last(ada))
    stage.expect(Step.NOT_COMING_TOLD, "Finn can’t come" in stage.read_last(ada))


async def move(stage: Stage) -> None:
    """Half an hour later: told once, with a link for the new times, or with the same Join if it can be moved."""
    ada, ben, finn = stage.cast.ada, stage.cast.ben, stage.cast.finn
    counts = {actor: len(actor.messages()) for actor in (ada, ben, finn)}
    urls = {actor: _url_of(actor) for actor in counts}
    step = Step.MOVED if stage.promises(Step.MOVED) else Step.MOVED_WITH_DOOR
    await stage.begin_chapter("17:15", "Ada moves it")
    await stage.telling.say("Ada chooses Move in the card's menu, sets 18:00, and reads in the form's place:")
    await _choose(stage, Choice.MOVE, View.MOVE, step)
    await _fill_and_send(stage, {Field.STARTS_AT: at("18:00")})
    await stage.wait(step, lambda: "has its new times" in stage.read_view(ada))
    await stage.show(ada, "the form", stage.read_view(ada))
    await ada.close()
    await stage.wait(step, lambda: all(len(one.messages()) > counts[one] for one in (ben, finn)))
    await stage.wait(step, lambda: _are_new(urls) if step is Step.MOVED else _are_same(urls))
    await stage.show(ben, "message", stage.read_last(ben))
    told = {actor: len(actor.messages()) - count for actor, count in counts.items()}
    stage.expect(step, told == {ada: 0, ben: 1, finn: 1} and "was moved from" in stage.read_last(ben))


async def begin_again(stage: Stage) -> None:
    """Reminded for the new start, who comes is in the room, and somebody is added while it runs."""
    ada, ben, finn, hana = stage.cast.ada, stage.cast.ben, stage.cast.finn, stage.cast.hana
    count = len(finn.messages())
    await stage.begin_chapter("17:50", "Ten minutes before the new start")
    await stage.wait(Step.REMINDED_OF_NEW_START, lambda: "starts at 18:00" in stage.read_last(ben))
    await stage.telling.say("Ben is reminded. Finn, who can't come, is left alone. Ada and Ben press Join.")
    came = [await _join(stage, actor) for actor in (ada, ben)]
    are_in = all(coming.is_inside for coming in came)
    stage.expect(Step.REMINDED_OF_NEW_START, are_in and len(finn.messages()) == count)
    await stage.begin_chapter("18:05", "Hana is added late")
    await stage.telling.say("Ada chooses Add or remove people in the card's menu, picks Hana, and presses Add.")
    await _add(stage, hana)
    await stage.show(hana, "card", stage.read(hana, find_card(hana, TITLE)))
    stage.confirm(Step.ADDED)
    await stage.wait_until_looked()
    coming = await _join(stage, hana)
    stage.expect(Step.ADDED_CAME_IN, coming.is_inside)
    asked = count_asked(stage.school)
    is_told_yet = has_line(_read_board(stage), "Hana", "joined")
    is_by_asking = stage.promises(Step.BOARD_BY_ASKING)
    await stage.begin_chapter("18:06", "Hallpass asks who is there" if is_by_asking else "Ada looks who is there")
    await stage.wait(Step.BOARD_TELLS, lambda: has_line(_read_board(stage), "Hana", "joined 18:05"))
    await stage.show(ada, "card by now", _read_board(stage))
    stage.expect(Step.BOARD_TELLS, has_line(_read_board(stage), "Finn", "can’t come"))
    if is_by_asking:
        launches = stage.school.lessonspace.launches
        is_silent = "webhooks" not in launches[-1].body and launches[-1].room_id not in _list_reporting(stage)
        stage.expect(Step.BOARD_BY_ASKING, is_silent and not is_told_yet and count_asked(stage.school) > asked)


async def extend_beyond(stage: Stage) -> None:
    """Ten minutes more, past the end that the links had: new links, or the same Join where a door of ours judges it."""
    ada = stage.cast.ada
    inside = (ada, stage.cast.ben, stage.cast.hana)
    urls = {actor: _url_of(actor) for actor in inside}
    answers = len(ada.private_answers())
    step = Step.EXTENDED_BEYOND if stage.promises(Step.EXTENDED_BEYOND) else Step.STAYED_ON
    await stage.begin_chapter("18:25", "Five minutes before the end, where links end too")
    await stage.wait(step, lambda: "ends at 18:30" in stage.read_last(ada))
    await stage.telling.say("Ada presses Extend 10 min, and reads privately:")
    await ada.press(ada.messages()[-1], Action.EXTEND)
    await stage.wait(step, lambda: len(ada.private_answers()) > answers)
    await stage.show(ada, "private answer", stage.read(ada, ada.private_answers()[-1]))
    if step is Step.EXTENDED_BEYOND:
        await stage.wait(step, lambda: _are_new(urls))
        stage.confirm(step)
        await _come_in_again(stage, inside)
    else:
        await stage.begin_chapter("18:31", "Past the old end")
        present = sorted(stage.list_present())
        await stage.telling.say(f"In the room: {', '.join(present)}. Nobody had to do anything.")
        stage.expect(step, _are_same(urls) and present == ["Ada", "Ben", "Hana"])


async def _come_in_again(stage: Stage, inside: Sequence[Actor]) -> None:
    """Each link has its own end, which the room keeps."""
    await stage.begin_chapter("18:30", "The room closes, and opens again")
    is_empty = not stage.list_present()
    await stage.telling.say("The old links are over, and the room puts everybody out. They press Join once more.")
    came = [await _join(stage, actor) for actor in inside]
    present = sorted(stage.list_present())
    are_in = all(coming.is_inside for coming in came)
    stage.expect(Step.CAME_IN_AGAIN, is_empty and are_in and present == ["Ada", "Ben", "Hana"])


async def end_now(stage: Stage) -> None:
    """Done early: the board says who left, and the leader ends it."""
    ada, cast = stage.cast.ada, stage.cast
    await stage.begin_chapter("18:36", "Done early")
    for actor in (cast.ben, cast.hana, ada):
        await stage.browser(_browser(actor)).leave()
    await stage.move("18:37")
    knows_who_left = stage.venue.brochure.knows_who_left
    if knows_who_left:
        await stage.wait(Step.ENDED_NOW, lambda: has_line(_read_board(stage), "Ben", "left 18:36"))
    await stage.settle()
    seen = (
        "Ada's card says who left. Ada chooses End now in its"
        if knows_who_left
        else "Ada chooses End now in the card's"
    )
    await stage.telling.say(f"{seen} menu, and is sure.")
    await _choose(stage, Choice.END, View.END, Step.ENDED_NOW)
    await _fill_and_send(stage, {})
    await ada.close()
    await stage.wait(Step.ENDED_NOW, lambda: "of 4 came" in stage.read_last(ada) and _url_of(cast.ben) is None)
    await stage.show(ada, "summary", stage.read_last(ada))
    stage.expect(Step.ENDED_NOW, has_line(stage.read_last(ada), "Hana", "31 min" if knows_who_left else "32 min"))


async def call_off(stage: Stage) -> None:
    """A third lesson does not take place."""
    ada, ben, emil = stage.cast.ada, stage.cast.ben, stage.cast.emil
    await stage.begin_chapter("18:45", "A lesson is cancelled")
    await stage.telling.say(f"Ada books {OFF_TITLE} with Ben and Emil for tomorrow,")
    await _book(stage, Step.CANCELLED, OFF_TYPED, OFF_TITLE)
    counts = {actor: len(actor.messages()) for actor in (ada, ben, emil)}
    await stage.telling.say(f"presses Cancel lesson on its card, and types a reason: {WHY}")
    await ada.press(find_card(ada, OFF_TITLE), Action.CANCEL)
    await stage.wait(Step.CANCELLED, lambda: _sees(stage, View.CANCEL))
    await _fill_and_send(stage, {Field.REASON: WHY})
    await ada.close()
    await stage.wait(Step.CANCELLED, lambda: all(len(one.messages()) > counts[one] for one in (ben, emil)))
    await stage.wait(Step.CANCELLED, lambda: not any(_has_join(one) for one in (ada, ben, emil)))
    await stage.telling.show(*(stage.see(one, "message", stage.read_last(one)) for one in (ben, emil)))
    told = {actor: len(actor.messages()) - count for actor, count in counts.items()}
    is_said = all(WHY in stage.read_last(one) for one in (ben, emil))
    stage.expect(Step.CANCELLED, is_said and told == {ada: 0, ben: 1, emil: 1})


def find_card(actor: Actor, title: str) -> Message:
    """Their card of that lesson: the first message that names it."""
    found = next((message for message in actor.messages() if title in str(message.blocks)), None)
    if found is None:
        raise NotToBe(f"{actor.user.real_name} has no card of {title}")
    return found


async def _book(stage: Stage, step: Step, typed: str, title: str, **fields: object) -> list[tuple[Actor, Message]]:
    """Type it, send the form, and wait until everybody was reached. Their cards, the leader's first."""
    ada, cast = stage.cast.ada, stage.cast
    await ada.slash("/lesson", typed)
    await stage.wait(step, lambda: _sees(stage, View.BOOKING) and title in stage.read_view(ada))
    await _fill_and_send(stage, {Field(name): value for name, value in fields.items()})
    await stage.wait(step, lambda: "Everybody has been reached" in stage.read_view(ada))
    await ada.close()
    reached = [actor for actor in cast.everybody if any(title in str(one.blocks) for one in actor.messages())]
    return [(actor, find_card(actor, title)) for actor in reached]


async def _choose(stage: Stage, choice: Choice, view: View, step: Step) -> None:
    """Choose in the menu of the leader's card; the form is there."""
    await stage.cast.ada.pick(find_card(stage.cast.ada, TITLE), Action.MORE, choice.value)
    await stage.wait(step, lambda: _sees(stage, view))


async def _fill_and_send(stage: Stage, values: dict[Field, object]) -> None:
    ada = stage.cast.ada
    if ada.view is None:
        raise NotToBe("the form is closed")
    await ada.fill(ada.view, {field.value: value for field, value in values.items()})
    await ada.submit()


async def _add(stage: Stage, newcomer: Actor) -> None:
    """Name somebody in the form of people; their card is there."""
    ada = stage.cast.ada
    await _choose(stage, Choice.PEOPLE, View.PEOPLE, Step.ADDED)
    if ada.view is None:
        raise NotToBe("the form is closed")
    blocks = (str(block.get("block_id")) for block in ada.view.blocks)
    where = next(block_id for block_id in blocks if block_id.startswith(f"{Field.ADD.value}:"))
    await ada.fill(ada.view, {where: [newcomer.user.id]})
    await ada.submit()
    await ada.close()
    await stage.wait(Step.ADDED, lambda: bool(newcomer.messages()) and _url_of(newcomer) is not None)


async def _join(stage: Stage, actor: Actor) -> Coming:
    return await stage.join(actor, _browser(actor), message=find_card(actor, TITLE))


def _browser(actor: Actor) -> str:
    return f"{actor.user.real_name}'s laptop"


def _url_of(actor: Actor) -> str | None:
    return find_url(find_card(actor, TITLE))


def _are_new(urls: dict[Actor, str | None]) -> bool:
    """Has everybody's card another link than these?"""
    return all(_url_of(actor) not in (None, url) for actor, url in urls.items())


def _are_same(urls: dict[Actor, str | None]) -> bool:
    """Has everybody's card the link that it had?"""
    return all(_url_of(actor) == url is not None for actor, url in urls.items())


def _read_board(stage: Stage) -> str:
    return stage.read(stage.cast.ada, find_card(stage.cast.ada, TITLE))


def _has_join(actor: Actor) -> bool:
    return any(find_url(message) for message in actor.messages() if OFF_TITLE in str(message.blocks))


def _list_reporting(stage: Stage) -> set[str]:
    """The rooms that ever reported anything."""
    return {delivery.room_id for delivery in stage.school.lessonspace.webhooks.deliveries}


def _sees(stage: Stage, view: View) -> bool:
    """Does the leader look at this kind of view?"""
    return stage.cast.ada.view is not None and stage.cast.ada.view.callback_id == view.value


CHAPTERS: Sequence[Callable[[Stage], Awaitable[None]]] = (
    switch_off_webhooks,
    book_another,
    stay_away,
    move,
    begin_again,
    extend_beyond,
    end_now,
    call_off,
)
"""All of them, in order."""
