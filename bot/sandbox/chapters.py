"""The demo's lesson, chapter by chapter: what people do at their Slack clients and browsers, and what must come of it.

Nothing here is staged: people press what they see, the bot answers over its WebSocket, and every step is an expectation
that is waited for, with a limit. The chapters are in the order in which they are told; each goes on from the last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from zoneinfo import ZoneInfo

from bot.fields import RECORD, TRANSCRIBE, WARN
from bot.ids import Action, Field, View
from bot.sandbox.cast import at
from bot.sandbox.faults import Fault
from bot.sandbox.proofs import count_asked, count_reported, find_clear_text
from bot.sandbox.slack.actors import Actor
from bot.sandbox.stage import NotToBe, Stage, cut_out_faults, cut_out_new, find_url, has_line, name_all
from bot.sandbox.steps import Step
from bot.sandbox.telling import Seen
from bot.sandbox.visiting import Turned

TITLE = "Algebra"
SAID = {"Ada": "How much is one half and one quarter?", "Ben": "Three quarters: the common denominator is four."}
SOUGHT = "common denominator"


async def book(stage: Stage) -> None:
    """The form, a mistake in it, and the mended form sent."""
    ada = stage.cast.ada
    await stage.begin_chapter("14:05", "Ada books a lesson")
    typed = " ".join([*(f"@{one.user.real_name}" for one in stage.participants), f"today 4pm 45m {TITLE}"])
    await stage.telling.say(f"Ada types: /lesson {typed}")
    await ada.slash("/lesson", typed)
    await stage.wait(Step.FORM_OPENED, lambda: _sees_form(stage, "Cara", "Finn", TITLE, "45"))
    await stage.show(ada, "the form", stage.read_view(ada))
    stage.confirm(Step.FORM_OPENED)
    keeps = stage.promises(Step.COLLECTED)
    ticks = "ticks “Record” and “Transcribe”, " if keeps else ""
    await stage.telling.say(f"Ada also {ticks}chooses a channel for updates, and types the length in words.")
    await _fill(
        stage,
        {
            Field.OPTIONS: [RECORD, TRANSCRIBE, WARN] if keeps else [WARN],
            Field.CHANNEL: stage.cast.channel,
            Field.LENGTH: "three quarters of an hour",
        },
    )
    outcome = await ada.submit()
    await stage.show(ada, "the field with the mistake", cut_out_faults(stage.read_view(ada)))
    stage.expect(Step.MISTAKE_SHOWN, list(outcome.errors) == [Field.LENGTH] and _sees_form(stage, "Finn", "lessons"))
    await _fill(stage, {Field.LENGTH: "45"})


async def send(stage: Stage) -> None:
    """Book is pressed; links go out while the form shows how far they are."""
    ada = stage.cast.ada
    _slow_down(stage, len(stage.everybody))
    await stage.telling.say("Ada types 45 and presses Book. The form turns into this:")
    outcome = await ada.submit()
    await stage.show(ada, "progress", stage.read_view(ada), pauses=False)
    stage.expect(Step.BOOKED, outcome.is_fine and _sees(stage, View.PROGRESS))
    told = await _watch_links(stage)
    stage.expect(Step.PROGRESS_MOVED, len(told) > 1)
    urls = {find_url(actor.messages()[0]) for actor in stage.everybody}
    is_one_each = all(len(actor.messages()) == 1 for actor in stage.everybody)
    stage.expect(Step.CARDS_ARRIVED, is_one_each and None not in urls and len(urls) == len(stage.everybody))
    await stage.wait(Step.RESULT_SHOWN, lambda: "Everybody has been reached" in stage.read_view(ada))
    await stage.show(ada, "the result", stage.read_view(ada))
    stage.confirm(Step.RESULT_SHOWN)
    await ada.close()


def _slow_down(stage: Stage, count: int) -> None:
    """Let Slack take its time, each card a little longer than the one before, so that one sees them go out."""
    for place in range(1, count + 1):
        stage.school.slack.faults.switch_on("chat.postMessage", Fault.slow(place * stage.slowness), count=1)


async def _watch_links(stage: Stage) -> set[str]:
    """Draw the bar until every card is there; returns what the progress view said meanwhile."""
    everybody, told = stage.everybody, set[str]()

    def count() -> int:
        told.update(line for line in stage.read_view(stage.cast.ada).splitlines() if line.startswith("Sent "))
        return sum(1 for actor in everybody if actor.messages())

    with stage.telling.bar("Links going out", len(everybody)) as move:
        done = 0
        while done < len(everybody):
            before = done
            await stage.wait(Step.CARDS_ARRIVED, lambda: count() > before)  # noqa: B023 (asked before it changes)
            done = count()
            move(done)
    return told


async def read_cards(stage: Stage) -> None:
    """What everybody got."""
    ada, cast = stage.cast.ada, stage.cast
    await stage.telling.say("Everybody has a card now, as a direct message from Hallpass. Some of them:")
    await stage.wait(Step.CARDS_ARRIVED, lambda: "not sent yet" not in stage.read_card(ada))
    await stage.show(ada, "card", stage.read_card(ada))
    await stage.telling.show(*(stage.see(actor, "card", stage.read_card(actor)) for actor in (cast.cara, cast.dina)))
    starts_at = at("16:00")
    shown = {
        actor: f"{starts_at.astimezone(ZoneInfo(actor.user.zone)):%H:%M} to" in stage.read_card(actor)
        for actor in stage.everybody
    }
    stage.expect(Step.OWN_ZONES, all(shown.values()))
    stage.expect(Step.NO_CLEAR_TEXT_BEFORE, not find_clear_text(stage.school, stage.venue.list_secrets()))


async def come_too_early(stage: Stage) -> None:
    """A link is tried before its time."""
    dina = stage.cast.dina
    await stage.begin_chapter("15:20", "Dina tries her link too early")
    await stage.telling.say(f"Dina presses Join. The browser opens, and {stage.venue.answers} says:")
    coming = await stage.join(dina, "Dina's laptop")
    await stage.show_room("Dina's browser", coming)
    stage.expect(Step.EARLY_REFUSED, coming.turned is Turned.TOO_EARLY)


async def remind(stage: Stage) -> None:
    """Ten minutes before the start."""
    await stage.begin_chapter("15:50", "Ten minutes before the start")
    await stage.wait(Step.REMINDED, lambda: all(len(actor.messages()) == 2 for actor in stage.everybody))
    shown = [stage.see(actor, "reminder", stage.read_last(actor)) for actor in stage.participants[:2]]
    await stage.telling.show(*shown)
    has_join = all(find_url(actor.messages()[-1]) for actor in stage.everybody)
    stage.expect(Step.REMINDED, has_join)


async def use_links(stage: Stage) -> None:
    """A link is used; used again in another browser; replaced by a new one."""
    cara = stage.cast.cara
    await stage.begin_chapter("15:52", "Links are used")
    await stage.telling.say("Cara presses Join in the reminder, on a phone:")
    coming = await stage.join(cara, "Cara's phone", message=cara.messages()[-1])
    await stage.show_room("Cara's phone", coming)
    stage.expect(Step.LINK_USED, coming.is_inside)
    await stage.telling.say("The screen is too small. Cara presses Join again, on a laptop:")
    await stage.browser("Cara's phone").leave()
    coming = await stage.join(cara, "Cara's laptop")
    await stage.show_room("Cara's laptop", coming)
    stage.expect(Step.SECOND_USE_REFUSED, coming.turned is Turned.USED_ELSEWHERE)
    await _get_new_link(stage, cara)
    await stage.telling.say("Cara presses Join on the card once more, on the laptop:")
    coming = await stage.join(cara, "Cara's laptop")
    await stage.show_room("Cara's laptop", coming)
    stage.expect(Step.NEW_LINK_WORKED, coming.is_inside)


async def _get_new_link(stage: Stage, actor: Actor) -> None:
    card, answers = actor.messages()[0], len(actor.private_answers())
    old_url = find_url(card)
    await stage.telling.say(f"{actor.user.real_name} presses I need a new link on the card, and reads privately:")
    await actor.press(card, Action.NEW_LINK)
    await stage.wait(
        Step.NEW_LINK_CAME,
        lambda: len(actor.private_answers()) > answers and find_url(card) not in (None, old_url),
    )
    await stage.show_answer(actor, Step.NEW_LINK_CAME)


async def begin(stage: Stage) -> None:
    """The lesson starts."""
    cast = stage.cast
    coming = stage.among(cast.ada, cast.ben, cast.emil)
    await stage.begin_chapter("15:58", "Just before the start")
    press = "press Join, each on their own card" if len(coming) > 1 else "presses Join as well"
    await stage.telling.say(f"{name_all(coming)} {press}.")
    came = [await stage.join(actor, f"{actor.user.real_name}'s laptop") for actor in coming]
    await stage.begin_chapter("16:00", "The lesson begins")
    present = stage.list_present()
    await stage.telling.say(f"In the room: {', '.join(present)}. Dina and Finn are not there.")
    are_in = all(one.is_inside for one in came)
    expected = [actor.user.real_name for actor in (*coming, cast.cara)]
    stage.expect(Step.LESSON_RUNNING, are_in and sorted(present) == sorted(expected))
    said = {name: words for name, words in SAID.items() if name in expected}
    for minute, (name, words) in enumerate(said.items(), start=1):
        await stage.move(f"16:{minute:02}")
        await stage.telling.say(f"{name} says: {words}")
        await stage.browser(f"{name}'s laptop").say(words)


async def nudge(stage: Stage) -> None:
    """Some minutes after the start, who is not there is told."""
    dina, finn = stage.cast.dina, stage.cast.finn
    await stage.begin_chapter("16:06", "Two are not there yet")
    await stage.wait(Step.NUDGED, lambda: [len(actor.messages()) for actor in (dina, finn)] == [3, 3])
    await stage.show(finn, "nudge", stage.read_last(finn))
    stage.expect(Step.NUDGED, find_url(finn.messages()[-1]) == find_url(finn.messages()[0]) is not None)


async def come_late(stage: Stage) -> None:
    """Somebody comes twelve minutes late. The clock stands still until the board says so, so nobody had to ask."""
    ada = stage.cast.ada
    await stage.begin_chapter("16:12", "Dina comes late")
    await stage.wait_until_looked()
    asked, reported = count_asked(stage.school), count_reported(stage.school)
    await stage.telling.say("Dina presses Join on the same card as before:")
    coming = await stage.join(stage.cast.dina, "Dina's laptop")
    await stage.show_room("Dina's browser", coming)
    stage.expect(Step.LATE_JOINER, coming.is_inside)
    came = [actor.user.real_name for actor in stage.participants if actor is not stage.cast.finn]
    step = Step.BOARD_SHOWN if stage.promises(Step.BOARD_SHOWN) else Step.BOARD_SEEN
    await stage.wait(step, lambda: all(has_line(stage.read_card(ada), name, "joined") for name in came))
    tells = f"{stage.venue.brochure.shown_name} reports it by webhook"
    tells = tells if step is Step.BOARD_SHOWN else "Hallpass let Dina in itself"
    await stage.telling.say(f"{tells}, and Ada's card says so in the same moment:")
    await stage.show(ada, "card by now", stage.read_card(ada))
    is_told = count_reported(stage.school) == reported + (step is Step.BOARD_SHOWN)
    is_asked = count_asked(stage.school) > asked
    stage.expect(step, is_told and not is_asked and not has_line(stage.read_card(ada), "Finn", "joined"))


async def extend(stage: Stage) -> None:
    """Five minutes before the end, the leader takes ten more."""
    ada, cast = stage.cast.ada, stage.cast
    await stage.begin_chapter("16:40", "Five minutes before the end")
    await stage.wait(Step.WARNED, lambda: len(ada.messages()) == 3 and len(stage.list_in_channel()) == 2)
    in_channel = stage.read(cast.gwen, stage.list_in_channel()[-1])
    await stage.telling.show(
        stage.see(ada, "end warning", stage.read_last(ada)), Seen(title="Gwen · #lessons", text=in_channel)
    )
    stage.confirm(Step.WARNED)
    if stage.promises(Step.ASKED_IN_ROOM):
        stage.expect(Step.ASKED_IN_ROOM, [prompt.name for prompt in stage.school.lessonspace.prompts] == ["Ada"])
    before = {actor: stage.read_when(actor) for actor in stage.participants}
    urls = {actor: find_url(actor.messages()[0]) for actor in stage.participants}
    await stage.telling.say("Ada presses Extend 10 min, and reads privately:")
    await ada.press(ada.messages()[-1], Action.EXTEND)
    await stage.wait(Step.EXTENDED, lambda: bool(ada.private_answers()))
    await stage.show_answer(ada, Step.EXTENDED)
    await stage.wait(Step.CARDS_CHANGED, lambda: all(stage.read_when(actor) != was for actor, was in before.items()))
    for actor in stage.participants[:2]:
        await stage.telling.say(f"{actor.user.real_name}'s card: “{before[actor]}” is now “{stage.read_when(actor)}”.")
    ends = {actor: f"{at('16:55').astimezone(ZoneInfo(actor.user.zone)):%H:%M}" for actor in stage.participants}
    kept = all(find_url(actor.messages()[0]) == url for actor, url in urls.items())
    stage.expect(Step.CARDS_CHANGED, kept and all(end in stage.read_when(actor) for actor, end in ends.items()))


async def let_end(stage: Stage) -> None:
    """Five minutes before the new end, once is enough."""
    ada = stage.cast.ada
    await stage.begin_chapter("16:50", "Five minutes before the new end")
    await stage.wait(Step.ASKED_AGAIN, lambda: len(ada.messages()) == 4)
    stage.confirm(Step.ASKED_AGAIN)
    answers = len(ada.private_answers())
    await stage.telling.say("This time Ada presses Let it end, and reads privately:")
    await ada.press(ada.messages()[-1], Action.LET_END)
    await stage.wait(Step.LET_END, lambda: len(ada.private_answers()) > answers)
    await stage.show_answer(ada, Step.LET_END)


async def leave(stage: Stage) -> None:
    """Everybody goes."""
    await stage.begin_chapter("16:54", "Everybody leaves")
    inside = [actor for actor in stage.participants if actor is not stage.cast.finn]
    await stage.telling.say(f"{name_all(inside)} close their browsers; Ada does so a minute later.")
    for actor in inside:
        await stage.browser(f"{actor.user.real_name}'s laptop").leave()
    await stage.move("16:55")
    await stage.settle()
    await stage.browser("Ada's laptop").leave()
    stage.expect(Step.ENDED, stage.list_present() == [])


async def sum_up(stage: Stage) -> None:
    """What the leader and the channel read afterwards."""
    ada, cast = stage.cast.ada, stage.cast
    reports = stage.venue.brochure.capabilities.webhooks  # else the end shows at the next look
    await stage.begin_chapter("16:57" if reports else "16:59", "After the lesson")
    await stage.wait(Step.SUMMED_UP, lambda: len(ada.messages()) == 5)
    await stage.wait(Step.CHANNEL_SUMMED_UP, lambda: len(stage.list_in_channel()) == 4)
    summary, in_channel = stage.read_last(ada), stage.read(cast.gwen, stage.list_in_channel()[-1])
    await stage.telling.show(stage.see(ada, "summary", summary), Seen(title="Gwen · #lessons", text=in_channel))
    stage.confirm(Step.SUMMED_UP)
    stage.expect(Step.LATE_NOTED, has_line(summary, "Dina", "late"))
    stage.expect(Step.ABSENT_NOTED, has_line(summary, "Finn", "absent"))
    if stage.promises(Step.KNOWS_ITS_LIMITS):
        stage.expect(Step.KNOWS_ITS_LIMITS, "as far as Hallpass saw" in summary)
    names = [actor.user.real_name for actor in stage.everybody]
    stage.expect(Step.CHANNEL_SUMMED_UP, not any(name in in_channel for name in names))
    await stage.wait(
        Step.CARDS_CLOSED,
        lambda: all(
            "over" in stage.read_card(actor) and find_url(actor.messages()[0]) is None for actor in stage.everybody
        ),
    )
    shown = [stage.see(actor, "card", stage.read_card(actor)) for actor in (cast.dina, cast.finn)]
    await stage.telling.show(*shown)
    stage.confirm(Step.CARDS_CLOSED)


async def collect(stage: Stage) -> None:
    """What was recorded and said is ready: the same message says so. Where nothing is kept, nothing comes."""
    if not stage.promises(Step.COLLECTED):
        return
    ada = stage.cast.ada
    count = len(ada.messages())
    await stage.begin_chapter("17:08", "Recording and transcript are ready")
    await stage.telling.say("Lessonspace reports it, and Ada's summary changes in its place. It says now:")
    await stage.wait(
        Step.COLLECTED,
        lambda: all(words in stage.read_last(ada) for words in ("Watch recording", "Transcript", "own summary")),
    )
    await stage.show(ada, "summary by now", cut_out_new(stage.read_last(ada), after="itself counts"))
    stage.expect(Step.COLLECTED, len(ada.messages()) == count and "being prepared" not in stage.read_last(ada))


async def look_back(stage: Stage) -> None:
    """The leader watches, reads, and looks something up, where there is anything."""
    if not stage.promises(Step.WATCHED):
        return
    ada = stage.cast.ada
    summary, answers = ada.messages()[-1], len(ada.private_answers())
    await stage.telling.say("Ada presses Watch recording, and reads privately:")
    await ada.press(summary, Action.WATCH)
    await stage.wait(Step.WATCHED, lambda: len(ada.private_answers()) > answers)
    answer = ada.private_answers()[-1]
    await stage.show(ada, "private answer", stage.read(ada, answer))
    opened = await ada.press(answer, Action.OPEN_RECORDING)
    browser = stage.school.lessonspace.browser("Ada's laptop")
    is_open = opened.url is not None and await browser.open_page(opened.url)
    stage.expect(Step.WATCHED, is_open)
    await stage.telling.say("Ada presses Transcript, and finds a file in the messages:")
    await ada.press(summary, Action.TRANSCRIPT)
    await stage.wait(Step.TRANSCRIPT_READ, lambda: any(one.channel_id for one in stage.school.slack.uploads.files))
    [upload] = stage.school.slack.uploads.files
    text = (upload.content or b"").decode()
    await stage.show(ada, upload.name, text.strip())
    stage.expect(Step.TRANSCRIPT_READ, all(f"{name}: {words}" in text for name, words in SAID.items()))
    await stage.telling.say(f"Weeks later, Ada could still type: /lesson transcript {SOUGHT}")
    answers = len(ada.private_answers())
    await ada.slash("/lesson", f"transcript {SOUGHT}")
    await stage.wait(Step.WORDS_FOUND, lambda: len(ada.private_answers()) > answers)
    await stage.show_answer(ada, Step.WORDS_FOUND)


async def _fill(stage: Stage, values: dict[Field, object]) -> None:
    view = stage.cast.ada.view
    if view is None:
        raise NotToBe("the form is closed")
    await stage.cast.ada.fill(view, {field.value: value for field, value in values.items()})


def _sees(stage: Stage, view: View) -> bool:
    """Does the leader look at this kind of view?"""
    return stage.cast.ada.view is not None and stage.cast.ada.view.callback_id == view.value


def _sees_form(stage: Stage, *texts: str) -> bool:
    return _sees(stage, View.BOOKING) and all(text in stage.read_view(stage.cast.ada) for text in texts)


CHAPTERS: Sequence[Callable[[Stage], Awaitable[None]]] = (
    book,
    send,
    read_cards,
    come_too_early,
    remind,
    use_links,
    begin,
    nudge,
    come_late,
    extend,
    let_end,
    leave,
    sum_up,
    collect,
    look_back,
)
"""All of them, in order."""
