"""What went wrong, in words: for every code that the domain carries, what happened and what to do next.

The only place that turns codes into sentences. An unknown code is still answered with a next step, never hidden.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.drafts import Caution, CautionCode, Problem, ProblemCode
from bot.readers import Reader
from bot.words import Markup, Words
from storage.records import NoticeKind

_GONE = {"user_disabled", "deactivated", "account_inactive", "account_inactive_user", "user_is_deactivated"}
_CLOSED_TO_US = {"messages_tab_disabled", "not_enabled", "no_permission"}
_NOT_FOUND = {"channel_not_found", "user_not_found", "user_not_visible", "users_not_found", "message_not_found"}
_RESTRICTED = {"restricted_action", "ekm_access_denied", "method_not_supported_for_channel_type", "is_inactive"}
_NO_PERSON = {"is_bot", "is_app", "cannot_dm_bot", "bot", "app"}
_OUTSIDE = {"stranger", "invalid_user_combination", "cannot_dm_external_user", "team_not_found"}
_INSTALLATION = {
    "missing_scope",
    "not_authed",
    "invalid_auth",
    "token_expired",
    "token_revoked",
    "team_access_not_granted",
    "org_login_required",
    "access_denied",
}
_CHANNEL = {"not_in_channel", "user_not_in_channel", "is_archived", "channel_is_archived"}


def describe_failure(code: str, words: Words) -> str:
    """Why somebody could not be reached and what to do, for a code of Slack's or of ours. Plain text, two sentences."""
    say = words._
    if code in _GONE:
        return say("Their Slack account is deactivated. Ask whoever manages your Slack to turn it on again.")
    if code in _CLOSED_TO_US:
        return say("Slack does not let Hallpass write to people. Ask an admin to switch on its Messages tab.")
    if code in _NOT_FOUND:
        return say("Slack does not let Hallpass find them. Share a channel with them, then press Try again.")
    if code in _RESTRICTED or code.startswith("restricted_action"):
        return say("A rule of this Slack workspace stops the message. Ask an admin to let Hallpass write to them.")
    if code in _NO_PERSON:
        return say("This is an app, not a person. Cancel the lesson and book it with a person.")
    if code in _OUTSIDE:
        return say("They are in another organization. Share a channel with them, then press Try again.")
    if code in _CHANNEL:
        return say("Hallpass cannot post there. Type /invite @Hallpass in the channel, then press Try again.")
    if code in _INSTALLATION:
        return say("Hallpass has lost its access to Slack. Ask an admin to install it again, then press Try again.")
    return _describe_ours(code, say)


def describe_kind(kind: NoticeKind, words: Words) -> str:
    """What a message is to people, at the beginning of a sentence. Plain text."""
    say = words._
    known = {
        NoticeKind.INVITATION: say("The invitation"),
        NoticeKind.JOIN_LINK: say("The way in"),
        NoticeKind.START_REMINDER: say("The reminder"),
        NoticeKind.END_WARNING: say("The question before the end"),
        NoticeKind.MOVED: say("The message about new times or a new link"),
        NoticeKind.CANCELLED: say("The message that it was cancelled"),
        NoticeKind.REMOVED: say("The message that they were taken out"),
        NoticeKind.RESENT: say("The way in, sent once more,"),
        NoticeKind.REPLY: say("A participant’s answer"),
        NoticeKind.CHANNEL: say("The post"),
        NoticeKind.NOT_REACHED: say("The message about who could not be reached"),
        NoticeKind.STILL_NOT_REACHED: say("The message about who could not be reached before the start"),
        NoticeKind.LATE_NUDGE: say("The message that it began without them"),
        NoticeKind.LEADER_MISSING: say("The message that learners wait without a leader"),
        NoticeKind.SUMMARY: say("The summary"),
    }
    return known.get(kind, say("A message"))


def describe_channel_failure(code: str, words: Words) -> str:
    """Why a channel could not be told and what to do. Plain text."""
    if code in ("is_archived", "channel_is_archived"):
        return words._("It is archived.")
    if code in _CHANNEL or code in _NOT_FOUND:
        return words._("Hallpass is not in it: type /invite @Hallpass there.")
    return words._("Slack did not take the message ({code}).", code=code)


