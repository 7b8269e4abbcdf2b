"""The images of a contest and their split, written as a table that all contenders read."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from sklearn.model_selection import train_test_split

VALIDATION, TEST = 0.10, 0.25
"""Of all images; stratified. Training has the rest."""

_ENDINGS = {".jpg", ".jpeg", ".png"}


class Row(NamedTuple):
    """An image below the root of its data set."""

    path: str
    label: str
    part: str = ""


def labelled_images(place: str) -> tuple[Path, list[Row]]:
    """Root and images of ``elpv`` (the installed package) or of a folder of class folders."""
    if place == "elpv":
        return _elpv()
    root = Path(place).resolve()
    files = sorted(file for file in root.rglob("*") if file.suffix.lower() in _ENDINGS)
    return root, [Row(file.relative_to(root).as_posix(), file.parent.name) for file in files]


def _elpv() -> tuple[Path, list[Row]]:
    """Functional (0) against defective (2/3 and 1); cells of which experts were unsure are out."""
    found = find_spec("elpv_dataset")
    if found is None or found.origin is None:
        raise SystemExit("ELPV needs its package: pip install elpv-dataset")
    root = Path(found.origin).parent / "data"
    rows = (line.split() for line in (root / "labels.csv").read_text().splitlines())
    kept = [(path, float(chance)) for path, chance, _ in rows if not 0.1 < float(chance) < 0.6]
    return root, [Row(path, "defective" if chance else "functional") for path, chance in kept]


def split(rows: list[Row], seed: int, images: int | None) -> list[Row]:
    """The rows with their parts, alike in every class; ``images`` takes so many of them alone."""
    if images is not None and images < len(rows):
        rows, _ = _divided(rows, images, seed)
    learned, test = _divided(rows, len(rows) - round(TEST * len(rows)), seed)
    train, validation = _divided(learned, len(learned) - round(VALIDATION * len(rows)), seed)
    parts = {"train": train, "validation": validation, "test": test}
    return [row._replace(part=part) for part, members in parts.items() for row in members]


def _divided(rows: list[Row], first: int, seed: int) -> tuple[list[Row], list[Row]]:
    one, other = train_test_split(
        rows, train_size=first, random_state=seed, stratify=[row.label for row in rows]
    )
    return one, other


def write(rows: list[Row], file: Path) -> None:
    """As a CSV with a header."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(Row._fields)
        writer.writerows(rows)


def read(file: str) -> list[Row]:
    """What ``write`` wrote."""
    with Path(file).open(newline="", encoding="utf-8") as lines:
        return [Row(**line) for line in csv.DictReader(lines)]
