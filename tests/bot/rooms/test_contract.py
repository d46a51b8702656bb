"""One suite for every room service: what somebody can rely on whichever it is, and who sees to it.

A service is held to its capabilities in both directions. Where it leaves something to Hallpass, the test shows that it
does: what the provider lets happen there is what `tests/acceptance/test_every_service.py` shows to be prevented.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import RoomServiceError, RoomServiceRefused, WebhookForged
from bot.rooms.base import Happening, Launch, LaunchRequest
from tests.bot.rooms.contract import Keeper, Promise, holds
from tests.bot.rooms.recorded import START
from tests.bot.rooms.trials import ADA, BEN, EARLY, HOUR, PLACES, SECOND, Trial, keeper_of

NOWHERE = "http://127.0.0.1:9/rooms/any/key"
"""Nobody listens there: whether reports are asked for is all that counts."""


async def come_in(trial: Trial, request: LaunchRequest, *, room_id: str | None = None) -> Launch:
    """Somebody is launched and goes inside, in a browser of their own."""
    launch = await trial.service.launch(replace(request, room_id=room_id))
    assert await trial.place.open_tab(f"{request.shown_name}'s").enter(launch)
    return launch


async def begin(trial: Trial) -> tuple[Launch, Launch]:
    """The window opens, and Ada and Ben are inside."""
    await trial.place.pass_time(EARLY)
    ada = await come_in(trial, ADA)
    return ada, await come_in(trial, BEN, room_id=ada.room_id)


@holds(Promise.LAUNCH)
async def test_everybody_gets_a_way_in_of_their_own(trial: Trial) -> None:
    """An address or a page of ours, never both; shared with others only where the service says so. It is in no repr."""
    ada, ben = await begin(trial)

    assert len(trial.place.list_inside(ada.room_id)) == 2
    for launch in (ada, ben):
        assert (launch.embed is None) is bool(launch.url)
        assert (launch.embed is not None) is trial.service.capabilities.own_page
        assert launch.room_id
        for secret in [launch.url, launch.room_secret, *(launch.embed.values.values() if launch.embed else ())]:
            assert not secret or secret in (launch.room_id, "true", "eu", "Ada", "Ben") or secret not in repr(launch)
    is_shared = (ada.url, ada.embed) == (ben.url, ben.embed)
    assert is_shared is trial.service.capabilities.shared_address


@holds(Promise.LAUNCH)
async def test_a_service_is_known_by_its_name(trial: Trial) -> None:
    """Two of them: one for settings, one for people; and who holds the account, for doctor."""
    service = trial.service

    assert service.name == service.name.lower()
    assert service.name.isidentifier()
    assert service.shown_name in PLACES
    assert (await service.check_account()).organisation_id is not None
    assert service.capabilities == trial.place.capabilities
    assert service.capabilities.is_direct is (
        keeper_of(trial, Promise.SINGLE_USE) is keeper_of(trial, Promise.OPENS) is Keeper.PROVIDER
    )


@holds(Promise.REPEAT)
async def test_asking_again_leads_to_the_same_room(trial: Trial) -> None:
    """By the room's id as it was told, also from another replica."""
    await trial.place.pass_time(EARLY)
    first = await trial.service.launch(BEN)
    known = replace(BEN, room_id=first.room_id)
    again = [await trial.service.launch(known), await trial.rebuild().launch(known)]

    assert {launch.room_id for launch in again} == {first.room_id}
    assert await trial.place.open_tab("Ben's").enter(again[-1])
    assert len(trial.place.list_inside(first.room_id)) == 1


@holds(Promise.FIRST_TOGETHER)
async def test_two_first_launches_at_once_meet_in_one_room(trial: Trial) -> None:
    """By our name for it; else the one whose room was kept first is followed by the other, as Hallpass does it."""
    await trial.place.pass_time(EARLY)
    ada, ben = await asyncio.gather(trial.service.launch(ADA), trial.rebuild().launch(BEN))

    is_one = ada.room_id == ben.room_id
    assert is_one is (keeper_of(trial, Promise.FIRST_TOGETHER) is Keeper.PROVIDER)
    if not is_one:
        ben = await trial.service.launch(replace(BEN, room_id=ada.room_id))
    assert await trial.place.open_tab("Ada's").enter(ada)
    assert await trial.place.open_tab("Ben's").enter(ben)
    assert len(trial.place.list_inside(ada.room_id)) == 2


