from __future__ import annotations

import copy
import errno
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from graftwork.data import cache_folder
from graftwork.data.augmentation import build_augmentation, sample_seed
from graftwork.engine.events import Notice, Progress
from graftwork.engine.freezing import set_learning, set_modes
from graftwork.engine.frozen import engines
from graftwork.engine.frozen.features import exact_features, frozen_features
from graftwork.engine.frozen.phase_inputs import live_inputs, phase_inputs
from graftwork.engine.frozen.samples import KeptSamples, PassedSamples
from graftwork.engine.frozen.store import ActivationStore, RowWriter, Shelf
from graftwork.plugin_api import HEAD, MeasuredStages, Phase, PhaseReport
from support.generators import drain
from support.small_setup import noise_samples, small_setup

PLACES = torch.tensor([3, 1, 7])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "activations"


@pytest.fixture
def store(folder):
    return ActivationStore(folder)


def _phase(*stages, epochs=6, **more):
    rates = dict.fromkeys((*stages, HEAD), 0.05)
    return Phase(name="phase", epochs=epochs, rates=rates, **more)


HEAD_ONLY, TOP = _phase(), _phase("top", "pool")


def _chosen(setup, phase, store, level="none"):
    """The notices, the progress, and the inputs."""
    events, inputs = drain(phase_inputs(setup, phase, level, store=store))
    notices = " ".join(event.text for event in events if isinstance(event, Notice))
    return notices, [event for event in events if isinstance(event, Progress)], inputs


def _computed(progress):
    """How many images went through the frozen stages."""
    return progress[-1].total if progress else 0


def _files(folder):
    return sorted(folder.glob("*/*"))


@pytest.mark.parametrize(
    ("phase", "level", "training", "says"),
    [
        (_phase("stem", "middle", "top"), "none", {}, "its lowest stages learn"),
        (_phase(batch_norm="adapting"), "none", {}, "its lowest stages learn or adapt"),
        (_phase("middle"), "none", {}, "computed as fast as what they give is read"),
        (_phase("top", epochs=1), "none", {}, "there is a single one"),
        (_phase(epochs=3), "light", {}, "changed anew in each of them (augmentation: light)"),
        (HEAD_ONLY, "light", {"views": 6}, "changed anew"),
        (HEAD_ONLY, "none", {"mixup": 0.2}, "mixed with each other"),
        (TOP, "none", {"cutmix": 1.0}, "mixed with each other"),
    ],
)
def test_what_cannot_be_cheaper_stays_live_and_says_why(
    phase, level, training, says, store, folder
):
    setup = small_setup(**training)
    notices, progress, inputs = _chosen(setup, phase, store, level)
    assert inputs.live
    assert inputs.views == (setup.train,)
    assert inputs.validation is setup.validation
    assert "in every epoch" in notices
    assert says in notices
    assert progress == []
    assert _files(folder) == []


@pytest.mark.parametrize(
    ("phase", "level", "training", "views", "shape", "says"),
    [
        (HEAD_ONLY, "none", {}, 1, (16,), "The whole backbone is frozen and nothing is augmented"),
        (_phase(epochs=1), "none", {}, 1, (16,), "features are computed once"),
        (TOP, "none", {}, 1, (16, 8, 8), "2 of 4 stages are frozen"),
        (_phase("top"), "light", {}, 2, (16, 8, 8), "2 augmented views of each image"),
        (_phase(epochs=90), "light", {}, 8, (16,), "8 augmented views"),
        (HEAD_ONLY, "none", {"erasing": 0.5, "views": 3}, 3, (16,), "3 augmented views"),
    ],
)
def test_frozen_stages_are_computed_once_and_it_is_said(
    phase, level, training, views, shape, says, store
):
    setup = small_setup(**training)
    notices, progress, inputs = _chosen(setup, phase, store, level)
    assert not inputs.live
    assert len(inputs.views) == views
    assert says in notices
    assert "computed by torch" in notices
    assert _computed(progress) == views * 40 + 12
    for samples, part in ((inputs.views[-1], setup.train), (inputs.validation, setup.validation)):
        assert torch.equal(samples.labels, part.labels)
        batch = samples.batch(PLACES)
        assert batch.shape == (3, *shape)
        assert batch.dtype == (torch.float32 if len(shape) == 1 else torch.float16)


