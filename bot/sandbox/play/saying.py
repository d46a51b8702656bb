"""What a person is told when what they did came to nothing, in the words of Slack's client and in plain ones. Pure.

What went well says nothing: the page shows it. What was wrong with a field stands on the field, and is not said twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.sandbox.slack.deliveries import Trouble
from bot.sandbox.slack.outcomes import Outcome

IS_GONE = "What you pressed is not there any more. This is how it looks now: press again if you still want to."
MESSAGE_GONE = "That message is gone, so nothing was sent."
VIEW_GONE = "That form is closed, so nothing was sent."
VIEW_COVERED = "Another form lies on top of that one: answer it first, or close it."
VIEW_OF_SOMEBODY_ELSE = "That form is open for somebody else: only they can use it."
NOTHING_TO_SEND = "There is nothing to send in this form any more: it shows something else by now."
NOT_RUNNING = "Hallpass is not running: start it under Trouble."
ONLY_COMMANDS = (
    "Only commands work here, like /lesson: Hallpass does not read along. Write to it where you two talk alone."
)


class Act(StrEnum):
    """What somebody did; the value is how to speak of doing it once more."""

    PRESS = "press"
    SEND = "send it"  # a form
    COMMAND = "type it"
    CHOOSE = "choose it"  # a shortcut, or something in a field that reports
    WRITE = "write"  # a message in the conversation with the bot


@dataclass(frozen=True, kw_only=True)
class Said:
    """What came of an act, for the page. `status` is the answer's to the browser."""

    text: str = ""
    """What is said to the person; empty: nothing."""
    is_done: bool = True
    """May what they typed be taken away? Otherwise it stays where it is."""
    wrong: str = ""
    """The first block whose field says what is wrong with it, where one does: there they go on."""
    status: int = 200


DONE = Said()


def refuse(text: str, *, status: int = 409) -> Said:
    """Not possible, and nothing was sent."""
    return Said(text=text, is_done=False, status=status)


def say_outcome(outcome: Outcome, act: Act, *, what: str = "", is_running: bool = True) -> Said:
    """What to tell. `what`: the command; `is_running`: is there a bot at all by now?"""
    wrong = outcome.complaints or outcome.errors
    if wrong:
        return Said(is_done=False, wrong=next(iter(wrong)))
    if outcome.trouble is not None:
        said = " ".join(_list_words(outcome, outcome.trouble, act, what, is_running))
        return Said(text=said, is_done=act is Act.WRITE)
    if outcome.stopped is not None:
        return Said(text=outcome.stopped, is_done=False)
    return DONE


def say_refused(error: str, act: Act) -> Said:
    """The bot wanted to open a form, and Slack did not."""
    return Said(
        text=f"No form opened: Slack did not take it from Hallpass ({error}). You can {act} again.", is_done=False
    )


def _list_words(outcome: Outcome, trouble: Trouble, act: Act, what: str, is_running: bool) -> list[str]:
    if act is Act.WRITE:
        words = ["Slack brings your message again by itself: at once, after a minute, after five more."]
        return ["Hallpass did not take your message." if is_running else NOT_RUNNING, *words]
    if not is_running:
        never_came = trouble is Trouble.CONNECTION
        return [NOT_RUNNING, "Nothing reached it." if never_came else "What it had done by then shows once it runs."]
    head = {
        Act.COMMAND: f"{what} failed with the error “{trouble}”.",
        Act.SEND: f"We had some trouble connecting. Try again? (Slack: {trouble}.)",
    }.get(act, f"Slack: {trouble}.")
    return [head, *_explain(outcome, trouble, act)]


def _explain(outcome: Outcome, trouble: Trouble, act: Act) -> list[str]:
    match trouble:
        case Trouble.TIMEOUT:
            words = ["Hallpass did not answer within three seconds, and may have done it all the same: look first."]
            # A trigger lives as long as Slack waits: what was to open by it never will.
            opens = {Act.SEND: "What you typed is still here."}
            return [*words, opens.get(act, f"If a form was to open, {act} again.")]
        case Trouble.CONNECTION:
            return ["Hallpass could not be reached.", f"Nothing is lost: {act} again in a moment."]
        case Trouble.STATUS:
            return [f"Hallpass answered with status {outcome.status}; its log says why.", f"You can {act} again."]
        case Trouble.UNREADABLE:
            return ["Hallpass answered with something that Slack cannot show: a fault of Hallpass, not yours."]
