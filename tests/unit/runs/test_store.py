"""The store of runs: folders are the truth, whatever happens to index and processes."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.runs import index, places
from graftwork.runs.errors import RunFolderError, UnknownRunError
from graftwork.runs.record import RunProcess, lives, this_process
from graftwork.runs.store import INDEX_FILE, JOB_FILE, RunStore

JOB = TrainingJob(data=DataSettings(path=Path("/pictures/bee_pollen")))


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def ids(store: RunStore) -> list[str]:
    return [record.id for record in store.runs()]


def test_a_record_that_cannot_be_read_hides_no_other(store: RunStore) -> None:
    bad, good = store.create(JOB), store.create(JOB)
    (bad.folder / "run.json").write_bytes(b"\xff\xfe{}")
    assert ids(store) == [good.id]


def test_a_new_run_has_its_job_and_its_record_in_its_folder(store: RunStore) -> None:
    record = store.create(JOB)
    assert record.folder == store.folder / record.id
    assert TrainingJob.model_validate_json((record.folder / JOB_FILE).read_text("utf-8")) == JOB
    assert store.get(record.id) == record
    assert (record.status, record.validation_accuracy, record.message) == ("running", None, None)
    assert (record.backbone, record.strategy) == (JOB.backbone, JOB.strategy)
    assert record.data == str(JOB.data.path)


def test_a_job_names_its_data_wherever_one_is(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = store.create(TrainingJob(data=DataSettings(path=Path("bees"))))
    assert store.job_of(record).data.path == tmp_path / "bees"
    assert record.data == str(tmp_path / "bees")


def test_an_id_says_when_and_on_what_and_sorts_by_time(store: RunStore) -> None:
    before = f"{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S}"
    record = store.create(JOB)
    assert before <= record.id < f"{before[:4]}9"
    assert record.id.partition("-bee_pollen")[1]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("/pictures/my bees (2024)", "my_bees_2024"),
        ("/pictures/labels.csv", "labels"),
        ("/pictures/Blütenstaub", "Blütenstaub"),
        ("/pictures/蜂", "蜂"),
        ("/", "images"),
        ("/pictures/" + "x" * 200, "x" * 40),
    ],
)
def test_an_id_is_readable_whatever_the_data_are_called(
    tmp_path: Path, data: str, name: str
) -> None:
    place = places.new_place(tmp_path, datetime(2026, 11, 21, 14, 30, 15, tzinfo=UTC), Path(data))
    assert place.name.split("-", 2)[2] == name


def test_runs_of_the_same_second_get_different_ids(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    names = {places.new_place(tmp_path, now, JOB.data.path).name for _ in range(4)}
    assert len(names) == 4
    assert not [a for a in names for b in names if a != b and b.startswith(a)]
    assert all(name.endswith("-bee_pollen") for name in names)


def test_runs_are_listed_newest_first(store: RunStore) -> None:
    created = [store.create(JOB).id for _ in range(3)]
    assert ids(store) == created[::-1]
    assert store.get("last").id == created[-1]


def test_a_store_without_a_folder_has_no_runs(store: RunStore) -> None:
    assert store.runs() == []
    with pytest.raises(UnknownRunError, match="nothing has been trained yet"):
        store.get("last")
    assert not store.folder.exists()


def test_how_a_run_ended_is_kept(store: RunStore) -> None:
    record = store.create(JOB)
    store.save(record.model_copy(update={"validation_accuracy": 0.5}))
    ended = store.finish(store.get(record.id), "failed", "The disk is full.")
    assert (ended.status, ended.validation_accuracy, ended.message) == (
        "failed",
        0.5,
        "The disk is full.",
    )
    assert RunStore(store.folder).get(record.id) == ended


def test_a_run_that_goes_on_no_longer_says_why_it_had_failed(store: RunStore) -> None:
    """Nor what was measured of weights that it may not keep."""
    failed = store.finish(store.create(JOB), "failed", "The disk is full.")
    gone = RunProcess(pid=failed.process.pid, started=failed.process.started - 3600)
    store.save(failed.model_copy(update={"test_accuracy": 0.5, "process": gone}))
    running = store.restart(store.get(failed.id))
    assert store.get(failed.id) == running
    assert (running.status, running.message, running.test_accuracy) == ("running", None, None)
    assert running.process == this_process()


def make_runs(store: RunStore, *names: str) -> None:
    """Runs with ids of one's choice."""
    for name in names:
        record = store.create(JOB)
        record.folder.rename(store.folder / name)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("20260101-100000-bees", "20260101-100000-bees"),
        ("20260101-1", "20260101-100000-bees"),
        ("20260102-100000-ants", "20260102-100000-ants"),
        ("20260102-100000-ants-", "20260102-100000-ants-2"),
    ],
)
def test_a_run_is_found_by_its_id_or_the_beginning_of_it(
    store: RunStore, key: str, expected: str
) -> None:
    make_runs(store, "20260101-100000-bees", "20260102-100000-ants", "20260102-100000-ants-2")
    assert store.get(key).id == expected


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("2026", "Several runs begin with '2026': .*Give more of the id"),
        ("20260101-100000-beez", "Did you mean 20260101-100000-bees"),
        ("quantum", "The newest are"),
        ("", "There is no run ''"),
    ],
)
def test_a_run_that_is_not_found_is_answered_with_those_that_are(
    store: RunStore, key: str, said: str
) -> None:
    make_runs(store, "20260101-100000-bees", "20260102-100000-ants")
    with pytest.raises(UnknownRunError, match=said):
        store.get(key)


