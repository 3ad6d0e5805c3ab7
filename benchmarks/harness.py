"""The training processes of the tests, for benchmarks to use."""

import importlib
import sys
from pathlib import Path

__all__ = ["training_process"]

# At the end: folders there have the names of our packages.
sys.path.append(str(Path(__file__).parents[1] / "tests"))

training_process = importlib.import_module("training_process")