@holds(Promise.OPENS)
@pytest.mark.parametrize("left, is_open", [(SECOND, False), (timedelta(0), True)], ids=["before", "at"])
async def test_a_way_in_opens_with_its_window(trial: Trial, left: timedelta, is_open: bool) -> None:
    """To the second, where the provider keeps it; where it does not, it lets people in at any time before."""
    launch = await trial.service.launch(BEN)
    await trial.place.pass_time(EARLY - left)

    is_in = await trial.place.open_tab("Ben's").enter(launch)

    assert is_in is (is_open or keeper_of(trial, Promise.OPENS) is Keeper.HALLPASS)


@holds(Promise.CLOSES)
@pytest.mark.parametrize("left, is_open", [(SECOND, True), (timedelta(0), False)], ids=["before", "at"])
async def test_a_way_in_closes_with_its_window(trial: Trial, left: timedelta, is_open: bool) -> None:
    """The end is not in the window any more. Where the provider has no window, it lets people in then too."""
    launch = await trial.service.launch(BEN)
    await trial.place.pass_time(EARLY + HOUR - left)

    is_in = await trial.place.open_tab("Ben's").enter(launch)

    assert is_in is (is_open or keeper_of(trial, Promise.CLOSES) is Keeper.HALLPASS)


@holds(Promise.OWN_WINDOW)
async def test_a_person_s_own_window_may_be_narrower_than_the_room_s(trial: Trial) -> None:
    """Ben's opens with the lesson, when Ada has been in for a while."""
    late = replace(BEN, opens_at=BEN.opens_at + EARLY)
    await trial.place.pass_time(EARLY)
    ada = await come_in(trial, ADA)
    ben = await trial.service.launch(replace(late, room_id=ada.room_id))

    is_in = await trial.place.open_tab("Ben's").enter(ben)

    assert is_in is (keeper_of(trial, Promise.OWN_WINDOW) is Keeper.HALLPASS)


@holds(Promise.SINGLE_USE)
async def test_a_way_in_opens_in_one_browser(trial: Trial) -> None:
    """Who forwards it lets nobody in, where the provider sees to that; else anybody who has it."""
    ada, ben = await begin(trial)

    is_in = await trial.place.open_tab("a stranger's").enter(ben)

    assert is_in is (keeper_of(trial, Promise.SINGLE_USE) is Keeper.HALLPASS)
    assert len(trial.place.list_inside(ada.room_id)) == (3 if is_in else 2)


@holds(Promise.TWO_PRESSES)
async def test_of_two_presses_at_the_same_moment_one_wins(trial: Trial) -> None:
    """One inside and one clear no, where the provider counts uses; else both, and Hallpass must have counted before."""
    await trial.place.pass_time(EARLY)
    launch = await trial.service.launch(BEN)
    tabs = [trial.place.open_tab(name) for name in ("Ben's", "another")]

    came = await asyncio.gather(*(tab.enter(launch) for tab in tabs))

    winners = 1 if keeper_of(trial, Promise.TWO_PRESSES) is Keeper.PROVIDER else 2
    assert sum(came) == winners == len(trial.place.list_inside(launch.room_id))


@holds(Promise.COME_BACK)
async def test_the_same_browser_comes_back(trial: Trial) -> None:
    """After a reload and after a while, as long as the window is open; by the same way in or a new one."""
    ada, ben = await begin(trial)
    tab = trial.place.open_tab("Ben's")
    for _ in range(2):
        assert await tab.enter(ben)
        await trial.place.pass_time(EARLY)
        await tab.leave()

    again = await trial.service.launch(replace(BEN, room_id=ada.room_id))
    assert await tab.enter(again)


@holds(Promise.REPLACE)
async def test_a_new_way_in_works_where_the_old_one_was_used(trial: Trial) -> None:
    """On another device, into the same room."""
    ada, _ = await begin(trial)

    new = await trial.service.launch(replace(BEN, room_id=ada.room_id))

    assert new.room_id == ada.room_id
    assert await trial.place.open_tab("Ben's telephone").enter(new)


@holds(Promise.REVOKE)
async def test_nobody_claims_to_shut_one_old_way_in(trial: Trial) -> None:
    """There is no call for it; so the old one opens the room, unless a way in of ours stands before it."""
    await trial.place.pass_time(EARLY)
    old = await trial.service.launch(BEN)
    await trial.service.launch(replace(BEN, room_id=old.room_id))

    is_in = await trial.place.open_tab("Ben's").enter(old)

    assert (is_in, trial.service.capabilities.revocation) == (True, False)


