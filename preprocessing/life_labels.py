"""Labels by position in a device's life, where nothing better is known."""

from typing import NamedTuple

import numpy as np

__all__ = ["Life"]


class Life(NamedTuple):
    """Which rows of a life are probably normal, and which anomalous.

    Attributes:
        normal_stop: rows before it, after the start-up, are normal.
        anomalous_start: rows from it on, up to the crash, are anomalous.
    """

    normal_stop: int
    anomalous_start: int

    @classmethod
    def of(
        cls, num_rows: int, normal_fraction: float, anomalous_fraction: float
    ) -> "Life":
        """The life of one device.

        Args:
            num_rows: from its first start to its end.
            normal_fraction: of the rows, at the start.
            anomalous_fraction: of the rows, at the end; together at most 1.

        Returns:
            Both ends in whole rows.
        """
        anomalous_start = num_rows - round(anomalous_fraction * num_rows)
        return cls(round(normal_fraction * num_rows), anomalous_start)

    def labels(self, start: int, num_rows: int) -> np.ndarray:
        """Labels of consecutive rows.

        Args:
            start: number of the first one in the life.
            num_rows: how many.

        Returns:
            `[num_rows]` int8: 0, 1, or -1 between both ends. A row that both
            take, by rounding, is 1.

        Example:
            >>> Life.of(10, 0.3, 0.2).labels(start=1, num_rows=9)
            array([ 0,  0, -1, -1, -1, -1, -1,  1,  1], dtype=int8)
        """
        rows = np.arange(start, start + num_rows)
        labels = np.full(num_rows, -1, np.int8)
        labels[rows < self.normal_stop] = 0
        labels[rows >= self.anomalous_start] = 1
        return labels
