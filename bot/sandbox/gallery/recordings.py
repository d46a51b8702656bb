"""What the gallery's lesson left: its summary, and recordings and transcripts, offered by right, answered privately."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.blocks import Message
from bot.cards import build_participant_card
from bot.found_lines import Hit, Search, build_found, build_no_search
from bot.playback import (
    build_fetching,
    build_no_recording,
    build_recording_failure,
    build_recording_link,
    build_transcript_failure,
    build_transcript_sent,
    describe_transcript,
)
from bot.sandbox.gallery.exhibits import Exhibit, State, Subject, list_each_scene
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.records import ENDS_AT, NOW, STARTS_AT, make_lesson
from bot.sandbox.gallery.scenes import MINUTE, SECRET_URL, build_details, pick_learner
from bot.summaries import build_summary
from bot.watchers import Rights
from storage.records import LessonDetails, LessonState, TranscriptLine

RIGHTS = {
    "may watch and read": Rights(watches=True, reads=True),
    "may watch": Rights(watches=True),
    "may read": Rights(reads=True),
}


def is_over(details: LessonDetails) -> bool:
    """Is there anything to sum up?"""
    return details.lesson.state is LessonState.ENDED


def _list_summaries(party: Party, details: LessonDetails) -> Iterator[State]:
    leader, service = details.seats[0].person, party.call("Lessonspace", 20)
    for how, shows_names in (("with names", True), ("without names", False)):
        summary = build_summary(
            details, reader=leader, shows_names=shows_names, service_name=service, is_recordless=shows_names
        )
        yield State(shown=summary, how=how)
    unseen = build_summary(
        details, reader=leader, shows_names=True, service_name=service, is_recordless=True, sees_leaving=False
    )
    yield State(shown=unseen, how="where nobody is seen leaving")
    if details.sessions:
        for how, rights in RIGHTS.items():
            summary = build_summary(details, reader=leader, shows_names=True, service_name=service, rights=rights)
            yield State(shown=summary, how=how)


def _list_channel_summaries(party: Party, details: LessonDetails) -> Iterator[State]:
    for how, shows_names in (("with names", True), ("without names", False)):
        summary = build_summary(
            details,
            reader=None,
            shows_names=shows_names,
            service_name=party.call("Lessonspace", 20),
            channel_locale=party.locale,
        )
        yield State(shown=summary, how=how)


def _list_cards(_: Party, details: LessonDetails) -> Iterator[State]:
    if details.sessions:
        for how, rights in RIGHTS.items():
            card = build_participant_card(details, pick_learner(details), join_url=None, now=ENDS_AT, rights=rights)
            yield State(shown=card, how=how)


def _list_answers(party: Party, details: LessonDetails) -> Iterator[State]:
    leader, service = details.seats[0].person, party.call("Lessonspace", 20)
    if details.sessions:
        yield State(shown=build_recording_link(details, leader, url=SECRET_URL, now=NOW), how="recording's address")
        missing = build_no_recording(details, leader, service_name=service, now=NOW)
        yield State(shown=missing, how="no recording there")
        failed = build_recording_failure(details, leader, service_name=service, now=NOW)
        yield State(shown=failed, how="recording not given")
        yield State(shown=build_transcript_sent(details, leader, now=NOW), how="transcript sent")
        yield State(shown=build_transcript_failure(details, leader, code="12", now=NOW), how="transcript not sent")
        beside = Message(describe_transcript(details, leader, now=NOW), [])
        yield State(shown=beside, how="beside the transcript's file")


def _list_found(party: Party) -> Iterator[State]:
    details, reader = build_details(party), party.person(1)
    yield State(shown=build_fetching(reader, now=NOW), how="being fetched")
    yield State(shown=build_no_search(reader, now=NOW), how="nothing typed")
    line = TranscriptLine(
        workspace_id=details.lesson.workspace_id,
        lesson_id=details.lesson.id,
        session_id="1",
        position=0,
        starts=MINUTE,
        ends=MINUTE,
        speaker=party.name(0),
        text=party.write(2 * party.note_length),
    )
    hit = Hit(lesson=details.lesson, line=line, said_at=STARTS_AT)
    elsewhere = replace(hit, lesson=make_lesson(party.call("Geometry", 80)))
    for offset, hits in ((0, []), (0, [hit]), (10, [hit, elsewhere] * 5)):
        search = Search(typed=party.call("examples", party.note_length), offset=offset)
        for has_more in (True, False):
            shown = build_found(hits, search=search, has_more=has_more, reader=reader, now=NOW)
            yield State(shown=shown, how=f"{len(hits)} lines{', and more' if has_more else ''}")


RECORDINGS = Subject(
    name="Afterwards",
    exhibits=(
        Exhibit(name="summary", list_states=list_each_scene(_list_summaries, of=is_over)),
        Exhibit(name="channel's summary", list_states=list_each_scene(_list_channel_summaries, of=is_over)),
        Exhibit(name="participant's card with recordings", list_states=list_each_scene(_list_cards)),
        Exhibit(name="recording or transcript asked for", list_states=list_each_scene(_list_answers)),
        Exhibit(name="lines found", list_states=_list_found),
    ),
)
