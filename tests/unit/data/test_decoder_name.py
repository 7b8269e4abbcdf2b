from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graftwork.data.decoder_name import decoder_name
from graftwork.data.decoding import decode


def level(path: Path, channels: int, value: int = 0) -> np.ndarray:
    return np.full((4, 4, channels), value, np.uint8)


def of_level(value: int) -> Callable[[Path, int], np.ndarray]:
    return lambda path, channels: level(path, channels, value)


@dataclass
class Level:
    value: int

    def __call__(self, path: Path, channels: int) -> np.ndarray:
        return level(path, channels, self.value)

    def decode(self, path: Path, channels: int) -> np.ndarray:
        return self(path, channels)


@dataclass(frozen=True, slots=True)
class Slotted:
    value: int

    def __call__(self, path: Path, channels: int) -> np.ndarray:
        return level(path, channels, self.value)


class Looped:
    def __init__(self, value: int) -> None:
        self.value = value
        self.me = self
        self.seen: list[Path] = []

    def __call__(self, path: Path, channels: int) -> np.ndarray:
        self.seen.append(path)
        return level(path, channels, self.value)


KINDS = {
    "partial": lambda value: partial(level, value=value),
    "path in a partial": lambda value: partial(level, value=Path(str(value))),
    "closure": of_level,
    "object": Level,
    "object with slots": Slotted,
    "method": lambda value: Level(value).decode,
    "object with a circle": Looped,
    "lambda": lambda value: (
        (lambda path, channels: level(path, channels, 1_000))
        if value
        else (lambda path, channels: level(path, channels, 2_000))
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_decoders_that_give_other_pixels_have_other_names(kind: str) -> None:
    make = KINDS[kind]
    assert decoder_name(make(0)) == decoder_name(make(0))
    assert decoder_name(make(0)) != decoder_name(make(1))


def test_kinds_are_told_apart() -> None:
    assert len({decoder_name(make(0)) for make in KINDS.values()}) == len(KINDS)


def test_graftworks_own_function_has_its_name_alone() -> None:
    assert decoder_name(decode) == "graftwork.data.decoding.decode"


def of_a_plugin(source: str) -> Callable[[Path, int], np.ndarray]:
    """The decoder ``read`` that a version of a plugin has, under the name of all versions."""
    names: dict[str, Any] = {"__name__": "bees.files"}
    exec(source, names)
    return names["read"]


VERSIONS = [
    "def read(path, channels): return path * 2",
    "def read(path, channels): return path * 3",
    "def read(path, channels): return other(path)",
    "def read(path, channels, level=1): return level",
    "def read(path, channels, level=2): return level",
    "def read(path, channels, *, level=1): return level",
    "def read(path, channels, *, level=2): return level",
    "def read(path, channels): return path in {'a', 'b'}",
    "def read(path, channels): return path in {'a', 'c'}",
    "class Reader:\n def __call__(self, path, channels): return 1\nread = Reader()",
    "class Reader:\n def __call__(self, path, channels): return 2\nread = Reader()",
]


def test_versions_of_a_plugins_decoder_are_told_apart() -> None:
    names = [decoder_name(of_a_plugin(source)) for source in VERSIONS]
    assert len(set(names)) == len(VERSIONS)
    assert names == [decoder_name(of_a_plugin(source)) for source in VERSIONS]
    assert names[0].startswith("bees.files.read ")


def test_use_does_not_change_the_name() -> None:
    decoder = Looped(3)
    before = decoder_name(decoder)
    decoder(Path("a.png"), 3)
    assert decoder_name(decoder) == before


def test_builtin_callables_have_a_name() -> None:
    assert decoder_name(len).startswith("builtins.len ")


def install(folder: Path, version: str) -> None:
    """A package whose decoder is the same in each version, as if a helper of it had changed."""
    (folder / "bees").mkdir(parents=True)
    (folder / "bees" / "__init__.py").write_text("def read(path, channels): ...\n", "utf-8")
    info = folder / f"graftwork_bees-{version}.dist-info"
    info.mkdir()
    about = f"Metadata-Version: 2.1\nName: graftwork-bees\nVersion: {version}\n"
    (info / "METADATA").write_text(about, "utf-8")
    (info / "RECORD").write_text("bees/__init__.py,,\n", "utf-8")


def name_in_a_process(code: str, **environment: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True
    )
    return found.stdout.strip()


def test_the_version_of_a_plugin_is_part_of_the_name(tmp_path: Path) -> None:
    code = (
        "from graftwork.data.decoder_name import decoder_name; import bees; from functools "
        "import partial; print(decoder_name(bees.read), decoder_name(partial(bees.read, a=1)))"
    )
    names = []
    for folder, version in (("here", "1.0"), ("there", "1.0"), ("later", "1.1")):
        install(tmp_path / folder, version)
        paths = [str(tmp_path / folder), *sys.path]
        names.append(name_in_a_process(code, PYTHONPATH=os.pathsep.join(paths)))
    assert names[0] == names[1]
    pairs = zip(names[0].split(), names[2].split(), strict=True)
    assert [now == later for now, later in pairs] == [True, False] * 2


CODE = """
from functools import partial
from graftwork.data.decoder_name import decoder_name
from graftwork.data.decoding import decode
print(decoder_name(lambda path, channels: decode(path, channels) in {"a", "b", "c"}))
print(decoder_name(partial(decode, channels=3)))
exec("def read(path, channels): return path in {'a', 'b', 'c'}")
print(decoder_name(read))
"""


def test_names_are_alike_in_every_process() -> None:
    paths = os.pathsep.join(sys.path)
    names = {name_in_a_process(CODE, PYTHONHASHSEED=seed, PYTHONPATH=paths) for seed in "12"}
    assert len(names) == 1