def test_a_renamed_folder_is_a_run_of_the_new_name(store: RunStore) -> None:
    make_runs(store, "my-best-run")
    assert ids(store) == ["my-best-run"]
    store.finish(store.get("my-best-run"), "finished")
    assert [(r.id, r.status) for r in store.runs()] == [("my-best-run", "finished")]


def test_a_deleted_run_vanishes(store: RunStore) -> None:
    first, second = store.create(JOB), store.create(JOB)
    assert len(store.runs()) == 2
    shutil.rmtree(first.folder)
    assert ids(store) == [second.id]
    with pytest.raises(UnknownRunError):
        store.get(first.id)


@pytest.mark.parametrize("kind", ["absent", "empty"])
def test_a_run_may_be_kept_elsewhere(store: RunStore, tmp_path: Path, kind: str) -> None:
    elsewhere = tmp_path / "deep" / "elsewhere"
    if kind == "empty":
        elsewhere.mkdir(parents=True)
    record = store.create(JOB, elsewhere)
    assert record.folder == elsewhere
    assert (elsewhere / JOB_FILE).exists()
    assert store.get(record.id) == record
    assert store.get(str(elsewhere)) == record
    (store.folder / INDEX_FILE).unlink()
    assert store.get("last") == record


def test_a_run_elsewhere_vanishes_and_returns_with_its_drive(
    store: RunStore, tmp_path: Path
) -> None:
    record = store.create(JOB, tmp_path / "stick" / "run")
    away = (tmp_path / "stick").rename(tmp_path / "pulled out")
    assert store.runs() == []
    away.rename(tmp_path / "stick")
    assert store.runs() == [record]


def test_runs_are_found_where_their_store_was_moved_to(store: RunStore, tmp_path: Path) -> None:
    """With the index, which says where they were."""
    record = store.create(JOB)
    store.folder.rename(tmp_path / "moved")
    (found,) = RunStore(tmp_path / "moved").runs()
    assert found.folder == tmp_path / "moved" / record.id


def test_a_run_of_another_store_is_found_by_its_folder(store: RunStore, tmp_path: Path) -> None:
    other = RunStore(tmp_path / "other").create(JOB)
    assert store.get(str(other.folder)) == other


