"""The contract's darker half: whatever a provider does wrong, callers get one of our errors, without a secret in it.

Every call that a service offers is tried with each failure. What is not offered is left to `test_contract.py`.
"""

from __future__ import annotations

import socket
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot.errors import RoomServiceBusy, RoomServiceDown, RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.base import Launch, RoomService
from bot.rooms.http import HttpClient
from bot.sandbox.faults import EVERY_METHOD, Fault, FaultKind
from tests.bot.rooms.contract import Promise, holds
from tests.bot.rooms.meddling import Meddler, iterate_changes
from tests.bot.rooms.recorded import START
from tests.bot.rooms.trials import ADA, BEN, EARLY, HOUR, Trial

Call = Callable[[], Awaitable[object]]


def describe(fault: Fault) -> str:
    """In a test's name."""
    return f"{fault.kind}{fault.status if fault.kind is FaultKind.STATUS else ''}{'-done' if fault.does_work else ''}"


def list_calls(service: RoomService, launch: Launch) -> dict[str, Call]:
    """Everything that the service offers, as the domain asks it of a room that there is."""
    room_id, session_id = launch.room_id, launch.session_id or ""
    able = service.capabilities
    calls: dict[str, tuple[bool, Call]] = {
        "first launch": (True, lambda: service.launch(replace(BEN, launch_id="0198c0de-room-2-5a5a5a5a"))),
        "launch": (True, lambda: service.launch(replace(BEN, room_id=room_id))),
        "account": (True, service.check_account),
        "extend": (True, lambda: service.extend_room(room_id, closes_at=BEN.closes_at + HOUR)),
        "close": (able.close_room, lambda: service.close_room(room_id, region=launch.room_region)),
        "present": (able.presence, lambda: service.list_present(room_id)),
        "live": (able.attendance, service.list_live_sessions),
        "sessions": (
            able.attendance,
            lambda: service.list_sessions(room_id, overlaps_from=START, overlaps_until=START + HOUR),
        ),
        "recording": (able.recording, lambda: service.fetch_recording(session_id)),
        "transcript": (able.transcript, lambda: service.fetch_transcript(session_id)),
        "settle": (able.recording, lambda: service.settle_session(session_id, name="Algebra", audiences=None)),
    }
    return {name: call for name, (is_offered, call) in calls.items() if is_offered}


async def begin(trial: Trial) -> Launch:
    """A room there is, with Ada inside."""
    await trial.place.pass_time(EARLY)
    launch = await trial.service.launch(ADA)
    assert await trial.place.open_tab("Ada's").enter(launch)
    return launch


def find_secrets(trial: Trial, launch: Launch) -> list[str]:
    """Nobody may read any of it."""
    told = [launch.url, launch.room_secret or "", *(launch.embed.values.values() if launch.embed else ())]
    plain = {launch.room_id, "Ada", "eu", "true"}
    return [secret for secret in [*trial.place.secrets, *told] if secret and secret not in plain]


@contextmanager
def meddle(trial: Trial) -> Iterator[tuple[Meddler, Callable[[], RoomService]]]:
    """The service once more, as after each restart, with somebody between it and its provider."""
    meddler = Meddler(trial.client)
    client = HttpClient(transport=meddler, timeout=httpx.Timeout(5))
    yield meddler, lambda: trial.rebuild(client=client)


async def expect(
    kind: type[RoomServiceError], trial: Trial, *, of: Launch, spares: frozenset[str] = frozenset()
) -> None:
    """Each call fails so, if it asks the provider at all; the first launch and the account always do."""
    with meddle(trial) as (meddler, restart):
        service = restart()
        for name, call in list_calls(service, of).items():
            meddler.asked.clear()
            if name in spares:
                continue
            try:
                await call()
            except kind as error:
                check_text(error, find_secrets(trial, of), provider=service.shown_name)
            else:
                is_nothing_to_do = name == "extend" and not trial.place.capabilities.room_ends and not meddler.asked
                assert is_nothing_to_do, f"{name} went well"


def check_text(error: Exception, secrets: list[str], *, provider: str) -> None:
    """It says who failed us, and nothing of it nor of what it came from tells a secret."""
    text = "".join(traceback.format_exception(error)) + repr(error)

    assert getattr(error, "provider", None) == provider
    assert not [secret for secret in secrets if secret in text]


@holds(Promise.DOWN)
@pytest.mark.parametrize(
    "fault", [Fault.failing(500), Fault.failing(503), Fault.dropping(), Fault.dropping(does_work=True)], ids=describe
)
async def test_a_provider_that_fails_is_down(trial: Trial, fault: Fault) -> None:
    """Its own failure, or a cut line, before the work or after it."""
    launch = await begin(trial)
    trial.place.faults.switch_on(EVERY_METHOD, fault)

    await expect(RoomServiceDown, trial, of=launch)


