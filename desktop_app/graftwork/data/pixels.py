"""The pixel pass: every image decoded once, as the network's input, in memory-mapped rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graftwork.generators import mapped
from graftwork.plugin_api import Catalog, DatasetError, Decoder, Item, Problem

from .decoder_name import decoder_name
from .decoding import decode
from .input_spec import InputSpec, IntensityRange
from .intensity import measuring
from .parallel import PixelProgress, in_order
from .pixel_cache import LIMIT, Entry, PixelCache, PixelWriter, StoredPixels
from .relative_path import relative_path
from .rows import NoRow, Row, RowMaker, portions
from .throttle import Throttle

__all__ = ["PixelProgress", "Pixels", "load_pixels"]

SpecFor = Callable[[IntensityRange | None], InputSpec]

_PASS_VERSION = 1  # to be raised when the same file gives other pixels than before


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """The usable images of a catalog: row i of ``array`` shows ``catalog.items[i]``.

    ``array`` is uint8 (n, size, size, channels), memory-mapped and read-only. ``digests`` name
    what each row shows, by the content of its file and by how that became pixels. ``fingerprint``
    names the images and their labels, wherever the folder lies; ``catalog.problems`` has those
    that were left out.
    """

    catalog: Catalog
    spec: InputSpec
    array: np.memmap[Any, Any]
    digests: tuple[str, ...]
    fingerprint: str


def load_pixels(
    catalog: Catalog,
    spec_for: SpecFor,
    folder: Path,
    decoder: Decoder = decode,
    *,
    limit: int = LIMIT,
) -> Generator[PixelProgress, None, Pixels]:
    """Decode all images in parallel, or open what an earlier pass kept in ``folder``.

    ``spec_for`` gives the network's input for the intensity range of the images (None for 8-bit
    ones); where its answer to None has a range already, that one is taken and none is measured.
    A pass in which a file could not be read for a reason that may pass is not kept.
    Raises ``DatasetError`` if no image can be used or the disk is full. A pass that is closed
    before its end leaves nothing behind.
    """
    cache = PixelCache(folder, limit)
    key = _key(catalog, spec_for(None), decoder)
    stored = cache.open(key) or (yield from _fill(cache, key, catalog, spec_for, decoder))
    yield PixelProgress(len(catalog.items), len(catalog.items))
    return _pixels(catalog, spec_for, stored, decoder)


def _key(catalog: Catalog, spec: InputSpec, decoder: Decoder) -> str:
    """Names the pixels by all that decides them, without reading the images."""
    files = [_file_facts(item.path) for item in catalog.items]
    facts = {**_recipe(spec, decoder), "files": files}
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _recipe(spec: InputSpec, decoder: Decoder) -> dict[str, Any]:
    """All that decides, beside its file, which pixels an image becomes."""
    irrelevant = {"mean", "std"} | ({"crop_fraction"} if spec.fit != "crop" else set())
    return {
        "version": _PASS_VERSION,
        "decoder": decoder_name(decoder),
        "spec": spec.model_dump(exclude=irrelevant),
    }


def _file_facts(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), -1, -1
    return str(path), found.st_size, found.st_mtime_ns


def _fill(
    cache: PixelCache, key: str, catalog: Catalog, spec_for: SpecFor, decoder: Decoder
) -> Generator[PixelProgress, None, StoredPixels]:
    spec = spec_for(None)
    row_shape = (spec.size, spec.size, spec.channels)
    with cache.write(key, len(catalog.items), row_shape) as writer:
        paths = [item.path for item in catalog.items]
        yield PixelProgress(0, len(paths))
        writer.intensity = spec.intensity or (yield from _measure(paths, spec.channels, decoder))
        yield from _write_rows(writer, paths, RowMaker(spec_for(writer.intensity), decoder))
        if writer.rows == 0:
            raise _nothing_usable(catalog, writer.entries)
    return writer.stored


def _measure(
    paths: list[Path], channels: int, decoder: Decoder
) -> Generator[PixelProgress, None, IntensityRange | None]:
    """Reports that no image is done yet, so that the pass can be stopped meanwhile."""
    none_yet = PixelProgress(0, len(paths))
    return (yield from mapped(measuring(paths, channels, decoder), lambda _: none_yet))


def _write_rows(
    writer: PixelWriter, paths: list[Path], make: RowMaker
) -> Generator[PixelProgress, None, None]:
    throttle, threads = Throttle(), torch.get_num_threads()
    made = in_order(make, portions(paths), start=lambda: torch.set_num_threads(1))
    try:
        with closing(made):
            for rows in made:
                for row in rows:
                    _write_row(writer, row)
                if throttle.due():
                    yield PixelProgress(len(writer.entries), len(paths))
    finally:
        torch.set_num_threads(threads)


def _write_row(writer: PixelWriter, row: Row | NoRow) -> None:
    if isinstance(row, NoRow):
        writer.leave_out(row.reason, may_pass=row.may_pass)
    else:
        writer.add(row.pixels, row.sha256)


def _nothing_usable(catalog: Catalog, entries: Iterable[Entry]) -> DatasetError:
    reasons = [
        f"{relative_path(item.path, catalog.root)}: {entry.reason}"
        for item, entry in zip(catalog.items, entries, strict=True)
    ]
    first = "\n".join(reasons[:3])
    return DatasetError(f"None of the {len(reasons)} images can be used, for example:\n{first}")


def _pixels(catalog: Catalog, spec_for: SpecFor, stored: StoredPixels, decoder: Decoder) -> Pixels:
    spec = spec_for(stored.index.intensity)
    recipe = json.dumps(_recipe(spec, decoder))
    fates = list(zip(catalog.items, stored.index.entries, strict=True))
    usable = [(item, entry.sha256) for item, entry in fates if entry.sha256]
    found = [Problem(path=item.path, reason=entry.reason) for item, entry in fates if entry.reason]
    return Pixels(
        catalog=replace(
            catalog,
            items=tuple(item for item, _ in usable),
            problems=(*catalog.problems, *found),
        ),
        spec=spec,
        array=stored.array,
        digests=tuple(_digest(recipe, sha256) for _, sha256 in usable),
        fingerprint=_fingerprint(usable, catalog.root),
    )


def _digest(recipe: str, sha256: str) -> str:
    return hashlib.sha256(f"{sha256} {recipe}".encode()).hexdigest()[:32]


def _fingerprint(usable: Iterable[tuple[Item, str]], root: Path) -> str:
    """SHA-256 over the sorted relative paths, labels and contents of the images."""
    facts = sorted((relative_path(item.path, root), item.label, sha256) for item, sha256 in usable)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
