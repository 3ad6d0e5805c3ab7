"""Formats that can be read: one file each."""

__all__ = ["READERS"]

READERS = {
    "sequences": "preprocessing.readers.sequences:SequencesReader",
    "csv": "preprocessing.readers.csv:CsvReader",
    "smd": "preprocessing.readers.smd:SmdReader",
}