@holds(Promise.DOWN)
async def test_a_provider_that_is_not_there_was_sent_nothing(trial: Trial) -> None:
    """So that whoever asked may ask again, whatever it was."""
    launch = await begin(trial)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        service = trial.rebuild(f"http://127.0.0.1:{taken.getsockname()[1]}/v9/")
        for name, call in list_calls(service, launch).items():
            if name == "extend" and not trial.place.capabilities.room_ends:
                continue
            with pytest.raises(RoomServiceDown) as caught:
                await call()
            assert not caught.value.was_sent
            check_text(caught.value, find_secrets(trial, launch), provider=service.shown_name)


@holds(Promise.DOWN)
async def test_a_provider_that_fails_once_is_asked_again(trial: Trial) -> None:
    """Somebody waiting at the door notices nothing, and there is one room."""
    await trial.place.pass_time(EARLY)
    first = await trial.service.launch(ADA)
    trial.place.faults.switch_on(EVERY_METHOD, Fault.failing(503), count=1)

    again = await trial.service.launch(replace(ADA, room_id=first.room_id))

    assert again.room_id == first.room_id
    assert await trial.place.open_tab("Ada's").enter(again)


@holds(Promise.REFUSING)
@pytest.mark.parametrize("fault", [Fault.failing(401), Fault.failing(403), Fault.refusing("no")], ids=describe)
async def test_a_provider_that_refuses_is_not_asked_again(trial: Trial, fault: Fault) -> None:
    """A person must look: it is our key or our request."""
    launch = await begin(trial)
    trial.place.faults.switch_on(EVERY_METHOD, fault)

    await expect(RoomServiceRefused, trial, of=launch)


@holds(Promise.BUSY)
async def test_a_busy_provider_says_when_to_come_again(trial: Trial) -> None:
    """For as long as it asked, where that is longer than anybody waits at a door."""
    launch = await begin(trial)
    trial.place.faults.switch_on(EVERY_METHOD, Fault.rate_limited(60))

    await expect(RoomServiceBusy, trial, of=launch)
    with pytest.raises(RoomServiceBusy) as caught:
        await trial.rebuild().launch(BEN)
    assert timedelta(seconds=50) < caught.value.retry_after <= timedelta(seconds=60)


@holds(Promise.BUSY)
async def test_a_short_wait_is_waited_out(trial: Trial) -> None:
    """One second, by whoever asks and not by the person at the door."""
    launch = await begin(trial)
    trial.place.faults.switch_on(EVERY_METHOD, Fault.rate_limited(1), count=1)

    assert (await trial.service.launch(replace(BEN, room_id=launch.room_id))).room_id == launch.room_id


@holds(Promise.NONSENSE)
async def test_a_page_in_place_of_an_answer_is_nonsense(trial: Trial) -> None:
    """With 200, as maintenance pages and captive networks have it."""
    launch = await begin(trial)
    trial.place.faults.switch_on(EVERY_METHOD, Fault.garbage())

    # What Loop's account check and a deletion answer is not read: there is nothing in it, by the protocol.
    spares = {"account", "close"} if trial.service.name == "loop" else set()
    await expect(RoomServiceNonsense, trial, of=launch, spares=frozenset(spares))


@holds(Promise.NONSENSE)
async def test_half_an_answer_is_nonsense(trial: Trial) -> None:
    """Whichever of a launch's answers it is that breaks off."""
    launch = await begin(trial)
    with meddle(trial) as (meddler, restart):
        await restart().launch(replace(BEN, room_id=launch.room_id))
        for number, told in enumerate(list(meddler.told)):
            meddler.change(number, lambda content: content[: len(content) // 2])
            if not told:
                continue
            with pytest.raises(RoomServiceNonsense):
                await restart().launch(replace(BEN, room_id=launch.room_id))


@holds(Promise.NONSENSE)
async def test_no_field_of_an_answer_can_break_a_launch(trial: Trial) -> None:
    """Missing or of any other kind, one field at a time: a launch that can be followed, or an error of ours."""
    launch = await begin(trial)
    request = replace(BEN, room_id=launch.room_id)
    wrongs = []
    with meddle(trial) as (meddler, restart):
        await restart().launch(request)
        whole = list(meddler.told)
        for number, content in enumerate(whole):
            for what, change in iterate_changes(content):
                meddler.change(number, change)
                try:
                    found = await restart().launch(request)
                except RoomServiceError as error:
                    text = "".join(traceback.format_exception(error))
                    wrongs += [f"{what}: tells" for secret in find_secrets(trial, launch) if secret in text]
                except Exception as error:  # any error that is none of ours is what is looked for
                    wrongs.append(f"{what}: {error!r}")
                else:
                    wrongs += [] if is_sane(found) else [f"{what}: {found!r}"]

    assert wrongs == []


def is_sane(launch: Launch) -> bool:
    """Somebody can follow it."""
    told: list[object] = [launch.room_id, *(launch.embed.values.values() if launch.embed else [launch.url])]
    is_followed = launch.embed is not None or launch.url.startswith("http://127.0.0.1")
    return is_followed and all(isinstance(value, str) and value for value in told)
