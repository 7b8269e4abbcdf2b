"""From events to curves, sentences and charts that are drawn on a timer."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from itertools import combinations, product

import pytest
from pyqtgraph import AxisItem
from PySide6.QtCore import QEventLoop
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from graftwork.engine.events import (
    DataReady,
    EpochDone,
    LoadSampled,
    Notice,
    PhaseEnded,
    PhaseStarted,
    Progress,
    RunEnded,
    StepDone,
    TrainingEvent,
)
from graftwork.engine.history import RunHistory
from graftwork.gui.colors import current_colors
from graftwork.gui.train.axis import ShortAxis
from graftwork.gui.train.board import ChartBoard
from graftwork.gui.train.chart import Chart
from graftwork.gui.train.curves import (
    LARGE_CHARTS,
    SMALL_CHARTS,
    Curve,
    accuracy_curves,
    load_curves,
    loss_curves,
    memory_curves,
    phase_boundaries,
    rate_curves,
    speed_curves,
)
from graftwork.gui.train.legend import Legend
from graftwork.gui.train.live import LiveView
from graftwork.gui.train.phase_marks import shortened
from graftwork.gui.train.strokes import stroke_of
from graftwork.gui.train.summary import (
    best_so_far,
    fraction,
    position,
    present_work,
    seconds_left,
)
from support.events import epoch_done, phase_started, step_done

STEPS = 4


def step(phase: int, epoch: int, number: int, loss: float, rates: dict[str, float]) -> StepDone:
    return step_done(
        phase=phase, epoch=epoch, step=number, steps_per_epoch=STEPS, loss=loss, rates=rates
    )


def epoch(phase: int, number: int, accuracy: float, *, best: bool = False) -> EpochDone:
    return epoch_done(
        phase=phase,
        epoch=number,
        train_loss=1 / number,
        train_accuracy=accuracy,
        validation_loss=2 / number,
        validation_accuracy=accuracy - 0.1,
        validation_balanced_accuracy=accuracy - 0.2,
        score=accuracy,
        best=best,
        seconds=3.0,
    )


def phase(number: int, name: str, rates: dict[str, float], epochs: int = 5) -> PhaseStarted:
    return phase_started(phase=number, name=name, epochs=epochs, steps_per_epoch=STEPS, rates=rates)


def two_phases() -> Iterator[TrainingEvent]:
    """A head alone for two epochs, then everything for one."""
    yield Progress(what="Decoding images", done=3, total=12)
    yield DataReady(classes=("a", "b"), train=8, validation=2, test=2, data_fingerprint="0123")
    yield phase(1, "Head", {"head": 0.01})
    yield Notice(level="info", text="Features are computed once.")
    for number in (1, 2):
        for part in range(1, STEPS + 1):
            yield step(1, number, part, 1 / number, {"head": 0.01})
        yield epoch(1, number, 0.6 + number / 10, best=number == 2)
    yield PhaseEnded(phase=1, epochs_run=2, best_epoch=2, best_accuracy=0.8, reason="no gain")
    yield phase(2, "Everything", {"stem": 0.001, "top": 0.001, "head": 0.01})
    yield LoadSampled(seconds=30.0, cpu_percent=90.0, memory_mib=2048.0)
    yield step(2, 1, 1, math.nan, {"stem": 0.001, "top": 0.001, "head": 0.01})
    yield step(2, 1, 2, 0.3, {"stem": 0.001, "top": 0.001, "head": 0.01})


@pytest.fixture
def history() -> RunHistory:
    made = RunHistory()
    for event in two_phases():
        made.apply(event)
    return made


def test_losses_lie_on_the_axis_of_epochs(history: RunHistory) -> None:
    steps, train, validation = loss_curves(history)
    assert list(steps.x[:4]) == [0.25, 0.5, 0.75, 1.0]
    assert steps.x[-1] == 2.5
    assert (list(train.x), list(train.y)) == ([1.0, 2.0], [1.0, 0.5])
    assert list(validation.y) == [2.0, 1.0]


def test_accuracy_is_in_percent(history: RunHistory) -> None:
    train, validation, balanced = accuracy_curves(history)
    assert list(train.y) == pytest.approx([70, 80])
    assert list(validation.y) == pytest.approx([60, 70])
    assert list(balanced.y) == pytest.approx([50, 60])


def test_stages_that_learn_alike_share_a_curve(history: RunHistory) -> None:
    assert [curve.name for curve in rate_curves(history)] == ["head", "stem … top"]


def test_speed_load_and_memory(history: RunHistory) -> None:
    assert len(speed_curves(history)[0].y) == 10
    (cpu,) = load_curves(history)
    (main,) = memory_curves(history)
    assert (list(cpu.y), list(main.y)) == ([90.0], [2.0])
    assert list(cpu.x) == [0.5], "minutes"
    history.apply(
        LoadSampled(
            seconds=60.0, cpu_percent=1, memory_mib=1024, gpu_percent=50, gpu_memory_mib=512
        )
    )
    cpu, gpu = load_curves(history)
    assert (cpu.name, list(cpu.x), gpu.name, list(gpu.x)) == ("processor", [0.5, 1], "GPU", [1])
    assert list(memory_curves(history)[1].y) == [0.5]


def test_phases_begin_where_the_one_before_ended(history: RunHistory) -> None:
    assert phase_boundaries(history) == [(2, "Everything")]
    assert phase_boundaries(RunHistory()) == []


def test_the_present_work_is_said_in_words() -> None:
    history = RunHistory()
    assert present_work(history) == "Getting ready"
    assert fraction(history) is None
    events = two_phases()
    history.apply(next(events))
    assert (present_work(history), position(history)) == ("Decoding images", "3 of 12")
    assert fraction(history) == 0.25
    for event in events:
        history.apply(event)
    assert present_work(history) == "Phase 2: Everything"
    assert position(history) == "epoch 1 of at most 5"
    assert fraction(history) == pytest.approx(0.1)
    assert seconds_left(history) is None
    assert best_so_far(history) == ("70.0%", "epoch 2 of 2")


def test_a_long_validation_is_shown_until_the_phase_goes_on(history: RunHistory) -> None:
    history.apply(Progress(what="Validating", done=1, total=4))
    assert present_work(history) == "Validating"
    assert position(history) == "1 of 4"
    assert fraction(history) == pytest.approx(0.1), "the phase's bar must not jump to and fro"
    history.apply(epoch(2, 2, 0.9))
    assert present_work(history) == "Phase 2: Everything"


def test_time_left_comes_from_the_phases_own_epochs(history: RunHistory) -> None:
    history.apply(epoch(2, 1, 0.9))
    assert seconds_left(history) == pytest.approx(12)
    assert position(history) == "epoch 2 of at most 5, at most 12 s left in this phase"
    history.apply(RunEnded(phase=2, epoch=1, score=0.9, seconds=75))
    assert seconds_left(history) is None
    assert (present_work(history), position(history)) == ("Training is done", "in 1 min 15 s")
    assert fraction(history) == 1


def test_charts_are_drawn_when_there_is_news_and_only_then(
    qtbot: QtBot, history: RunHistory
) -> None:
    board = ChartBoard(lambda: history)
    qtbot.addWidget(board)
    assert board.charts == []
    board.resize(1000, 500)
    board.show()
    assert len(board.charts) == 6
    assert board.redraws == 1
    board.redraw()
    assert board.redraws == 1
    history.apply(epoch(2, 1, 0.9))
    qtbot.waitUntil(lambda: board.redraws == 2)
    board.hide()
    history.apply(epoch(2, 2, 0.9))
    assert not board._timer.isActive()


def test_a_thousand_events_cost_few_redraws(qtbot: QtBot, history: RunHistory) -> None:
    board = ChartBoard(lambda: history)
    qtbot.addWidget(board)
    board.show()
    before = board.redraws
    for number in range(1000):
        history.apply(step(2, 1, number % STEPS + 1, 0.1, {"head": 0.01}))
    qtbot.waitUntil(lambda: board.redraws > before)
    assert board.redraws == before + 1


def test_what_cannot_be_drawn_is_left_out(qtbot: QtBot, history: RunHistory) -> None:
    board = ChartBoard(lambda: history)
    qtbot.addWidget(board)
    board.show()
    x, y = board.charts[0]._lines["each step"].getData()
    assert len(x) == len(y) == 9
    assert all(map(math.isfinite, y))


def test_only_charts_that_show_something_have_numbers(qtbot: QtBot, history: RunHistory) -> None:
    shown = [RunHistory()]
    board = ChartBoard(lambda: shown[0])
    qtbot.addWidget(board)
    board.resize(1000, 500)
    board.show()
    assert [_numbers(chart) for chart in board.charts] == [0] * 6
    shown[0] = history
    board.redraw()
    assert all(_numbers(chart) > 1 for chart in board.charts)


def _numbers(chart: Chart) -> int:
    chart.grab()  # the axes choose their numbers when they are painted
    axes = (chart._plot.getAxis(side) for side in ("left", "bottom"))
    return sum(len(_strings(axis)) for axis in axes)


def _strings(axis: AxisItem) -> list[str]:
    if axis._tickLevels is not None:
        return [text for level in axis._tickLevels for _, text in level]
    low, high = axis.range
    levels = axis.tickValues(low, high, axis.size().width() + axis.size().height())
    return [text for space, values in levels for text in axis.tickStrings(values, 1, space)]


def test_a_head_that_is_solved_has_no_chart_of_rates_and_steps(
    qtbot: QtBot, history: RunHistory
) -> None:
    shown = [RunHistory()]
    board = ChartBoard(lambda: shown[0])
    qtbot.addWidget(board)
    board.show()
    QApplication.processEvents()
    assert all(chart.isVisible() for chart in board.charts), "who knows what is to come"
    assert not overlapping(board)
    shown[0].apply(phase(1, "Head", {}))
    shown[0].apply(epoch(1, 1, 0.9))
    board.redraw()
    board.hide()
    again = ChartBoard(lambda: shown[0])
    qtbot.addWidget(again)
    for each in (board, again):
        each.show()
        QApplication.processEvents()
        visible = {chart.look.title for chart in each.charts if chart.isVisible()}
        assert visible == {"Loss", "Accuracy (%)"}
        assert not overlapping(each)
    shown[0] = history
    board.redraw()
    QApplication.processEvents()
    assert all(chart.isVisible() for chart in board.charts)
    assert not overlapping(board)


def overlapping(board: ChartBoard) -> list[tuple[str, str]]:
    return [
        (one.look.title, other.look.title)
        for one, other in combinations([c for c in board.charts if c.isVisible()], 2)
        if one.geometry().intersects(other.geometry())
    ]


def test_a_rate_that_ends_at_nothing_leaves_room_for_the_others(qtbot: QtBot) -> None:
    chart = Chart(next(spec for spec in SMALL_CHARTS if spec.title == "Learning rate"))
    qtbot.addWidget(chart)
    chart.show_curves([Curve(name="head", x=[1, 2, 3], y=[0.01, 0.001, 1e-9])], [])
    low, high = chart._plot.getAxis("left").range
    assert -6 < low < -4
    assert -2 < high < -1


def test_a_rate_that_hardly_changes_hardly_falls(qtbot: QtBot) -> None:
    chart = Chart(next(spec for spec in SMALL_CHARTS if spec.title == "Learning rate"))
    qtbot.addWidget(chart)
    chart.show_curves([Curve(name="head", x=[1, 2, 3], y=[0.005, 0.00499, 0.00498])], [])
    low, high = chart._plot.getAxis("left").range
    fall = math.log10(0.005) - math.log10(0.00498)
    assert fall < 0.01 * (high - low)


def test_every_speed_that_was_measured_is_on_its_chart(qtbot: QtBot) -> None:
    chart = Chart(next(spec for spec in SMALL_CHARTS if spec.title == "Images per second"))
    qtbot.addWidget(chart)
    chart.show_curves([Curve(name="", x=[1, 2, 3], y=[90_000, 5, 4])], [])
    low, high = chart._plot.getAxis("left").range
    assert low < math.log10(4)
    assert math.log10(90_000) < high


def test_names_of_curves_are_shortened_to_their_line(qtbot: QtBot) -> None:
    legend = Legend()
    qtbot.addWidget(legend)
    names = ("head", "a stage with a long name … and another")
    legend.show()
    legend.show_curves([Curve(name=name, x=[1], y=[1]) for name in names])
    for width, whole in ((900, True), (200, False)):
        legend.resize(width, 20)
        assert (names[1] in legend.shortened) == whole
        assert "head" in legend.shortened
    for told in (legend.text(), legend.toolTip()):
        assert names[1] in told


@pytest.mark.parametrize("epochs", [1, 3, 100])
def test_training_and_validation_are_told_apart_in_grey(qtbot: QtBot, epochs: int) -> None:
    """Both lie flat: what is left of their lines without colours must differ."""
    x = list(range(epochs))
    train = Curve(name="training", x=x, y=[0.93] * epochs, points=True)
    validation = Curve(name="validation", x=x, y=[0.93] * epochs, points=True, color=1)
    assert shape(qtbot, train) != shape(qtbot, validation)
    assert sample(qtbot, [train, validation]) != sample(qtbot, [validation, train])


def shape(qtbot: QtBot, curve: Curve) -> set[tuple[int, int]]:
    """Where the chart is painted in the curve's colour."""
    chart = Chart(LARGE_CHARTS[0])
    qtbot.addWidget(chart)
    chart.resize(400, 240)
    chart.show()
    chart.show_curves([curve], [])
    return painted(chart._plot.grab().toImage(), curve)