def _describe_ours(code: str, say: Callable[..., str]) -> str:
    match code:
        case "invited":
            return say("They have not accepted the invitation to Slack yet. Remind them, then press Try again.")
        case "room_refused":
            return say("The room service refused to make their link. Ask an admin to check its key, then Try again.")
        case "room_down" | "room_busy":
            return say("The room service does not answer. Hallpass keeps trying; press Try again to try at once.")
        case "room_at_door":
            return say(
                "They pressed Join, and the room did not open. They can press again; if it stays so, tell an admin."
            )
        case "room_nonsense":
            return say("The room service gave an answer we cannot use. Press Try again; if it stays so, tell an admin.")
        case "too_late":
            return say("There was no time left to reach them before the end. Tell them yourself.")
        case "unknown_outcome" | "unknown":
            return say("Slack did not say whether the message arrived. Ask them; if it did not, press Try again.")
        case "link_lost":
            return say("Their link can no longer be read. Press Try again to send a new one.")
        case _:
            return say("Slack says “{code}”. Press Try again; if it stays so, tell an admin.", code=code)


def describe_problem(problem: Problem, words: Words) -> str:
    """What is wrong with a field and how to mend it, as plain text for the field's own error."""
    say, facts = words._, problem.facts
    names = words.join_some(problem.names)
    match problem.code:
        case ProblemCode.IS_BOT | ProblemCode.IS_APP | ProblemCode.IS_DEACTIVATED | ProblemCode.IS_UNREACHABLE:
            return _describe_people(problem, words)
        case ProblemCode.ALREADY_THERE:
            return words.ngettext(
                "{names} is in this lesson already. Please take them out of this field.",
                "{names} are in this lesson already. Please take them out of this field.",
                len(problem.names),
                names=names,
            )
        case ProblemCode.LEADER_AND_PARTICIPANT:
            return say("Choose {names} either as leader or as participant, not as both.", names=names)
        case ProblemCode.NOT_IN_CHANNEL:
            return say(
                "Hallpass is not in #{channel} yet. Type /invite @Hallpass there, then try again.", channel=names
            )
        case ProblemCode.CHANNEL_ARCHIVED:
            return say("#{channel} is archived. Choose another channel.", channel=names)
        case ProblemCode.ROOM_TAKEN:
            return say("The lesson’s room is taken then by “{title}”. Choose another time.", title=names)
        case ProblemCode.ROOM_BUSY:
            return say("That room is taken then by “{title}”. Choose a new room or another time.", title=names)
        case ProblemCode.NOT_SUPPORTED:
            return say("{service} cannot do this. Choose something else.", service=facts.get("service", "?"))
        case _:
            return _describe_amount(problem, words) or _describe_plain(problem.code, words)


def _describe_people(problem: Problem, words: Words) -> str:
    names, count = words.join_some(problem.names), len(problem.names)
    match problem.code:
        case ProblemCode.IS_BOT | ProblemCode.IS_APP:
            return words.ngettext(
                "{names} is an app, not a person. Please take it out.",
                "{names} are apps, not people. Please take them out.",
                count,
                names=names,
            )
        case ProblemCode.IS_DEACTIVATED:
            return words.ngettext(
                "{names} has a deactivated Slack account. Please take them out.",
                "{names} have deactivated Slack accounts. Please take them out.",
                count,
                names=names,
            )
        case _:
            return words._(
                "Hallpass cannot write to {names}. Take them out, or have them join a channel of yours first.",
                names=names,
            )


def _describe_amount(problem: Problem, words: Words) -> str | None:
    facts = problem.facts
    limit, count = facts.get("limit", 0), facts.get("count", 0)
    match problem.code:
        case ProblemCode.TITLE_TOO_LONG | ProblemCode.NOTE_TOO_LONG:
            return words._("This has {count} characters; {limit} fit.", count=count, limit=limit)
        case ProblemCode.TOO_MANY_PEOPLE:
            return words._("These are {count} people; a lesson takes {limit}.", count=count, limit=limit)
        case ProblemCode.TOO_MANY_FOR_SERVICE:
            service = facts.get("service", "?")
            return words._(
                "These are {count} people; a room at {service} takes {limit}.",
                count=count,
                limit=limit,
                service=service,
            )
        case ProblemCode.REACH:
            return words.ngettext(
                "You can invite {limit} person an hour. Wait a little, or ask an admin to book.",
                "You can invite {limit} people an hour. Wait a little, or ask an admin to book.",
                int(limit),
                limit=limit,
            )
        case ProblemCode.MINUTES_NOT_WHOLE:
            lowest, highest = facts.get("lowest", 0), facts.get("highest", 720)
            return words._("Type whole minutes, from {lowest} to {highest}.", lowest=lowest, highest=highest)
        case ProblemCode.CLOSES_TOO_LATE:
            days = facts.get("days", 7)
            return words._(
                "Links live {days} days at most, and the lesson would outlast that. Make it shorter.", days=days
            )
        case _:
            return None


