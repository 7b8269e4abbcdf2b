"""Reads a folder that has one folder for each class, with the class's images inside."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from graftwork.plugin_api import Catalog, DatasetError, DatasetReader, Item, Part, Problem

from .names import names_image, normalized, part_named, sorted_by_path

_LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})  # and all that is hidden
_PAPERS = frozenset(
    {"authors", "changelog", "citation", "copying", "licence", "license", "notice", "readme"}
)
_NAMED = 3


class ClassFolderOptions(BaseModel):
    """What a user can say of a folder of class folders."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group_pattern: str | None = Field(
        default=None,
        title="Group pattern",
        description="Regular expression that finds in a file's name what belongs together (frames "
        "of a film, tiles of a slide) and must not be split: its first group, or all it matches; "
        r"for example P(\d+)-",
    )

    @field_validator("group_pattern")
    @classmethod
    def _is_a_pattern(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            msg = f"“{pattern}” is not a regular expression: {error}"
            raise ValueError(msg) from error
        return pattern or None


def read_class_folders(root: Path, options: ClassFolderOptions) -> Catalog:
    """The catalog of a folder of class folders; raises ``DatasetError``."""
    found = _Found()
    files = list(_files(root, found))
    top = _above_classes(root, files)
    parts = _part_folders(top, files)
    wanted = [_item(path, top, parts, options, found.problems) for path in files]
    items = [item for item in wanted if item]
    notes = (*_empty_folders(root, found.empty), *_without_group(items, options))
    return _catalog(root, items, found.problems, notes)


@dataclass(frozen=True)
class _Found:
    """What there is beside files that can be looked at."""

    problems: list[Problem] = field(default_factory=list)
    empty: list[Path] = field(default_factory=list)


def _catalog(
    root: Path, items: list[Item], problems: list[Problem], notes: tuple[str, ...]
) -> Catalog:
    classes = tuple(sorted({item.label for item in items}))
    if len(classes) < 2:
        raise _too_few_classes(root, classes)
    return Catalog(
        root=root,
        classes=classes,
        items=sorted_by_path(items),
        problems=tuple(problems),
        notes=notes,
    )


def _without_group(items: list[Item], options: ClassFolderOptions) -> Iterator[str]:
    """A pattern that misses what it should find lets a split learn from what it tests on."""
    alone = [item.path.name for item in items if item.group is None]
    if options.group_pattern and alone:
        yield (
            f"The group pattern {options.group_pattern} finds nothing in {len(alone):,} of "
            f"{len(items):,} names of images, such as {alone[0]}: these are split as if each of "
            "them stood alone."
        )


def _empty_folders(root: Path, empty: list[Path]) -> Iterator[str]:
    folders = [path.relative_to(root) for path in empty]
    if len(folders) == 1:
        yield f"The folder {folders[0]} is empty, and left out."
    elif folders:
        named = ", ".join(map(str, folders[:_NAMED]))
        more = f" and {len(folders) - _NAMED} more" if len(folders) > _NAMED else ""
        yield f"{len(folders)} folders are empty, and left out: {named}{more}."


def _too_few_classes(root: Path, classes: tuple[str, ...]) -> DatasetError:
    found = f"images of one class only ({classes[0]!r})" if classes else "no class folders"
    return DatasetError(
        f"{root} holds {found}. A folder to learn from holds one folder for each class, two or "
        f"more, with the images of that class inside, such as {root / 'cat' / '1.jpg'} and "
        f"{root / 'dog' / '1.jpg'}; they may lie in folders named train, val and test."
    )


def _item(
    path: Path,
    top: Path,
    parts: Mapping[str, Part],
    options: ClassFolderOptions,
    problems: list[Problem],
) -> Item | None:
    folders = _folders_below(top, path)
    part = parts.get(folders[0]) if folders else None
    names = folders[1:] if part else folders
    reason = _reason_against(path, names, outside=bool(parts) and part is None)
    if reason:
        problems.append(Problem(path=path, reason=reason))
        return None
    label = "/".join(normalized(name) for name in names)
    return Item(path=path, label=label, part=part, group=_group(path, options))


def _reason_against(path: Path, names: tuple[str, ...], *, outside: bool) -> str | None:
    if not names_image(path.name):
        return f"not an image file: {path.suffix or path.name}"
    if not names:
        return "lies outside any class folder"
    return "lies outside the folders of the parts (train, val, test)" if outside else None


def _group(path: Path, options: ClassFolderOptions) -> str | None:
    found = (
        re.search(options.group_pattern, normalized(path.name)) if options.group_pattern else None
    )
    if found is None:
        return None
    return found[1] if found.re.groups else found[0]


def _above_classes(root: Path, files: list[Path]) -> Path:
    """The folder below which classes and parts begin: one that all images lie in tells nothing."""
    places = [_folders_below(root, path) for path in files if names_image(path.name)]
    levels = zip(*{folders[:-1] for folders in places if folders}, strict=False)
    shared = takewhile(lambda names: len(set(names)) == 1 and not part_named(names[0]), levels)
    return root.joinpath(*(names[0] for names in shared))


def _folders_below(top: Path, path: Path) -> tuple[str, ...]:
    """Those that the file lies in; none if it lies elsewhere."""
    return path.relative_to(top).parts[:-1] if path.is_relative_to(top) else ()


def _part_folders(top: Path, files: list[Path]) -> dict[str, Part]:
    """The folders in the one above classes that stand for parts of a split.

    A class may be called "train" or "test" itself: folders so named are parts only if they hold
    class folders, and if there are two such or nothing else.
    """
    places = [_folders_below(top, path) for path in files]
    above_classes = {folders[0] for folders in places if len(folders) >= 2}
    parts = {name: part for name in sorted(above_classes) if (part := part_named(name))}
    folders = {folders[0] for folders in places if folders}
    return parts if len(parts) >= 2 or parts.keys() == folders else {}


def _files(
    folder: Path, found: _Found, above: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[Path]:
    """All files below the folder, through links, but never in a circle."""
    try:
        facts = folder.stat()
        entries = [entry for entry in os.scandir(folder) if not _is_litter(entry.name)]
    except OSError as error:
        found.problems.append(Problem(path=folder, reason=f"cannot be opened: {error.strerror}"))
        return
    identity = (facts.st_dev, facts.st_ino)
    if identity in above:
        return
    if not entries:
        found.empty.append(folder)
    for entry in sorted(entries, key=lambda entry: entry.name):
        yield from _files_of(entry, found, above | {identity})


def _files_of(
    entry: os.DirEntry[str], found: _Found, above: frozenset[tuple[int, int]]
) -> Iterator[Path]:
    path = Path(entry.path)
    if path.is_dir():
        yield from _files(path, found, above)
    elif path.is_file():
        if not _is_paper(path):
            yield path
    else:
        found.problems.append(Problem(path=path, reason="a broken link, or not a file"))


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER


def _is_paper(path: Path) -> bool:
    """Whether it comes with a data set for people to read: no image is missed with it."""
    return path.stem.lower() in _PAPERS and not names_image(path.name)


CLASS_FOLDERS = DatasetReader(
    name="class-folders",
    title="Class folders",
    summary="A folder with one folder of images for each class, or train, val and test above them",
    recognises=Path.is_dir,
    options=ClassFolderOptions,
    read=read_class_folders,
)