def sample(qtbot: QtBot, curves: list[Curve]) -> set[tuple[int, int]]:
    """Where the first name of the legend has something in its colour before it."""
    legend = Legend()
    qtbot.addWidget(legend)
    legend.show_curves(curves)
    legend.resize(300, 20)
    return painted(legend.grab().toImage(), curves[0])


def painted(image: QImage, curve: Curve) -> set[tuple[int, int]]:
    """From the leftmost and the topmost of its pixels on."""
    color = QColor(current_colors().series[curve.color])
    places = product(range(image.width()), range(image.height()))
    found = [(x, y) for x, y in places if image.pixelColor(x, y) == color]
    left, top = min(x for x, _ in found), min(y for _, y in found)
    return {(x - left, y - top) for x, y in found}


def test_no_two_curves_of_a_chart_are_drawn_alike(history: RunHistory) -> None:
    history.apply(LoadSampled(seconds=60.0, cpu_percent=1, memory_mib=1, gpu_percent=5))
    for spec in (*LARGE_CHARTS, *SMALL_CHARTS):
        pens = [stroke_of(curve).pen for curve in spec.curves(history)]
        grey = {(tuple(pen.dashPattern()), pen.color().alpha()) for pen in pens}
        assert len(grey) == len(pens), spec.title


@pytest.mark.parametrize(
    ("last", "halves"), [(0.9, True), (1.9, True), (3.0, False), (11.0, False)]
)
def test_several_epochs_have_whole_numbers(qtbot: QtBot, last: float, halves: bool) -> None:
    axis = ShortAxis("bottom", counts=True)
    axis.setRange(0, last)
    steps = [step for step, _ in axis.tickSpacing(0, last, 3000)]
    assert steps
    assert any(step < 1 for step in steps) is halves


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (2.5, 4.5, ["1000", "10k"]),
        (2.5, 3.5, ["500", "1000", "2000"]),
        (2.95, 3.4, ["900", "1000", "2000"]),
        (3.4, 3.75, ["3000", "4000", "5000"]),
        (-6.1, -3.9, ["10⁻⁶", "10⁻⁵", "0.0001"]),
        (-5.8, -4.8, ["2·10⁻⁶", "5·10⁻⁶", "10⁻⁵"]),
    ],
)
def test_a_logarithmic_axis_has_no_numbers_on_top_of_each_other(
    qtbot: QtBot, low: float, high: float, shown: list[str]
) -> None:
    axis = ShortAxis("left")
    axis.setLogMode(x=False, y=True)
    axis.setRange(low, high)
    assert sorted(filter(None, _strings(axis)), key=_value) == shown


