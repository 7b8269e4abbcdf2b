from __future__ import annotations

import ast
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.data.input_spec import InputSpec, IntensityRange
from graftwork.export.model_info import METADATA_KEY, ModelInfo, from_metadata, to_metadata


def _info(classes: tuple[str, ...] = ("a", "b")) -> ModelInfo:
    return ModelInfo(
        input_kind="images",
        classes=classes,
        input=InputSpec(
            size=224,
            channels=1,
            fit="pad",
            crop_fraction=0.875,
            interpolation="bicubic",
            mean=(0.1,),
            std=(1 / 3,),
            intensity=IntensityRange(low=3, high=2999.5),
        ),
        backbone="tiny",
        strategy="feature-extraction",
        data_fingerprint="f" * 64,
        graftwork_version="0.1.0",
    )


NAMES = st.text(st.characters(codec="utf-8"), min_size=1)


@given(st.lists(NAMES, min_size=1, unique=True))
def test_any_class_names_come_back_in_order(classes: list[str]) -> None:
    info = _info(tuple(classes))
    metadata = to_metadata(info)
    assert from_metadata(metadata) == info
    assert json.loads(metadata["classes"]) == classes
    assert ast.literal_eval(metadata["names"]) == dict(enumerate(classes))


def test_a_file_without_the_key_is_not_ours() -> None:
    with pytest.raises(ValueError, match="not exported by Graftwork"):
        from_metadata({"names": "{}"})


def test_a_newer_format_says_so() -> None:
    document = _info().model_dump(mode="json") | {
        "format_version": 2,
        "graftwork_version": "9.1",
        "input": "who knows",
    }
    with pytest.raises(ValueError, match=r"newer Graftwork: version 9\.1"):
        from_metadata({METADATA_KEY: json.dumps(document)})


@pytest.mark.parametrize("document", ["", "[]", "{}", '{"format_version": 1}', "{"])
def test_damaged_metadata_is_one_kind_of_error(document: str) -> None:
    with pytest.raises(ValueError, match="damaged"):
        from_metadata({METADATA_KEY: document})
