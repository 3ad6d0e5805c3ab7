"""What every reader takes and gives: sources in, blocks and bad rows out."""

import abc
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from preprocessing.readers.labels.label_ranges import LabelRanges
from preprocessing.readers.text.pieces import series_name
from trainer.config import Settings

__all__ = ["BadRow", "Block", "Extent", "Reader", "Source"]


@dataclasses.dataclass(frozen=True)
class Source:
    """One file of series values.

    Attributes:
        path: where it lies.
        split: the split its rows belong to; "" = all splits are cut from it.
        label_path: a file of labels beside it; "" = none.
        series_id: of its rows, where no column says it; "" = its stem.
        label_ranges: series id to its anomalous stretches; a series that is
            not named has no labels.
    """

    path: str
    split: str = ""
    label_path: str = ""
    series_id: str = ""
    label_ranges: Mapping[str, LabelRanges] = dataclasses.field(
        default_factory=dict
    )

    @property
    def name(self) -> str:
        """Id of its series, where no column says it."""
        return self.series_id or series_name(self.path)


@dataclasses.dataclass(frozen=True)
class Block:
    """Consecutive rows of one series.

    Attributes:
        series_id: which series.
        values: `[time, feature]` float64, raw units, NaN = not measured.
        labels: `[time]` int8, 0, 1 or -1 unknown; None = no labels.
        sequence_label: label of a whole series; None = not labelled so.
        timestamps: `[time]` int64 microseconds; None = no timestamps.
    """

    series_id: str
    values: np.ndarray
    labels: np.ndarray | None = None
    sequence_label: int | None = None
    timestamps: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Extent:
    """The rows of one series in one file.

    Attributes:
        num_rows: how many.
        times: first and last timestamp, microseconds; None = not known.
        num_train_rows: leading rows that belong to train, where the format
            says so; the others are test. None = it does not say.
        first_times: its first timestamps, where rows can be refused that the
            file before has too.
    """

    num_rows: int
    times: tuple[int, int] | None = None
    num_train_rows: int | None = None
    first_times: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, block: Block, before: "Extent | None", num_first: int = 0
    ) -> "Extent":
        """The rows so far and those of one more block.

        Args:
            block: the next rows of the series.
            before: of the rows before it; None = it is the first.
            num_first: how many first timestamps to keep.
        """
        num_rows = len(block.values) + (before.num_rows if before else 0)
        times = before.times if before else None
        if block.timestamps is not None and len(block.timestamps):
            first = times[0] if times else int(block.timestamps[0])
            times = first, int(block.timestamps[-1])
        first_times = before.first_times if before else ()
        room = num_first - len(first_times)
        if room > 0 and block.timestamps is not None:
            first_times += tuple(block.timestamps[:room].tolist())
        return cls(num_rows, times, first_times=first_times)


@dataclasses.dataclass(frozen=True)
class BadRow:
    """A row that was refused.

    Attributes:
        path: the file.
        line: the line in it, or the row of an array, from 1.
        reason: why.
        text: the line itself.
        has_place: a row of NaN stands for it in a block.
    """

    path: str
    line: int
    reason: str
    text: str
    has_place: bool = False

    def letter(self) -> str:
        """The line of a dead-letter file; it holds the raw row."""
        fields = {
            "file": self.path,
            "line": self.line,
            "reason": self.reason,
            "text": self.text,
        }
        return json.dumps(fields) + "\n"


class Reader(abc.ABC):
    """Reads one format; knows nothing of pipelines.

    Attributes:
        settings_class: the format's own flags.
        has_whole_series: each block is a whole short series, and each line
            one of them; splits are then cut between lines.
    """

    settings_class: type[Settings]
    has_whole_series = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @property
    def may_share_series(self) -> bool:
        """True where a column says the series: files may hold the same."""
        return bool(getattr(self.settings, "series_column", ""))

    @abc.abstractmethod
    def sources(self, pattern: str) -> list[Source]:
        """Lists the files to read.

        Args:
            pattern: folders, files or globs, separated by commas.

        Raises:
            ValueError: there are none, or their names or labels do not fit.
        """

    @abc.abstractmethod
    def feature_names(self, source: Source) -> tuple[str, ...]:
        """Names of the value columns, in the order of `Block.values`.

        Raises:
            ValueError: the file cannot be read as this format.
        """

    @abc.abstractmethod
    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields the rows of one file in order, a few megabytes at a time.

        Args:
            source: the file.
            names: the columns of the data set, from the first source.

        Raises:
            ValueError: the file has other columns, or cannot be read.
        """

    def read_after(
        self, source: Source, names: Sequence[str], after: Mapping[str, int]
    ) -> Iterator[Block | BadRow]:
        """Reads a file whose series may have begun in another.

        Args:
            source: the file.
            names: the columns of the data set.
            after: series id to its last timestamp in the files before. Rows
                up to it are refused, by readers that say `first_times`.
        """
        return self.read(source, names)

    @abc.abstractmethod
    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Counts the rows of each series without parsing more than needed.

        Split borders stand on it. Refused rows may be counted.

        Args:
            source: the file.
            names: the columns of the data set.

        Returns:
            Series id to rows, with times where files may share a series;
            where `has_whole_series`, one entry with the number of lines.

        Raises:
            ValueError: the file, or its file of labels, does not fit.
        """