def _value(text: str) -> float:
    factor, _, power = text.rpartition("10⁻")
    plain = f"{factor.strip('·') or 1}e-{unicodedata.digit(power)}" if "⁻" in text else text
    return float(plain.replace("k", "e3"))


def test_room_below_zero_has_no_ticks(qtbot: QtBot) -> None:
    axis = ShortAxis("left")
    values = [value for _, few in axis.tickValues(-0.21, 3.1, 100) for value in few]
    assert min(values) == 0.0
    assert max(values) >= 2.0


UNFROZEN = [(20, "stage8 and above"), (25, "stage7 and above"), (43, "stage6 and above")]


@pytest.mark.parametrize("width", [300, 520, 1400])
def test_names_of_phases_stand_beside_their_lines_and_apart(qtbot: QtBot, width: int) -> None:
    chart = accuracy_chart(qtbot, UNFROZEN, width)
    ends = [*(place for place, _ in UNFROZEN[1:]), chart._plot.viewRange()[0][1]]
    for line, end in zip(chart._marks.lines, ends, strict=True):
        name = line.label.mapRectToView(line.label.boundingRect())
        assert not line.label.toPlainText() or line.value() <= name.left() < name.right() <= end
    names = [line.label.toPlainText() for line in chart._marks.lines]
    assert (names[:2] == [name for _, name in UNFROZEN[:2]]) is (width == 1400)
    assert [line.toolTip() for line in chart._marks.lines] == [name for _, name in UNFROZEN]