@holds(Promise.EXTEND)
async def test_an_extended_lesson_goes_on(trial: Trial) -> None:
    """The room is kept open, and a way in that is made then works until the new end."""
    ada, _ = await begin(trial)
    until = ADA.closes_at + HOUR
    await trial.service.extend_room(ada.room_id, closes_at=until)
    longer = replace(BEN, closes_at=until, room_closes_at=until, room_id=ada.room_id)
    ben = await trial.service.launch(longer)
    await trial.place.pass_time(HOUR + timedelta(minutes=30))

    assert ben.room_id == ada.room_id
    assert await trial.place.open_tab("Ben's telephone").enter(ben)


@holds(Promise.EXTEND)
async def test_whoever_is_inside_an_extended_room_stays(trial: Trial) -> None:
    """Without coming in anew. A way in that has its own end is made anew instead: that is said to whoever holds it."""
    ada, _ = await begin(trial)
    await trial.service.extend_room(ada.room_id, closes_at=ADA.closes_at + HOUR)
    await trial.place.pass_time(HOUR + EARLY)

    assert len(trial.place.list_inside(ada.room_id)) == (0 if trial.place.facts.own_windows else 2)


@holds(Promise.PUT_OUT)
async def test_whoever_is_inside_when_the_window_closes(trial: Trial) -> None:
    """Is put out by the provider at that second, where it says so; else stays until somebody closes the room."""
    ada, _ = await begin(trial)
    await trial.place.pass_time(HOUR - SECOND)
    before = trial.place.list_inside(ada.room_id)
    await trial.place.pass_time(SECOND)

    is_kept = keeper_of(trial, Promise.PUT_OUT) is Keeper.PROVIDER
    assert (len(before), len(trial.place.list_inside(ada.room_id))) == (2, 0 if is_kept else 2)
    assert is_kept or trial.service.capabilities.close_room


@holds(Promise.ASKS)
async def test_leaders_are_asked_near_the_end(trial: Trial) -> None:
    """In the room, where the service can; a launch that asks for it does no harm where it cannot."""
    warned = replace(ADA, warns_at=ADA.closes_at - EARLY, leaves_at_close=False)
    await trial.place.pass_time(EARLY)
    launch = await come_in(trial, warned)
    await trial.place.pass_time(HOUR - EARLY)

    assert trial.place.count_questions() == (1 if trial.service.capabilities.soft_prompt else 0)
    assert len(trial.place.list_inside(launch.room_id)) == 1


@holds(Promise.END)
async def test_end_now_puts_everybody_out(trial: Trial) -> None:
    """And turns back who comes by an old way in. Twice is harmless; a service that cannot says so."""
    ada, ben = await begin(trial)
    if keeper_of(trial, Promise.END) is Keeper.NOBODY:
        with pytest.raises(RoomServiceRefused):
            await trial.service.close_room(ada.room_id, region=ada.room_region)
        assert len(trial.place.list_inside(ada.room_id)) == 2
        return
    for _ in range(2):
        await trial.service.close_room(ada.room_id, region=ada.room_region)

    assert trial.place.list_inside(ada.room_id) == []
    assert not await trial.place.open_tab("Ben's").enter(ben)


@holds(Promise.AGAIN)
async def test_a_launch_after_the_end_leads_inside(trial: Trial) -> None:
    """The room is open again, or there is another: its id is told. A second person finds the same one."""
    ada, _ = await begin(trial)
    if trial.service.capabilities.close_room:
        await trial.service.close_room(ada.room_id, region=ada.room_region)

    back = await come_in(trial, ADA, room_id=ada.room_id)
    ben = await trial.service.launch(replace(BEN, room_id=back.room_id))

    assert ben.room_id == back.room_id
    assert await trial.place.open_tab("Ben's telephone").enter(ben)
    assert "Ada" in "".join(trial.place.list_inside(back.room_id))


@holds(Promise.SEATS)
async def test_a_room_has_the_seats_that_it_says(trial: Trial) -> None:
    """As many as there may be come in; one more is refused before anybody is turned away at the door."""
    most = trial.service.capabilities.max_participants
    full = replace(BEN, seats=most or 12)
    await trial.place.pass_time(EARLY)
    room_id = None
    for number in range(full.seats or 0):
        who = replace(full, person_key=f"k-{number}", shown_name=f"Learner {number}")
        room_id = (await come_in(trial, who, room_id=room_id)).room_id

    assert len(trial.place.list_inside(room_id or "")) == full.seats
    if most is not None:
        with pytest.raises(RoomServiceRefused):
            await trial.service.launch(replace(full, seats=most + 1))


@holds(Promise.LONG)
async def test_a_window_may_be_as_long_as_it_says(trial: Trial) -> None:
    """Three days where nothing else is said. It opens the room near its end too."""
    longest = trial.service.capabilities.longest_window or timedelta(days=3)
    until = START + longest
    launch = await trial.service.launch(replace(BEN, opens_at=START, closes_at=until, room_opens_at=START,
                                                room_closes_at=until))  # fmt: skip
    await trial.place.pass_time(longest - SECOND)

    assert await trial.place.open_tab("Ben's").enter(launch)


