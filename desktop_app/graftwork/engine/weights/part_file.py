"""The part of a file that has come so far, and what is needed to go on from there."""

from __future__ import annotations

from http.client import HTTPMessage
from pathlib import Path


class PartFile:
    """A growing file, and beside it the version of the original that it is a part of.

    The version is the server's strong ETag, or else its date of change (RFC 9110, 8.8). Without
    one a part cannot be continued safely.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._version = path.with_name(f"{path.name}.version")

    @property
    def length(self) -> int:
        """Bytes that are here."""
        return self.path.stat().st_size if self.path.exists() else 0

    def resume_headers(self) -> dict[str, str]:
        """What asks for the rest only, unless the original has changed since."""
        if not self.length or not self._version.exists():
            return {}
        version = self._version.read_text("utf-8")
        return {"Range": f"bytes={self.length}-", "If-Range": version}

    def start(self, headers: HTTPMessage) -> None:
        """Begin anew with the version that the answer's headers tell of."""
        self.discard()
        version = _version(headers)
        if version is not None:
            self._version.write_text(version, "utf-8")

    def discard(self) -> None:
        """Remove what has come."""
        self.path.unlink(missing_ok=True)
        self.forget_version()

    def forget_version(self) -> None:
        """The part is whole, or of no use: it will not be continued."""
        self._version.unlink(missing_ok=True)


def _version(headers: HTTPMessage) -> str | None:
    tag = headers.get("ETag")
    if tag is not None and not tag.startswith("W/"):
        return tag
    return headers.get("Last-Modified")
