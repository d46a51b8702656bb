"""Slack's rate limits: a number of calls a minute by tier, and posts a second by workspace and channel.

Off until switched on, so that a test meets only the limits it is about. Every refusal is counted.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime

from bot.sandbox.slack.methods import Tier

WINDOW_SECONDS = 60.0


class Bucket:
    """Tokens that come back at a steady rate, up to a burst."""

    def __init__(self, *, per_second: float, burst: int, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._filled_at = now

    def take(self, now: float) -> float:
        """Take one; 0.0 when there was one, else the seconds until there is."""
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._per_second


class RateLimits:
    """Which call is one too many. A method that met its tier stays closed until the oldest call is a minute old."""

    def __init__(self, machine_now: Callable[[], datetime]) -> None:
        self._machine_now = machine_now
        self._has_tiers = False
        self._calls: dict[str, deque[float]] = {}
        self._workspace_posts: Bucket | None = None
        self._channel_rate: tuple[float, int] | None = None
        self._channel_posts: dict[str, Bucket] = {}
        self.refusals: Counter[str] = Counter()
        """How many calls of each method were one too many."""

    def limit_tiers(self, *, is_on: bool = True) -> None:
        """Hold every method to its tier."""
        self._has_tiers = is_on
        self._calls.clear()

    def limit_posts(
        self,
        per_second: float | None,
        *,
        burst: int = 1,
        channel_per_second: float | None = None,
        channel_burst: int = 5,
    ) -> None:
        """Hold `chat.postMessage` to so many a second in the workspace, and in each channel. None: no limit."""
        now = self._machine_now().timestamp()
        self._workspace_posts = None if per_second is None else Bucket(per_second=per_second, burst=burst, now=now)
        self._channel_rate = None if channel_per_second is None else (channel_per_second, channel_burst)
        self._channel_posts.clear()

    def check(self, method: str, tier: Tier, *, channel: str = "") -> int | None:
        """None where the call may pass, else Retry-After in whole seconds."""
        now = self._machine_now().timestamp()
        wait = self._check_posts(channel, now) if tier is Tier.POSTS else self._check_tier(method, tier, now)
        if wait <= 0:
            return None
        self.refusals[method] += 1
        return math.ceil(wait)

    def _check_tier(self, method: str, tier: Tier, now: float) -> float:
        if not self._has_tiers:
            return 0.0
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - WINDOW_SECONDS:
            calls.popleft()
        if len(calls) < tier:
            calls.append(now)
            return 0.0
        return calls[0] + WINDOW_SECONDS - now

    def _check_posts(self, channel: str, now: float) -> float:
        if self._channel_rate is not None:
            per_second, burst = self._channel_rate
            bucket = self._channel_posts.setdefault(channel, Bucket(per_second=per_second, burst=burst, now=now))
            wait = bucket.take(now)
            if wait:
                return wait
        return self._workspace_posts.take(now) if self._workspace_posts is not None else 0.0
