"""What came of something a person did at their Slack client."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bot.sandbox.slack.deliveries import Answer, Trouble
from bot.sandbox.slack.messages import Json


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of something a person did.

    `answer` is None where Slack's client sent nothing; `stopped` then says why, and `complaints` names the fields.
    `trouble` is what the person is shown instead of what they wanted.
    """

    answer: Answer | None = None
    stopped: str | None = None
    complaints: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)  # the app's, by block
    trouble: Trouble | None = None
    url: str | None = field(default=None, repr=False)  # a link button's address, which the browser opens
    confirm: Json | None = None  # the dialog that was asked first

    @property
    def was_sent(self) -> bool:
        """Did the app hear of it?"""
        return self.answer is not None

    @property
    def is_fine(self) -> bool:
        """Taken by the app, in time, without errors on fields?"""
        return self.answer is not None and self.trouble is None and not self.errors

    @property
    def status(self) -> int | None:
        """The app's HTTP status (200 for an acknowledged envelope)."""
        return None if self.answer is None else self.answer.status

    @property
    def body(self) -> Json:
        """What the acknowledgement carried."""
        return {} if self.answer is None else self.answer.body

    @property
    def taken(self) -> timedelta:
        """How long the acknowledgement took."""
        return timedelta(0) if self.answer is None else self.answer.taken

    @property
    def response_action(self) -> str | None:
        """What a submission's acknowledgement asked for: errors, update, push, clear."""
        return self.body.get("response_action")
