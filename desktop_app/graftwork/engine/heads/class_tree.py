"""The tree that class names such as ``bird/owl/barn`` stand for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SEPARATOR = "/"
ROOT = -1
_Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fork:
    """Two branches or more, by number, and the branch (or ``ROOT``) at whose end they begin."""

    above: int
    branches: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ClassTree:
    """Where the ways from the root to the classes fork, and the last branch to each class.

    Branches are numbered from 0, fork by fork. A fork comes after the one that it stands on.
    """

    forks: tuple[Fork, ...]
    ends: tuple[int, ...]

    @property
    def branches(self) -> int:
        """How many branches there are."""
        return sum(len(fork.branches) for fork in self.forks)


def class_tree(classes: Sequence[str]) -> ClassTree:
    """The tree of two classes or more; one that has others below it is a branch beside them."""
    leaves = _leaves([tuple(name.split(SEPARATOR)) for name in classes])
    forks = {path: below for path, below in _children(leaves).items() if len(below) > 1}
    branches = [path for path in sorted(forks, key=len) for path in forks[path]]
    number = {path: place for place, path in enumerate(branches)}
    return ClassTree(
        forks=tuple(
            Fork(above=_last_branch(path, number), branches=tuple(number[p] for p in forks[path]))
            for path in sorted(forks, key=len)
        ),
        ends=tuple(_last_branch(leaf, number) for leaf in leaves),
    )


def _leaves(paths: list[_Path]) -> list[_Path]:
    """The paths, with an empty part at the end for a class that has others below it."""
    inner = {path[:length] for path in paths for length in range(len(path))}
    return [(*path, "") if path in inner else path for path in paths]


def _children(leaves: list[_Path]) -> dict[_Path, list[_Path]]:
    found: defaultdict[_Path, dict[_Path, None]] = defaultdict(dict)
    for leaf in leaves:
        for length in range(len(leaf)):
            found[leaf[:length]][leaf[: length + 1]] = None
    return {path: list(below) for path, below in found.items()}


def _last_branch(path: _Path, number: Mapping[_Path, int]) -> int:
    prefixes = (path[:length] for length in range(len(path), 0, -1))
    return next((number[prefix] for prefix in prefixes if prefix in number), ROOT)
