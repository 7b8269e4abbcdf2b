from __future__ import annotations

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from graftwork.engine.weights_file import digest, read_weights, write_weights

TENSORS = {
    "weight": torch.arange(24.0).view(2, 3, 2, 2).to(memory_format=torch.channels_last),
    "count": torch.tensor(7),
    "half": torch.ones(3, dtype=torch.bfloat16),
}


def test_what_was_written_comes_back(tmp_path):
    write_weights(tmp_path / "w", TENSORS)
    found = read_weights(tmp_path / "w")
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], TENSORS[name]) for name in found)
    assert load_file(tmp_path / "w").keys() == TENSORS.keys()  # anybody can read it


def test_a_changed_bit_is_noticed(tmp_path):
    file = tmp_path / "w"
    write_weights(file, TENSORS)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"w is damaged.*SHA-256"):
        read_weights(file)


def test_a_file_that_somebody_else_wrote_or_cut_off_is_refused(tmp_path):
    file = tmp_path / "w"
    save_file({"weight": torch.ones(2)}, file)
    with pytest.raises(ValueError, match="SHA-256"):
        read_weights(file)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(SafetensorError):
        read_weights(file)
    with pytest.raises(FileNotFoundError):
        read_weights(tmp_path / "none")


@pytest.mark.parametrize(
    "other",
    [
        {"b": torch.ones(2)},
        {"a": torch.ones(2, 1)},
        {"a": torch.ones(2).double()},
        {"a": torch.tensor([1.0, -1.0])},
    ],
)
def test_names_types_shapes_and_values_make_the_digest(other):
    assert digest({"a": torch.ones(2)}) != digest(other)
