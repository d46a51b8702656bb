"""What Slack's refusals mean for us: whose fault, and whether anything was done. Pure; floor 2.

Slack says it in an HTTP status and a code. This module knows the codes; it knows no client and keeps no answer.
A code that is not listed is definite and ours to look at: SlackRefused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.errors import SlackBusy, SlackDown, SlackError, SlackRefused, SlackUnknown, SlackUnreachable, ViewGone

RETRY_AFTER_UNSAID = timedelta(seconds=30)  # for a 429 that does not say: half of a tier's minute

UNREACHABLE = frozenset(
    {
        "cannot_dm_bot",
        "cannot_reply_to_message",
        "cant_update_message",
        "channel_is_archived",
        "channel_not_found",
        "edit_window_closed",
        "ekm_access_denied",
        "invalid_user_combination",
        "is_archived",
        "is_inactive",
        "message_not_found",
        "messages_tab_disabled",
        "method_not_supported_for_channel_type",
        "not_in_channel",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "thread_not_found",
        "user_disabled",
        "user_not_found",
        "user_not_in_channel",
        "user_not_visible",
    }
)
"""Errors about this person, channel, message or view alone: the next one may well work."""

VIEW_GONE = frozenset({"hash_conflict", "not_found", "view_not_found"})
"""What `views.update` says where the person was quicker than we."""

INDEFINITE = frozenset({"internal_error", "fatal_error"})
"""Slack documents that part of the work may have been done."""

TEMPORARY = frozenset({"service_unavailable", "request_timeout", "team_added_to_org", "external_channel_migrating"})
"""Definitely not done, and nobody's fault. `request_timeout`: Slack received only part of our request."""

RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})


def judge_status(method: str, status: int, headers: Mapping[str, str]) -> SlackError | None:
    """What the HTTP status alone settles; None: the body decides."""
    if status == 429:
        return SlackBusy(method, retry_after=_read_retry_after(headers))
    if status >= 500:
        return SlackUnknown(method, f"http_{status}")
    return None


def judge_code(method: str, code: str, headers: Mapping[str, str]) -> SlackError:
    """What an answer with `ok: false` means."""
    if code in INDEFINITE:
        return SlackUnknown(method, code)
    if code in RATE_LIMITED:
        return SlackBusy(method, retry_after=_read_retry_after(headers))
    if code in TEMPORARY:
        return SlackDown(method, code)
    if method == "views.update" and code in VIEW_GONE:
        return ViewGone(method, code)
    if code in UNREACHABLE:
        return SlackUnreachable(method, code)
    return SlackRefused(method, code)


def _read_retry_after(headers: Mapping[str, str]) -> timedelta:
    """Whole seconds, at least one; Slack sends no dates here (slack.md section 8)."""
    try:
        return timedelta(seconds=max(1, int(headers["Retry-After"])))
    except (KeyError, ValueError):
        return RETRY_AFTER_UNSAID
