"""What must happen in the demo's story, and the account of what did. Pure.

The list is the promise: a step that nobody confirms is missing, also when the story never came to it. What a room
service cannot do is not promised of a story that plays there (`list_steps`); what Hallpass then does instead is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from bot.rooms.base import Capabilities


class Step(Enum):
    """One thing that must happen; its value is how it is told. In the order of the story."""

    FORM_OPENED = "The form opened, filled in from what was typed."
    MISTAKE_SHOWN = "The mistake is named on its own field; everything else stays as typed."
    BOOKED = "The mended form booked the lesson."
    PROGRESS_MOVED = "The form turned into a progress view, and it moved while links went out."
    CARDS_ARRIVED = "Everybody got one card with one link."
    RESULT_SHOWN = "The form turned into the result: everybody was reached."
    OWN_ZONES = "Each card shows the time in its reader's own zone."
    NO_CLEAR_TEXT_BEFORE = "No link or secret can be read in the database or the logs while the links are good."
    EARLY_REFUSED = "An early use of a link was refused, and the browser said why."
    REMINDED = "Everybody was reminded once, with Join."
    LINK_USED = "The link let its person in."
    SECOND_USE_REFUSED = "The same link in a second browser was refused: it was used already."
    NEW_LINK_CAME = "A new link came at once, on the same card."
    NEW_LINK_WORKED = "The new link let its person in."
    LESSON_RUNNING = "The lesson is running."
    NUDGED = "Who was not there was told once, with the same Join; who was there was left alone."
    LATE_JOINER = "Somebody joined late, with the link that had been refused as too early."
    BOARD_SHOWN = "The leader's card shows who joined, and when, by webhook: the room reported it, nobody asked."
    BOARD_SEEN = "The leader's card shows who joined, and when, by Hallpass's own door: nobody asked the room."
    WARNED = "The leader was asked before the end, and the channel told."
    ASKED_IN_ROOM = "The room asked the leader as well."
    EXTENDED = "The lesson was extended by ten minutes."
    CARDS_CHANGED = "Every card shows the new end; nobody needs a new link."
    ASKED_AGAIN = "The leader was asked again before the new end."
    LET_END = "The leader let it end."
    ENDED = "Everybody left, and the lesson ended."
    SUMMED_UP = "The summary came to the leader."
    LATE_NOTED = "The summary says who was late."
    ABSENT_NOTED = "The summary says who was absent."
    KNOWS_ITS_LIMITS = "The summary says that it is as far as Hallpass saw, since the room does not tell."
    CHANNEL_SUMMED_UP = "The channel got times and counts, and no names."
    CARDS_CLOSED = "Every card says that the lesson is over and offers no Join."
    COLLECTED = "Recording and transcript were ready, and the summary changed in place: no new message came."
    WATCHED = "The recording opened, by an address that only the leader was told."
    TRANSCRIPT_READ = "The transcript came as a file."
    WORDS_FOUND = "What was said was found again by its words."
    WEBHOOKS_OFF = "Hallpass was started again with webhooks switched off, and wrote to nobody again."
    BOOKED_ANOTHER = "A second lesson was booked, whose links end when it ends."
    NOT_COMING_TOLD = "Who can't come said so, and the leader read it at once."
    MOVED = "The lesson was moved: everybody else was told once, with a link for the new time."
    MOVED_WITH_DOOR = "The lesson was moved: everybody else was told once, and the same Join is for the new time."
    REMINDED_OF_NEW_START = "The reminder came for the new start, and not to who can't come."
    ADDED = "Somebody was added to the lesson while it ran, and got a link at once."
    ADDED_CAME_IN = "That link let its person in."
    BOARD_TELLS = "The leader's card shows who joined, and who said that they can't come."
    BOARD_BY_ASKING = "That came without webhooks: the room had no address to report to, and was asked."
    EXTENDED_BEYOND = "Extended beyond the links' end, everybody in it got a new link."
    CAME_IN_AGAIN = "Put out at the old end, everybody came in again by the new links."
    STAYED_ON = "Extended, everybody stayed in the room past the old end, and nobody needed a new link."
    ENDED_NOW = "The leader ended it early, and the summary came at once."
    CANCELLED = "A lesson was cancelled: everybody else was told once and why, and its links are gone."
    OWN_LINKS_ONLY = "Nobody saw another person's link."
    NOTHING_TWICE = "Nothing arrived twice."
    NO_CLEAR_TEXT_AFTER = "No link or secret can be read in the database or the logs afterwards."
    TABLES_READABLE = "The database holds the lesson in tables that a person can read."


def _is_direct(can: Capabilities) -> bool:
    return can.is_direct


def _is_through_a_door(can: Capabilities) -> bool:
    return not can.is_direct


def _keeps_what_was_said(can: Capabilities) -> bool:
    return can.recording and can.transcript


NEEDS: Mapping[Step, Callable[[Capabilities], bool]] = {
    Step.BOARD_SHOWN: lambda can: can.webhooks,
    Step.BOARD_SEEN: lambda can: not can.webhooks,
    Step.ASKED_IN_ROOM: lambda can: can.soft_prompt,
    Step.KNOWS_ITS_LIMITS: lambda can: not can.attendance,
    Step.COLLECTED: _keeps_what_was_said,
    Step.WATCHED: _keeps_what_was_said,
    Step.TRANSCRIPT_READ: _keeps_what_was_said,
    Step.WORDS_FOUND: _keeps_what_was_said,
    Step.WEBHOOKS_OFF: lambda can: can.webhooks,
    Step.BOARD_BY_ASKING: lambda can: can.webhooks,
    Step.MOVED: _is_direct,
    Step.MOVED_WITH_DOOR: _is_through_a_door,
    Step.EXTENDED_BEYOND: _is_direct,
    Step.CAME_IN_AGAIN: _is_direct,
    Step.STAYED_ON: _is_through_a_door,
}
"""What a room service must do, or leave to Hallpass, for a step to happen; all others happen everywhere."""


def list_steps(can: Capabilities) -> tuple[Step, ...]:
    """What the story promises where a room service can do this, in its order."""
    return tuple(step for step in Step if step not in NEEDS or NEEDS[step](can))


def list_left_out(can: Capabilities) -> list[str]:
    """What the service has none of, so that the story tells nothing of it; in words."""
    has = {
        "reports by webhook": can.webhooks,
        "a question in the room near the end": can.soft_prompt,
        "a record of who came": can.attendance,
        "recordings and transcripts": _keeps_what_was_said(can),
    }
    return [what for what, is_there in has.items() if not is_there]


class Account:
    """Which steps happened, which did not, and which the story never came to."""

    def __init__(self, steps: Sequence[Step]) -> None:
        """`steps`: those that the story promises, in its order."""
        self._steps = tuple(steps)
        self._happened: set[Step] = set()
        self._missed: set[Step] = set()

    def promises(self, step: Step) -> bool:
        """Must it happen?"""
        return step in self._steps

    def confirm(self, step: Step) -> None:
        """It happened. Twice, or without having been promised, is a mistake of the story."""
        if not self.promises(step):
            raise ValueError(f"{step.name} was not promised")
        if step in self._happened:
            raise ValueError(f"{step.name} was told twice")
        self._happened.add(step)

    def miss(self, step: Step) -> None:
        """It was to happen now, and did not."""
        self._missed.add(step)

    def list_missed(self) -> list[Step]:
        """What was to happen and did not, in the order of the story."""
        return [step for step in self._steps if step in self._missed]

    def list_not_reached(self) -> list[Step]:
        """What the story never came to, in its order."""
        return [step for step in self._steps if step not in self._happened | self._missed]

    def is_whole(self) -> bool:
        """Did everything happen?"""
        return self._happened == set(self._steps) and not self._missed
