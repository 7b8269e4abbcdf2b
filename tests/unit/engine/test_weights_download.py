"""Downloads from a real server that breaks off, stalls, refuses, changes its mind."""

from __future__ import annotations

import hashlib
import random
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from graftwork.engine.events import Progress
from graftwork.engine.weights import Patience, WeightsError, fetch_weights, locate_weights
from graftwork.plugin_api import Backbone, DownloadedWeights
from support.file_server import OfferedFile, serving
from support.tiny import TINY

CONTENT = random.Random(0).randbytes(3_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(tries=3, pause=0.0, timeout=5.0)
Offer = Callable[[OfferedFile], Backbone]


def backbone_from(url: str, sha256: str = DIGEST) -> Backbone:
    weights = DownloadedWeights(url=url, sha256=sha256, size=len(CONTENT))
    return replace(TINY, title="Net One", weights=weights)


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def offer() -> Iterator[Offer]:
    """Starts a server for a file, and gives a backbone whose weights it is."""
    with ExitStack() as stack:
        yield lambda offered: backbone_from(stack.enter_context(serving(offered)))


def finish(
    fetching: Generator[Progress, None, Path | None],
) -> tuple[list[Progress], Path | None]:
    events: list[Progress] = []
    while True:
        try:
            events.append(next(fetching))
        except StopIteration as stop:
            return events, stop.value


def fetch(backbone: Backbone, folder: Path) -> Path:
    path = finish(fetch_weights(backbone, folder, QUICK))[1]
    assert path is not None
    return path


def visible(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))


def interrupted_after(length: int, backbone: Backbone, folder: Path) -> None:
    """Leave a part of that many bytes, as a user does who stops a stalled download."""
    fetching = fetch_weights(backbone, folder, QUICK)
    part = folder / "net-1.pth.part"
    while not part.exists() or part.stat().st_size < length:
        next(fetching)
    fetching.close()
    with part.open("rb+") as file:
        file.truncate(length)


def test_a_whole_file_comes_once_with_progress(offer: Offer, tmp_path: Path) -> None:
    offered = OfferedFile(CONTENT)
    backbone = offer(offered)
    folder = tmp_path / "not" / "yet"
    assert locate_weights(backbone, folder) is None
    events, path = finish(fetch_weights(backbone, folder, QUICK))
    assert path == folder / "net-1.pth"
    assert path.read_bytes() == CONTENT
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert (events[-1].done, events[-1].total) == (3000, 3000)
    assert all("net-1.pth" in event.what for event in events)
    assert finish(fetch_weights(backbone, folder, QUICK)) == ([], path)
    assert offered.asked == [None]
    assert visible(folder) == ["net-1.pth"]


@pytest.mark.parametrize("version", [{"tag": '"one"'}, {"tag": None, "changed": "Tue, 1 Jul 2025"}])
def test_a_cut_connection_is_taken_up_where_it_broke(
    offer: Offer, tmp_path: Path, version: dict[str, str]
) -> None:
    offered = OfferedFile(CONTENT, breaks=[1_000_000, 500_000], **version)
    assert fetch(offer(offered), tmp_path).read_bytes() == CONTENT
    assert offered.asked == [None, "bytes=1000000-", "bytes=1500000-"]


def test_a_stopped_download_goes_on_the_next_time(offer: Offer, tmp_path: Path) -> None:
    offered = OfferedFile(CONTENT)
    backbone = offer(offered)
    interrupted_after(700_000, backbone, tmp_path)
    assert locate_weights(backbone, tmp_path) is None
    assert fetch(backbone, tmp_path).read_bytes() == CONTENT
    assert offered.asked == [None, "bytes=700000-"]


@pytest.mark.parametrize(
    "awkward",
    [
        {"ranges": False},
        {"tag": None},
        {"tag": 'W/"weak"'},
        {"tells_length": False, "ranges": False},
    ],
)
def test_without_ranges_or_version_it_starts_anew(
    offer: Offer, tmp_path: Path, awkward: dict[str, object]
) -> None:
    offered = OfferedFile(CONTENT, **awkward)  # type: ignore[arg-type]
    backbone = offer(offered)
    interrupted_after(700_000, backbone, tmp_path)
    assert fetch(backbone, tmp_path).read_bytes() == CONTENT
    assert visible(tmp_path) == ["net-1.pth"]


