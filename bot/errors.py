"""The error tree above storage: whose fault, and what can be done.

HallpassError                     storage/errors.py
├── Refused                       a person asked for what is not possible now; told privately, nothing changed
│   ├── NotAllowed                not theirs to do
│   │   └── NoLongerKept          of a lesson that is not stored, or not any more
│   ├── Outdated                  pressed on a card that no longer shows the truth
│   ├── TooEarly                  a way in before its window; carries when it opens
│   ├── TooLate                   a way in after its window; carries when it closed
│   ├── WrongState                the lesson is over, cancelled, …; carries the state
│   ├── LimitReached              asked for too often; carries the limit and who can help
│   ├── LastOne                   the only leader or the only participant cannot be taken out
│   └── UnknownZone, NoSuchWallTime   bot/windows.py: a time that no clock shows
├── RoomServiceError              the provider
│   ├── RoomServiceDown           no answer, or 5xx: safe to repeat, later
│   ├── RoomServiceBusy           429: repeat after `retry_after`
│   ├── RoomServiceRefused        4xx: our key, our request; repeating does not help
│   ├── RoomServiceNonsense       answered something that is not what it promises; names the field
│   └── WebhookForged             a delivery that is not signed with the room's secret
└── SlackError                    Slack
    ├── SlackBusy                 429: repeat after `retry_after`
    ├── SlackUnknown              no definite answer: the message may or may not be there
    ├── SlackDown                 definitely not done, worth repeating
    ├── SlackUnreachable          this person or channel cannot be reached; carries Slack's code
    │   └── ViewGone              somebody was quicker: the form was closed, sent off or drawn anew
    └── SlackRefused              our request or our installation is wrong; carries Slack's code
"""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.errors import HallpassError
from storage.records import LessonState


class Refused(HallpassError):
    """A person asked for something that is not possible now. Nothing was changed."""


class NotAllowed(Refused):
    """Not theirs to do. `action` names what was tried."""

    def __init__(self, action: str) -> None:
        super().__init__(f"not allowed: {action}")
        self.action = action


class NoLongerKept(NotAllowed):
    """Of a lesson that is not stored: its time was over, though its messages may still be in Slack."""


class Outdated(Refused):
    """Pressed on a card whose revision is behind; the card shows the truth by now."""


class TooEarly(Refused):
    """A way in before its window opens."""

    def __init__(self, opens_at: datetime) -> None:
        super().__init__(f"opens at {opens_at.isoformat()}")
        self.opens_at = opens_at


class TooLate(Refused):
    """A way in after its window closed."""

    def __init__(self, closed_at: datetime) -> None:
        super().__init__(f"closed at {closed_at.isoformat()}")
        self.closed_at = closed_at


class WrongState(Refused):
    """The lesson is no longer (or not yet) where this would make sense."""

    def __init__(self, state: LessonState, wanted: str) -> None:
        super().__init__(f"lesson is {state.value}: cannot {wanted}")
        self.state = state
        self.wanted = wanted


class LimitReached(Refused):
    """Asked for too often. `limit` is how often is enough, `leaders` are the names of those who can help."""

    def __init__(self, limit: int, leaders: tuple[str, ...]) -> None:
        super().__init__(f"limit reached: {limit}")
        self.limit = limit
        self.leaders = leaders


class LastOne(Refused):
    """A lesson keeps a leader and a participant. `is_leader`: which of the two would be missing."""

    def __init__(self, *, is_leader: bool) -> None:
        super().__init__(f"the last {'leader' if is_leader else 'participant'}")
        self.is_leader = is_leader


class RoomServiceError(HallpassError):
    """Something between us and a room service.

    `provider` is the company's name, `status` the HTTP status where there was one.
    The text never holds a link, a key or a body.
    """

    def __init__(self, provider: str, detail: str, *, status: int | None = None) -> None:
        super().__init__(f"{provider}: {detail}" + (f" (HTTP {status})" if status else ""))
        self.provider = provider
        self.detail = detail
        self.status = status


class RoomServiceDown(RoomServiceError):
    """No answer or 5xx. Safe to repeat when `was_sent` is False or the call is repeatable."""

    def __init__(self, provider: str, detail: str, *, status: int | None = None, was_sent: bool = True) -> None:
        super().__init__(provider, detail, status=status)
        self.was_sent = was_sent


class RoomServiceBusy(RoomServiceError):
    """429. Nothing was done; ask again after `retry_after`."""

    def __init__(self, provider: str, *, retry_after: timedelta) -> None:
        super().__init__(provider, "asks us to slow down", status=429)
        self.retry_after = retry_after


class RoomServiceRefused(RoomServiceError):
    """4xx: the key or the request is wrong. Repeating does not help; a person must look."""


class RoomServiceNonsense(RoomServiceError):
    """An answer that breaks the provider's own promise. `field` says where."""

    def __init__(self, provider: str, field: str, problem: str, *, status: int | None = None) -> None:
        super().__init__(provider, f"answer not understood: {field} {problem}", status=status)
        self.field = field


class WebhookForged(RoomServiceError):
    """A delivery whose signature is missing or not made with the room's secret. Nothing in it is to be believed."""


class SlackError(HallpassError):
    """Something between us and Slack. `method` is the Web API method, `code` Slack's error text."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.method = method
        self.code = code


class SlackBusy(SlackError):
    """429. Definitely not done; ask again after `retry_after`."""

    def __init__(self, method: str, *, retry_after: timedelta) -> None:
        super().__init__(method, "ratelimited")
        self.retry_after = retry_after


class SlackUnknown(SlackError):
    """No definite answer: it may have been done. Look before repeating."""


class SlackDown(SlackError):
    """Definitely not done, and worth repeating: the connection was never made."""


class SlackUnreachable(SlackError):
    """This person or channel cannot be reached this way, and trying again alone will not change it."""


class ViewGone(SlackUnreachable):
    """The form is not as we know it: its person closed it, sent it off or had it drawn anew. Nobody's fault."""


class SlackRefused(SlackError):
    """Our request or our installation is wrong: a scope, a token, a block."""
