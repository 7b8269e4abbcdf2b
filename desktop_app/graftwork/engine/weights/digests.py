"""SHA-256 digests of large files, remembered so that a file is not read again at each start.

What is known of a file lies beside it, and holds as long as the file's size and time of change
stay what they were.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from graftwork.files import sha256_of, write_text


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    changed_ns: int
    sha256: str


def remembered_digest(path: Path) -> str:
    """As ``sha256_of``, but the file is only read if it changed since it last was."""
    known = _recall(path)
    if known is not None:
        return known
    digest = sha256_of(path)
    remember_digest(path, digest)
    return digest


def remember_digest(path: Path, digest: str) -> None:
    """Note the digest of the file as it is now; where nothing can be written, nothing is noted."""
    stat = path.stat()
    record = _Record(size=stat.st_size, changed_ns=stat.st_mtime_ns, sha256=digest)
    with suppress(OSError):
        write_text(_note(path), record.model_dump_json())


def _recall(path: Path) -> str | None:
    try:
        record = _Record.model_validate_json(_note(path).read_bytes())
    except (OSError, ValidationError):
        return None
    stat = path.stat()
    same = (record.size, record.changed_ns) == (stat.st_size, stat.st_mtime_ns)
    return record.sha256 if same else None


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.digest.json")
