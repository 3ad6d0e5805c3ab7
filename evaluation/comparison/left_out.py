"""Targets that no detector can be made for."""

from collections.abc import Iterator
from typing import NamedTuple

from evaluation.comparison.targets import Target
from evaluation.splits import first_of

__all__ = ["LeftOut"]


class LeftOut(NamedTuple):
    """Targets that no detector can be made for.

    Attributes:
        without_data: preprocessing failed.
        without_rows: train or test has no rows.
    """

    without_data: list[Target]
    without_rows: list[Target]

    def sentences(self) -> Iterator[str]:
        """What they are, and why."""
        for target in self.without_data:
            yield f"Preprocessing of {target.title} failed: see {target.log}."
        if self.without_rows:
            titles = [target.title for target in self.without_rows]
            yield f"No rows in train or in test: {first_of(titles)}."
