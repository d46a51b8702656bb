"""The stand-in Lessonspace over HTTP: as strict as its documentation, as stable, and wrong only when told to be."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import jwt
import pytest

from bot.sandbox.faults import Fault, FaultBoard
from bot.sandbox.lessonspace.spaces import Reason
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from tests.bot.sandbox.callers import START, Caller, Machine, build_body, build_user

WRONG_BODIES = {
    "no id": ({"id": None}, "id"),
    "a number for an id": ({"id": 7}, "id"),
    "an id of 65 characters": ({"id": "x" * 65}, "id"),
    "single_use beside the user": ({"single_use": True}, "single_use"),
    "softExp beside the user": ({"softExp": 1}, "softExp"),
    "a window beside timeouts": ({"not_after": "2030-03-04T16:00:00Z"}, "not_after"),
    "single_use as text": ({"user": build_user(single_use="true")}, "user"),
    "leader as number": ({"user": build_user(leader=1)}, "user"),
    "a role of ours": ({"user": build_user(role="learner")}, "user"),
    "an unknown field of the user": ({"user": build_user(kickOnExp=True)}, "user"),
    "softExp in ISO": ({"user": build_user(custom_jwt_parameters={"softExp": "2030-03-04T15:55:00Z"})}, "user"),
    "softExp in milliseconds": ({"user": build_user(custom_jwt_parameters={"softExp": 1_899_000_000_000})}, "user"),
    "softExp with a fraction": ({"user": build_user(custom_jwt_parameters={"softExp": 1_899_000_000.5})}, "user"),
    "kickOnExp as text": ({"user": build_user(custom_jwt_parameters={"kickOnExp": "yes"})}, "user"),
    "a window in UNIX seconds": ({"timeouts": {"not_after": 1_899_000_000}}, "timeouts"),
    "a window that is a date": ({"timeouts": {"not_after": "2030-03-05"}}, "timeouts"),
    "a window that ends before it begins": (
        {"timeouts": {"not_before": "2030-03-04T16:00:00Z", "not_after": "2030-03-04T15:00:00Z"}}, "timeouts",
    ),
    "a window longer than seven days": ({"timeouts": {"not_after": "2030-03-11T15:00:01Z"}}, "timeouts"),
    "a locale that it has not": ({"locale": "de"}, "locale"),
    "a name that is null": ({"name": None}, "name"),
    "recording as text": ({"record_av": "false"}, "record_av"),
    "a feature that it has not": ({"features": {"chats": False}}, "features"),
    "a feature that is no flag": ({"features": {"chat": "off"}}, "features"),
    "a webhook that is no event": ({"webhooks": {"recording": {"finish": "https://x.example/"}}}, "webhooks"),
    "a webhook that is no address": ({"webhooks": {"session": {"end": "x"}}}, "webhooks"),
    "an e-mail address that is none": ({"user": build_user(email="ada")}, "user"),
    "a region that is none": ({"server": "London"}, "server"),
    "a tag that is no text": ({"session_tags": {"lesson": 7}}, "session_tags"),
    "another way of proving who one is": (
        {"auth_external": {"method": "popup", "url": "https://x.example/", "token": "t"}}, "auth_external",
    ),
    "a proof without its token": ({"auth_external": {"method": "child", "url": "https://x.example/"}}, "auth_external"),
    "a theme that is no object": ({"theme": "dark"}, "theme"),
    "a layout that it has not": ({"video_layout_mode": "circle"}, "video_layout_mode"),
    "a summary without transcript": ({"summarise": True, "record_av": True}, "summarise"),
    "a summary without picture and sound": ({"summarise": True, "transcribe": True}, "summarise"),
    "not an object at all": (None, "non_field_errors"),
}  # fmt: skip


@pytest.mark.parametrize("changes, field", WRONG_BODIES.values(), ids=WRONG_BODIES.keys())
async def test_a_wrong_launch_is_refused_by_field_and_does_nothing(
    caller: Caller, changes: dict[str, object] | None, field: str
) -> None:
    """400, the field's name with a list of texts, and no space."""
    status, answer = await caller.ask("POST", "spaces/launch/", [] if changes is None else build_body(**changes))

    assert (status, list(answer)) == (400, [field])
    assert all(isinstance(text, str) for text in answer[field])
    assert caller.room.launches == []
    assert caller.room.organisation.spaces == {}


