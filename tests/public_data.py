"""Where the public data sets lie, for tests that read the real thing."""

import os
import pathlib

import pytest

__all__ = ["public_data"]


def public_data(*names: str) -> pathlib.Path:
    """A file or folder of the public data; the test is skipped without it."""
    root = pathlib.Path(__file__).parents[1]
    shared = os.environ.get("RESIDUA_DATA") or root.parent / "shared" / "data"
    path = pathlib.Path(shared).joinpath(*names)
    if not path.exists():
        pytest.skip(
            f"skipped: no public data at {path}; RESIDUA_DATA names the "
            "folder above smd/"
        )
    return path
