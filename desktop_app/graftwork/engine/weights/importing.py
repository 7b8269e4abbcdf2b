"""Takes in a weights file that came another way than by download, on a stick for one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from graftwork.files import replacing, sha256_of
from graftwork.plugin_api import Backbone, DownloadedWeights

from .errors import WeightsError
from .store import locate_weights, matches


def import_weights(file: Path, backbones: Mapping[str, Backbone], folder: Path) -> Backbone:
    """Copy the file into the folder of weights, and give the backbone that it belongs to.

    The backbone is found by the file's content, whatever the file is called, or by its name where
    the publisher states no digest. Raises
    ``WeightsError`` if it belongs to none or cannot be read or copied.
    """
    try:
        digest = sha256_of(file)
        backbone, weights = _owner(file, digest, backbones)
        folder.mkdir(parents=True, exist_ok=True)
        if locate_weights(backbone, folder) is None:
            with replacing(folder / weights.filename) as temporary:
                shutil.copyfile(file, temporary)
            locate_weights(backbone, folder)
    except OSError as error:
        raise WeightsError(f"{file} cannot be imported: {error}") from error
    return backbone


def _owner(
    file: Path, digest: str, backbones: Mapping[str, Backbone]
) -> tuple[Backbone, DownloadedWeights]:
    known = [(b, b.weights) for b in backbones.values() if isinstance(b.weights, DownloadedWeights)]
    for backbone, weights in known:
        if weights.sha256 and matches(weights, digest):
            return backbone, weights
    for backbone, weights in known:
        if weights.filename == file.name:
            if not weights.sha256:
                return backbone, weights
            raise WeightsError(
                f"{file} is called like the weights of {backbone.title}, but its content is "
                f"another: it was changed, or is not whole. Fetch it again from {weights.url}"
            )
    names = ", ".join(sorted(weights.filename for _, weights in known))
    raise WeightsError(
        f"{file} belongs to none of the backbones here. Files that can be imported, as their "
        f"publishers offer them: {names or 'none'}"
    )
