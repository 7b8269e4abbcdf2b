from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from graftwork.data.decoding import decode
from graftwork.data.input_spec import InputSpec, IntensityRange
from graftwork.data.pixels import PixelProgress, Pixels, load_pixels
from graftwork.data.resize import resize
from graftwork.plugin_api import Catalog, DatasetError, Item, Problem
from support.images import make_folder, make_image, png_of_size


def spec_for(intensity: IntensityRange | None) -> InputSpec:
    return InputSpec(
        size=16,
        channels=3,
        fit="squash",
        crop_fraction=0.875,
        interpolation="bilinear",
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        intensity=intensity,
    )


def catalog_of(folder: Path) -> Catalog:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    items = tuple(Item(path=file, label=file.parent.name) for file in files)
    return Catalog(root=folder, classes=tuple(sorted({i.label for i in items})), items=items)


def finish(
    loading: Generator[PixelProgress, None, Pixels],
) -> tuple[list[PixelProgress], Pixels]:
    reports: list[PixelProgress] = []
    while True:
        try:
            reports.append(next(loading))
        except StopIteration as end:
            return reports, end.value


def load(catalog: Catalog, folder: Path) -> Pixels:
    return finish(load_pixels(catalog, spec_for, folder))[1]


def entries(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "images", 4)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_rows_are_the_resized_images_in_order(images: Path, cache: Path) -> None:
    catalog = catalog_of(images)
    reports, pixels = finish(load_pixels(catalog, spec_for, cache))
    assert reports[0] == PixelProgress(0, 12)
    assert reports[-1] == PixelProgress(12, 12)
    assert pixels.catalog == catalog
    assert pixels.spec == spec_for(None)
    assert pixels.array.shape == (12, 16, 16, 3)
    for row, item in zip(pixels.array, catalog.items, strict=True):
        image = torch.from_numpy(decode(item.path, 3))[None]
        assert np.array_equal(row, resize(image, pixels.spec)[0].permute(1, 2, 0).numpy())


def test_a_second_pass_decodes_nothing(images: Path, cache: Path) -> None:
    catalog = catalog_of(images)
    first = load(catalog, cache)
    index = next(cache.glob("*/pixels.npy"))
    written = index.stat().st_mtime_ns
    second = load(catalog, cache)
    assert index.stat().st_mtime_ns == written
    assert second.fingerprint == first.fingerprint
    assert np.array_equal(second.array, first.array)
    assert len(entries(cache)) == 1


def test_changed_files_and_other_inputs_are_decoded_anew(images: Path, cache: Path) -> None:
    catalog = catalog_of(images)
    first = load(catalog, cache)
    changed = catalog.items[0].path
    shutil.copyfile(catalog.items[-1].path, changed)
    os.utime(changed, (1, 1))
    second = load(catalog, cache)
    assert np.array_equal(second.array[0], first.array[-1])
    assert second.fingerprint != first.fingerprint
    cropped = load_pixels(
        catalog, lambda range_: spec_for(range_).model_copy(update={"fit": "crop"}), cache
    )
    assert not np.array_equal(finish(cropped)[1].array, second.array)
    assert len(entries(cache)) == 3


@pytest.mark.parametrize(
    ("width", "moment"), [(40, 2), (44, 1)], ids=["of the same size", "of the same time"]
)
def test_an_image_that_was_edited_is_decoded_anew(
    images: Path, cache: Path, width: int, moment: int
) -> None:
    """Else training would go on with what the file showed before."""
    edited = images / "blue" / "000.bmp"
    make_image(0, (0, 0, 200)).save(edited)
    os.utime(edited, (1, 1))
    before = load(catalog_of(images), cache)
    make_image(0, (200, 0, 0), (width, 32)).save(edited)
    os.utime(edited, (moment, moment))
    now = load(catalog_of(images), cache)
    assert before.array[0, ..., 2].mean() > 150
    assert now.array[0, ..., 0].mean() > 150
    assert now.fingerprint != before.fingerprint


def test_statistics_of_the_input_do_not_decide_the_pixels(images: Path, cache: Path) -> None:
    load(catalog_of(images), cache)
    others = load_pixels(
        catalog_of(images),
        lambda range_: spec_for(range_).model_copy(update={"mean": (0, 0, 0)}),
        cache,
    )
    assert finish(others)[1].spec.mean == (0, 0, 0)
    assert len(entries(cache)) == 1


def test_unusable_files_are_problems_now_and_from_the_cache(images: Path, cache: Path) -> None:
    blue = images / "blue"
    (blue / "000.png").write_bytes((blue / "000.png").read_bytes()[:900])
    (blue / "001.png").write_text("no image")
    (blue / "002.png").write_bytes(b"")
    (blue / "003.png").write_bytes(png_of_size(20_000, 20_000))
    catalog = replace(catalog_of(images), problems=(Problem(path=images, reason="known"),))
    (images / "red" / "003.png").unlink()
    for _ in range(2):
        pixels = load(catalog, cache)
        assert len(pixels.array) == len(pixels.catalog.items) == 7
        assert pixels.catalog.classes == catalog.classes
        assert {item.label for item in pixels.catalog.items} == {"green", "red"}
        reasons = [problem.reason for problem in pixels.catalog.problems]
        expected = ("known", "cut off", "not an image", "empty", "too large", "not there")
        for reason, part in zip(reasons, expected, strict=True):
            assert part in reason


