"""The tables that `peers.py` shows: figures of each contender, ratios, and where our time goes."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_OURS = "graftwork"
_PEERS = ("plain", "plain-best", "fastai", "fastai-best")

Group = dict[str, list[dict[str, Any]]]
"""The outcomes of each contender, by seed."""


def markdown(results: Mapping[str, Any]) -> str:
    """All tables of what was measured."""
    groups = _groups(results.values())
    return "\n".join([*_figures(groups), "", *_ratios(groups), "", *_profile(groups)])


def _groups(outcomes: Iterable[dict[str, Any]]) -> dict[tuple[str, ...], Group]:
    """By data, task and what else must be alike for outcomes to be compared."""
    groups: dict[tuple[str, ...], Group] = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        part = outcome["part"]
        images = "all" if part["images"] is None else str(part["images"])
        same = part["data"], images, part["task"], str(part["epochs"]), str(part["threads"])
        groups[same][part["contender"]].append(outcome)
    for group in groups.values():
        for found in group.values():
            found.sort(key=lambda outcome: outcome["part"]["seed"])
    return groups


def _figures(groups: Mapping[tuple[str, ...], Group]) -> Iterator[str]:
    yield (
        "| data | images | task | epochs | contender | seconds | images/s | peak MiB "
        "| accuracy | macro F1 | seeds | imports, s |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    for same, group in groups.items():
        for contender, outcomes in group.items():
            yield _row(*same[:4], contender, *_figures_of(outcomes))


def _figures_of(outcomes: list[dict[str, Any]]) -> Iterator[str]:
    done = [one for one in outcomes if "failed" not in one]
    if not done:
        yield from (outcomes[0]["failed"], "", "", "", "", "", "")
        return
    about = "~" if any(_is_extrapolated(one) for one in done) else ""
    yield about + _spread([one["seconds"] for one in done], 1)
    yield about + f"{statistics.mean(map(_speed, done)):.0f}"
    yield _memory(done)
    yield _spread([one["accuracy"] for one in done if one["accuracy"] is not None], 3)
    yield _spread([one["macro_f1"] for one in done if one["macro_f1"] is not None], 3)
    yield str(len(done))
    yield f"{statistics.median(one['import_seconds'] for one in done):.1f}"


def _is_extrapolated(outcome: dict[str, Any]) -> bool:
    return bool(outcome["epochs_run"] < outcome["part"]["epochs"])


def _speed(outcome: dict[str, Any]) -> float:
    """Training images a second, over everything from files to the measured model."""
    seen = outcome["training_images"] * outcome["part"]["epochs"]
    return float(seen / outcome["seconds"])


def _memory(outcomes: list[dict[str, Any]]) -> str:
    own = max(one["peak_mib"] for one in outcomes)
    loader = max(one["loader_peak_mib"] for one in outcomes)
    return f"{own:.0f}" + (f" (a loader {loader:.0f})" if loader else "")


def _ratios(groups: Mapping[tuple[str, ...], Group]) -> Iterator[str]:
    """How many times as long others take: the median over seeds of neighbours in time."""
    yield "| data | images | task | epochs | times as fast | " + " | ".join(_PEERS) + " |"
    yield "|---|---|---|---|---|" + "---|" * len(_PEERS)
    for same, group in groups.items():
        for contender in (name for name in group if name.startswith(_OURS)):
            cells = [_ratio(group[contender], group.get(peer, [])) for peer in _PEERS]
            yield _row(*same[:4], contender, *cells)


def _ratio(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> str:
    seconds = {one["part"]["seed"]: one["seconds"] for one in ours if "failed" not in one}
    found = [
        one["seconds"] / seconds[one["part"]["seed"]]
        for one in theirs
        if "failed" not in one and one["part"]["seed"] in seconds
    ]
    return f"{statistics.median(found):.1f}" if found else "–"


def _profile(groups: Mapping[tuple[str, ...], Group]) -> Iterator[str]:
    yield "| data | images | task | epochs | contender | where its seconds go (median) |"
    yield "|---|---|---|---|---|---|"
    for same, group in groups.items():
        for contender, outcomes in group.items():
            spans = [one["spans"] for one in outcomes if one.get("spans")]
            if spans:
                yield _row(*same[:4], contender, _spans(spans))


def _spans(spans: list[dict[str, float]]) -> str:
    names = {name for one in spans for name in one}
    middle = {name: statistics.median(one.get(name, 0) for one in spans) for name in names}
    longest = sorted(middle.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in longest if seconds >= 0.05)


def _spread(values: list[float], digits: int) -> str:
    if not values:
        return "–"
    mean = f"{statistics.mean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
