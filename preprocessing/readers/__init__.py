"""Formats that can be read: one file each."""

from typing import TYPE_CHECKING

from trainer.config import load

if TYPE_CHECKING:
    from preprocessing.readers.base import Reader
    from trainer.config import Settings

__all__ = ["READERS", "open_reader"]

READERS = {
    "csv": "preprocessing.readers.csv:CsvReader",
    "nab": "preprocessing.readers.nab:NabReader",
    "nasa": "preprocessing.readers.nasa:NasaReader",
    "npy": "preprocessing.readers.npy:NpyReader",
    "parquet": "preprocessing.readers.parquet:ParquetReader",
    "sequences": "preprocessing.readers.sequences:SequencesReader",
    "skab": "preprocessing.readers.skab:SkabReader",
    "smd": "preprocessing.readers.smd:SmdReader",
    "ucr": "preprocessing.readers.ucr:UcrReader",
}


def open_reader(name: str, settings: "Settings") -> "Reader":
    """The reader of a format; it resamples where its settings say so.

    Args:
        name: one of `READERS`.
        settings: of the format's settings class.
    """
    reader = load(READERS, name, "format")(settings)
    if getattr(settings, "resample_period_seconds", 0):
        from preprocessing.readers.times.resampling import ResamplingReader

        return ResamplingReader(reader)
    return reader
