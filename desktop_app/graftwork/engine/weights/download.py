"""Brings a file over HTTP, and goes on where it was interrupted."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from urllib.error import HTTPError
from urllib.parse import urlsplit

from graftwork.engine.events import Progress
from graftwork.engine.throttle import Throttle

from .part_file import PartFile

_CHUNK = 1 << 18
_COME_LATER = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to bear with a bad connection.

    ``tries`` that bring nothing new, in a row, are the most; before the n-th of them there is a
    pause of n times ``pause`` seconds. ``timeout``: seconds in which a server must say something.
    """

    tries: int = 5
    pause: float = 1.0
    timeout: float = 20.0


class DownloadError(Exception):
    """The file cannot be brought; the message is the reason."""


class _InterruptedError(Exception):
    """Trying again may help."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """What is fetched, and into which part file; ``size`` (bytes) is for progress only."""

    url: str
    part: PartFile
    name: str
    size: int | None
    patience: Patience


def run_download(download: Download) -> Generator[Progress, None, None]:
    """Bring the file's content into its part file, whole; raises ``DownloadError``.

    A connection that breaks is taken up again. One that cannot be made in the first place, and an
    answer such as "not found", are final.
    """
    _check_scheme(download.url)
    furthest, failures, has_begun = download.part.length, 0, False
    while True:
        try:
            yield from _attempt(download)
        except _InterruptedError as error:
            has_begun = has_begun or download.part.length > furthest
            failures = 0 if download.part.length > furthest else failures + 1
            furthest = max(furthest, download.part.length)
            if failures == download.patience.tries:
                raise DownloadError(str(error)) from error
            time.sleep(download.patience.pause * failures)
        else:
            return


def progress_of(download: Download, total: int | None) -> Progress:
    """How much is here, in kilobytes."""
    done = download.part.length
    most = max(done, total or download.size or 0)
    what = f"Downloading {download.name} (kB)"
    return Progress(what=what, done=done // 1000, total=most // 1000)
