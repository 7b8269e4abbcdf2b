from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile

from graftwork.data import intensity as module
from graftwork.data.decoding import decode
from graftwork.data.input_spec import IntensityRange
from graftwork.data.intensity import measure_intensity, measuring, to_eight_bits
from graftwork.data.parallel import PixelProgress, finished
from graftwork.plugin_api import UnusableImageError
from support.images import make_folder


def deep_files(folder: Path, images: list[np.ndarray]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = [folder / f"{index:03}.tif" for index in range(len(images))]
    for file, image in zip(files, images, strict=True):
        tifffile.imwrite(file, image)
    return files


def ramp(low: float, high: float, dtype: str = "uint16") -> np.ndarray:
    return np.linspace(low, high, 50 * 40).reshape(50, 40).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32"])
def test_the_range_is_that_of_nearly_all_values(tmp_path: Path, dtype: str) -> None:
    image = ramp(100, 3000, dtype)
    image[0, 0] = 60_000  # one broken pixel
    found = measure_intensity(deep_files(tmp_path, [image]), 1)
    assert found is not None
    assert found.low == pytest.approx(103, abs=3)
    assert found.high == pytest.approx(2998, abs=3)


def test_the_mapping_uses_all_eight_bits_and_keeps_the_order(tmp_path: Path) -> None:
    image = ramp(100, 3000)
    found = measure_intensity(deep_files(tmp_path, [image]), 1)
    shown = to_eight_bits(image[:, :, None], found)
    assert shown.dtype == np.uint8
    assert (shown.min(), shown.max()) == (0, 255)
    assert (np.diff(shown.ravel().astype(int)) >= 0).all()
    assert len(np.unique(shown)) == 256


def test_one_range_serves_all_images(tmp_path: Path) -> None:
    found = measure_intensity(deep_files(tmp_path, [ramp(0, 100), ramp(900, 1000)]), 1)
    assert found is not None
    dark, bright = (to_eight_bits(image, found) for image in (ramp(0, 100), ramp(900, 1000)))
    assert dark.max() < 30
    assert bright.min() > 225


def test_eight_bit_images_pass_unchanged(tmp_path: Path) -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert to_eight_bits(image, None) is image
    assert to_eight_bits(image, IntensityRange(low=5, high=6)) is image
    files = sorted(make_folder(tmp_path / "images", 2).rglob("*.png"))
    assert measure_intensity(files, 3) is None
    assert measure_intensity([], 3) is None


def test_deep_images_among_others_decide_alone(tmp_path: Path) -> None:
    shallow = sorted(make_folder(tmp_path / "images", 2).rglob("*.png"))
    deep = deep_files(tmp_path / "deep", [ramp(500, 700)])
    assert measure_intensity([*shallow, *deep], 1) == measure_intensity(deep, 1)


@pytest.mark.parametrize("level", [0, 7, 65535])
def test_images_of_one_level_do_not_divide_by_zero(tmp_path: Path, level: int) -> None:
    image = np.full((20, 20), level, np.uint16)
    found = measure_intensity(deep_files(tmp_path, [image]), 1)
    assert found == IntensityRange(low=level, high=level)
    assert len(np.unique(to_eight_bits(image, found))) == 1


def test_values_beyond_the_range_are_its_ends() -> None:
    image = np.array([-1e30, 0, 1, 2, 1e30], np.float32)
    assert to_eight_bits(image, IntensityRange(low=0, high=2)).tolist() == [0, 0, 128, 255, 255]


def test_a_deep_image_without_a_range_is_refused() -> None:
    with pytest.raises(UnusableImageError, match="deeper than 8 bits"):
        to_eight_bits(np.zeros((2, 2, 1), np.uint16), None)


def test_unusable_files_are_passed_over(tmp_path: Path) -> None:
    good = deep_files(tmp_path, [ramp(0, 1000)])
    cut = tmp_path / "cut.tif"
    cut.write_bytes(good[0].read_bytes()[:500])
    assert measure_intensity([cut, *good, tmp_path / "gone.tif"], 1) == measure_intensity(good, 1)


def test_many_images_are_sampled_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = deep_files(tmp_path, [ramp(index * 100, index * 100 + 50) for index in range(9)])
    seen: list[str] = []

    def watching(path: Path, channels: int) -> np.ndarray:
        seen.append(path.stem)
        return decode(path, channels)

    monkeypatch.setattr(module, "SAMPLED_IMAGES", 3)
    monkeypatch.setattr(module, "SAMPLED_VALUES", 100)
    found = measure_intensity(files, 1, watching)
    assert sorted(seen) == ["000", "004", "008"]
    assert found == measure_intensity(files, 1, watching)
    assert found is not None
    assert found.high == pytest.approx(850, abs=5)


def test_measuring_can_be_watched_and_stopped(tmp_path: Path) -> None:
    files = deep_files(tmp_path, [ramp(0, 1000)] * 4)
    steps = measuring(files, 1)
    assert next(steps) == PixelProgress(1, 4)
    steps.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("images")]
    assert finished(measuring(files, 1)) == measure_intensity(files, 1)
