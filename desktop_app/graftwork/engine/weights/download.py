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

from graftwork.data.throttle import Throttle
from graftwork.engine.events import Progress

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


class _UnreachableError(_InterruptedError):
    """There is no connection to the server."""


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
    answer such as "not found", are final. ``OSError`` means that the part cannot be written.
    """
    _check_scheme(download.url)
    tries = _Tries(download)
    while True:
        try:
            yield from _attempt(download)
        except _InterruptedError as error:
            tries.give_up_or_pause(error)
        else:
            return


def progress_of(download: Download, total: int | None = None) -> Progress:
    """How much is here, in kilobytes."""
    done = download.part.length
    most = max(done, total or download.size or 0)
    what = f"Downloading {download.name} (kB)"
    return Progress(what=what, done=done // 1000, total=most // 1000)


class _Tries:
    """Counts the tries in a row that brought nothing new."""

    def __init__(self, download: Download) -> None:
        self._part = download.part
        self._patience = download.patience
        self._furthest = download.part.length
        self._begun = False
        self._barren = 0

    def give_up_or_pause(self, error: _InterruptedError) -> None:
        gained = self._part.length > self._furthest
        self._furthest = max(self._furthest, self._part.length)
        self._begun = self._begun or gained
        self._barren = 0 if gained else self._barren + 1
        offline = isinstance(error, _UnreachableError) and not self._begun
        if offline or self._barren >= self._patience.tries:
            raise DownloadError(str(error)) from error
        time.sleep(self._patience.pause * (self._barren + 1))


def _attempt(download: Download) -> Generator[Progress, None, None]:
    try:
        response = _open(download)
    except HTTPError as error:
        with error:
            _judge(error, download.part)
        return
    except (OSError, HTTPException) as error:
        raise _UnreachableError(_reason(error)) from error
    with response:
        yield from _receive(response, download)


def _receive(response: HTTPResponse, download: Download) -> Generator[Progress, None, None]:
    total = _begin(response, download.part)
    throttle = Throttle()
    with download.part.path.open("ab", buffering=0) as file:
        for chunk in _chunks(response):
            file.write(chunk)
            if throttle.due():
                yield progress_of(download, total)
    if total is not None and download.part.length < total:
        raise _InterruptedError("the connection broke off")
    yield progress_of(download, total)


def _begin(response: HTTPResponse, part: PartFile) -> int | None:
    """Make the part ready for what this answer brings, and give the whole file's size."""
    if response.status != 206:
        part.start(response.headers)
        return response.length
    span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
    if span is None or int(span[1]) != part.length:
        part.discard()
        raise _InterruptedError("the server sent another part of the file than the one asked for")
    return int(span[2])


def _judge(error: HTTPError, part: PartFile) -> None:
    """Raise what a refusal means; none is meant if the part was whole already."""
    if error.code == 416:
        if error.headers.get("Content-Range") == f"bytes */{part.length}":
            return
        part.discard()
        raise _InterruptedError("the file on the server has changed")
    reason = f"the server answers {error.code} ({error.reason})"
    if error.code in _COME_LATER:
        raise _InterruptedError(reason)
    raise DownloadError(reason)


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except (OSError, HTTPException) as error:
            raise _InterruptedError(_reason(error)) from error
        if not chunk:
            return
        yield chunk


def _check_scheme(url: str) -> None:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise DownloadError("its address does not begin with https:// or http://")


def _open(download: Download) -> HTTPResponse:
    headers = {"User-Agent": "graftwork", **download.part.resume_headers()}
    request = urllib.request.Request(download.url, headers=headers)
    response: HTTPResponse = _opener().open(request, timeout=download.patience.timeout)
    return response


def _opener() -> urllib.request.OpenerDirector:
    """Knows http and https alone, so that no redirection leads to a local file."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _reason(error: Exception) -> str:
    """What happened, without the wrapping that urllib puts around it."""
    return str(getattr(error, "reason", error)) or type(error).__name__
