"""The file in a run's folder that says which image was in which part of the split."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from graftwork.data.relative_path import relative_path
from graftwork.data.split import PARTS, Split
from graftwork.files import write_text
from graftwork.plugin_api import Catalog, Part

from .errors import TrainingError

SPLIT_FILE = "split.json"


class KeptSplit(BaseModel, frozen=True):
    """The paths of each part, as ``relative_path`` gives them.

    ``before`` are parts of images that this run did not have, but one that it started from, or one
    that that one started from, and so on: its weights know them, too. There also stand those that
    this run tests with, because its data say so, though one before learned from them. ``roots``
    are the folders in which the images of all these runs lay, this run's own first.
    """

    roots: tuple[Path, ...] = Field(min_length=1)
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    before: dict[str, Part] = {}

    @property
    def part_of(self) -> dict[str, Part]:
        """The part of each path that is known: what was learned once, is known as that."""
        own = {path: part for part in PARTS for path in getattr(self, part)}
        return {**own, **self.before}

    def parts(self, catalog: Catalog) -> dict[int, Part]:
        """The part of each item by its index, of those that had one."""
        part_of = self.part_of
        paths = (relative_path(item.path, catalog.root) for item in catalog.items)
        found = ((index, part_of.get(path)) for index, path in enumerate(paths))
        return {index: part for index, part in found if part}

    def learned(self, root: Path | None = None) -> set[Path]:
        """The images that the weights learned from or were chosen with.

        ``root`` is where the run's own lie now, if that is known; else where they lay then.
        """
        known = [path for path, part in self.part_of.items() if part != "test"]
        roots = (root or self.roots[0], *self.roots[1:])
        return {root / path for root in roots for path in known}


def write_split(
    folder: Path, catalog: Catalog, split: Split, earlier: KeptSplit | None = None
) -> None:
    """Write the file; ``earlier`` is of the run that this one starts from. Raises ``OSError``."""
    paths = {
        part: tuple(relative_path(catalog.items[row].path, catalog.root) for row in rows)
        for part in PARTS
        for rows in [getattr(split, part)]
    }
    tested, others = set(paths["test"]), {*paths["train"], *paths["validation"]}
    known = earlier.part_of if earlier else {}
    before = {
        path: part
        for path, part in known.items()
        if path not in others and not (path in tested and part == "test")
    }
    roots = dict.fromkeys([catalog.root.resolve(), *(earlier.roots if earlier else ())])
    kept = KeptSplit(roots=tuple(roots), **paths, before=before)
    write_text(folder / SPLIT_FILE, kept.model_dump_json(indent=1))


def read_split(folder: Path) -> KeptSplit:
    """Read the file; raises ``OSError`` or ``ValueError``."""
    return KeptSplit.model_validate_json((folder / SPLIT_FILE).read_text("utf-8"))


def earlier_split(folder: Path) -> KeptSplit | None:
    """The split of the run in the folder, if it kept it.

    Raises ``TrainingError`` if that cannot be read.
    """
    try:
        return read_split(folder)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        msg = (
            f"The split of the earlier run in {folder} cannot be read, so that its training images "
            f"could not be told from others: {error}"
        )
        raise TrainingError(msg) from error