@pytest.mark.parametrize(("phase", "tolerance"), [(HEAD_ONLY, 1e-6), (TOP, 1e-3)])
def test_logits_are_those_of_the_live_network(phase, tolerance, store):
    setup = small_setup()
    inputs, live = _chosen(setup, phase, store)[2], live_inputs(setup)
    with torch.no_grad():
        for samples, part in (
            (inputs.train(1), live.train(1)),
            (inputs.validation, live.validation),
        ):
            found = inputs.logits(samples.batch(PLACES))
            assert (found - live.logits(part.batch(PLACES))).abs().max() < tolerance


def _trained(setup, phase, inputs):
    """The weights after some epochs of plain steps, all in the same order."""
    setup.classifier.train()
    set_learning(setup.classifier, phase)
    learning = [p for p in setup.classifier.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=0.05, momentum=0.9)
    for epoch in range(1, 5):
        set_modes(setup.classifier, phase)
        order = torch.randperm(40, generator=torch.Generator().manual_seed(epoch))
        for places in order.split(8):
            samples = inputs.train(epoch)
            logits = inputs.logits(samples.batch(places))
            optimizer.zero_grad()
            functional.cross_entropy(logits, samples.labels[places]).backward()
            optimizer.step()
    return torch.cat([p.detach().flatten() for p in learning])


@pytest.mark.parametrize(
    ("phase", "tolerance"),
    [(HEAD_ONLY, 1e-5), (TOP, 2e-3), (_phase("top", "pool", batch_norm="frozen"), 2e-3)],
)
def test_training_reaches_the_weights_of_the_live_path(phase, tolerance, store):
    """Relative to how far the weights went."""
    cached, live = small_setup(), small_setup()
    begun = copy.deepcopy(cached.classifier)
    set_learning(begun, phase)
    first = torch.cat([p.detach().flatten() for p in begun.parameters() if p.requires_grad])
    found = _trained(cached, phase, _chosen(cached, phase, store)[2])
    expected = _trained(live, phase, live_inputs(live))
    assert (found - expected).norm() < tolerance * (expected - first).norm()
    assert (expected - first).norm() > 0.1


def test_frozen_stages_keep_their_statistics(store):
    setup = small_setup()
    setup.classifier.train()
    before = copy.deepcopy(setup.classifier.state_dict())
    _chosen(setup, TOP, store)
    after = setup.classifier.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_views_are_augmented_by_job_view_and_place_but_validation_is_not(store):
    setup = small_setup(seed=5, views=2)
    inputs = _chosen(setup, HEAD_ONLY, store, "light")[2]
    augment = build_augmentation("light", setup.job.training)
    with torch.no_grad():
        for epoch, view in ((1, 0), (2, 1), (3, 0)):
            seeds = [sample_seed(5, view, place) for place in PLACES.tolist()]
            pixels = augment(setup.train.batch(PLACES), seeds)
            expected = setup.classifier.logits(pixels)
            found = inputs.logits(inputs.train(epoch).batch(PLACES))
            assert torch.allclose(found, expected, atol=1e-5)
        expected = setup.classifier.logits(setup.validation.batch(PLACES))
        assert torch.allclose(inputs.logits(inputs.validation.batch(PLACES)), expected, atol=1e-5)
    first, second = (view.batch(PLACES) for view in inputs.views)
    assert not torch.allclose(first, second, atol=1e-3)


def test_a_second_run_starts_at_once_whatever_its_strategy_and_seed(store):
    assert _computed(_chosen(small_setup(), HEAD_ONLY, store)[1]) == 52
    assert _computed(_chosen(small_setup(), HEAD_ONLY, store)[1]) == 0
    # A phase in which one stage more learns finds what was kept on the way.
    notices, progress, _ = _chosen(small_setup(seed=1), TOP, store)
    assert "computed earlier" in notices
    assert progress == []
    # Another split needs only the images that were in neither part before.
    parts = {"train": noise_samples(range(20, 60)), "validation": noise_samples(range(20))}
    assert _computed(_chosen(small_setup(parts=parts), HEAD_ONLY, store)[1]) == 8


