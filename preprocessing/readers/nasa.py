"""Telemetry of SMAP and MSL: train/, test/ and labeled_anomalies.csv."""

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence

from preprocessing.readers.base import BadRow, Block, Extent, Source
from preprocessing.readers.labels.anomaly_list import (
    ChannelLabels,
    find_anomaly_list,
    read_anomaly_list,
)
from preprocessing.readers.labels.labelling import labelled
from preprocessing.readers.layouts.folders import folder_of
from preprocessing.readers.npy import NpyReader
from preprocessing.readers.text.pieces import series_name
from trainer.config import Settings, setting

__all__ = ["NasaReader", "NasaSettings"]

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class NasaSettings(Settings):
    """The format nasa: train/, test/ of .npy, labeled_anomalies.csv."""

    spacecraft: str = setting(
        "",
        "channels of one spacecraft only; those of two differ in width",
        choices=("", "SMAP", "MSL"),
    )


@dataclasses.dataclass(frozen=True)
class Channel(Source):
    """One array of a channel.

    Attributes:
        num_rows: it must have, as the table says; None = it does not say.
    """

    num_rows: int | None = None


class NasaReader(NpyReader):
    """Reads the layout of the telemanom data set.

    The first column is telemetry, the others are commands. Labels are those
    of test; a channel that the table does not name has none.

    References:
        Hundman et al. (2018), "Detecting Spacecraft Anomalies Using LSTMs
        and Nonparametric Dynamic Thresholding" (the data set).
    """

    settings_class = NasaSettings
    settings: NasaSettings

    def sources(self, pattern: str) -> list[Source]:
        """Finds arrays and the table, in their folder or the one above."""
        tables: dict[str, Mapping[str, ChannelLabels]] = {}
        found: list[Source] = []
        unlabelled = set()
        for source in super().sources(pattern):
            folder = folder_of(source.path)
            path = find_anomaly_list(folder) if folder not in tables else ""
            tables.setdefault(folder, read_anomaly_list(path) if path else {})
            channel = tables[folder].get(series_name(source.path))
            if channel is None and source.split != "train":
                unlabelled.add(source.name)
            if self._is_taken(channel):
                found.append(_channel_of(source, channel))
        self._warn(unlabelled)
        if not found:
            raise ValueError(
                "`input` must hold channels of the spacecraft chosen, which "
                "labeled_anomalies.csv names. Received: "
                f"spacecraft={self.settings.spacecraft}, {pattern!r}. Choose "
                "the other one, or leave the flag out."
            )
        return found

    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Reads the header; ValueError where the table says otherwise."""
        counted = super().extents(source, names)
        expected = source.num_rows if isinstance(source, Channel) else None
        num_rows = counted[source.name].num_rows
        if expected not in (None, num_rows):
            raise ValueError(
                "An array must have as many rows as labeled_anomalies.csv "
                f"says (num_values). Received: {num_rows} in "
                f"`{source.path}`, expected {expected}. Take both from the "
                "same copy."
            )
        return counted

    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields the rows in order; those of test are labelled."""
        self.extents(source, names)
        yield from labelled(super().read(source, names), source)

    def _names(self, num_columns: int) -> tuple[str, ...]:
        commands = (f"command_{number}" for number in range(1, num_columns))
        return ("telemetry", *commands)

    def _width_advice(self) -> str:
        return (
            "Channels of SMAP have 25 columns and those of MSL 55: choose "
            "--spacecraft=SMAP or --spacecraft=MSL, or channels of one of "
            "them with --series."
        )

    def _is_taken(self, channel: ChannelLabels | None) -> bool:
        chosen = self.settings.spacecraft
        return not chosen or (
            channel is not None and channel.spacecraft == chosen
        )

    def _warn(self, unlabelled: set[str]) -> None:
        if not unlabelled:
            return
        outcome = "their labels are unknown"
        if self.settings.spacecraft:
            outcome = "left out, as their spacecraft is not known"
        _LOG.warning(
            "Not in labeled_anomalies.csv, so %s: %s",
            outcome,
            ", ".join(sorted(unlabelled)),
        )


def _channel_of(source: Source, channel: ChannelLabels | None) -> Channel:
    # What the table says is about test.
    if channel is None or source.split != "test":
        return Channel(source.path, source.split, series_id=source.series_id)
    return Channel(
        source.path,
        source.split,
        series_id=source.series_id,
        label_ranges={source.name: channel.ranges},
        num_rows=channel.num_rows,
    )
