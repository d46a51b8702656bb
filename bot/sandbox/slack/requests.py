"""The log of what the app asked for, for tests and the demo. Names, verdicts and instants; never an argument."""

from __future__ import annotations

from bot.sandbox.traffic import Call


class CallLog:
    """Every call received, oldest first. An error is Slack's word, or the fault that the call met."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Note one."""
        self.calls.append(call)

    def list_calls(self, method: str, *, error: str | None = None) -> list[Call]:
        """Calls of one method; with `error` only those that ended so."""
        return [call for call in self.calls if call.name == method and error in (None, call.error)]

    def count(self, method: str, *, error: str | None = None) -> int:
        """How many."""
        return len(self.list_calls(method, error=error))
