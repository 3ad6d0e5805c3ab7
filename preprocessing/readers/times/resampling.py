"""Rows of any times to one row a period; nothing is invented."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from preprocessing.gaps import GAP_PERIODS
from preprocessing.readers.base import BadRow, Block, Extent, Reader, Source
from trainer.config import Settings, setting

__all__ = ["ResamplingReader", "ResamplingSettings", "SeriesResampler"]


@dataclasses.dataclass(frozen=True)
class ResamplingSettings(Settings):
    """One row a period, for formats that have timestamps."""

    resample_period_seconds: float = setting(
        0.0, "seconds between rows after resampling; 0 = as read", minimum=0
    )
    resample: str = setting(
        "mean",
        "what a resampled cell is, of the cells measured in its period",
        choices=("mean", "last", "sum"),
    )


class ResamplingReader(Reader):
    """Reads like another reader, then resamples each series.

    A row stands for the period [k * period, (k + 1) * period) since 1970 and
    has its start as its time. Its cells are the mean, last or sum of the
    cells measured in the period, NaN where there are none; its label is the
    highest of the labels. Periods without a row become rows of NaN with label
    -1, except in a gap, where there are no rows.
    """

    settings: ResamplingSettings

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader.settings)
        self._reader = reader

    def sources(self, pattern: str) -> list[Source]:
        """The files of the inner reader."""
        return self._reader.sources(pattern)

    def feature_names(self, source: Source) -> tuple[str, ...]:
        """The columns of the inner reader."""
        return self._reader.feature_names(source)

    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields resampled rows, and the refused ones as they are."""
        resamplers: dict[str, SeriesResampler] = {}
        for item in self._reader.read(source, names):
            if isinstance(item, BadRow):
                yield item
                continue
            name = item.series_id
            if name not in resamplers:
                resamplers[name] = SeriesResampler(
                    self.settings.resample_period_seconds,
                    self.settings.resample,
                )
            yield from _blocks(name, resamplers[name].add(item))
        for name, resampler in resamplers.items():
            yield from _blocks(name, resampler.finish())

    def count(self, source: Source, names: Sequence[str]) -> dict[str, int]:
        """Counts resampled rows."""
        return {
            series_id: extent.num_rows
            for series_id, extent in self.extents(source, names).items()
        }

    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Counts resampled rows; says their times."""
        found: dict[str, Extent] = {}
        for item in self.read(source, names):
            if isinstance(item, Block):
                found[item.series_id] = Extent.of(
                    item, found.get(item.series_id)
                )
        return found


class SeriesResampler:
    """Takes the rows of one series in order of time, gives whole periods."""

    def __init__(self, period_seconds: float, how: str) -> None:
        """Starts before the first row.

        Args:
            period_seconds: above 0.
            how: "mean", "last" or "sum".
        """
        self._period = max(round(period_seconds * 1e6), 1)
        self._how = how
        self._shift: np.ndarray | None = None
        self._open: _Periods | None = None
        self._latest: int | None = None

    def add(self, block: Block) -> "Block | None":
        """Takes the next rows; returns the periods that they complete.

        Args:
            block: rows with timestamps that go forward.

        Returns:
            Rows without a series id; None = no period is complete.
        """
        if not len(block.values):
            return None
        shift = _first_measured(block.values)
        if self._shift is not None:
            shift = np.where(np.isnan(self._shift), shift, self._shift)
        self._shift = shift
        periods = _Periods.of(block, self._period, shift)
        if self._open is not None:
            periods = self._open.followed_by(periods)
        self._open = periods.part(slice(-1, None))
        return self._rows(periods.part(slice(0, -1)))

    def finish(self) -> "Block | None":
        """Returns the period that is still open, if any."""
        last, self._open = self._open, None
        return None if last is None else self._rows(last)

    def _rows(self, periods: "_Periods") -> "Block | None":
        if not len(periods.index):
            return None
        first = periods.index[0] if self._latest is None else self._latest
        steps = np.diff(periods.index, prepend=first)
        self._latest = int(periods.index[-1])
        # Where a period stands: empty ones before it take a row each.
        is_filled = (steps > 1) & (steps <= GAP_PERIODS)
        steps_taken = np.where(is_filled, steps, 1)
        places = np.cumsum(steps_taken) - 1
        num_rows = int(places[-1]) + 1
        values = np.full((num_rows, periods.sums.shape[1]), np.nan)
        values[places] = periods.cells(self._how, np.asarray(self._shift))
        index = np.empty(num_rows, np.int64)
        index[places] = periods.index
        for place, step in zip(
            places[is_filled], steps[is_filled], strict=True
        ):
            index[place - step + 1 : place] = index[place] + np.arange(
                1 - step, 0
            )
        labels = None
        if periods.labels is not None:
            labels = np.full(num_rows, -1, np.int8)
            labels[places] = periods.labels
        return Block("", values, labels, timestamps=index * self._period)


@dataclasses.dataclass(frozen=True)
class _Periods:
    """What was measured in each period that has a row.

    Attributes:
        index: `[period]` int64, periods since 1970, ascending.
        sums: `[period, feature]` float64, of the measured cells less the
            series' first one: exact for a constant column.
        counts: `[period, feature]` int64, measured cells.
        lasts: `[period, feature]` float64, last measured cell or NaN.
        labels: `[period]` int8, the highest label; None = no labels.
    """

    index: np.ndarray
    sums: np.ndarray
    counts: np.ndarray
    lasts: np.ndarray
    labels: np.ndarray | None

    @classmethod
    def of(cls, block: Block, period: int, shift: np.ndarray) -> "_Periods":
        if block.timestamps is None:
            raise ValueError(
                "Resampling needs timestamps. Received: series "
                f"{block.series_id} without. Name a --timestamp_column."
            )
        index = block.timestamps // period
        starts = np.flatnonzero(np.diff(index, prepend=index[0] - 1))
        values = block.values
        is_measured = ~np.isnan(values)
        rows = np.arange(len(values))[:, None]
        latest = np.maximum.reduceat(np.where(is_measured, rows, -1), starts)
        lasts = np.take_along_axis(values, np.maximum(latest, 0), axis=0)
        return cls(
            index[starts],
            np.add.reduceat(np.where(is_measured, values - shift, 0.0), starts),
            np.add.reduceat(is_measured.astype(np.int64), starts),
            np.where(latest < 0, np.nan, lasts),
            None
            if block.labels is None
            else np.maximum.reduceat(block.labels, starts),
        )

    def part(self, which: slice) -> "_Periods":
        return _Periods(
            self.index[which],
            self.sums[which],
            self.counts[which],
            self.lasts[which],
            None if self.labels is None else self.labels[which],
        )

    def followed_by(self, later: "_Periods") -> "_Periods":
        """Joins one open period to those after it."""
        if self.index[-1] == later.index[0]:
            sums, counts = later.sums.copy(), later.counts.copy()
            lasts = later.lasts.copy()
            sums[0] += self.sums[-1]
            counts[0] += self.counts[-1]
            lasts[0] = np.where(np.isnan(lasts[0]), self.lasts[-1], lasts[0])
            labels = later.labels
            if labels is not None and self.labels is not None:
                labels = labels.copy()
                labels[0] = max(labels[0], self.labels[-1])
            return _Periods(later.index, sums, counts, lasts, labels)
        return _Periods(
            np.concatenate([self.index, later.index]),
            np.concatenate([self.sums, later.sums]),
            np.concatenate([self.counts, later.counts]),
            np.concatenate([self.lasts, later.lasts]),
            None
            if self.labels is None or later.labels is None
            else np.concatenate([self.labels, later.labels]),
        )

    def cells(self, how: str, shift: np.ndarray) -> np.ndarray:
        """`[period, feature]` float64, NaN where nothing was measured."""
        if how == "last":
            return self.lasts
        if how == "mean":
            cells = shift + self.sums / np.maximum(self.counts, 1)
        else:
            cells = self.counts * shift + self.sums
        return np.where(self.counts > 0, cells, np.nan)


def _first_measured(values: np.ndarray) -> np.ndarray:
    """`[feature]`, NaN where no cell is measured."""
    first = np.argmax(~np.isnan(values), axis=0)
    return values[first, np.arange(values.shape[1])]


def _blocks(series_id: str, rows: Block | None) -> Iterator[Block]:
    if rows is not None:
        yield dataclasses.replace(rows, series_id=series_id)
