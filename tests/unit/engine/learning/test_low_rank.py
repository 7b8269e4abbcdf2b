from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from graftwork.engine.learning.low_rank import (
    LowRankAddition,
    add_low_rank,
    effective_parameters,
    low_rank_weights,
    merge_low_rank,
    plain_state,
)
from graftwork.plugin_api import LowRank
from support.classifiers import tiny_classifier

RANK = LowRank(rank=2, alpha=6.0)


def _network():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, padding=1),
        nn.Conv2d(12, 12, 3, groups=12),
        nn.Conv2d(12, 16, 3, groups=2, bias=False),
        nn.BatchNorm2d(16),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 10),
    ).eval()


def _learned(network, seed=3):
    """The network with additions that are no longer zero."""
    add_low_rank(network, RANK, 0)
    generator = torch.Generator().manual_seed(seed)
    for part in network.modules():
        if isinstance(part, LowRankAddition):
            with torch.no_grad():
                part.up.copy_(torch.randn(part.up.shape, generator=generator) * 0.1)
    return network


PIXELS = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_an_addition_changes_nothing_until_it_learns():
    network = _network()
    before = network(PIXELS)
    add_low_rank(network, RANK, 0)
    assert torch.equal(network(PIXELS), before)


def test_the_effective_weight_is_the_weight_plus_the_scaled_product():
    layer = nn.Linear(7, 5)
    weight = layer.weight.detach().numpy().copy()
    _learned(layer)
    addition = layer.parametrizations.weight[0]
    up, down = addition.up.detach().numpy(), addition.down.detach().numpy()
    expected = weight + 6.0 / 2 * np.einsum("or,ri->oi", up, down)
    np.testing.assert_allclose(layer.weight.detach().numpy(), expected, rtol=1e-5, atol=1e-7)


def test_for_a_convolution_it_is_one_to_few_channels_and_one_of_1_by_1():
    layer = nn.Conv2d(4, 6, 3, bias=False)
    plain = layer.weight.detach().clone()
    _learned(layer)
    addition = layer.parametrizations.weight[0]
    pixels = torch.rand(2, 4, 9, 9)
    few = conv2d(pixels, addition.down.view(2, 4, 3, 3))
    expected = conv2d(pixels, plain) + 3.0 * conv2d(few, addition.up.view(6, 2, 1, 1))
    torch.testing.assert_close(layer(pixels), expected)


def test_layers_that_would_not_be_saved_anything_stay_as_they_are():
    network = _network()
    suited = [module for module, _ in low_rank_weights(network, LowRank(rank=6))]
    assert suited == [network[0], network[2], network[5]]
    assert low_rank_weights(network, LowRank(rank=200)) == []


def test_merging_keeps_the_answers_to_the_bit_and_gives_back_a_plain_network():
    network = _learned(_network())
    before = network(PIXELS)
    merge_low_rank(network)
    assert torch.equal(network(PIXELS), before)
    plain = _network()
    assert [type(m) for m in network.modules()] == [type(m) for m in plain.modules()]
    names = [name for name, _ in plain.named_parameters()]
    assert [name for name, _ in network.named_parameters()] == names


def test_merging_keeps_the_order_of_memory():
    network = _network().to(memory_format=torch.channels_last)
    strides = [p.stride() for p in network.parameters()]
    merge_low_rank(_learned(network))
    assert [p.stride() for p in network.parameters()] == strides


def test_the_plain_state_is_that_after_merging_and_loads_into_a_plain_network():
    network = _learned(_network())
    state = {name: value.clone() for name, value in plain_state(network).items()}
    other = _network()
    other.load_state_dict(state)
    assert torch.equal(other(PIXELS), network(PIXELS))
    merge_low_rank(network)
    assert network.state_dict().keys() == state.keys()
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())


def test_the_plain_state_of_a_plain_network_is_its_own():
    classifier = tiny_classifier()
    own, plain = classifier.state_dict(), plain_state(classifier)
    assert own.keys() == plain.keys()
    assert all(plain[name].data_ptr() == value.data_ptr() for name, value in own.items())


def test_the_same_seed_gives_the_same_factors_and_another_gives_others():
    def factors(seed):
        network = _network()
        state = torch.get_rng_state()
        add_low_rank(network, RANK, seed)
        assert torch.equal(torch.get_rng_state(), state)
        return torch.cat([p.flatten() for n, p in network.named_parameters() if n.endswith("down")])

    assert torch.equal(factors(1), factors(1))
    assert not torch.equal(factors(1), factors(2))


def test_every_layer_begins_with_factors_of_its_own():
    """Layers of the same shape would else look for what they learn in the same directions."""
    network = nn.Sequential(*(nn.Linear(20, 20) for _ in range(3)))
    add_low_rank(network, RANK, 1)
    downs = [layer.parametrizations.weight[0].down for layer in network]
    assert not any(torch.equal(a, b) for a, b in itertools.combinations(downs, 2))


def test_the_first_factor_is_bounded_by_the_width_and_not_degenerate():
    layer = nn.Linear(100, 50)
    add_low_rank(layer, RANK, 0)
    down = layer.parametrizations.weight[0].down.detach()
    assert down.abs().max() <= 0.1
    assert float(down.std()) == pytest.approx(0.1 / 3**0.5, rel=0.15)


def test_attention_takes_additions_to_its_stacked_weights_and_still_works():
    attention = nn.MultiheadAttention(16, 4, batch_first=True).eval()
    tokens = torch.rand(2, 5, 16)
    before = attention(tokens, tokens, tokens)[0]
    _learned(attention)
    during = attention(tokens, tokens, tokens)[0]
    assert not torch.allclose(during, before)
    during.sum().backward()
    addition = attention.parametrizations.in_proj_weight[0]
    assert addition.up.grad.abs().sum() > 0
    with torch.no_grad():
        during = attention(tokens, tokens, tokens)[0]
        merge_low_rank(attention)
        torch.testing.assert_close(attention(tokens, tokens, tokens)[0], during)


def test_effective_parameters_have_plain_names_and_pass_gradients_to_the_factors():
    network = _learned(_network())
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.endswith((".up", ".down")))
    found = {name: (value, learns) for name, value, learns in effective_parameters(network)}
    assert found.keys() == dict(_network().named_parameters()).keys()
    assert {name for name, (_, learns) in found.items() if learns} == {
        "0.weight",
        "1.weight",
        "2.weight",
        "5.weight",
    }
    found["5.weight"][0].sum().backward()
    addition = network[5].parametrizations.weight[0]
    rows = addition.down.detach().sum(1).expand_as(addition.up)
    torch.testing.assert_close(addition.up.grad, 3.0 * rows)


def test_what_another_parametrization_shapes_is_left_alone():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(40, 30))
    assert low_rank_weights(layer, RANK) == []
    assert plain_state(layer).keys() == layer.state_dict().keys()
    assert [name for name, _, _ in effective_parameters(layer)] == [
        name for name, _ in layer.named_parameters()
    ]
