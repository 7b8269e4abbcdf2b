"""The pairs of classes that are taken for each other."""

from __future__ import annotations

from graftwork.evaluation.confusions import Confusion, confusions
from graftwork.evaluation.report import Evaluation


def evaluation_of(*confusion: tuple[int, int, int]) -> Evaluation:
    return Evaluation(
        images=sum(images for *_, images in confusion),
        classes=("ant", "bee", "wasp"),
        figures={},
        per_class=(),
        confusion=confusion,
        predictions=(),
    )


def test_the_most_frequent_come_first_and_of_equals_the_greater_part() -> None:
    found = confusions(evaluation_of((0, 0, 8), (0, 1, 2), (1, 2, 2), (1, 1, 2), (2, 0, 3)))
    assert found == [
        Confusion(label="wasp", predicted="ant", images=3, of=3),
        Confusion(label="bee", predicted="wasp", images=2, of=4),
        Confusion(label="ant", predicted="bee", images=2, of=10),
    ]
    assert [one.share for one in found] == [1.0, 0.5, 0.2]


def test_where_all_is_right_there_are_none() -> None:
    assert confusions(evaluation_of((0, 0, 3), (1, 1, 2))) == []