@holds(Promise.ATTENDANCE)
async def test_who_came_and_how_long(trial: Trial) -> None:
    """Each with the moments of coming and going; a service that does not know says so, and never an empty list."""
    ada, _ = await begin(trial)
    await trial.place.pass_time(EARLY)
    wanted = {"overlaps_from": START, "overlaps_until": START + 3 * HOUR}
    if keeper_of(trial, Promise.ATTENDANCE) is Keeper.HALLPASS:
        with pytest.raises(RoomServiceRefused):
            await trial.service.list_sessions(ada.room_id, **wanted)
        with pytest.raises(RoomServiceRefused):
            await trial.service.list_live_sessions()
        return

    [session] = await trial.service.list_sessions(ada.room_id, **wanted)
    [live] = await trial.service.list_live_sessions()

    joined = [event for event in session.events if event.happening is Happening.JOINED]
    assert (len(joined), {event.at for event in joined}) == (2, {START + EARLY})
    assert live.session_id == session.session_id
    assert ada.provider_user_id in live.who


@holds(Promise.PRESENCE)
async def test_who_is_inside_now(trial: Trial) -> None:
    """Each seat once, and none of somebody who left; nobody where there is no room. Refused where it is not known."""
    ada, _ = await begin(trial)
    if keeper_of(trial, Promise.PRESENCE) is Keeper.NOBODY:
        with pytest.raises(RoomServiceRefused):
            await trial.service.list_present(ada.room_id)
        return
    tab = trial.place.open_tab("Eve's")
    assert await tab.enter(ada)
    await tab.leave()

    present = await trial.service.list_present(ada.room_id)

    assert len({one.connection for one in present}) == len(present) == 2
    await trial.service.close_room(ada.room_id)
    assert await trial.service.list_present(ada.room_id) == []


@holds(Promise.REPORTS)
async def test_only_what_is_signed_is_believed(trial: Trial) -> None:
    """An address for reports may be given to every service; what comes there unsigned is forged, with each of them."""
    await trial.service.launch(replace(BEN, webhook_url=NOWHERE))
    headers = {"x-webhook-id": "d-1", "x-webhook-event": "webhooks.user.join", "x-webhook-signature": "0" * 64}

    assert (trial.service.open_webhook(headers) is not None) is trial.service.capabilities.webhooks
    with pytest.raises(WebhookForged):
        trial.service.read_webhook(headers, b"{}", secret="the room's", received_at=START)


@holds(Promise.RECORDING)
async def test_a_recording_is_where_it_says_or_refused(trial: Trial) -> None:
    """None while there is none. Nobody is told that they are recorded by a service that has no recordings."""
    await trial.place.pass_time(EARLY)
    launch = await come_in(trial, replace(ADA, records=True))
    has_any = trial.service.capabilities.recording

    assert (launch.is_recorded is True) is has_any
    if has_any:
        assert await trial.service.fetch_recording(launch.session_id or "") is None
    else:
        with pytest.raises(RoomServiceRefused):
            await trial.service.fetch_recording("s-1")
        with pytest.raises(RoomServiceRefused):
            await trial.service.settle_session("s-1", name="Algebra", audiences=None)


@holds(Promise.TRANSCRIPT)
async def test_a_transcript_is_where_it_says_or_refused(trial: Trial) -> None:
    """As with recordings."""
    await trial.place.pass_time(EARLY)
    launch = await come_in(trial, replace(ADA, transcribes=True))
    has_any = trial.service.capabilities.transcript

    assert (launch.is_transcribed is True) is has_any
    if has_any:
        assert await trial.service.fetch_transcript(launch.session_id or "") is None
    else:
        with pytest.raises(RoomServiceRefused):
            await trial.service.fetch_transcript("s-1")


@holds(Promise.LAUNCH)
async def test_somebody_is_forgotten_or_was_never_known(trial: Trial) -> None:
    """Only a service that tells ids of its own for people can know somebody by one; it says whether it forgets any."""
    launch = await trial.service.launch(BEN)

    assert await trial.service.forget_person(launch.provider_user_id or "7") is (launch.provider_user_id is not None)
    assert trial.service.capabilities.forgetting is (launch.provider_user_id is not None)


def test_what_is_not_offered_is_a_room_service_s_error() -> None:
    """So that whoever asks can answer all of them in one place."""
    assert issubclass(RoomServiceRefused, RoomServiceError)
