"""The file in a run's folder that says which image was in which part of the split."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from graftwork.data.split import PARTS, Split
from graftwork.files import write_text
from graftwork.plugin_api import Catalog, Part

from .errors import TrainingError

SPLIT_FILE = "split.json"


class KeptSplit(BaseModel, frozen=True):
    """The paths of each part, as ``relative_path`` gives them."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def parts(self, catalog: Catalog) -> dict[int, Part]:
        """The part of each item by its index, of those that had one."""
        part_of = {path: part for part in PARTS for path in getattr(self, part)}
        paths = (relative_path(item.path, catalog.root) for item in catalog.items)
        found = ((index, part_of.get(path)) for index, path in enumerate(paths))
        return {index: part for index, part in found if part}


def write_split(folder: Path, catalog: Catalog, split: Split) -> None:
    """Write the file; raises ``OSError``."""
    paths = {
        part: tuple(relative_path(catalog.items[row].path, catalog.root) for row in rows)
        for part in PARTS
        for rows in [getattr(split, part)]
    }
    write_text(folder / SPLIT_FILE, KeptSplit(**paths).model_dump_json(indent=1))


def read_split(folder: Path) -> KeptSplit:
    """Read the file; raises ``OSError`` or ``ValueError``."""
    return KeptSplit.model_validate_json((folder / SPLIT_FILE).read_text("utf-8"))


def parts_then(folder: Path, catalog: Catalog) -> dict[int, Part]:
    """The parts that these images had in the run of the folder, if it kept its split.

    Raises ``TrainingError`` if that cannot be read.
    """
    try:
        return read_split(folder).parts(catalog)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        msg = (
            f"The split of the earlier run in {folder} cannot be read, so that its training images "
            f"could not be told from others: {error}"
        )
        raise TrainingError(msg) from error


def relative_path(path: Path, root: Path) -> str:
    """The path below the root with ``/`` between its parts; the whole path if it lies elsewhere."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