def test_views_stay_the_same_through_the_phases_of_a_run(store):
    assert _computed(_chosen(small_setup(views=2), HEAD_ONLY, store, "light")[1]) == 92
    assert _computed(_chosen(small_setup(views=2), TOP, store, "light")[1]) == 0
    assert _computed(_chosen(small_setup(views=3), TOP, store, "light")[1]) == 40
    assert _computed(_chosen(small_setup(views=2, seed=1), TOP, store, "light")[1]) == 80
    assert _computed(_chosen(small_setup(views=2), TOP, store, "strong")[1]) == 80
    for other in ({"policy": "trivial-augment"}, {"erasing": 0.5}):
        changed = small_setup(views=2, **other)
        assert _computed(_chosen(changed, TOP, store, "light")[1]) == 80
    microscopy = small_setup(views=2, domain="microscopy")
    assert _computed(_chosen(microscopy, TOP, store, "light")[1]) == 80


def _report(phase):
    return PhaseReport(
        phase=phase,
        epochs_run=1,
        best_epoch=1,
        best_score=0.5,
        best_loss=1.0,
        best_accuracy=0.5,
        improved=True,
    )


def test_unfreezing_stage_after_stage_computes_once_what_lies_below(store, monkeypatch):
    monkeypatch.setattr(engines, "_WORTH_EXPORTING", 1)
    setup = small_setup()
    setup.classifier.stages.pool.append(nn.Linear(16, 16))
    setup.classifier.stages.add_module("neck", nn.Linear(16, 16))
    said = []
    for learning in ((), ("neck",), ("neck", "pool"), ("neck", "pool", "top")):
        phase = _phase(*learning)
        notices, progress, inputs = _chosen(setup, phase, store)
        assert not inputs.live
        said.append(("computed by torch" in notices, _computed(progress)))
        setup.reports.append(_report(phase))
        setup.reports.append(_report(MeasuredStages(name="measured")))
    # By graphs, until it is clear that it goes on; then all is kept that may yet be needed.
    assert said == [(False, 52), (False, 52), (True, 52), (False, 0)]


def test_other_weights_are_computed_anew(store):
    setup = small_setup()
    _chosen(setup, HEAD_ONLY, store)
    with torch.no_grad():
        setup.classifier.stages.top[0].weight.mul_(1.01)
    assert _computed(_chosen(setup, HEAD_ONLY, store)[1]) == 52
    assert _computed(_chosen(setup, TOP, store)[1]) == 0  # below, nothing changed


@pytest.mark.parametrize(("phase", "level"), [(HEAD_ONLY, "none"), (TOP, "none"), (TOP, "light")])
def test_numbers_do_not_depend_on_what_was_kept_before_nor_on_the_disk(
    phase, level, store, tmp_path, monkeypatch
):
    """To the last bit: rows that other runs computed, rows of this run, rows without a disk."""
    earlier = small_setup(parts={"train": noise_samples(range(17, 49))}, views=2)
    setup = small_setup(views=2)
    alone = _chosen(setup, phase, ActivationStore(tmp_path / "alone"), level)[2]
    _chosen(earlier, phase, store, "none")
    mixed = _chosen(setup, phase, store, level)[2]
    monkeypatch.setattr(cache_folder, "_SPARE", 2**60)
    notices, _, passed = _chosen(setup, phase, ActivationStore(tmp_path / "full"), level)
    assert "cannot be kept" in notices
    assert not list((tmp_path / "full").iterdir())
    for samples in (passed.validation, *passed.views):
        assert isinstance(samples, PassedSamples)
    for inputs in (mixed, passed):
        pairs = zip(
            (*alone.views, alone.validation), (*inputs.views, inputs.validation), strict=True
        )
        for expected, found in pairs:
            assert torch.equal(found.labels, expected.labels)
            for places in (torch.arange(12), PLACES):
                assert torch.equal(found.batch(places), expected.batch(places))
                assert found.batch(places).dtype == expected.batch(places).dtype
                assert found.batch(places).stride() == expected.batch(places).stride()


