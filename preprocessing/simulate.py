"""Writes the built-in data set: sequences and long series, all labelled."""

import dataclasses
import os
import sys
import time
from collections.abc import Sequence

import numpy as np

from trainer import storage
from trainer.config import Settings, setting
from trainer.flags import parse_settings, run_command

__all__ = ["SimulationSettings", "main", "write_long", "write_sequences"]

DESCRIPTION = """\
Writes the built-in data set, the same bytes for the same flags:

  OUTPUT/sequences/  short labelled sequences, one a line (--format=sequences)
  OUTPUT/long/       long series with seven kinds of anomalies (--format=csv)

Example, with the sizes of the talk this data set comes from:
  python -m preprocessing.simulate --output data \\
      --num_train 64000 --num_validation 6400
"""


@dataclasses.dataclass(frozen=True)
class SimulationSettings(Settings):
    """Built-in data set."""

    output: str = setting("", "folder to write, required")
    seed: int = setting(1, "seed of everything drawn", minimum=0)
    num_features: int = setting(5, "columns", minimum=1)
    sequence_length: int = setting(30, "time steps a sequence", minimum=4)
    num_train: int = setting(6400, "normal sequences to train on", minimum=1)
    num_validation: int = setting(
        640,
        "normal sequences to validate on; the two mixed sets have as many "
        "normal and as many anomalous ones",
        minimum=1,
    )
    num_series: int = setting(3, "long series, one file each", minimum=0)
    num_steps: int = setting(10_000, "time steps a long series", minimum=100)
    normal_fraction: float = setting(
        0.7, "part of a long series before any anomaly", minimum=0, maximum=1
    )
    num_anomalies: int = setting(21, "anomalies a long series", minimum=0)
    severity: float = setting(
        1.0, "strength of anomalies in long series, 0 = none", minimum=0
    )


def write_sequences(folder: str, settings: SimulationSettings) -> list[tuple]:
    """Writes the talk's six files into `folder`.

    Returns:
        For each file: name, number of sequences, number of anomalous ones.
    """
    from preprocessing import generators, tables

    # A stream for each set: the size of one leaves the others as they are.
    streams = [
        np.random.default_rng((settings.seed, number)) for number in range(5)
    ]
    waves = generators.draw_waves(streams[0], settings.num_features)

    def normal(stream: np.random.Generator, count: int) -> np.ndarray:
        return generators.normal_sequences(
            stream, waves, count, settings.sequence_length
        )

    written = []
    for name, stream, count in (
        ("train_norm_seq", streams[1], settings.num_train),
        ("val_norm_1_seq", streams[2], settings.num_validation),
    ):
        tables.write_talk_csv(folder, name, normal(stream, count))
        written.append((f"{name}.csv", count, 0))
    for name, stream in (
        ("val_mixed_seq", streams[3]),
        ("test_mixed_seq", streams[4]),
    ):
        count = settings.num_validation
        anomalous = generators.with_tail_amplitude(
            stream, normal(stream, count)
        )
        sequences = np.concatenate([normal(stream, count), anomalous])
        labels = np.repeat(np.array([0, 1], np.int8), count)
        order = stream.permutation(2 * count)
        sequences, labels = sequences[order], labels[order]
        tables.write_talk_csv(folder, f"labeled_{name}", sequences, labels)
        tables.write_talk_csv(folder, f"unlabeled_{name}", sequences)
        written.append((f"labeled_{name}.csv", 2 * count, count))
        written.append((f"unlabeled_{name}.csv", 2 * count, count))
    return written


def write_long(folder: str, settings: SimulationSettings) -> list[tuple]:
    """Writes one wide CSV for each long series into `folder`.

    Returns:
        For each file: name, number of rows, number of anomalous ones.
    """
    from preprocessing import anomalies, generators, tables

    written = []
    for number in range(settings.num_series):
        stream = np.random.default_rng((settings.seed, 100 + number))
        series = generators.long_series(
            stream, settings.num_steps, settings.num_features
        )
        segments = anomalies.place_segments(
            stream,
            int(settings.num_steps * settings.normal_fraction),
            settings.num_steps,
            settings.num_anomalies,
            (10, 40),
        )
        values, kinds = anomalies.add_anomalies(
            stream, series, segments, settings.severity
        )
        name = f"series_{number}.csv"
        tables.write_wide_csv(os.path.join(folder, name), number, values, kinds)
        num_anomalous = int(np.sum(kinds != anomalies.NORMAL))
        written.append((name, len(values), num_anomalous))
    return written


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns its exit code."""
    return run_command(lambda: _run(_parse(argv)))


def _parse(argv: Sequence[str] | None) -> SimulationSettings:
    return parse_settings(
        SimulationSettings,
        argv,
        "preprocessing.simulate",
        DESCRIPTION,
        ("output",),
    )


def _run(settings: SimulationSettings) -> None:
    started = time.monotonic()
    folders = {
        "sequences": ("train_norm_seq.csv", write_sequences),
        "long": ("series_0.csv", write_long),
    }
    if not settings.num_series:
        del folders["long"]
    rows = []
    for name, (marker, write) in folders.items():
        path = os.path.join(settings.output, name)
        with storage.directory_written_whole(path, marker) as temporary:
            written = write(temporary, settings)
        rows += [(os.path.join(path, file), *rest) for file, *rest in written]
    _print_table(rows, time.monotonic() - started)


def _print_table(rows: list[tuple], seconds: float) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Written in {seconds:.1f} s")
    table.add_column("file", overflow="fold")
    table.add_column("sequences or rows", justify="right")
    table.add_column("anomalous", justify="right")
    for path, count, num_anomalous in rows:
        table.add_row(path, f"{count:,}", f"{num_anomalous:,}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
