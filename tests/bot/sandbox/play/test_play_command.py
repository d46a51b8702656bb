"""`hallpass play`: it says where the page is, ends when asked to, and says on one line what keeps it from starting."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.cli import build_parser
from bot.sandbox.play.server import listen

PATIENCE = 30.0
"""Seconds that a start or an end may take; nothing is judged by them."""


@asynccontextmanager
async def play(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command in a process of its own, without a screen on which a browser could open."""
    without = ("DISPLAY", "WAYLAND_DISPLAY")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "play", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name not in without},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def read_address(process: asyncio.subprocess.Process) -> str:
    """Where it says that the page is."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        line = (await process.stdout.readline()).decode()
    found = re.fullmatch(r"The school is open: (http://127\.0\.0\.1:\d+/)\n", line)
    assert found is not None, line
    return found[1]


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_until_it_is_asked_to_end(wish: signal.Signals) -> None:
    """Ctrl-C is how one closes the school: a page that is open ends too, and the exit status is 0, without a word."""
    async with play("--port", "0") as process, aiohttp.ClientSession() as client:
        address = await read_address(process)
        async with client.get(address) as page:
            assert 200 == page.status
            (path,) = re.findall(r'hx-sse:connect="/([^"]+)"', await page.text())
        async with client.get(address + path.replace("&amp;", "&")) as stream:
            await stream.content.readline()
            process.send_signal(wish)

            async with asyncio.timeout(PATIENCE):
                _, said = await process.communicate()

    assert (0, b"") == (process.returncode, said)


async def test_a_port_in_use_is_said_in_a_line() -> None:
    """And what to do about it; nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with play("--port", str(port)) as process, asyncio.timeout(PATIENCE):
            out, said = await process.communicate()

    expected = f"hallpass: port {port} is in use: choose another with --port, or stop what uses it\n"
    assert (2, b"", expected) == (process.returncode, out, said.decode())


@pytest.mark.parametrize("port", ["high", "-1", "65536", "8780.5"])
def test_only_a_port_is_taken_for_one(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments are told as everywhere: a line, and 2."""
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(["play", f"--port={port}"])

    assert 2 == ended.value.code
    assert f"{port} is not a port: write a number up to 65535" in capsys.readouterr().err


def test_only_this_machine_reaches_it() -> None:
    """It listens on loopback, whatever the machine's other addresses are."""
    with listen(0) as listener:
        assert "127.0.0.1" == listener.getsockname()[0]
