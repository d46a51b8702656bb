"""What a refused call says."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError


async def refusal_of(call: Awaitable[Any]) -> str:
    """Slack's word for why the call was refused; the test fails where it was not."""
    return str((await full_refusal_of(call))["error"])


async def full_refusal_of(call: Awaitable[Any]) -> dict[str, Any]:
    """The whole answer of a call that was refused."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return dict(caught.value.response.data)
