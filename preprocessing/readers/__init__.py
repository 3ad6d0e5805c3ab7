"""Readers: one file per format. Names to import paths."""

READERS = {
    "csv": "preprocessing.readers.csv:CsvReader",
    "sequences": "preprocessing.readers.sequences:SequencesReader",
    "smd": "preprocessing.readers.smd:SmdReader",
}
