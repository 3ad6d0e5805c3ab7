"""The folder of a comparison, and what lies in it."""

import os

from trainer import storage

__all__ = [
    "DATA_FOLDER",
    "MARKDOWN_FILE",
    "NUMBERS_FILE",
    "PAGE_FILE",
    "RUNS_FOLDER",
    "check_output",
]

DATA_FOLDER, RUNS_FOLDER = "data", "runs"
PAGE_FILE = "comparison.html"
MARKDOWN_FILE = "comparison.md"
NUMBERS_FILE = "comparison.json"
_NAMES = {DATA_FOLDER, RUNS_FOLDER, PAGE_FILE, MARKDOWN_FILE, NUMBERS_FILE}


def check_output(output: str) -> None:
    """Makes the folder; an earlier comparison may lie there.

    Raises:
        ValueError: it holds something else, or cannot be written.
    """
    storage.check_writable(storage.check_local(output), "output")
    others = sorted(set(os.listdir(output)) - _NAMES)
    if others:
        raise ValueError(
            "`output` must hold nothing but an earlier comparison. Received: "
            f"{output}, which holds {others[0]} too. Name another folder."
        )
