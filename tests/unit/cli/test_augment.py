"""``graftwork augment``: a sheet of examples."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from graftwork.cli.contact_sheet import contact_sheet
from graftwork.engine.examples import Example, Examples
from graftwork.plugin_api import Item
from support.command_line import last_document
from support.images import make_deep_folder

TINY = ("--backbone", "tiny")


def test_the_sheet_has_a_row_for_each_image(call, images, tmp_path):
    file = tmp_path / "sheet.png"
    words = ("--set", "augmentation=light", "--set", "domain=microscopy", "--images", 3)
    outcome = call("augment", images, *TINY, *words, "--versions", 4, "--to", file)
    assert outcome.code == 0, outcome.err
    assert "light augmentation of 3 images" in outcome.out
    with Image.open(file) as sheet:
        assert (sheet.format, sheet.mode) == ("PNG", "RGB")
        assert sheet.width > 5 * 160
        assert 3 * 160 < sheet.height < 4 * 200
    assert list(tmp_path.glob("*.part")) == []


def test_for_a_machine_it_names_the_images(call, images, tmp_path):
    words = ("--strategy", "from-scratch", "--images", 2, "--to", tmp_path / "sheet.png")
    document = last_document(call("augment", images, *TINY, *words, "--json"))
    assert document["level"] == "strong"
    assert len(document["images"]) == 2
    assert all(str(images) in path for path in document["images"])


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--to", "sheet.png"), "augmentation=light", 1),
        (("--to", "sheet.tiff", "--set", "augmentation=light"), "must end in .png", 1),
        (("--to", "sheet.png", "--set", "augmentation=much"), "augmentation", 2),
    ],
)
def test_what_cannot_be_drawn_is_explained(call, images, tmp_path, monkeypatch, words, said, code):
    monkeypatch.chdir(tmp_path)
    outcome = call("augment", images, *TINY, *words)
    assert outcome.code == code
    assert said in outcome.err
    assert list(tmp_path.glob("*.png")) == []


def test_deep_images_of_many_channels_are_drawn_in_their_own_range(call, tmp_path):
    make_deep_folder(tmp_path / "cells", channels=5)
    file = tmp_path / "sheet.png"
    words = ("--set", "channels=5", "--set", "augmentation=light", "--images", 2, "--to", file)
    outcome = call("augment", tmp_path / "cells", *TINY, *words)
    assert outcome.code == 0, outcome.err
    with Image.open(file) as sheet:
        original = np.asarray(sheet)[60:180, 40:160]
    assert original.min() < 40
    assert original.max() > 200


@pytest.mark.parametrize(
    ("channels", "color"), [(1, (9, 9, 9)), (2, (9, 9, 9)), (3, (9, 60, 200)), (5, (9, 60, 200))]
)
def test_images_of_any_channels_can_be_drawn(tmp_path, channels, color):
    pixels = np.empty((8, 8, channels), np.uint8)
    pixels[:] = [9, 60, 200, 0, 0][:channels]
    example = Example(
        item=Item(path=tmp_path / "a.png", label="ä"), original=pixels, versions=pixels[None]
    )
    sheet = contact_sheet(Examples(level="light", shown=(example,)))
    colors = {found for _, found in sheet.getcolors(100_000)}
    assert color in colors