async def test_every_documented_field_of_a_launch_is_accepted(caller: Caller) -> None:
    """All at once, in the documented types and timestamp spellings."""
    status, _ = await caller.ask(
        "POST",
        "spaces/launch/",
        {
            "id": "x" * 64,
            "name": "Algebra",
            **dict.fromkeys(("allow_guests", "record_av", "record_content", "transcribe", "summarise"), True),
            "user": {
                "id": "p-1",
                "name": "Ada",
                "email": "ada@example.org",
                "role": "teacher",
                **dict.fromkeys(("leader", "single_use", "session_limit", "record", "ghost"), False),
                **dict.fromkeys(("profile_picture", "camera_background_url"), "https://pictures.example/ada.png"),
                "custom_jwt_parameters": {"kickOnExp": True, "softExp": 1_898_956_500, "meta": {"displayName": "A"}},
            },
            "timeouts": {"not_before": "2030-03-04T15:00", "not_after": "2030-03-04 16:00:00.000"},
            "webhooks": {"session": {"end": "https://hooks.example/x"}, "knock": {"admit": "https://hooks.example/x"}},
            "features": {"invite": False, "people.invite": False},
            "theme": {"primaryColor": "#336699"},
            "video_layout_mode": "sidebar",
            "locale": "fr",
            "server": "eu-west-2",
            "session_tags": {"subject": "algebra"},
            "space_tags": {"subject": "algebra"},
            **dict.fromkeys(("invite_url", "resource_url"), "https://school.example/"),
            "holodeck_parameters": {},
            "auth_external": {"method": "redirect", "url": "https://school.example/", "token": "t", "ephemeral": True},
        },
    )

    assert status == 201


async def test_ids_stay_what_they_are(caller: Caller) -> None:
    """201 then 200; room, secret and next session by launch id, the user's number by our id, another room's differ."""
    first, again = await caller.launch(), await caller.launch()
    other = await caller.launch(id="lesson-2", user=build_user(id="p-2"))

    stable = ("room_id", "secret", "session_id", "user_id")
    assert [launch.is_new for launch in caller.room.launches] == [True, False, True]
    assert [first[name] for name in stable] == [again[name] for name in stable]
    assert [name for name in stable if first[name] == other[name]] == []
    assert first["client_url"] != again["client_url"]


