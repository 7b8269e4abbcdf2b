"""The summary of an evaluation, as a person reads it."""

from __future__ import annotations

import pytest

from graftwork.cli.summaries import print_evaluation
from graftwork.evaluation.report import ClassFigures, Evaluation


def evaluation_of(classes: int) -> Evaluation:
    """Each class is found a little better than the one before; the first has no image."""
    names = tuple(f"c{number:03}" for number in range(classes))
    figures = tuple(
        ClassFigures(name=name, precision=0.5, recall=0.5, f1=place / classes, images=min(place, 3))
        for place, name in enumerate(names)
    )
    return Evaluation(
        images=9, classes=names, figures={}, per_class=figures, confusion=(), predictions=()
    )


def test_each_of_some_classes_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_evaluation(evaluation_of(60))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == [f"c{number:03}" for number in range(60)]


def test_of_very_many_classes_the_worst_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    print_evaluation(evaluation_of(1_000))
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == [f"c{number:03}" for number in range(1, 21)]
    assert last == "These 20 of 1,000 classes have the lowest F1."


def test_what_is_mistaken_most_often_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    mistakes = tuple((place, place + 1, place + 1) for place in range(9))
    print_evaluation(evaluation_of(10).model_copy(update={"confusion": ((0, 0, 7), *mistakes)}))
    *_, heading, first, second, _, _, last = capsys.readouterr().out.splitlines()
    assert heading.split() == ["Most", "often", "taken", "for", "Images"]
    assert first.split() == ["c008", "c009", "9", "of", "9"]
    assert second.split()[0] == "c007"
    assert last.split()[0] == "c004"


def test_of_two_classes_mistakes_are_told_by_their_figures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_evaluation(evaluation_of(2).model_copy(update={"confusion": ((0, 1, 7),)}))
    assert "taken for" not in capsys.readouterr().out
