from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

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


def test_a_plain_function_has_its_own_name() -> None:
    assert decoder_name(decode) == "graftwork.data.decoding.decode"


def test_use_does_not_change_the_name() -> None:
    decoder = Looped(3)
    before = decoder_name(decoder)
    decoder(Path("a.png"), 3)
    assert decoder_name(decoder) == before


def test_builtin_callables_have_a_name() -> None:
    assert decoder_name(len).startswith("builtins.len ")


CODE = """
from functools import partial
from graftwork.data.decoder_name import decoder_name
from graftwork.data.decoding import decode
print(decoder_name(lambda path, channels: decode(path, channels) in {"a", "b", "c"}))
print(decoder_name(partial(decode, channels=3)))
"""


def test_names_are_alike_in_every_process() -> None:
    names = {
        subprocess.run(
            [sys.executable, "-c", CODE],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(names) == 1