async def test_the_link_is_signed_with_the_space_s_secret_and_says_what_it_may(caller: Caller) -> None:
    """HS256; window as `nbf` and `exp`, custom parameters at the top, leader and name inside."""
    told = build_user(leader=True, custom_jwt_parameters={"softExp": 1_898_956_500, "kickOnExp": True})
    launched = await caller.launch(user=told)
    token = parse_qs(urlsplit(launched["client_url"]).query)["user"][0]

    unjudged: Any = {"verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(token, launched["secret"], algorithms=["HS256"], options=unjudged)

    window = [int((START + timedelta(hours=hours)).timestamp()) for hours in (0, 1)]
    assert [claims["nbf"], claims["exp"]] == window
    assert (claims["canLead"], claims["softExp"], claims["kickOnExp"]) == (True, 1_898_956_500, True)
    assert (claims["meta"]["name"], claims["id"]) == ("Ben", str(launched["user_id"]))


async def test_seven_days_are_cut_where_the_switch_says_so(caller: Caller) -> None:
    """What the real one does is not documented: this one refuses unless told to shorten."""
    caller.room.organisation.is_window_shortened = True
    launched = await caller.launch(timeouts={"not_after": "2030-04-01T00:00:00Z"})

    caller.room.clock.move_to(START + timedelta(days=7))  # type: ignore[attr-defined]
    visit = await caller.room.browser("laptop").join(launched["client_url"])

    assert visit.refusal is Reason.EXPIRED


async def test_recording_and_transcript_are_what_the_last_launch_made_of_them(caller: Caller) -> None:
    """A later launch that leaves `transcribe` out switches it off; without the plan nothing is recorded."""
    settings = [
        (await caller.launch(**asked))["room_settings"] for asked in ({"record_av": True, "transcribe": True}, {})
    ]
    caller.room.organisation.has_recording_plan = False
    settings.append((await caller.launch(record_av=True, transcribe=True))["room_settings"])

    assert [(s["record_av"], s["transcribe"]) for s in settings] == [(True, True), (True, False), (False, False)]


async def test_a_summary_needs_the_plan_and_its_transcript_in_each_launch(caller: Caller) -> None:
    """A launch that leaves the transcript out switches the summary off with it."""
    asked = {"record_av": True, "transcribe": True, "summarise": True}
    settings = [(await caller.launch(**told))["room_settings"] for told in (asked, {"transcribe": True}, {}, asked)]
    caller.room.organisation.has_recording_plan = False
    status, problems = await caller.ask("POST", "spaces/launch/", build_body(**asked))

    assert [told["summarise"] for told in settings] == [True, True, False, True]
    assert (status, list(problems)) == (400, ["summarise"])


async def test_a_space_stays_where_it_was_made(caller: Caller) -> None:
    """The first launch's region, whatever later ones say; the visitor's address is noted, and nowhere shown."""
    headers = {"Authorization": f"Organisation {caller.room.api_key}", "X-Forwarded-For": "203.0.113.7, 10.0.0.1"}
    address = f"{caller.room.api_url}spaces/launch/"
    for server in ("us-east-1", "eu-west-2"):
        async with caller.client.post(address, json=build_body(server=server), headers=headers) as response:
            assert response.status in (200, 201)
    await caller.launch()

    launches = caller.room.launches
    assert [launch.region for launch in launches] == ["us-east-1"] * 3
    assert [launch.visitor_address for launch in launches] == ["203.0.113.7"] * 2 + [None]
    assert "203.0.113.7" not in repr(launches)
    [space] = await caller.find_all("spaces/")
    assert space["region"] == "us-east-1"


async def test_a_link_for_one_session_dies_with_it(caller: Caller, clock: Machine) -> None:
    """It may come before that session begins, and again while it runs; another link of the same person goes on."""
    limited = (await caller.launch(user=build_user(session_limit=True)))["client_url"]
    free = (await caller.launch(user=build_user()))["client_url"]
    laptop, phone = caller.room.browser("laptop"), caller.room.browser("phone")

    refusals = [(await browser.join(limited)).refusal for browser in (laptop, phone)]
    for browser in (laptop, phone):
        await browser.leave()
    clock.move_by(timedelta(minutes=1))
    refusals += [(await laptop.join(url)).refusal for url in (limited, free)]

    assert refusals == [None, None, Reason.OTHER_SESSION, None]


async def test_a_ghost_is_there_and_not_seen(caller: Caller) -> None:
    """The others do not see them; the session's list does."""
    await caller.enter("Ada")
    await caller.enter("Ben", told={"ghost": True})

    [session] = await caller.find_all("sessions/")

    assert caller.room.list_present("lesson-1") == ["Ada"]
    assert [profile["name"] for profile in session["profiles"]] == ["Ada", "Ben"]


@pytest.mark.parametrize("key", ["", "Bearer {key}", "Organization {key}", "Organisation {key}x", "{key}"])
async def test_a_wrong_key_is_403_with_a_json_body(caller: Caller, key: str) -> None:
    """Spelling counts, and nothing is done."""
    status, answer = await caller.ask("POST", "spaces/launch/", build_body(), key=key.format(key=caller.room.api_key))

    assert (status, list(answer), caller.room.launches) == (403, ["detail"], [])


@pytest.mark.parametrize(
    "method, path",
    [("POST", "spaces/launch"), ("GET", "hello"), ("GET", "nothing/"), ("GET", "spaces/unknown/sessions/"),
     ("GET", "organisations/1/sessions/"), ("GET", "sessions/unknown/playback/")],
)  # fmt: skip
async def test_what_is_not_there_is_404_also_a_path_without_its_last_slash(
    caller: Caller, method: str, path: str
) -> None:
    """JSON like every other answer."""
    status, answer = await caller.ask(method, path, build_body() if method == "POST" else None)

    assert (status, list(answer)) == (404, ["detail"])


async def test_limited_calls_are_counted_together_and_launches_are_not(caller: Caller, clock: Machine) -> None:
    """Five a second for the key, over all limited endpoints; the next second is free again."""
    launched = await caller.launch()
    below = f"{caller.org}sessions/"
    paths = [f"spaces/{launched['room_id']}/sessions/", below, f"{below}x/", f"{below}x/transcript/", below, below]
    statuses = [(await caller.ask("GET", path))[0] for path in paths]
    statuses.append((await caller.ask("PATCH", f"{below}x/", {"name": "x"}))[0])
    for _ in range(10):
        await caller.launch()
    clock.move_by(timedelta(seconds=1))
    statuses.append((await caller.ask("GET", paths[0]))[0])

    assert statuses == [200, 200, 404, 404, 200, 429, 429, 200]


async def test_a_launch_rate_can_be_set_for_trying_out(clock: Machine) -> None:
    """Three a second: the fourth is told when to come back, unless the switch withholds it."""
    async with LessonspaceStandIn(clock, launches_per_second=3) as room, aiohttp.ClientSession() as client:
        caller = Caller(room, client)
        for _ in range(3):
            await caller.launch()
        headers = {"Authorization": f"Organisation {room.api_key}"}
        told = []
        for room.sends_retry_after in (True, False):
            async with client.post(room.api_url + "spaces/launch/", json=build_body(), headers=headers) as response:
                told.append((response.status, response.headers.get("Retry-After")))

    assert told == [(429, "1"), (429, None)]


async def test_looking_at_a_link_spends_nothing(caller: Caller) -> None:
    """A preview's GET leaves a single-use link for its owner."""
    launched = await caller.launch()
    async with caller.client.get(launched["client_url"]) as page:
        assert (page.status, page.content_type) == (200, "text/html")

    visit = await caller.room.browser("Ben's tablet").join(launched["client_url"])

    assert visit.is_inside
    assert caller.room.list_present("lesson-1") == ["Ben"]


async def test_browsers_meet_the_rules_of_the_link(caller: Caller, clock: Machine) -> None:
    """A single-use link over HTTP: in, refused elsewhere, reloaded, and refused once the window is closed."""
    url = (await caller.launch())["client_url"]
    tablet, phone = caller.room.browser("Ben's tablet"), caller.room.browser("somebody's phone")

    outcomes = [(await browser.join(url)).refusal for browser in (tablet, phone, tablet)]
    clock.move_to(START + timedelta(hours=1))
    outcomes.append((await phone.join(url)).refusal)

    assert outcomes == [None, Reason.USED_ELSEWHERE, None, Reason.EXPIRED]
    assert caller.room.list_present("lesson-1") == ["Ben"]


async def test_a_tampered_link_opens_nothing(caller: Caller) -> None:
    """Signed with another secret, or for a room that is none: not genuine."""
    launched, other = await caller.launch(), await caller.launch(id="lesson-2")
    wrong_room = launched["client_url"].replace(launched["room_id"], other["room_id"])
    no_room = launched["client_url"].replace(launched["room_id"], "nowhere")

    refusals = [(await caller.room.browser("x").join(url)).refusal for url in (wrong_room, no_room)]

    assert refusals == [Reason.NOT_GENUINE, Reason.NOT_GENUINE]


async def test_a_browser_s_deeds_reach_the_space(caller: Caller, clock: Machine) -> None:
    """Idle, stir, extend, leave, and being put out, all seen from the browser."""
    soft = int((START + timedelta(minutes=50)).timestamp())
    leader = build_user(id="p-0", name="Ada", leader=True, custom_jwt_parameters={"softExp": soft})
    learner = build_user(custom_jwt_parameters={"kickOnExp": True})
    ada, ben = caller.room.browser("Ada's laptop"), caller.room.browser("Ben's tablet")
    await ada.join((await caller.launch(user=leader))["client_url"])
    await ben.join((await caller.launch(user=learner))["client_url"])

    assert [await ada.idle(), await ada.stir(), await ada.extend()] == [True, True, False]
    clock.move_by(timedelta(minutes=51))
    assert [await ada.extend(), await ben.extend()] == [True, False]
    assert [(p.name, p.at) for p in caller.room.prompts] == [("Ada", START + timedelta(minutes=50))]
    clock.move_to(START + timedelta(hours=1))
    assert [await ada.is_inside(), await ben.is_inside(), await ben.leave()] == [True, False, False]
    assert await ada.leave()
    assert caller.room.list_present("lesson-1") == []


async def test_sessions_are_listed_with_their_filters_and_pages(caller: Caller, clock: Machine) -> None:
    """Newest first, solo ones only on request, `next` leads on to the end; a bare array where the switch says so."""
    launched = await caller.launch(user=build_user(single_use=False))
    for _ in range(3):
        browser = caller.room.browser("Ben's tablet")
        await browser.join(launched["client_url"])
        clock.move_by(timedelta(minutes=5))
        await browser.leave()
        clock.move_by(timedelta(minutes=5))
    path = f"spaces/{launched['room_id']}/sessions/"
    caller.room.page_size = 2

    _, without_solo = await caller.ask("GET", path)
    _, first = await caller.ask("GET", path + "?include_single_user=true")
    _, second = await caller.ask("GET", first["next"])
    _, late = await caller.ask("GET", path + "?include_single_user=true&start_time_after=2030-03-04T15:10:00Z")
    caller.room.lists_bare_arrays = True
    _, bare = await caller.ask("GET", path + "?include_single_user=true")

    assert (without_solo["count"], first["count"], second["next"]) == (0, 3, None)
    starts = [session["start_time"] for session in first["results"] + second["results"]]
    assert starts == sorted(starts, reverse=True)
    assert len(late["results"]) == 1
    assert [len(bare), bare[0]["logs"][0]["log_type"], bare[0]["billable_seconds"]] == [3, "user-joined", 0]


@pytest.mark.parametrize("query", ["start_time_gte=2030-03-04T15:00:00Z", "start_time_after=today", "page=0", "page=x"])
async def test_a_filter_that_the_real_one_would_ignore_is_refused(caller: Caller, query: str) -> None:
    """Ignored, a misspelt filter would show everything and nobody would notice."""
    launched = await caller.launch()

    status, _ = await caller.ask("GET", f"spaces/{launched['room_id']}/sessions/?{query}")

    assert status == 400


async def test_faults_are_carried_out_and_noted(caller: Caller) -> None:
    """Refused, failing, nonsense and both kinds of cut; only the last one did its work."""
    room = caller.room
    for fault in (Fault.refusing(), Fault.failing(502), Fault.rate_limited(7)):
        room.faults.switch_on("launch", fault, count=1)
    statuses = [(await post_launch(caller))[0] for _ in range(3)]
    room.faults.switch_on("launch", Fault.garbage(), count=1)
    _, page = await post_launch(caller)
    for does_work in (False, True):
        room.faults.switch_on("launch", Fault.dropping(does_work=does_work), count=1)
        with pytest.raises(aiohttp.ClientError):
            await post_launch(caller)

    assert statuses == [403, 502, 429]
    assert page.startswith("<!doctype html>")
    assert [asked.status for asked in room.asked] == [403, 502, 429, 200, None, None]
    assert len(room.launches) == 1


async def post_launch(caller: Caller) -> tuple[int, str]:
    headers = {"Authorization": f"Organisation {caller.room.api_key}"}
    async with caller.client.post(
        caller.room.api_url + "spaces/launch/", json=build_body(), headers=headers
    ) as response:
        return response.status, await response.text()


class TellingBoard(FaultBoard):
    """Says when a call has met it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_met = asyncio.Event()

    def take(self, method: str) -> Fault | None:
        self.is_met.set()
        return super().take(method)


async def test_a_slow_answer_does_not_hold_up_the_end(clock: Machine) -> None:
    """Leaving the stand-in while it delays an answer cuts that answer off."""
    async with aiohttp.ClientSession() as client, asyncio.timeout(20):
        async with LessonspaceStandIn(clock) as room:
            room.faults = board = TellingBoard()
            board.switch_on("launch", Fault.slow(timedelta(hours=1)))
            task = asyncio.create_task(Caller(room, client).launch())
            await board.is_met.wait()
        with pytest.raises(aiohttp.ClientError):
            await task


async def test_its_clock_can_be_wrong(caller: Caller) -> None:
    """The Date header is machine time and the skew that was switched on."""
    caller.room.clock_skew = timedelta(minutes=5)
    headers = {"Authorization": f"Organisation {caller.room.api_key}"}
    async with caller.client.get(caller.room.api_url + "hello/", headers=headers) as response:
        assert response.headers["Date"] == "Mon, 04 Mar 2030 15:05:00 GMT"


async def test_other_endpoints_that_are_there(caller: Caller, clock: Machine) -> None:
    """Hello, whose key this is, one session, its recording."""
    room = caller.room
    launched = await caller.launch(record_av=True)
    tablet = room.browser("Ben's tablet")
    await tablet.join(launched["client_url"])
    org = f"organisations/{room.organisation.id}/sessions/"

    assert (await caller.ask("GET", "hello/"))[0] == 200
    assert (await caller.ask("GET", "my-organisation/"))[1]["id"] == room.organisation.id
    _, listed = await caller.ask("GET", org + "?include_single_user=true&in_progress_only=true")
    session = listed["results"][0]
    assert "logs" not in session
    _, one = await caller.ask("GET", f"{org}{session['uuid']}/")
    assert one["space"]["slug"] == launched["room_id"]
    assert session["playback_url"] is None  # nothing to see before its end
    await tablet.leave()
    clock.move_by(timedelta(minutes=1))
    _, ended = await caller.ask("GET", f"{org}{session['uuid']}/")
    _, playback = await caller.ask("GET", ended["playback_url"])
    assert playback["recording_url"].startswith(room.origin)