def _fail_at(monkeypatch, number):
    """Let the n-th writing of rows find the disk full; gives a list of all writings."""
    writings, add = [], RowWriter.add

    def counted(writer, rows):
        writings.append(len(rows))
        if len(writings) == number:
            raise OSError(errno.ENOSPC, "No space left on device")
        add(writer, rows)

    monkeypatch.setattr(RowWriter, "add", counted)
    return writings


def test_a_disk_that_fills_up_at_any_write_changes_nothing_but_the_time(tmp_path, monkeypatch):
    setup = small_setup()
    with monkeypatch.context() as patch:
        writings = _fail_at(patch, 0)
        expected = _chosen(setup, HEAD_ONLY, ActivationStore(tmp_path / "whole"))[2]
    assert len(writings) >= 8
    for number in range(1, len(writings) + 1):
        store = ActivationStore(tmp_path / str(number))
        with monkeypatch.context() as patch:
            _fail_at(patch, number)
            notices, _, found = _chosen(setup, HEAD_ONLY, store)
        assert "No space left on device" in notices
        assert list((tmp_path / str(number)).iterdir()) == []
        assert torch.equal(found.train(1).batch(PLACES), expected.train(1).batch(PLACES))


def test_closing_leaves_only_what_is_whole_and_the_next_run_goes_on_from_there(store, folder):
    computing = phase_inputs(small_setup(), HEAD_ONLY, "none", store=store)
    for event in computing:
        if isinstance(event, Progress):
            break
    computing.close()
    left = {file.parent for file in _files(folder)}
    assert all((place / "index.json").exists() for place in left)
    assert 40 <= _computed(_chosen(small_setup(), HEAD_ONLY, store)[1]) <= 52


class _Amplified(nn.Module):
    """Bright images become too great for fp16, dark ones do not."""

    def __init__(self, stage, gain) -> None:
        super().__init__()
        self.stage, self.gain = stage, gain

    def forward(self, images):
        return self.stage(images) * self.gain


def _lit(samples, bright):
    """The first images dark, some others bright."""
    pixels = samples.pixels.copy()
    pixels[:] = pixels // 128 + 127
    pixels[bright] = 255
    return replace(samples, pixels=pixels, digests=None)


GLARING = torch.tensor([30])


def _glaring_setup(sign=1):
    """One image of the parts, which nobody looks at beforehand, gives too much for fp16."""
    parts = {name: _lit(noise_samples(range(40)), [30]) for name in ("train", "validation")}
    setup = small_setup(parts=parts)
    stages = setup.classifier.stages
    stages.middle = _Amplified(stages.middle, 1.0)
    with torch.no_grad():
        pixels = setup.classifier.normalize(parts["train"].batch(torch.arange(31)))
        reached = stages.middle(stages.stem(pixels))
    usual, greatest = reached[:8].abs().max(), reached[30].abs().max()
    assert greatest > 10 * usual
    stages.middle.gain = sign * 7000 / float(usual)
    return setup


@pytest.mark.parametrize("phase", [TOP, HEAD_ONLY], ids=["where it is needed", "on the way"])
def test_what_is_too_great_for_fp16_is_kept_in_fp32(phase, store, folder):
    setup = _glaring_setup()
    inputs = _chosen(setup, phase, store)[2]
    batch = inputs.train(1).batch(GLARING)
    assert isinstance(inputs.train(1), KeptSamples)
    assert batch.dtype == torch.float32
    with torch.no_grad():
        expected = setup.classifier.logits(setup.train.batch(GLARING))
        assert torch.allclose(inputs.logits(batch), expected, rtol=1e-4)
    # Neither way leaves rows in fp16, in which something would be cut off.
    kept = {file.parent / "rows.npy" for file in _files(folder)}
    assert {np.load(rows, mmap_mode="r").dtype.name for rows in kept} == {"float32"}


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_too_great_for_fp16_stays_a_number_where_the_disk_is_full(store, monkeypatch, sign):
    """An infinite one would end the run at its first step."""
    monkeypatch.setattr(cache_folder, "_SPARE", 2**60)
    setup = _glaring_setup(sign)
    inputs = _chosen(setup, TOP, store)[2]
    assert isinstance(inputs.train(1), PassedSamples)
    batch = inputs.train(1).batch(GLARING)
    assert batch.abs().max() == torch.finfo(torch.float16).max
    with torch.no_grad():
        assert inputs.logits(batch).isfinite().all()