@pytest.mark.parametrize(
    "failure", [OSError(errno.EIO, "I/O error"), PermissionError(errno.EACCES, "no"), MemoryError()]
)
def test_a_failure_that_is_not_the_files_is_tried_again(
    images: Path, cache: Path, failure: Exception
) -> None:
    catalog = catalog_of(images)
    away = {catalog.items[0].path}

    def flaky(path: Path, channels: int) -> np.ndarray:
        if path in away:
            raise failure
        return decode(path, channels)

    _, pixels = finish(load_pixels(catalog, spec_for, cache, flaky))
    assert len(pixels.array) == len(pixels.catalog.items) == 11
    assert [problem.path for problem in pixels.catalog.problems] == [*away]
    away.clear()
    assert len(finish(load_pixels(catalog, spec_for, cache, flaky))[1].array) == 12


def test_a_data_set_without_a_usable_image_is_refused(images: Path, cache: Path) -> None:
    for file in images.rglob("*.png"):
        file.write_bytes(b"")
    with pytest.raises(DatasetError, match=r"(?s)None of the 12 .*blue/000.png: .* empty"):
        load(catalog_of(images), cache)
    assert entries(cache) == []


def test_the_fingerprint_knows_contents_and_labels_but_not_the_place(
    images: Path, cache: Path, tmp_path: Path
) -> None:
    here = load(catalog_of(images), cache)
    shutil.copytree(images, tmp_path / "elsewhere")
    there = load(catalog_of(tmp_path / "elsewhere"), cache)
    assert there.fingerprint == here.fingerprint
    turned = catalog_of(images)
    turned = replace(turned, items=turned.items[::-1])
    assert load(turned, cache).fingerprint == here.fingerprint
    other_label = replace(turned.items[0], label="blue")
    relabelled = replace(turned, items=(other_label, *turned.items[1:]))
    assert load(relabelled, cache).fingerprint != here.fingerprint


def test_digests_name_what_rows_show_and_nothing_else(images: Path, cache: Path) -> None:
    def larger(intensity: IntensityRange | None) -> InputSpec:
        return spec_for(intensity).model_copy(update={"size": 20})

    first = load(catalog_of(images), cache)
    copied = shutil.copytree(images, images.parent / "copied")
    shutil.copy(first.catalog.items[0].path, copied / "twin.png")
    other = load(catalog_of(copied), cache)
    assert len(set(first.digests)) == len(first.catalog.items)
    assert other.digests[: len(first.digests)] == first.digests
    assert other.digests[-1] == first.digests[0]
    enlarged = finish(load_pixels(catalog_of(images), larger, cache))[1]
    assert not set(enlarged.digests) & set(first.digests)


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    for label, level in (("dark", 1000), ("bright", 2000)):
        (tmp_path / "deep" / label).mkdir(parents=True)
        for index in range(3):
            noise = np.random.default_rng(index).integers(0, 100, (30, 20))
            file = tmp_path / "deep" / label / f"{index}.tif"
            tifffile.imwrite(file, (level + noise).astype(np.uint16))
    return tmp_path / "deep"


def means(pixels: Pixels) -> dict[str, float]:
    rows = zip(pixels.catalog.items, pixels.array, strict=True)
    return {item.label: row.mean() for item, row in rows}


def test_deep_images_are_brought_to_eight_bits_together(deep: Path, cache: Path) -> None:
    for _ in range(2):
        pixels = load(catalog_of(deep), cache)
        assert pixels.spec.intensity is not None
        assert pixels.spec.intensity.low == pytest.approx(1000, abs=2)
        assert means(pixels)["dark"] < 30
        assert means(pixels)["bright"] > 225


def test_a_range_that_is_known_is_taken_and_has_its_own_cache(deep: Path, cache: Path) -> None:
    load(catalog_of(deep), cache)
    known = spec_for(IntensityRange(low=0, high=4000))
    pixels = finish(load_pixels(catalog_of(deep), lambda _: known, cache))[1]
    assert pixels.spec == known
    assert means(pixels)["dark"] == pytest.approx(1050 / 4000 * 255, abs=2)
    assert means(pixels)["bright"] == pytest.approx(2050 / 4000 * 255, abs=2)


def test_a_pass_that_is_closed_leaves_nothing_behind(images: Path, cache: Path) -> None:
    threads_before = torch.get_num_threads()
    loading = load_pixels(catalog_of(images), spec_for, cache)
    for _ in range(2):
        next(loading)
    loading.close()
    assert entries(cache) == []
    assert not [t for t in threading.enumerate() if t.name.startswith("images")]
    assert torch.get_num_threads() == threads_before
    assert len(load(catalog_of(images), cache).array) == 12


def test_a_pass_can_be_closed_while_it_measures(deep: Path, cache: Path) -> None:
    decoded: list[Path] = []

    def watching(path: Path, channels: int) -> np.ndarray:
        decoded.append(path)
        return decode(path, channels)

    catalog = catalog_of(deep)
    catalog = replace(catalog, items=catalog.items * 50)
    loading = load_pixels(catalog, spec_for, cache, watching)
    assert [next(loading) for _ in range(2)] == [PixelProgress(0, 300)] * 2
    loading.close()
    assert 0 < len(decoded) < 256
    assert entries(cache) == []


def test_a_readers_own_decoder_has_its_own_cache(images: Path, cache: Path) -> None:
    def white(path: Path, channels: int) -> np.ndarray:
        return np.full((5, 5, channels), 255, np.uint8)

    load(catalog_of(images), cache)
    own = finish(load_pixels(catalog_of(images), spec_for, cache, white))[1]
    assert (own.array == 255).all()


def test_passes_over_the_same_images_at_the_same_time_all_succeed(
    images: Path, cache: Path
) -> None:
    catalog = catalog_of(images)
    together = threading.Barrier(4)

    def work(_: int) -> bytes:
        together.wait()
        return load(catalog, cache).array.tobytes()

    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            shutil.rmtree(cache, ignore_errors=True)
            assert len(set(pool.map(work, range(4)))) == 1
