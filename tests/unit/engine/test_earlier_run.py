"""What a run takes from an earlier one, and what it keeps of where that came from."""

from __future__ import annotations

import shutil

import pytest
import torch

from graftwork.engine.classifier import INFO_FILE, WEIGHTS_FILE
from graftwork.engine.earlier_run import keep_start, load_earlier
from graftwork.engine.job import StartSettings
from graftwork.engine.weights_file import write_weights
from support.classifiers import tiny_classifier

CLASSES = tuple(f"class {number}" for number in range(24))  # an MLP has as many hidden units here
PIXELS = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 255


@pytest.fixture
def kept(tmp_path):
    """The folder of an earlier run with this classifier."""

    def keep(classifier):
        (tmp_path / INFO_FILE).write_text(classifier.info.model_dump_json(), "utf-8")
        write_weights(tmp_path / WEIGHTS_FILE, classifier.state_dict())
        return tmp_path

    return keep


@pytest.mark.parametrize("head", ["linear", "mlp", "cosine"])
def test_a_class_is_known_by_its_name_wherever_it_stands(kept, head):
    """What is no row of a class, such as a hidden unit, stays where it is."""
    earlier = tiny_classifier(head=head, classes=CLASSES).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in earlier.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator) * 0.1)
    now = tiny_classifier(head=head, classes=("new", *CLASSES[:0:-1])).eval()
    found = load_earlier(now, StartSettings(folder=kept(earlier)))
    assert "23 of the 24 classes" in found.text
    with torch.no_grad():
        expected = earlier.logits(PIXELS)[:, 1:].flip(1)
        torch.testing.assert_close(now.logits(PIXELS)[:, 1:], expected)


def test_a_head_that_knows_no_class_begins_anew_and_warns(kept):
    earlier = kept(tiny_classifier(classes=("bee", "wasp")))
    now = tiny_classifier(classes=("daisy", "tulip", "rose"))
    head = {name: value.clone() for name, value in now.head.state_dict().items()}
    found = load_earlier(now, StartSettings(folder=earlier))
    assert (found.is_new, found.level) == (True, "warning")
    assert "none of these classes" in found.text
    for name, value in now.head.state_dict().items():
        torch.testing.assert_close(value, head[name])


def test_a_start_says_where_it_came_from_however_often_it_is_taken_over(kept, tmp_path):
    """Each run keeps the files for itself; the run that they are from is the first."""
    earlier = kept(tiny_classifier())
    one = keep_start(StartSettings(folder=earlier), tmp_path / "one")
    two = keep_start(one, tmp_path / "two")
    assert [one.origin, two.origin] == [earlier, earlier]
    shutil.rmtree(one.folder)
    assert (two.folder / WEIGHTS_FILE).read_bytes() == (earlier / WEIGHTS_FILE).read_bytes()
