"""Downloads: whole or not at all at their place, gone on with where they broke off, and nothing of ours given away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import RoomServiceDown, RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.downloads import Endurance, Source, download
from bot.rooms.http import HttpClient, open_client
from bot.rooms.parts import CannotSave, Part
from tests.bot.rooms.recorded import HandWound, RecordedServer, Request, answer, half

FILM = "".join(f"{number:07d}\n" for number in range(4000))
TAG = '"v1"'


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with open_client(connections=1) as client:
        yield client


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "film.mp4"


def film(start: int = 0, headers: dict[str, str] | None = None, *, text: str = FILM) -> bytes:
    """The file, or the rest of it."""
    told = {"Content_Type": "video/mp4", "ETag": TAG, **(headers or {})}
    if start:
        told["Content_Range"] = f"bytes {start}-{len(text) - 1}/{len(text)}"
    return answer(text[start:], 206 if start else 200, **told)


async def fetch(
    client: HttpClient, path: Path, *scripts: bytes, tries: int = 4, overwrites: bool = False, address: str = ""
) -> list[Request]:
    """One command's download."""
    endurance = Endurance(fruitless_tries=tries, sleep=HandWound().sleep)
    async with RecordedServer(*scripts) as server:
        source = Source(provider="Lessonspace", what="recording", address=address or f"{server.url}film?key=secret")
        with Part(path, overwrites=overwrites) as part:
            await download(client, source, part, endurance=endurance)
            part.finish()
    return server.requests


def read(path: Path) -> str:
    return path.read_text(encoding="ascii")


def get_mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def list_names(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir())


async def test_a_file_comes_whole_to_its_place(client: HttpClient, path: Path) -> None:
    """Nothing is left beside it, and only its owner reads it; no key goes there."""
    [asked] = await fetch(client, path, film())

    assert FILM == read(path)
    assert ["film.mp4"] == list_names(path)
    assert 0o600 == get_mode(path)
    assert {"authorization", "cookie", "range"}.isdisjoint(asked.headers)


async def test_what_breaks_off_is_gone_on_with_at_once(client: HttpClient, path: Path) -> None:
    """From where it broke off, of the same version, and only while tries bring something."""
    there = len(FILM) // 2

    _, asked = await fetch(client, path, half(film()), film(there))

    assert FILM == read(path)
    assert (f"bytes={there}-", TAG) == (asked.headers["range"], asked.headers["if-range"])


async def test_the_next_command_goes_on_where_the_last_one_broke_off(client: HttpClient, path: Path) -> None:
    """The part stays with what it is a part of, and the place is free until all of it is there."""
    with pytest.raises(RoomServiceDown):
        await fetch(client, path, half(film()), tries=1)

    assert ["film.mp4.part", "film.mp4.part.version"] == list_names(path)
    [asked] = await fetch(client, path, film(len(FILM) // 2))
    assert f"bytes={len(FILM) // 2}-" == asked.headers["range"]
    assert (FILM, ["film.mp4"]) == (read(path), list_names(path))


@pytest.mark.parametrize(
    "second",
    [film(), film(0, {"ETag": '"v2"'}, text=FILM[::-1])],
    ids=["no ranges", "another version"],
)
async def test_a_server_without_the_rest_starts_again(client: HttpClient, path: Path, second: bytes) -> None:
    """What is at the place in the end is one version, whole."""
    await fetch(client, path, half(film()), second)

    assert read(path).encode() == second.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": 'W/"v1"'},
        {"ETag": "", "Last_Modified": "Mon, 04 Mar 2030 15:00:00 GMT", "Date": "Mon, 04 Mar 2030 15:00:00 GMT"},
        {"ETag": ""},
    ],
    ids=["weak", "changed just now", "none"],
)
async def test_what_cannot_be_told_from_another_version_begins_again(
    client: HttpClient, path: Path, headers: dict[str, str]
) -> None:
    """Two halves of two versions would be a broken file that nobody notices."""
    _, asked = await fetch(client, path, half(film(0, headers)), film(0, headers))

    assert "range" not in asked.headers
    assert FILM == read(path)


