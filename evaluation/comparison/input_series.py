"""The series that an input of preprocessing holds."""

import argparse
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from preprocessing.readers import READERS, open_reader
from preprocessing.readers.csv import CsvSettings
from preprocessing.readers.detection.guess import guess
from trainer.config import Settings, load
from trainer.flags import Parser, add_flags, settings_from_flags

__all__ = ["check_steps", "series_ids"]


def series_ids(
    path: str, format_name: str, flags: Sequence[str] = ()
) -> list[str]:
    """Ids of the series of an input, in the order of its files.

    Args:
        path: as preprocessing takes it.
        format_name: in `READERS`, or "auto".
        flags: of preprocessing; those of the format count.

    Raises:
        ValueError: nothing is there, or it cannot be read as this format.
    """
    options, pattern = {}, path
    if format_name == "auto":
        fields = dataclasses.fields(CsvSettings)
        unsaid = {field.name: argparse.SUPPRESS for field in fields}
        guessed = guess(path, vars(_parsed(CsvSettings, unsaid, flags)))
        format_name, options = guessed.format, guessed.options
        pattern = guessed.input or path
    settings_class = load(READERS, format_name, "format").settings_class
    settings = settings_from_flags(
        settings_class, _parsed(settings_class, options, flags)
    )
    reader = open_reader(format_name, settings)
    sources = reader.sources(pattern)
    check_steps(path, reader.has_whole_series)
    if not reader.may_share_series:
        return list(dict.fromkeys(source.name for source in sources))
    names = reader.feature_names(sources[0])
    extents = (reader.extents(source, names) for source in sources)
    return list(dict.fromkeys(itertools.chain.from_iterable(extents)))


def check_steps(path: str, is_sequences: bool) -> None:
    """Raises ValueError where whole sequences are labelled."""
    if is_sequences:
        raise ValueError(
            "`input` and `data` must be labelled step by step, to be compared "
            f"by VUS-PR. Received: {path}, short sequences. Measure detectors "
            "on them with `python -m evaluation.report`."
        )


def _parsed(
    settings_class: type[Settings],
    defaults: Mapping[str, Any],
    flags: Sequence[str],
) -> argparse.Namespace:
    parser = Parser(add_help=False)
    add_flags(parser, [settings_class], defaults)
    return parser.parse_known_args(flags)[0]