def _describe_plain(code: ProblemCode, words: Words) -> str:
    say = words._
    match code:
        case ProblemCode.MISSING:
            return say("Please fill this in.")
        case ProblemCode.NOBODY_TO_TEACH:
            return say("Choose at least one participant.")
        case ProblemCode.NO_LEADER:
            return say("Choose at least one leader.")
        case ProblemCode.START_PAST:
            return say("This is more than 15 minutes ago. Choose a later start.")
        case ProblemCode.HAS_BEGUN:
            return say("The lesson has begun, so its start stays. You can change its length.")
        case ProblemCode.ENDS_PAST:
            return say("The lesson would be over already. Type more minutes, or close this and choose End now.")
        case ProblemCode.START_TOO_FAR:
            return say("This is more than two years ahead. Choose an earlier start.")
        case ProblemCode.LENGTH_NOT_MINUTES:
            return say("Type whole minutes, from 1 to 720.")
        case ProblemCode.TRANSCRIPT_NEEDS_RECORDING:
            return say("A transcript is made from the recording. Tick “Record the lesson” too, or untick this.")
        case ProblemCode.ROOM_UNKNOWN:
            return say("That room is no longer there. Choose a new one.")
        case _:
            return say("This cannot be used. Please change it.")


def describe_caution(caution: Caution, reader: Reader) -> Markup:
    """What may be meant and is asked back, as mrkdwn."""
    words = reader.words
    names = words.join_marked(caution.names, at_most=4)
    match caution.code:
        case CautionCode.LEADER_OVERLAP | CautionCode.PARTICIPANT_OVERLAP:
            return _describe_overlap(caution, names, reader)
        case CautionCode.CHANNEL_HAS_GUESTS:
            return words.mark("Guests can read #{channel}; they will see the lesson's title and times.", channel=names)
        case CautionCode.CHANNEL_IS_EXTERNAL:
            return words.mark(
                "People from other organizations can read #{channel}; they will see the lesson's title and times.",
                channel=names,
            )


def _describe_overlap(caution: Caution, names: Markup, reader: Reader) -> Markup:
    words, count = reader.words, len(caution.names)
    if caution.starts_at is None or caution.ends_at is None:
        return words.nmark(
            "{names} has another lesson at that time.", "{names} have another lesson at that time.", count, names=names
        )
    when = reader.stamp_span(caution.starts_at, caution.ends_at)
    if not caution.title:
        return words.nmark(
            "{names} has another lesson then: {when}.",
            "{names} have another lesson then: {when}.",
            count,
            names=names,
            when=when,
        )
    return words.nmark(
        "{names} has another lesson then: {title}, {when}.",
        "{names} have another lesson then: {title}, {when}.",
        count,
        names=names,
        title=caution.title,
        when=when,
    )


def describe_feature(name: str, words: Words) -> str:
    """A room's feature as people know it; one that we have no words for keeps the service's name."""
    say = words._
    known = {
        "invite": say("Inviting others"),
        "chat": say("Chat"),
        "fullscreen": say("Full screen"),
        "emojis": say("Reactions"),
        "importZip": say("Importing ZIP files"),
        "importPdf": say("Importing PDF files"),
        "exportZip": say("Exporting ZIP files"),
        "profanityFilter": say("Profanity filter"),
        "timer": say("Timer"),
        "participants": say("List of participants"),
        "tabContextMenu": say("Menus on tabs"),
        "tabDownload": say("Downloading tabs"),
        "endSession": say("Ending the session for all"),
        "hideTabbar": say("Hiding the tab bar"),
        "hideToolbar": say("Hiding the toolbar"),
        "apps.enabled": say("Apps"),
        "av.enabled": say("Audio and video"),
        "av.screenShare": say("Screen sharing"),
        "av.publishing": say("Sending audio and video"),
        "breakouts.enabled": say("Breakout rooms"),
    }
    return known.get(name, name)