class _Tokens(nn.Module):
    """(N, C, H, W) becomes (N, H * W, C), as in a vision transformer."""

    def forward(self, images):
        return images.flatten(2).transpose(1, 2)


class _MeanToken(nn.Module):
    def forward(self, tokens):
        return tokens.mean(1)


def test_tokens_are_kept_as_well_as_images(store):
    setup = small_setup()
    stages = setup.classifier.stages
    stages.middle.append(_Tokens())
    stages.top, stages.pool = nn.Linear(16, 16), _MeanToken()
    inputs = _chosen(setup, _phase("top"), store)[2]
    batch = inputs.train(1).batch(PLACES)
    assert batch.shape == (3, 64, 16)
    with torch.no_grad():
        expected = setup.classifier.logits(setup.train.batch(PLACES))
        assert torch.allclose(inputs.logits(batch), expected, atol=1e-3)


class _Pair(nn.Module):
    def forward(self, images):
        return images, images.mean()


class _First(nn.Module):
    def forward(self, pair):
        return pair[0]


def test_what_is_no_tensor_is_not_kept_but_what_lies_below(store):
    setup = small_setup()
    stages = setup.classifier.stages
    stages.top, stages.pool = (
        nn.Sequential(stages.top, _Pair()),
        nn.Sequential(_First(), stages.pool),
    )
    inputs = _chosen(setup, HEAD_ONLY, store)[2]
    assert not inputs.live
    stages.top, stages.pool = stages.top[0], stages.pool[1]
    assert inputs.train(1).batch(PLACES).shape == (3, 16, 8, 8)
    stages.stem, stages.middle = _Pair(), nn.Sequential(_First(), stages.stem, stages.middle)
    notices, _, inputs = _chosen(setup, TOP, store)
    assert inputs.live
    assert "what its lowest stage gives cannot be kept" in notices


def test_too_many_views_for_the_cache_are_not_made(tmp_path):
    small = ActivationStore(tmp_path, limit=40 * 16 * 4 * 3)
    assert len(_chosen(small_setup(), _phase(epochs=90), small, "light")[2].views) == 3
    smaller = ActivationStore(tmp_path, limit=40 * 16 * 4)
    assert _chosen(small_setup(), _phase(epochs=90), smaller, "light")[2].live


def test_an_engine_that_is_not_there_is_replaced_and_it_is_said(store, monkeypatch):
    monkeypatch.setattr(engines, "has_openvino", lambda: False)
    notices, _, inputs = _chosen(small_setup(frozen_pass="openvino"), HEAD_ONLY, store)
    assert "pip install graftwork[openvino]" in notices
    assert "computed by torch" in notices
    assert not inputs.live


def test_bf16_is_used_where_asked_for_and_kept_apart(store):
    _chosen(small_setup(), HEAD_ONLY, store)
    notices, progress, inputs = _chosen(small_setup(frozen_pass="torch-bf16"), HEAD_ONLY, store)
    assert "computed by torch-bf16" in notices
    assert _computed(progress) == 52
    exact = _chosen(small_setup(), HEAD_ONLY, store)[2]
    found, expected = inputs.train(1).batch(PLACES), exact.train(1).batch(PLACES)
    assert not torch.equal(found, expected)
    assert (found - expected).norm() / expected.norm() < 0.05


