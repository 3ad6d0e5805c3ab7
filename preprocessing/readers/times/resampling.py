"""Rows of any times to one row a period; nothing is invented."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from preprocessing.gaps import GAP_PERIODS
from preprocessing.readers.base import BadRow, Block, Extent, Reader, Source
from preprocessing.readers.times.ordering import overlap_message
from preprocessing.readers.times.periods import Periods
from trainer.config import Settings, setting

__all__ = ["ResamplingReader", "ResamplingSettings"]


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
        return self.read_after(source, names, {})

    def read_after(
        self, source: Source, names: Sequence[str], after: Mapping[str, int]
    ) -> Iterator[Block | BadRow]:
        """Like `read`; files must break between two periods.

        Raises:
            ValueError: a series does not begin after its time in `after`.
        """
        begun: set[str] = set()
        for item in self._resampled(source, names):
            if isinstance(item, Block) and item.series_id not in begun:
                begun.add(item.series_id)
                _check_begin(source, item, after)
            yield item

    def _resampled(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        resamplers: dict[str, _SeriesResampler] = {}
        for item in self._reader.read(source, names):
            if isinstance(item, BadRow):
                yield item
                continue
            name = item.series_id
            if name not in resamplers:
                resamplers[name] = _SeriesResampler(
                    self.settings.resample_period_seconds,
                    self.settings.resample,
                )
            yield from _blocks(name, resamplers[name].add(item))
        for name, resampler in resamplers.items():
            yield from _blocks(name, resampler.finish())

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


class _SeriesResampler:
    """Takes the rows of one series in order of time, gives whole periods."""

    def __init__(self, period_seconds: float, how: str) -> None:
        """Starts before the first row.

        Args:
            period_seconds: above 0.
            how: "mean", "last" or "sum".
        """
        self._period_microseconds = max(round(period_seconds * 1e6), 1)
        self._how = how
        self._open: Periods | None = None
        self._latest: int | None = None

    def add(self, block: Block) -> Block | None:
        """Takes the next rows; returns the periods that they complete.

        Args:
            block: rows with timestamps that go forward.

        Returns:
            Rows without a series id; None = no period is complete.
        """
        if not len(block.values):
            return None
        periods = Periods.of(block, self._period_microseconds)
        if self._open is not None:
            periods = self._open.followed_by(periods)
        self._open = periods.part(slice(-1, None))
        return self._rows(periods.part(slice(0, -1)))

    def finish(self) -> Block | None:
        """Returns the period that is still open, if any."""
        last, self._open = self._open, None
        return None if last is None else self._rows(last)

    def _rows(self, periods: Periods) -> Block | None:
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
        values[places] = periods.cells(self._how)
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
        return Block(
            "", values, labels, timestamps=index * self._period_microseconds
        )


def _blocks(series_id: str, rows: Block | None) -> Iterator[Block]:
    if rows is not None:
        yield dataclasses.replace(rows, series_id=series_id)


def _check_begin(
    source: Source, block: Block, after: Mapping[str, int]
) -> None:
    """Refuses a series whose first rows stand in a period already given."""
    if block.timestamps is None or block.series_id not in after:
        return
    first, before = int(block.timestamps[0]), after[block.series_id]
    if first <= before:
        raise ValueError(
            overlap_message(
                block.series_id,
                f"`{source.path}`",
                first,
                "a file before it",
                before,
            )
        )
