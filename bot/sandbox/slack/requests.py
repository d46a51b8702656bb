"""The log of what the app asked for, for tests and the demo. Names, verdicts and instants; never an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class ReceivedCall:
    """One Web API call. `error` is Slack's word, or the fault it met; None: it went well."""

    method: str
    status: int  # 0: no answer was given
    error: str | None
    at: datetime
    taken: timedelta


class CallLog:
    """Every call received, oldest first."""

    def __init__(self) -> None:
        self.calls: list[ReceivedCall] = []

    def add(self, call: ReceivedCall) -> None:
        """Note one."""
        self.calls.append(call)

    def list_calls(self, method: str, *, error: str | None = None) -> list[ReceivedCall]:
        """Calls of one method; with `error` only those that ended so."""
        return [call for call in self.calls if call.method == method and error in (None, call.error)]

    def count(self, method: str, *, error: str | None = None) -> int:
        """How many."""
        return len(self.list_calls(method, error=error))
