"""Formats that can be read: one file each."""

from typing import TYPE_CHECKING

from trainer.config import load

if TYPE_CHECKING:
    from preprocessing.readers.base import Reader
    from trainer.config import Settings

__all__ = ["READERS", "open_reader"]

READERS = {
    "csv": "preprocessing.readers.csv:CsvReader",
    "sequences": "preprocessing.readers.sequences:SequencesReader",
    "smd": "preprocessing.readers.smd:SmdReader",
}


def open_reader(name: str, settings: "Settings") -> "Reader":
    """The reader of a format; it resamples where its settings say so.

    Args:
        name: one of `READERS`.
        settings: of the format's settings class.
    """
    reader = load(READERS, name, "format")(settings)
    if getattr(settings, "resample_period_seconds", 0):
        from preprocessing.readers.resampling import ResamplingReader

        return ResamplingReader(reader)
    return reader
