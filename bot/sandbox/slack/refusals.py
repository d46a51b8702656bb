"""How the stand-in says no: Slack's own error words, with what Slack adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refused(Exception):
    """The answer is `ok: false` with this error. `extra` is merged into the answer."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


def refuse_arguments(faults: Sequence[str], *, error: str = "invalid_arguments") -> Refused:
    """Faulty arguments, each named with its place, as Slack lists them in `response_metadata.messages`."""
    extra: dict[str, Any] = {"response_metadata": {"messages": [f"[ERROR] {fault}" for fault in faults]}}
    if error == "invalid_blocks":
        extra["errors"] = list(faults)
    return Refused(error, **extra)
