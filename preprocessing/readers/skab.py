"""The Skoltech benchmark: tables parted by ;, with a column of labels."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from preprocessing.readers.base import (
    BadRow,
    Block,
    Extent,
    Reader,
    Source,
)
from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.readers.layouts.data_folder import columns_of, data_files
from trainer.config import Settings, setting

__all__ = ["SkabReader", "SkabSettings"]

_TIME, _LABEL, _CHANGE = "datetime", "anomaly", "changepoint"
_DELIMITER = ";"


@dataclasses.dataclass(frozen=True)
class SkabSettings(Settings):
    """The format skab: data/ of ;-separated .csv files."""

    train_rows: int = setting(
        400, "leading rows of each file that are train", minimum=0
    )


class SkabReader(Reader):
    """Reads the layout of the Skoltech anomaly benchmark.

    Of each file the leading rows are train, the others test; a file named
    anomaly-free that has no column of labels is all train, all normal. The
    column `changepoint` is not read.

    References:
        Katser and Kozitsin (2020), "Skoltech Anomaly Benchmark (SKAB)".
    """

    settings_class = SkabSettings
    settings: SkabSettings

    def sources(self, pattern: str) -> list[Source]:
        """Finds the files below data/; all have all splits."""
        files = data_files(pattern, ".csv")
        if not files:
            raise ValueError(
                "`input` must be a folder that holds data/ with .csv files, "
                f"that folder, or such a file. Received: {pattern!r}. Check "
                "the path."
            )
        return [Source(file.path, series_id=file.series_id) for file in files]

    def feature_names(self, source: Source) -> tuple[str, ...]:
        """Names of the sensors."""
        return self._table(source).feature_names(source)

    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Counts line ends; says how many rows are train."""
        counted = self._table(source).extents(source, names)
        num_rows = counted[source.name].num_rows
        num_train_rows = self.settings.train_rows
        if _is_anomaly_free(source):
            num_train_rows = num_rows
        return {source.name: Extent(num_rows, num_train_rows=num_train_rows)}

    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields the rows in order of time, with labels where known."""
        is_normal = _is_anomaly_free(source)
        for item in self._table(source).read(source, names):
            if is_normal and isinstance(item, Block):
                labels = np.zeros(len(item.values), np.int8)
                item = dataclasses.replace(item, labels=labels)
            yield item

    def _table(self, source: Source) -> CsvReader:
        columns = columns_of(source.path, _DELIMITER, _TIME)
        return CsvReader(
            CsvSettings(
                delimiter=_DELIMITER,
                timestamp_column=_TIME,
                label_column=_LABEL if _LABEL in columns else "",
                ignored_columns=(_CHANGE,) if _CHANGE in columns else (),
            )
        )


def _is_anomaly_free(source: Source) -> bool:
    columns = columns_of(source.path, _DELIMITER, _TIME)
    return "anomaly-free" in source.name and _LABEL not in columns