async def test_a_date_is_good_enough_where_it_is_older_than_the_answer(client: HttpClient, path: Path) -> None:
    """A server without tags, as many are."""
    changed = "Mon, 04 Mar 2030 14:00:00 GMT"
    headers = {"ETag": "", "Last_Modified": changed, "Date": "Mon, 04 Mar 2030 15:00:00 GMT"}

    _, asked = await fetch(client, path, half(film(0, headers)), film(len(FILM) // 2, headers))

    assert changed == asked.headers["if-range"]
    assert FILM == read(path)


async def test_a_rest_from_elsewhere_is_not_glued_on(client: HttpClient, path: Path) -> None:
    """An answer that begins at another byte than asked for is no rest of ours."""
    asked = await fetch(client, path, half(film()), film(8), film())

    assert ["range" in one.headers for one in asked] == [False, True, False]
    assert FILM == read(path)


async def test_a_part_that_is_whole_needs_nothing_more(client: HttpClient, path: Path) -> None:
    """Killed between the last byte and the renaming: the server has no bytes after the last one, and says so."""
    with Part(path) as part:
        part.begin(TAG)
        part.add(FILM.encode())

    await fetch(client, path, answer("", 416, Content_Range=f"bytes */{len(FILM)}"))

    assert FILM == read(path)


async def test_a_part_longer_than_the_file_begins_again(client: HttpClient, path: Path) -> None:
    with Part(path) as part:
        part.begin(TAG)
        part.add(FILM.encode() * 2)

    await fetch(client, path, answer("", 416, Content_Range=f"bytes */{len(FILM)}"), film())

    assert FILM == read(path)


async def test_a_page_is_not_saved(client: HttpClient, path: Path) -> None:
    """Told plainly; an empty part is taken away again."""
    with pytest.raises(RoomServiceRefused, match="a page to look at, not to a file"):
        await fetch(client, path, answer("<title>Watch</title>", Content_Type="Text/HTML; charset=utf-8"))

    assert [] == list_names(path)


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [(403, RoomServiceRefused, 1), (404, RoomServiceRefused, 1), (503, RoomServiceDown, 4), (429, RoomServiceDown, 4)],
)
async def test_a_refusal_is_final_and_a_failure_is_tried_again(
    client: HttpClient, path: Path, status: int, error: type[RoomServiceError], tries: int
) -> None:
    """With growing pauses, and an end to it. The error names the status and not the address."""
    wound = HandWound()
    async with RecordedServer(*[answer({}, status)] * 9) as server:
        source = Source(provider="Lessonspace", what="recording", address=f"{server.url}film?key=secret")
        with Part(path) as part, pytest.raises(error, match=f"HTTP {status}") as failed:
            await download(client, source, part, endurance=Endurance(sleep=wound.sleep))

    assert tries == len(server.requests)
    assert [1.0, 2.0, 4.0][: tries - 1] == wound.sleeps
    assert "secret" not in f"{failed.value!r} {failed.value} {source!r} {failed.value.__cause__!r}"


async def test_tries_that_bring_something_are_not_counted(client: HttpClient, path: Path) -> None:
    """A long recording over a poor line comes in many pieces."""
    pieces = [film() if not start else film(start) for start in range(0, len(FILM), 4000)]
    cut = [whole[: whole.index(b"\r\n\r\n") + 4 + 4000] for whole in pieces]

    asked = await fetch(client, path, *cut, tries=2)

    assert len(cut) == len(asked) > 4
    assert FILM == read(path)


async def test_a_rest_that_is_sent_in_pieces_is_asked_for_piece_by_piece(client: HttpClient, path: Path) -> None:
    """A server may send less than was asked for, and that is no end of the file."""
    there, length = len(FILM) // 2, len(FILM)
    piece = answer(FILM[there : there + 800], 206, Content_Range=f"bytes {there}-{there + 799}/{length}", ETag=TAG)

    await fetch(client, path, half(film()), piece, film(there + 800))

    assert FILM == read(path)


async def test_silence_ends_a_try(client: HttpClient, path: Path) -> None:
    """A server that sends half and then nothing is not waited for without end."""
    is_over = asyncio.Event()

    async def go_silent(writer: asyncio.StreamWriter) -> None:
        writer.write(half(film()))
        await writer.drain()
        await is_over.wait()

    async with RecordedServer(go_silent) as server:
        source = Source(provider="Lessonspace", what="recording", address=server.url)
        endurance = Endurance(one_chunk=timedelta(seconds=0.2), fruitless_tries=1)
        with Part(path) as part, pytest.raises(RoomServiceDown, match=r"nothing came for 0\.2 s"):
            await download(client, source, part, endurance=endurance)
        is_over.set()

    assert len(FILM) // 2 == len(read(path.with_name("film.mp4.part")))


async def test_redirects_are_followed_to_where_the_file_is(client: HttpClient, path: Path) -> None:
    """By hand, at most five."""
    asked = await fetch(client, path, answer({}, 302, Location="/elsewhere?sig=1"), film())

    assert "GET /elsewhere?sig=1 HTTP/1.1" == asked[1].line
    with pytest.raises(RoomServiceNonsense, match="from address to address"):
        await fetch(client, path.with_name("other"), *[answer({}, 302, Location="/on")] * 9)


@pytest.mark.parametrize("address", ["http://example.org/film", "file:///etc/passwd", "ftp://127.0.0.1/film", "//", ""])
async def test_addresses_without_encryption_are_not_asked(client: HttpClient, path: Path, address: str) -> None:
    """Neither at first nor by redirect; http only on this machine."""
    with pytest.raises(RoomServiceNonsense, match="address"):
        await fetch(client, path, answer({}, 302, Location=address or "http://example.org/"), address=address)


async def test_progress_is_told_with_the_whole_where_known(client: HttpClient, path: Path) -> None:
    """Also when going on: from what is there already."""
    told: list[tuple[int, int | None]] = []
    with Part(path) as part:
        part.begin(TAG)
        part.add(FILM[:800].encode())
        async with RecordedServer(film(800)) as server:
            source = Source(provider="Lessonspace", what="recording", address=server.url)
            await download(client, source, part, on_progress=lambda done, total: told.append((done, total)))

    assert ((800, len(FILM)), (len(FILM), len(FILM))) == (told[0], told[-1])


def test_what_is_there_is_not_written_over(path: Path) -> None:
    """Neither from the start nor when it came meanwhile; with leave, it is."""
    path.write_text("mine")
    with pytest.raises(CannotSave, match=r"film\.mp4: is there already; --force"), Part(path):
        raise AssertionError("not reached")

    with Part(path, overwrites=True) as part:
        part.add(b"new")
        assert "mine" == read(path)
        part.finish()
    assert "new" == read(path)

    other = path.with_name("other")
    with Part(other) as part:
        part.add(b"late")
        other.write_text("first")
        with pytest.raises(CannotSave, match="is there already"):
            part.finish()
    assert ("first", "late") == (other.read_text(), other.with_name("other.part").read_text())


def test_one_part_has_one_writer(path: Path) -> None:
    """The second one is told so, and the first is not disturbed."""
    with Part(path) as part:
        part.add(b"1")
        with pytest.raises(CannotSave, match="another command is writing it"), Part(path):
            raise AssertionError("not reached")
        part.add(b"2")
        part.finish()

    assert "12" == read(path)


def test_a_place_that_cannot_be_is_told_in_a_line(tmp_path: Path) -> None:
    """A folder, and a folder that is not there."""
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "no" / "film", "No such file or directory")):
        with pytest.raises(CannotSave, match=reason), Part(path):
            raise AssertionError("not reached")
