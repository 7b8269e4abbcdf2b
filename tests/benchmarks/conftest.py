from __future__ import annotations

import sys
from pathlib import Path

# Scripts, not a package: they import each other from the folder that they lie in.
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