def test_phases_of_another_run_are_marked_where_they_began(qtbot: QtBot) -> None:
    chart = accuracy_chart(qtbot, [(20, "All stages")], 900)
    chart.show_curves([], [(30, "A plugin's {phase}")])
    (line,) = chart._marks.lines
    assert (line.value(), line.label.toPlainText()) == (30, "A plugin's {phase}")
    assert line.scene() is not None


def accuracy_chart(qtbot: QtBot, phases: list[tuple[float, str]], width: int) -> Chart:
    chart = Chart(LARGE_CHARTS[1])
    qtbot.addWidget(chart)
    chart.resize(width, 240)
    chart.show()
    chart.show_curves([Curve(name="training", x=list(range(1, 46)), y=[90] * 45)], phases)
    QApplication.processEvents()
    return chart


def test_names_are_shortened_by_whole_words() -> None:
    shown = [shortened("stage8 and above", room, len) for room in (16, 15, 10, 7, 6, 5, -4)]
    assert shown == ["stage8 and above", "stage8 and…", "stage8…", "stage8…", "stage8", "", ""]


def test_a_new_run_begins_with_empty_charts_and_notices(qtbot: QtBot, history: RunHistory) -> None:
    shown = [history]
    view = LiveView(lambda: shown[0], lambda: "working")
    qtbot.addWidget(view)
    view.show()
    qtbot.waitUntil(lambda: view.notices.count() == 1)
    assert len(view.board.charts[0]._marks.lines) == 1
    shown[0] = RunHistory()
    qtbot.waitUntil(lambda: view.notices.count() == 0)
    qtbot.waitUntil(lambda: view.board.redraws == 2)
    assert view.board.charts[0]._marks.lines == []
    assert view.progress.what.text() == "Getting ready"


def test_the_axes_of_samples_that_lie_unevenly_come_to_rest(qtbot: QtBot) -> None:
    """Lines that were thinned out by what is in view changed what is in view, for ever."""
    chart = Chart(next(spec for spec in SMALL_CHARTS if spec.title == "Load (%)"))
    qtbot.addWidget(chart)
    chart.resize(250, 190)
    seconds: list[float] = []
    for second in range(30_000):
        seconds.append(second)
        if len(seconds) > 4_000:
            del seconds[1::2]
    chart.show()
    chart.show_curves(
        [Curve(name="processor", x=seconds, y=[second % 101 for second in seconds])], []
    )
    ranges = set()
    for _ in range(10):
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)
        chart.grab()
        ranges.add(tuple(chart._plot.viewRange()[0]))
    assert len(ranges) == 1