def test_a_folder_with_something_in_it_is_refused(store: RunStore, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(RunFolderError, match="is not empty"):
        store.create(JOB, tmp_path)
    with pytest.raises(RunFolderError, match=r"cannot be kept in .*photo\.jpg"):
        store.create(JOB, tmp_path / "photo.jpg")
    assert store.runs() == []


@pytest.mark.parametrize(
    "damage", [b"", b"not a database at all" * 100, None], ids=["empty", "garbage", "missing"]
)
def test_the_index_is_made_anew_from_the_folders(store: RunStore, damage: bytes | None) -> None:
    records = [store.create(JOB), store.create(JOB)]
    store.finish(records[0], "finished")
    before = store.runs()
    index = store.folder / INDEX_FILE
    index.unlink()
    if damage is not None:
        index.write_bytes(damage)
    assert store.runs() == before
    assert store.create(JOB).id in ids(store)


def test_an_index_damaged_in_the_middle_is_made_anew(store: RunStore) -> None:
    for _ in range(20):
        store.create(JOB)
    before = ids(store)
    index = store.folder / INDEX_FILE
    content = bytearray(index.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    index.write_bytes(content)
    assert ids(store) == before


def _lock(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def _cannot_be_opened(file: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    file.mkdir()


@pytest.mark.parametrize("spoil", [_lock, _cannot_be_opened])
def test_runs_go_on_without_an_index_that_cannot_be_used(
    store: RunStore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], sqlite3.Connection | None],
) -> None:
    monkeypatch.setattr(index, "_WAIT_S", 0.01)
    first = store.create(JOB)
    spoiled = spoil(store.folder / INDEX_FILE)
    second = store.create(JOB)
    ended = store.finish(first, "finished")
    assert {run.id: run for run in store.runs()} == {first.id: ended, second.id: second}
    assert f"{store.folder / INDEX_FILE} cannot be used" in caplog.text
    if spoiled:
        spoiled.close()


def test_what_another_process_wrote_is_seen(store: RunStore) -> None:
    record = store.create(JOB)
    other = RunStore(store.folder)
    assert other.get(record.id).status == "running"
    store.finish(record, "stopped")
    assert other.get(record.id).status == "stopped"


def test_a_damaged_record_is_left_out_with_a_warning(
    store: RunStore, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = store.create(JOB), store.create(JOB)
    (bad.folder / "run.json").write_text('{"id": "torn')
    with caplog.at_level(logging.WARNING):
        assert ids(store) == [good.id]
    assert str(bad.folder) in caplog.text


@pytest.mark.parametrize(
    ("seconds", "alive"), [(0, True), (-3, True), (3, True), (-60, False), (60, False)]
)
def test_a_process_is_alive_if_number_and_start_fit(seconds: float, *, alive: bool) -> None:
    """Clocks are set now and then, and numbers are given again."""
    own = this_process()
    assert lives(RunProcess(pid=own.pid, started=own.started + seconds)) is alive


def test_a_number_that_no_process_has_is_not_alive() -> None:
    assert not lives(RunProcess(pid=2**31 - 1, started=this_process().started))


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="the system cannot wait for it so")
def test_a_process_that_ended_is_not_alive_though_nobody_took_note() -> None:
    """A program that started it may not ask for a long time how it ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as ended:
        process = RunProcess(pid=ended.pid, started=psutil.Process(ended.pid).create_time())
        assert lives(process)
        ended.kill()
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert not lives(process)


def test_a_run_whose_process_was_killed_is_interrupted(store: RunStore) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from graftwork.engine.job import TrainingJob\n"
        "from graftwork.runs.store import RunStore\n"
        "job = TrainingJob.model_validate_json(sys.argv[2])\n"
        "print(RunStore(Path(sys.argv[1])).create(job).id, flush=True)\n"
        "sys.stdin.read()\n"
    )
    arguments = [sys.executable, "-c", program, str(store.folder), JOB.model_dump_json()]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        run_id = process.stdout.readline().strip()
        assert store.get(run_id).status == "running"
        process.kill()
        process.wait()
    assert store.get(run_id).status == "interrupted"


HAMMER = """
import sys
from pathlib import Path
from graftwork.engine.job import TrainingJob
from graftwork.runs.store import RunStore
store, job = RunStore(Path(sys.argv[1])), TrainingJob.model_validate_json(sys.argv[2])
sys.stdin.readline()
for _ in range(10):
    record = store.create(job)
    assert record.id in [run.id for run in store.runs()]
    store.finish(record, "finished")
    print(record.id)
"""


def test_processes_that_start_runs_at_once_do_not_disturb_each_other(store: RunStore) -> None:
    arguments = [sys.executable, "-W", "error", "-c", HAMMER, str(store.folder)]
    processes = [
        subprocess.Popen(
            [*arguments, JOB.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    created = [line for process in processes for line in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(set(created)) == 30
    assert sorted(created) == sorted(ids(store))
    assert {run.status for run in store.runs()} == {"finished"}
