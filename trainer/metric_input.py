"""Files whose errors are told, and that nothing learns from."""

import itertools
from collections.abc import Iterator

import numpy as np

from trainer.dataset import Windows, windows_of_runs
from trainer.runs import Run
from trainer.schema import Schema

__all__ = ["read_metric_windows"]


def read_metric_windows(
    pattern: str, schema: Schema, window_length: int, stride: int
) -> Windows:
    """Reads files as the data set's were read, and lists their windows.

    Args:
        pattern: as for `--metric_input`.
        schema: of the data set.
        window_length: time steps a window.
        stride: time steps between windows.

    Raises:
        OSError: a file cannot be read.
        ValueError: the files have other columns, a row that cannot be read,
            or too few rows.
    """
    runs = [
        run
        for series_id, values, timestamps in _series(pattern, schema)
        for run in _unbroken(series_id, values, timestamps)
    ]
    windows = windows_of_runs(runs, schema, window_length, stride)
    if not len(windows):
        longest = max((len(run.values) for run in runs), default=0)
        raise ValueError(
            "`metric_input` must hold a series of at least "
            f"{window_length} rows without a gap. Received: {longest} rows "
            f"at most in {pattern}. Give more rows, or leave the flag out."
        )
    return windows


def _series(
    pattern: str, schema: Schema
) -> Iterator[tuple[str, np.ndarray, np.ndarray | None]]:
    """Id, values and timestamps of each series."""
    from inference.inputs import open_input
    from preprocessing.readers.base import BadRow, Block

    names = schema.feature_names
    try:
        reader, sources = open_input(pattern, schema.reader, "", {}, names)
    except ValueError as error:
        raise ValueError(
            "`metric_input` must name files like those of the data set. "
            f"Received: {pattern}. {error}"
        ) from error
    series: dict[str, list[Block]] = {}
    for source in sources:
        for item in reader.read(source, names):
            if isinstance(item, BadRow):
                raise ValueError(
                    "`metric_input` must hold rows that can be read. "
                    f"Received: {item.path}, line {item.line}: "
                    f"{item.reason}. Mend it."
                )
            series.setdefault(item.series_id, []).append(item)
    for series_id, blocks in series.items():
        values = np.concatenate([block.values for block in blocks])
        times = [
            block.timestamps for block in blocks if block.timestamps is not None
        ]
        yield (
            series_id,
            values.astype(schema.dtype),
            np.concatenate(times) if times else None,
        )


def _unbroken(
    series_id: str, values: np.ndarray, timestamps: np.ndarray | None
) -> Iterator[Run]:
    """The stretches of a series between gaps in time."""
    from preprocessing.gaps import breaks_in, longest_step, period_of

    edges: list[int] = []
    if timestamps is not None:
        longest = longest_step(period_of(timestamps))
        edges = breaks_in(timestamps, None, longest)
    for start, stop in itertools.pairwise([0, *edges, len(values)]):
        yield Run(series_id, start, values[start:stop])