@pytest.mark.parametrize("engine", ["torch", "onnxruntime"])
def test_what_was_not_computed_before_is_computed_when_asked_for(store, engine, monkeypatch):
    monkeypatch.setattr(engines, "_fastest_exact", lambda *_: engine)
    setup, part = small_setup(), noise_samples(range(100))
    features = exact_features(setup.classifier, part, store=store)
    assert isinstance(features, PassedSamples)
    with torch.no_grad():
        expected = setup.classifier.logits(part.batch(PLACES))
        found = setup.classifier.head(features.batch(PLACES))
    assert torch.allclose(found, expected, atol=1e-5)
    assert exact_features(setup.classifier, noise_samples(range(99)), store=store) is None


def test_a_phase_that_wants_no_changes_gets_none_by_a_policy_either(store):
    setup = small_setup(policy="trivial-augment", erasing=0.5)
    plain = _chosen(setup, _phase(augmentation="none"), store, "none")[2]
    assert len(plain.views) == 1
    assert len(_chosen(setup, HEAD_ONLY, store, "none")[2].views) > 1


def test_what_another_program_removes_at_once_is_computed_anew(store, monkeypatch):
    expected = _chosen(small_setup(), HEAD_ONLY, store)[2]
    monkeypatch.setattr(store, "open", lambda _: Shelf(places=(), where={}))
    notices, _, inputs = _chosen(small_setup(), HEAD_ONLY, store)
    assert "had to make room" in notices
    assert isinstance(inputs.views[0], PassedSamples)
    assert torch.equal(inputs.train(1).batch(PLACES), expected.train(1).batch(PLACES))


def test_test_images_go_along_through_a_frozen_backbone(store):
    parts = {"test": noise_samples(range(52, 60))}
    setup = small_setup(parts=parts)
    assert _computed(_chosen(setup, TOP, store)[1]) == 52
    assert exact_features(setup.classifier, setup.test, store=store) is None
    _, progress, inputs = _chosen(setup, HEAD_ONLY, store)
    assert _computed(progress) == 60
    assert [len(view.labels) for view in inputs.views] == [40]
    kept = exact_features(setup.classifier, setup.test, store=store)
    with torch.no_grad():
        expected = setup.classifier.logits(setup.test.batch(PLACES))
        found = setup.classifier.head(kept.batch(PLACES))
    assert torch.allclose(found, expected, atol=1e-5)


def test_features_of_other_weights_or_of_bf16_are_not_taken(store):
    setup = small_setup(parts={"test": noise_samples(range(52, 60))}, frozen_pass="torch-bf16")
    _chosen(setup, HEAD_ONLY, store)
    assert exact_features(setup.classifier, setup.test, store=store) is None
    exact = small_setup(parts={"test": setup.test})
    _chosen(exact, HEAD_ONLY, store)
    assert exact_features(setup.classifier, setup.test, store=store) is not None
    torch.nn.init.ones_(exact.classifier.stages[0][1].running_var)
    exact.classifier.stages[0][1].running_var.mul_(1.5)
    assert exact_features(exact.classifier, setup.test, store=store) is None


def test_features_for_evaluation_are_those_of_training(store):
    setup = small_setup()
    inputs = _chosen(setup, HEAD_ONLY, store)[2]
    test = noise_samples(range(52, 60))
    events, (known, new) = drain(frozen_features(setup.classifier, setup.train, test, store=store))
    assert _computed([event for event in events if isinstance(event, Progress)]) == 8
    assert torch.equal(known.batch(PLACES), inputs.train(1).batch(PLACES))
    with torch.no_grad():
        expected = setup.classifier.logits(test.batch(PLACES))
        found = setup.classifier.head(new.batch(PLACES))
    assert torch.allclose(found, expected, atol=1e-5)


def test_images_without_known_digests_are_known_by_their_pixels(store):
    parts = {"train": noise_samples(range(40), digests=False)}
    parts["validation"] = replace(parts["train"])
    _, progress, inputs = _chosen(small_setup(parts=parts), HEAD_ONLY, store)
    assert _computed(progress) == 40  # an image that is in both parts is computed once
    same = inputs.train(1).batch(PLACES), inputs.validation.batch(PLACES)
    assert torch.equal(*same)
