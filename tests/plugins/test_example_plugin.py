"""The example package of a third party: installed from its folder, found, and trained with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.images import make_folder

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "graftwork-chain-thaw"

TRAIN = """
import json, sys
from pathlib import Path
from graftwork.app import make_workshop
from graftwork.engine.events import PhaseStarted
from graftwork.engine.job import DataSettings, TrainingJob

workshop = make_workshop()
job = TrainingJob(
    data=DataSettings(path=Path(sys.argv[1])),
    backbone="tiny",
    strategy="chain-thaw",
    strategy_settings={"head_epochs": 2, "epochs": 1},
)
events = list(workshop.train(job))
(plugin,) = [p for p in workshop.registry.plugins if p.name == "chain-thaw"]
print(json.dumps({
    "distribution": plugin.distribution,
    "version": plugin.version,
    "strategies": plugin.strategies,
    "failures": [f.message for f in workshop.registry.failures],
    "phases": [e.name for e in events if isinstance(e, PhaseStarted)],
    "status": workshop.store.get("last").status,
}))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example and the tests' tiny backbone, as pip leaves packages."""
    target = tmp_path_factory.mktemp("site")
    install = "install --quiet --no-deps --no-build-isolation --no-index --no-cache-dir --target"
    subprocess.run([sys.executable, "-m", "pip", *install.split(), target, EXAMPLE], check=True)
    metadata = target / "graftwork_tiny-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: graftwork-tiny\nVersion: 0.1")
    (metadata / "entry_points.txt").write_text("[graftwork.plugins]\ntiny = support.tiny\n")
    return target


def run(site: Path, *arguments: object) -> str:
    """Python with the site's packages; gives what it printed."""
    path = os.pathsep.join((str(site), *sys.path))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, check=True, env=environment, stdout=subprocess.PIPE, text=True
    ).stdout


def test_the_installed_example_is_found_and_trained_with(site: Path, tmp_path: Path) -> None:
    images = make_folder(tmp_path / "images")
    found: dict[str, Any] = json.loads(run(site, "-c", TRAIN, images).splitlines()[-1])
    assert found == {
        "distribution": "graftwork-chain-thaw",
        "version": "1.0",
        "strategies": ["chain-thaw"],
        "failures": [],
        "phases": ["Head", "stem alone", "middle alone", "top alone", "All stages"],
        "status": "finished",
    }


def test_the_example_passes_its_own_test(site: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", EXAMPLE, EXAMPLE / "tests")
    assert " passed" in run(site, "-m", "pytest", *options)
