"""The demo's story: it happens, and what does not happen is named."""

from __future__ import annotations

import io
import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from rich.console import Console

from bot.cli import build_parser
from bot.sandbox import story
from bot.sandbox.faults import Fault
from bot.sandbox.lessonspace.mishaps import Mishap
from bot.sandbox.school import School
from bot.sandbox.steps import Step, list_steps
from bot.sandbox.venues import BROCHURES
from bot.sandbox.visiting import Coming, Turned, Visitor

WIDE = 112
STEPS = list_steps(BROCHURES["lessonspace"].capabilities)
BEFORE = [Step.FORM_OPENED, Step.MISTAKE_SHOWN, Step.BOOKED]


async def tell(
    folder: Path | None,
    *,
    prepare: Callable[[School], None] | None = None,
    patience: float = 20,
    service: str = "lessonspace",
) -> tuple[int, str]:
    """The exit status, and everything that was printed; as wide as it gets, so that no step's line wraps."""
    printed = io.StringIO()
    status = await story.play(
        Console(file=printed, width=WIDE),
        service=service,
        folder=folder,
        patience=timedelta(seconds=patience),
        prepare=prepare,
    )
    return status, printed.getvalue()


def list_marked(printed: str, mark: str) -> list[str]:
    """What the last panel says did not happen (✗) or was never reached (·)."""
    _, found, panel = printed.partition("Not everything in this story happened.")
    assert found
    return [line.strip("│ ").removeprefix(f"{mark} ") for line in panel.splitlines() if line.startswith(f"│  {mark} ")]


@pytest.mark.parametrize("service", BROCHURES)
async def test_everything_in_the_story_happens(tmp_path: Path, service: str) -> None:
    """In every room service: exit status 0, each of its steps told once, nothing missing, no way in printed."""
    brochure = BROCHURES[service]
    status, printed = await tell(tmp_path, service=service)
    told = [line.strip().removeprefix("✓ ") for line in printed.splitlines() if line.startswith("  ✓ ")]

    assert status == 0, printed
    assert sorted(told) == sorted(step.value for step in list_steps(brochure.capabilities))
    assert "✗" not in printed
    assert "hallpass manifest" in printed
    assert "SLACK_BOT_TOKEN" in printed
    assert brochure.shown_name in printed
    assert brochure.variables.split(", ")[0] in printed
    assert "/join/" not in printed


async def test_a_room_that_lets_nobody_in_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where our own page leads to it, too."""

    async def stay_outside(visitor: Visitor, url: str) -> Coming:
        return Coming(turned=Turned.OTHERWISE, text="The room says: no.")

    monkeypatch.setattr(Visitor, "come_in", stay_outside)
    status, printed = await tell(tmp_path, service="loop", patience=1)

    assert status == 1
    assert "! The room says: no." in printed
    assert Step.LINK_USED.value in list_marked(printed, "✗")


@pytest.mark.parametrize("service", BROCHURES)
def test_the_command_knows_every_service(service: str) -> None:
    """By the name under which the story knows it."""
    assert build_parser().parse_args(["demo", "--service", service]).service == service


async def test_on_a_terminal_one_sees_the_links_go_out(tmp_path: Path) -> None:
    """The bar moves step by step, in colour; reading pauses take no longer than the pace says."""
    printed = io.StringIO()
    console = Console(file=printed, width=WIDE, force_terminal=True, color_system="standard")
    status = await story.play(console, folder=tmp_path, pace=0.001)
    until_sent, _, _ = printed.getvalue().partition(Step.PROGRESS_MOVED.value)
    counts = re.findall(r"(\d) of 6", until_sent)

    assert status == 0, printed.getvalue()
    assert len(set(counts)) >= 4
    assert counts == sorted(counts)
    assert "\x1b[32m" in printed.getvalue()


async def test_nothing_of_it_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own folder is removed; logging, and what happens on a crash, are as before."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    hook, level, handlers = sys.excepthook, logging.getLogger().level, list(logging.getLogger().handlers)
    configuration = structlog.get_config()
    status, printed = await tell(None)

    assert status == 0, printed
    assert os.listdir(tmp_path) == []
    assert (sys.excepthook, logging.getLogger().level) == (hook, level)
    assert logging.getLogger().handlers == handlers
    assert structlog.get_config() == configuration


async def test_a_link_that_never_arrives_is_named(tmp_path: Path) -> None:
    """Slack refuses a card: exit status 1, the step that broke, all that could not follow, and where to look."""

    def refuse_one(school: School) -> None:  # two posts, since one of the first may be the channel's
        school.slack.faults.switch_on("chat.postMessage", Fault.refusing("restricted_action"), count=2)

    status, printed = await tell(tmp_path, prepare=refuse_one, patience=4)

    assert status == 1
    assert f"waited 4 seconds for: {Step.CARDS_ARRIVED.value}" in printed
    assert list_marked(printed, "✗") == [Step.CARDS_ARRIVED.value]
    assert list_marked(printed, "·") == [step.value for step in STEPS if step not in (*BEFORE, Step.CARDS_ARRIVED)]
    assert "could not be reached" in printed
    assert str(tmp_path)[:60] in printed


async def test_a_step_that_only_looks_wrong_does_not_end_the_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can go on does: only that step is missing, and the exit status says so."""
    monkeypatch.setattr("bot.sandbox.chapters.find_clear_text", lambda *_: ["a secret can be read in hallpass.log"])
    status, printed = await tell(tmp_path)

    assert status == 1
    assert list_marked(printed, "✗") == [Step.NO_CLEAR_TEXT_BEFORE.value]
    assert list_marked(printed, "·") == []


async def test_a_join_that_nobody_reports_is_named(tmp_path: Path) -> None:
    """Webhooks are lost: while the clock stands still nobody asks either, so the board cannot know."""

    def lose(school: School) -> None:
        school.lessonspace.webhooks.mishaps.switch_on("user.*", Mishap.losing())

    status, printed = await tell(tmp_path, prepare=lose, patience=4)

    assert status == 1
    assert list_marked(printed, "✗") == [Step.BOARD_SHOWN.value]
    assert Step.BOARD_BY_ASKING.value in list_marked(printed, "·")


async def test_a_bot_that_cannot_start_is_said_so(tmp_path: Path) -> None:
    """No step happened, and the reason stands there instead of a trace."""

    def revoke(school: School) -> None:
        school.slack.app.token_error = "token_revoked"

    status, printed = await tell(tmp_path, prepare=revoke)

    assert status == 1
    assert "It stopped: StartRefused: Slack refuses SLACK_BOT_TOKEN" in printed
    assert len(list_marked(printed, "·")) == len(STEPS)
    assert "Traceback" not in printed


async def test_after_a_failure_the_folder_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Log and database are what one needs then."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def revoke(school: School) -> None:
        school.slack.app.token_error = "token_revoked"

    await tell(None, prepare=revoke)
    (kept,) = os.listdir(tmp_path)

    assert story.LOG_NAME in os.listdir(tmp_path / kept)
