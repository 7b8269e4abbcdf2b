"""What each head computes, against NumPy, and that each can be exported and learn."""

from __future__ import annotations

import io

import numpy as np
import onnxruntime
import pytest
import torch
from scipy.special import erf, log_softmax, softmax
from torch.nn import functional

from graftwork.engine.heads.build import build_head
from graftwork.engine.heads.class_tree import class_tree
from graftwork.engine.heads.hierarchical import HierarchicalHead
from graftwork.engine.heads.spec import HeadSpec

KINDS = ["linear", "mlp", "cosine", "hierarchical"]
NESTED = ("bird/owl/barn", "bird/owl/snowy", "bird/duck", "bird", "fish/eel", "fish/ray", "moss")


def _head(kind, classes=NESTED, dropout=0.0):
    torch.manual_seed(0)
    spec = HeadSpec(kind=kind, hidden_units=5, dropout=dropout)
    return build_head(spec, 4, classes)


def _features(images=6, features=4):
    return torch.from_numpy(np.random.default_rng(1).normal(size=(images, features))).float()


def _numpy(module):
    return {name: value.detach().numpy() for name, value in module.state_dict().items()}


def test_the_linear_head_is_one_product():
    head, x = _head("linear"), _features()
    weights = _numpy(head)
    expected = x.numpy() @ weights["linear.weight"].T + weights["linear.bias"]
    np.testing.assert_allclose(head(x).detach(), expected, atol=1e-6)


def test_the_mlp_has_one_hidden_layer_with_gelu():
    head, x = _head("mlp"), _features()
    weights = _numpy(head)
    hidden = x.numpy() @ weights["hidden.weight"].T + weights["hidden.bias"]
    hidden = hidden * (1 + erf(hidden / np.sqrt(2))) / 2
    expected = hidden @ weights["linear.weight"].T + weights["linear.bias"]
    np.testing.assert_allclose(head(x).detach(), expected, atol=1e-6)


def test_the_cosine_head_compares_directions():
    head, x = _head("cosine"), _features()
    weights = _numpy(head)
    lengths = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(weights["directions"], axis=1)
    cosines = x.numpy() @ weights["directions"].T / lengths
    np.testing.assert_allclose(head(x).detach(), 10 * cosines, atol=1e-5)
    np.testing.assert_allclose(head(7 * x).detach(), 10 * cosines, atol=1e-5)


def test_the_cosine_head_takes_features_that_are_all_zero():
    head = _head("cosine")
    logits = head(torch.zeros(2, 4))
    functional.cross_entropy(logits, torch.tensor([0, 1])).backward()
    assert logits.isfinite().all()
    assert head.directions.grad.isfinite().all()


def test_a_leaf_is_as_probable_as_the_product_along_its_way():
    head, x = _head("hierarchical"), _features()
    weights = _numpy(head)
    scores = x.numpy() @ weights["linear.weight"].T + weights["linear.bias"]
    top = softmax(scores[:, 0:3], 1)  # bird, fish, moss
    birds, fishes, owls = (softmax(scores[:, a:b], 1) for a, b in ((3, 6), (6, 8), (8, 10)))
    by_hand = {
        "bird/owl/barn": top[:, 0] * birds[:, 0] * owls[:, 0],
        "bird/owl/snowy": top[:, 0] * birds[:, 0] * owls[:, 1],
        "bird/duck": top[:, 0] * birds[:, 1],
        "bird": top[:, 0] * birds[:, 2],
        "fish/eel": top[:, 1] * fishes[:, 0],
        "fish/ray": top[:, 1] * fishes[:, 1],
        "moss": top[:, 2],
    }
    expected = np.stack([by_hand[name] for name in NESTED], 1)
    np.testing.assert_allclose(expected.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(head(x).detach().exp(), expected, atol=1e-6)
    np.testing.assert_allclose(head(x).softmax(1).detach(), expected, atol=1e-6)


def test_without_levels_the_hierarchical_head_is_the_linear_one():
    head, x = _head("hierarchical", classes=("a", "b", "c")), _features()
    weights = _numpy(head)
    scores = x.numpy() @ weights["linear.weight"].T + weights["linear.bias"]
    np.testing.assert_allclose(head(x).detach(), log_softmax(scores, 1), atol=1e-6)


def test_the_hierarchical_gradient_is_that_of_its_definition():
    head = _head("hierarchical").double()
    weight = head.linear.weight.detach().clone().requires_grad_()

    def logits(weight):
        return torch.func.functional_call(head, {"linear.weight": weight}, _features().double())

    assert torch.autograd.gradcheck(logits, weight)


def test_one_wide_fork_among_many_narrow_ones_takes_little_memory():
    """Padded to the widest, 1000 forks would take 1000 * 1000 numbers an image."""
    classes = [f"wide/{i}" for i in range(1000)] + [
        f"{group}/{name}" for group in range(999) for name in "ab"
    ]
    head = HierarchicalHead(4, classes, 0.0)
    padded = sum(block.branches.numel() for block in head.blocks)
    assert class_tree(classes).branches <= padded < 4 * len(classes)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_acts_in_training_alone(kind):
    head, x = _head(kind, dropout=0.5), _features(200)
    assert not torch.equal(head.train()(x), head(x))
    assert torch.equal(head.eval()(x), head(x))


@pytest.mark.parametrize("kind", KINDS)
def test_each_head_learns(kind):
    """Seven clouds of features, one for each class."""
    rng = np.random.default_rng(0)
    labels = np.arange(140) % 7
    x = torch.from_numpy(rng.normal(size=(7, 4))[labels] * 3 + rng.normal(size=(140, 4)) / 3)
    head, y = _head(kind), torch.from_numpy(labels)
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        functional.cross_entropy(head(x.float()), y).backward()
        optimizer.step()
    assert (head(x.float()).argmax(1) == y).float().mean() > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_each_head_can_be_exported_with_batches_of_any_size(kind):
    head, file = _head(kind).eval(), io.BytesIO()
    program = torch.onnx.export(
        head, (_features(2),), dynamo=True, dynamic_shapes=({0: "batch"},), verbose=False
    )
    program.save(file)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    for images in (1, 5):
        x = _features(images)
        (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        np.testing.assert_allclose(found, head(x).detach(), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_gives_the_same_gradient_every_time(kind):
    head, x = _head(kind), _features(64)
    labels = torch.arange(64) % len(NESTED)
    found = []
    for _ in range(3):
        head.zero_grad()
        functional.cross_entropy(head(x), labels).backward()
        found.append([parameter.grad.clone() for parameter in head.parameters()])
    assert all(
        torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True)
    )
