"""The Numenta benchmark: data/ of tables and labels/ of windows in time."""

import dataclasses
import datetime
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence

from preprocessing.readers.base import (
    BadRow,
    Block,
    Extent,
    Reader,
    Source,
)
from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.readers.labels.label_ranges import LabelRanges
from preprocessing.readers.labels.labelling import labelled
from preprocessing.readers.layouts.data_folder import columns_of, data_files
from trainer import storage
from trainer.config import Settings, setting

__all__ = ["LABEL_FILES", "NabReader", "NabSettings", "num_probation_rows"]

_LOG = logging.getLogger(__name__)

LABEL_FILES = {
    "windows": "labels/combined_windows.json",
    "points": "labels/combined_labels.json",
}
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_TIME = "timestamp"
# Of rows in a hundred, and of all rows.
_PROBATION_PERCENT = 15
_LONGEST_PROBATION = 750


@dataclasses.dataclass(frozen=True)
class NabSettings(Settings):
    """The format nab: data/ of .csv files, labels/combined_windows.json."""

    labels: str = setting(
        "windows",
        "anomalous are all rows of the windows, or the labelled points only",
        choices=tuple(LABEL_FILES),
    )


class NabReader(Reader):
    """Reads the layout of the Numenta anomaly benchmark.

    The leading rows on which the benchmark does not score are train, the
    others test. Rows whose time repeats or goes back are refused, so test
    may have fewer rows than the file.

    References:
        Lavin and Ahmad (2015), "Evaluating Real-time Anomaly Detection
        Algorithms - the Numenta Anomaly Benchmark".
    """

    settings_class = NabSettings
    settings: NabSettings

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._tables = CsvReader(CsvSettings(timestamp_column=_TIME))

    def sources(self, pattern: str) -> list[Source]:
        """Finds the files below data/, and their labels beside it."""
        files = data_files(pattern, ".csv")
        if not files:
            raise ValueError(
                "`input` must be a folder that holds data/ with .csv files "
                f"and labels/, or one of these files. Received: {pattern!r}. "
                "For other tables say --format=csv."
            )
        roots = {file.root for file in files}
        labels = {root: self._read_labels(root) for root in roots}
        found = []
        unlabelled = []
        for file in files:
            ranges = labels[file.root].get(file.name)
            if ranges is None:
                unlabelled.append(file.series_id)
            found.append(
                Source(
                    file.path,
                    series_id=file.series_id,
                    label_ranges=(
                        {} if ranges is None else {file.series_id: ranges}
                    ),
                )
            )
        if unlabelled:
            _LOG.warning(
                "Not in %s, so their labels are unknown: %s",
                LABEL_FILES[self.settings.labels],
                ", ".join(unlabelled),
            )
        return found

    def feature_names(self, source: Source) -> tuple[str, ...]:
        """Names of the value columns, in the benchmark `value`."""
        return self._table(source).feature_names(source)

    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Counts line ends; says how many rows are train."""
        counted = self._table(source).extents(source, names)
        num_rows = counted[source.name].num_rows
        num_train_rows = num_probation_rows(num_rows)
        return {source.name: Extent(num_rows, num_train_rows=num_train_rows)}

    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields the rows in order of time, labelled by their windows."""
        yield from labelled(self._table(source).read(source, names), source)

    def _table(self, source: Source) -> CsvReader:
        columns_of(source.path, ",", _TIME)
        return self._tables

    def _read_labels(self, root: str) -> Mapping[str, LabelRanges]:
        path = os.path.join(root, LABEL_FILES[self.settings.labels])
        if not storage.is_file(path):
            return {}
        with storage.open_binary(path) as file:
            data = file.read()
        try:
            table = json.loads(data)
            if not isinstance(table, dict):
                raise ValueError("no object of file names")
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"`{path}` must be JSON, file names to windows of time. "
                f"Received: {error}. Copy it again."
            ) from error
        return {
            name: _ranges(path, name, entries)
            for name, entries in table.items()
        }


def num_probation_rows(num_rows: int) -> int:
    """Leading rows of a file on which the benchmark does not score."""
    return min(num_rows * _PROBATION_PERCENT // 100, _LONGEST_PROBATION)


def _ranges(path: str, name: str, entries: object) -> LabelRanges:
    """Windows `[[first, last], ...]`, or points `[time, ...]`."""
    try:
        if not isinstance(entries, list):
            raise ValueError("no list")
        pairs = []
        for entry in entries:
            window = entry if isinstance(entry, list) else [entry, entry]
            first, last = map(_microseconds, window)
            if last < first:
                raise ValueError("a window ends before it starts")
            pairs.append((first, last))
        return LabelRanges.closed(pairs, are_times=True)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            "Labels must be a list of times, or of windows [first, last] in "
            f"time. Received for {name} in `{path}`: "
            f"{str(entries)[:80]} ({error}). Correct it, or copy the file "
            "again."
        ) from error


def _microseconds(text: object) -> int:
    if not isinstance(text, str):
        raise ValueError("no text")
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return (moment - _EPOCH) // datetime.timedelta(microseconds=1)
