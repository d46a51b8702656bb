"""Our own join links: making a token, its digest, and judging a stored link. Pure.

A token is all that a visitor brings. It stands in the address and, sealed, in the store; it is found by its digest, so
that whoever reads the database can open nothing. A *browser* is known by a secret of its own in a cookie, of which only
the digest is stored.

`judge` says what a visitor is shown. It decides nothing: who comes in is decided by one statement in the store
(`Lessons.redeem`), which asks the same again at that moment.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from enum import StrEnum

from storage.records import Lesson, LessonState, Link, Participant

TOKEN_BYTES = 24
"""192 bits: 32 characters in an address."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


class Standing(StrEnum):
    """What there is to say to whoever comes by a link."""

    FINE = "fine"  # one press, and in
    COMES_BACK = "comes_back"  # the browser that redeemed it: in again
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    USED_ELSEWHERE = "used_elsewhere"  # another browser redeemed it
    REPLACED = "replaced"  # they have a newer link
    REVOKED = "revoked"  # the link was called back, or the place was taken away
    CANCELLED = "cancelled"
    OVER = "over"


def new_token() -> str:
    """A fresh token, or a fresh secret of a browser: nobody guesses it."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_token(text: str) -> bool:
    """Could `new_token` have made this?"""
    return _TOKEN.fullmatch(text) is not None


def build_join_address(public_url: str, token: str) -> str:
    """Where the page of this token is. `public_url` ends with a slash."""
    return f"{public_url}join/{token}"


def digest_of(token: str) -> bytes:
    """By what a token, or a browser's secret, is found again: its SHA-256, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()


def judge(
    link: Link, *, lesson: Lesson, participant: Participant, now: datetime, browser_digest: bytes | None
) -> Standing:
    """What to say of a stored link now. `participant` is whose link it is, removed or not.

    What has become of lesson and place comes before the window, and the window's end before whose browser it is: a
    way out of "used elsewhere" is only offered where a new link would still open something.
    """
    if lesson.state is LessonState.CANCELLED:
        return Standing.CANCELLED
    if lesson.state is LessonState.ENDED:
        return Standing.OVER
    if participant.removed_at is not None:
        return Standing.REVOKED
    if participant.link_number != link.number:
        return Standing.REPLACED
    if link.revoked_at is not None:
        return Standing.REVOKED
    if now >= link.closes_at:
        return Standing.TOO_LATE
    if link.redeemed_by is not None and not is_same(link.redeemed_by, browser_digest):
        return Standing.USED_ELSEWHERE
    if now < link.opens_at:
        return Standing.TOO_EARLY
    return Standing.FINE if link.redeemed_by is None else Standing.COMES_BACK


def is_same(stored: bytes, browser_digest: bytes | None) -> bool:
    """Is it the browser that redeemed the link? Compared in constant time."""
    return browser_digest is not None and hmac.compare_digest(stored, browser_digest)