def test_a_file_that_changed_meanwhile_starts_anew(offer: Offer, tmp_path: Path) -> None:
    offered = OfferedFile(b"old" * 500_000, tag='"old"')
    backbone = offer(offered)
    interrupted_after(700_000, backbone, tmp_path)
    offered.content, offered.tag = CONTENT, '"new"'
    assert fetch(backbone, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(("length", "requests"), [(len(CONTENT), 2), (len(CONTENT) + 5, 3)])
def test_a_part_as_long_as_the_file_or_longer(
    offer: Offer, tmp_path: Path, length: int, requests: int
) -> None:
    """The first was whole already; the second cannot be a part of this file."""
    offered = OfferedFile(CONTENT)
    backbone = offer(offered)
    interrupted_after(700_000, backbone, tmp_path)
    (tmp_path / "net-1.pth.part").write_bytes((CONTENT + b"extra")[:length])
    assert fetch(backbone, tmp_path).read_bytes() == CONTENT
    assert len(offered.asked) == requests


def test_a_wrong_range_is_not_sewn_on(offer: Offer, tmp_path: Path) -> None:
    offered = OfferedFile(CONTENT, shift=10)
    backbone = offer(offered)
    interrupted_after(700_000, backbone, tmp_path)
    assert fetch(backbone, tmp_path).read_bytes() == CONTENT
    assert offered.asked == [None, "bytes=700000-", None]


def test_a_stalled_connection_is_given_up_and_taken_up_again(offer: Offer, tmp_path: Path) -> None:
    offered = OfferedFile(CONTENT, stalls=[1_000_000])
    fetching = fetch_weights(offer(offered), tmp_path, replace(QUICK, timeout=0.3))
    path = finish(fetching)[1]
    assert path is not None
    assert path.read_bytes() == CONTENT
    assert offered.asked == [None, "bytes=1000000-"]


def test_a_busy_server_is_asked_again(offer: Offer, tmp_path: Path) -> None:
    offered = OfferedFile(CONTENT, statuses=[503, 429])
    assert fetch(offer(offered), tmp_path).read_bytes() == CONTENT


def test_tries_are_limited(offer: Offer, tmp_path: Path) -> None:
    offered = OfferedFile(CONTENT, breaks=[100_000, 0, 0, 0, 0, 0])
    with pytest.raises(WeightsError, match="broke off"):
        fetch(offer(offered), tmp_path)
    assert offered.asked == [None] + ["bytes=100000-"] * 3


@pytest.mark.parametrize("status", [404, 403])
def test_a_refusal_is_final_and_says_what_to_do(offer: Offer, tmp_path: Path, status: int) -> None:
    offered = OfferedFile(CONTENT, statuses=[status])
    with pytest.raises(WeightsError) as caught:
        fetch(offer(offered), tmp_path)
    assert str(status) in str(caught.value)
    assert len(offered.asked) == 1


def test_a_wrong_content_is_removed(offer: Offer, tmp_path: Path) -> None:
    offered = OfferedFile(CONTENT[:-1] + b"?")
    backbone = offer(offered)
    with pytest.raises(WeightsError, match=r"not what the publisher announced.*removed"):
        fetch(backbone, tmp_path)
    assert visible(tmp_path) == []
    offered.content = CONTENT
    assert fetch(backbone, tmp_path).read_bytes() == CONTENT


def test_redirections_lead_to_the_web_only(offer: Offer, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENT)
    with pytest.raises(WeightsError, match="cannot be downloaded"):
        fetch(offer(OfferedFile(b"", redirect=secret.as_uri())), tmp_path / "weights")
    elsewhere = offer(OfferedFile(CONTENT)).weights
    assert isinstance(elsewhere, DownloadedWeights)
    moved = offer(OfferedFile(b"", redirect=elsewhere.url))
    assert fetch(moved, tmp_path / "weights").read_bytes() == CONTENT


@pytest.mark.parametrize("url", ["file:///etc/net-1.pth", "ftp://127.0.0.1/net-1.pth"])
def test_other_addresses_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="does not begin with https"):
        fetch(backbone_from(url), tmp_path)


def test_offline_the_message_says_what_to_fetch_and_where_to_put_it(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/models/net-1.pth"
        with pytest.raises(WeightsError) as caught:
            fetch(backbone_from(url), tmp_path)
    message = str(caught.value)
    for needed in ("Net One", url, str(tmp_path), "graftwork weights import net-1.pth"):
        assert needed in message


def test_two_at_once_download_once(offer: Offer, tmp_path: Path) -> None:
    offered = OfferedFile(CONTENT)
    backbone = offer(offered)
    first = fetch_weights(backbone, tmp_path, QUICK)
    second = fetch_weights(backbone, tmp_path, QUICK)
    next(first)
    waiting = next(second)
    assert waiting.what == "Downloading net-1.pth (kB)"
    path = finish(first)[1]
    assert finish(second) == ([], path)
    assert offered.asked == [None]


def test_a_folder_that_cannot_be_written_is_named(offer: Offer, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(WeightsError, match="cannot be written"):
        fetch(offer(OfferedFile(CONTENT)), file / "weights")
