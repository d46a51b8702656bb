"""`hallpass run` as a process: both ways into Slack, its web routes, its refusals to start, how it stops."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from tests.acceptance.processes import BotProcess, assert_nothing_in_the_clear, open_process_school, start
from tests.acceptance.telling import find_card, list_buttons, open_form

SIX = {
    *("SLACK_API_URL", "LESSONSPACE_API_URL", "LESSONSPACE_API_KEY", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
    *("HALLPASS_DATABASE_URL",),
}

NARROW = {"HALLPASS_LAUNCHES_AT_ONCE": "1", "HALLPASS_POSTS_AT_ONCE": "1"}
"""Two at a time, so that a stop finds most of them not yet begun."""


def _read(url: str) -> tuple[int, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as response:
        return response.status, response.read().decode()


async def _wait_for_cards(school: School, people: list[Actor], *, seconds: float = 15.0) -> None:
    await school.slack.wait_for(
        lambda: all(one.messages() and "join" in list_buttons(find_card(one)) for one in people), seconds
    )


@pytest.mark.parametrize("is_socket_mode", [False, True], ids=["http", "socket"])
async def test_a_lesson_is_booked_in_a_process_of_its_own(tmp_path: Path, is_socket_mode: bool) -> None:
    """Command, form, submission, links, buttons; then no link or secret in the clear in its files or its logs."""
    async with open_process_school(tmp_path, is_socket_mode=is_socket_mode) as (school, bot):
        ada, ben, cara = people = [school.add(name) for name in ("Ada", "Ben", "Cara")]
        await start(school, bot)

        await open_form(school, ada, "now @Ben @Cara 45m Algebra")
        outcome = await ada.submit()
        assert outcome.is_fine, outcome
        await _wait_for_cards(school, people)
        await ben.press(find_card(ben), "new_link")
        await school.slack.wait_for(lambda: len(school.lessonspace.launches) == 4)
        pressed = await cara.press(find_card(cara), "join")
        assert pressed.is_fine
        assert pressed.url is not None
        assert (await school.lessonspace.browser("cara").join(pressed.url)).is_inside
        assert_nothing_in_the_clear(school, bot, beside="Algebra")
        assert 0 == await bot.stop()

        urls = [launch.url for launch in school.lessonspace.launches]
        assert 4 == len(set(urls))
        assert [1, 1, 1] == [len(one.messages()) for one in people]
        assert_nothing_in_the_clear(school, bot, beside="Algebra")


async def test_six_variables_are_all_it_needs(tmp_path: Path) -> None:
    """A fresh file, nothing prepared: it serves Slack's endpoint, /healthz and /readyz, and stops when told."""
    async with open_process_school(tmp_path) as (_, bot):
        assert SIX | {"HALLPASS_LISTEN"} == bot.environment.keys()
        port = await bot.start()

        origin = f"http://127.0.0.1:{port}"
        assert (200, "ok\n") == await asyncio.to_thread(_read, f"{origin}/healthz")
        status, body = await asyncio.to_thread(_read, f"{origin}/readyz")
        assert (200, True) == (status, json.loads(body)["ready"])
        with pytest.raises(urllib.error.HTTPError) as unsigned:
            await asyncio.to_thread(
                urllib.request.build_opener(urllib.request.ProxyHandler({})).open, f"{origin}/slack/events", b"x=1", 5
            )
        with unsigned.value:
            assert 401 == unsigned.value.code
        assert 0 == await bot.stop()
        assert [] == [line for line in bot.lines if '"level": "error"' in line]


async def test_a_second_run_on_the_same_file_stops_with_a_line(tmp_path: Path) -> None:
    """One `run` for each database file; the first goes on undisturbed, and its place is free afterwards."""
    async with open_process_school(tmp_path) as (_, first):
        await first.start()
        second = BotProcess(first.environment, tmp_path)
        await second.launch()

        assert 2 == await second.wait()
        [line] = second.lines
        assert "in use by another hallpass run (process" in line
        assert first.is_running
        assert 0 == await first.stop()
        await second.start()
        assert 0 == await second.stop()


async def test_what_slack_refuses_stops_the_start_with_a_line(tmp_path: Path) -> None:
    """A revoked bot token, a wrong app token: which one, and what to do; never a trace, never the token."""
    async with open_process_school(tmp_path, is_socket_mode=True) as (_, good):
        for variable, wrong in (("SLACK_BOT_TOKEN", "xoxb-wrong-1"), ("SLACK_APP_TOKEN", "xapp-1-wrong")):
            bot = BotProcess(good.environment | {variable: wrong}, tmp_path)
            await bot.launch()

            assert 2 == await bot.wait()
            said = [line for line in bot.lines if not line.startswith("{")]
            assert [True] == [line.startswith(f"hallpass: Slack refuses {variable} (invalid_auth)") for line in said]
            assert wrong not in "\n".join(bot.lines)


async def test_an_address_in_use_stops_the_start_with_a_line(tmp_path: Path) -> None:
    """The listen address is named, and what to do about it."""
    async with open_process_school(tmp_path) as (_, first):
        port = await first.start()
        environment = first.environment | {
            "HALLPASS_LISTEN": f"127.0.0.1:{port}",
            "HALLPASS_DATABASE_URL": f"sqlite:///{tmp_path}/other.db",
        }
        second = BotProcess(environment, tmp_path)
        await second.launch()

        assert 2 == await second.wait()
        [line] = second.lines
        assert f"HALLPASS_LISTEN 127.0.0.1:{port} cannot be used" in line


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_it_stops_when_asked_also_before_slack_has_answered(tmp_path: Path, how: signal.Signals) -> None:
    """Slack is away: it listens, is alive and not ready, tries again, and a stop is still a stop."""
    async with open_process_school(tmp_path) as (_, bot):
        bot.environment["SLACK_API_URL"] = "http://127.0.0.1:9/api/"
        await bot.launch()
        await bot.wait_for_event("slack_not_reached")
        origin = f"http://127.0.0.1:{(await bot.wait_for_event('listening'))['port']}"

        assert (200, "ok\n") == await asyncio.to_thread(_read, f"{origin}/healthz")
        with pytest.raises(urllib.error.HTTPError) as unready:
            await asyncio.to_thread(_read, f"{origin}/readyz")
        with unready.value:
            assert 503 == unready.value.code
        assert 0 == await bot.stop(how)
        assert "Traceback" not in "\n".join(bot.lines)


@pytest.mark.slow
async def test_sigterm_while_links_go_out_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """What was in flight finishes, the rest waits for the next start, and everybody has exactly one card."""
    async with open_process_school(tmp_path, settings=NARROW) as (school, bot):
        people = [school.add(name) for name in ("Ada", "Ben", "Cara", "Dan", "Eve", "Finn", "Gus", "Hana")]
        await start(school, bot)
        school.slack.latencies["chat.postMessage"] = timedelta(milliseconds=150)

        await open_form(school, people[0], "now @Ben @Cara @Dan @Eve @Finn @Gus @Hana 45m Algebra")
        assert (await people[0].submit()).is_fine
        await school.slack.wait_for(lambda: school.slack.log.count("chat.postMessage") >= 2)
        assert 0 == await bot.stop()
        assert sum(len(one.messages()) for one in people) < len(people)
        await start(school, bot)
        await _wait_for_cards(school, people)
        assert 0 == await bot.stop()

        assert [1] * len(people) == [len(one.messages()) for one in people]
