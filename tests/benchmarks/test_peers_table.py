from __future__ import annotations

from typing import Any

from contenders.part import Outcome, Part
from peers_table import markdown


def outcome(contender: str, seed: int, seconds: float, **changes: Any) -> tuple[str, Any]:
    part = Part(
        contender=contender,
        data="cells",
        task="frozen",
        epochs=10,
        seed=seed,
        threads=2,
        budget_s=60,
        root="",
        table="",
    )
    found = Outcome(
        seconds=seconds,
        import_seconds=2.0,
        epochs_run=10,
        training_images=100,
        peak_mib=1000.4,
        loader_peak_mib=0.0,
        accuracy=0.8,
        macro_f1=0.7,
    )
    return part.key, {**found.as_json(), **changes, "part": vars(part)}


def rows(*outcomes: tuple[str, Any]) -> list[list[str]]:
    lines = [line for line in markdown(dict(outcomes)).splitlines() if line.startswith("| cells")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_figures_are_means_with_their_spread() -> None:
    first = outcome("plain", 0, 40.0, accuracy=0.7)
    figures = rows(first, outcome("plain", 1, 60.0, accuracy=0.9))[0]
    assert figures[:5] == ["cells", "all", "frozen", "10", "plain"]
    assert figures[5] == "50.0 ± 14.1"
    assert figures[6] == "21"  # the mean of 100 * 10 / 40 and 100 * 10 / 60
    assert figures[7:] == ["1000", "0.800 ± 0.141", "0.700 ± 0.000", "2", "2.0"]


def test_a_ratio_is_of_the_same_seed_and_the_median_counts() -> None:
    ours = [outcome("graftwork", seed, seconds) for seed, seconds in enumerate((1.0, 2.0, 10.0))]
    plain = [outcome("plain", seed, seconds) for seed, seconds in enumerate((30.0, 80.0, 90.0))]
    ratios = rows(*ours, *plain, outcome("fastai", 7, 5.0))[3]
    assert ratios[4:] == ["graftwork", "30.0", "–", "–", "–"]


def test_extrapolated_seconds_are_marked_and_have_no_accuracy() -> None:
    late = outcome("fastai", 0, 900.0, epochs_run=2, accuracy=None, macro_f1=None)
    figures = rows(late)[0]
    assert figures[5] == "~900.0"
    assert figures[8:10] == ["–", "–"]


def test_a_failure_is_shown_and_counts_in_no_ratio() -> None:
    failed = outcome("plain", 0, 1.0, failed="out of memory")
    shown = rows(outcome("graftwork", 0, 2.0), failed)
    assert shown[1][5] == "out of memory"
    assert shown[2][5] == "–"


def test_loaders_are_told_apart() -> None:
    assert rows(outcome("plain", 0, 9.0, loader_peak_mib=512.0))[0][7] == "1000 (a loader 512)"


def test_spans_are_medians_longest_first() -> None:
    spans = [{"Decoding": 1.0, "Rest": 3.0}, {"Decoding": 2.0, "Rest": 0.0}, {"Decoding": 9.0}]
    ours = [outcome("graftwork", seed, 9.0, spans=one) for seed, one in enumerate(spans)]
    assert rows(*ours)[2][5] == "Decoding 2.0"


def test_trials_and_full_runs_are_not_mixed() -> None:
    key, trial = outcome("plain", 0, 5.0)
    small = {**trial, "part": {**trial["part"], "images": 50}}
    assert [row[1] for row in rows((key, trial), (f"{key}/50", small))][:2] == ["all", "50"]
