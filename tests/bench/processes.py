"""Processes that are measured: started, asked what they have used, ended. Linux tells it in /proc."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.bench.report import NotMeasured

ROOT = Path(__file__).parents[2]
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PATIENCE_SECONDS = 60


class Process:
    """One Python module as a process of its own, with nothing of our environment but what it needs to run."""

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None, log: Path | None = None) -> None:
        self._arguments = arguments
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        with open(log or os.devnull, "ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env={**kept, **(environment or {})},
                stdout=subprocess.PIPE,
                stderr=stderr,
                stdin=subprocess.PIPE,
            )

    def read_line(self) -> dict[str, Any]:
        """The next line that it printed, which is a JSON object."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._arguments} ended with status {self._process.wait()}")
        told: dict[str, Any] = json.loads(line)
        return told

    def tell(self, line: str) -> dict[str, Any]:
        """Put a line into its standard input, and read what it says to that."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()
        return self.read_line()

    def ask(self) -> dict[str, Any]:
        """Have it tell what it has counted, and count anew."""
        self._process.send_signal(signal.SIGUSR1)
        return self.read_line()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def cpu_seconds(self) -> float:
        """User and system time of all its threads; steps of 10 ms on most kernels."""
        fields = self._read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    @property
    def resident_bytes(self) -> int:
        """What it holds in memory now, libraries too: what `top` shows."""
        found = next(line for line in self._read("status").splitlines() if line.startswith("VmRSS:"))
        return int(found.split()[1]) * 1024

    def _read(self, name: str) -> str:
        try:
            return Path(f"/proc/{self._process.pid}/{name}").read_text()
        except OSError as error:
            raise NotMeasured("needs Linux's /proc") from error

    def stop(self) -> None:
        """As an operator would; killed when it does not listen."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextlib.contextmanager
def running(
    *arguments: str, environment: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[Process]:
    """The process, ended on leaving."""
    process = Process(*arguments, environment=environment, log=log)
    try:
        yield process
    finally:
        process.stop()


class ServicesProcess:
    """`tests/bench/services.py`, running."""

    def __init__(self, port: int) -> None:
        self.port = port

    def configure(self, **told: float) -> None:
        """Latencies in seconds and Slack's limit; counts begin anew."""
        self._ask("configure", told)

    def wait_for_posts(self, count: int) -> dict[str, Any]:
        """The counts, once so many messages were answered."""
        return self._ask("counts", {"posts": count})

    def _ask(self, what: str, told: Mapping[str, float]) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("POST", f"/control/{what}", json.dumps(told))
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()


@contextlib.contextmanager
def running_services() -> Iterator[ServicesProcess]:
    """Slack and Lessonspace for a bench, at no latency until told."""
    with running("tests.bench.services") as process:
        yield ServicesProcess(process.read_line()["port"])


def list_free_ports(count: int) -> Sequence[int]:
    """Ports of loopback that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in taken]


def raise_file_limit() -> None:
    """As many open files as we may have: a thousand links are some hundred connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)) if hard > 0 else soft, hard))
