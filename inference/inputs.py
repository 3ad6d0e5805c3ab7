"""Opens files for prediction the way the training data was read."""

import dataclasses
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from preprocessing.readers import READERS, open_reader
from preprocessing.readers.base import Reader, Source
from preprocessing.readers.csv import CsvSettings
from preprocessing.readers.tables.settings import TableSettings
from trainer import storage
from trainer.config import Settings, load

__all__ = ["open_input", "reader_settings_classes"]

# What a table may lack at prediction, in the order of trying.
OPTIONAL: tuple[dict[str, Any], ...] = (
    {},
    {"label_column": ""},
    {"ignored_columns": ()},
    {"label_column": "", "ignored_columns": ()},
    {"labeled": "auto"},
    {"spacecraft": ""},
)


def reader_settings_classes() -> dict[str, type[Settings]]:
    """Format name to the class of its flags."""
    return {
        name: load(READERS, name, "format").settings_class for name in READERS
    }


def open_input(
    pattern: str,
    stored: Mapping[str, Any],
    format_name: str,
    overrides: Mapping[str, Any],
    names: Sequence[str],
) -> tuple[Reader, list[Source]]:
    """Finds files and the reader that gives a model's columns.

    Columns that only training needs, labels and ignored ones, may be absent.

    Args:
        pattern: a file, a folder, a glob, or several separated by commas.
        stored: format and options of the training data, from its schema.
        format_name: replaces the stored format; "" = the stored one.
        overrides: the format's options that differ from the stored ones.
        names: the model's columns.

    Raises:
        ValueError: no file, an option nothing uses, or other columns.
    """
    chosen = format_name or str(stored.get("format", "csv"))
    # Another kind of table has the same columns.
    options = _stored_options(stored) | dict(overrides)
    if chosen == "smd" and not all(map(storage.is_folder, pattern.split(","))):
        # One file of the data set is a plain table without labels.
        chosen, options = "csv", {"header": False} | options
    reader_class = load(READERS, chosen, "format")
    known = {
        field.name for field in dataclasses.fields(reader_class.settings_class)
    }
    foreign = sorted(set(overrides) - known)
    if foreign:
        raise ValueError(
            f"The format {chosen} has no use for this flag. Received: "
            f"--{foreign[0]}. --help lists the flags of each format."
        )
    options = {name: value for name, value in options.items() if name in known}
    return _fitting_reader(chosen, options, pattern, names)


def _stored_options(stored: Mapping[str, Any]) -> dict[str, Any]:
    # Ranges of labels belong to the series that were trained on.
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in stored.items()
        if name not in ("format", "label_ranges")
    }


class _OtherColumns(ValueError):
    """The columns can be read, but are not the model's."""

    def __init__(self, message: str, num_wrong: int) -> None:
        super().__init__(message)
        self.num_wrong = num_wrong


def _fitting_reader(
    format_name: str,
    options: Mapping[str, Any],
    pattern: str,
    names: Sequence[str],
) -> tuple[Reader, list[Source]]:
    """Tries without what may be absent; tells the nearest failure."""
    failures: list[ValueError] = []
    settings_class = load(READERS, format_name, "format").settings_class
    for absent in _absences(options):
        settings = settings_class(**(dict(options) | absent))
        reader = open_reader(format_name, settings)
        try:
            sources = reader.sources(pattern)
            for source in sources:
                _check_columns(
                    source.path, reader.feature_names(source), names, settings
                )
            return reader, sources
        except ValueError as error:
            failures.append(error)
    raise min(
        failures, key=lambda error: getattr(error, "num_wrong", float("inf"))
    )


def _absences(options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for absent in OPTIONAL:
        if all(options.get(name) for name in absent) and not (
            "label_column" in absent and _moves_columns(options)
        ):
            yield absent


def _moves_columns(options: Mapping[str, Any]) -> bool:
    """True where columns named by position stand behind the labels."""
    label = str(options["label_column"])
    others = [
        str(name)
        for flag in ("timestamp_column", "series_column")
        if (name := options.get(flag))
    ]
    others += map(str, options.get("ignored_columns") or ())
    return (
        not options.get("header", True)
        and label.isdecimal()
        and any(name.isdecimal() and int(name) > int(label) for name in others)
    )


def _check_columns(
    path: str,
    found: Sequence[str],
    names: Sequence[str],
    settings: Settings,
) -> None:
    missing = [name for name in names if name not in found]
    extra = [name for name in found if name not in names]
    if missing or extra:
        raise _OtherColumns(
            f"`input` must have the model's {len(names)} columns. "
            f"Received: {path} with {len(found)} columns; missing: "
            f"{', '.join(missing[:8]) or 'none'}; not known: "
            f"{', '.join(extra[:8]) or 'none'}. "
            + _cure(missing, extra, settings),
            len(missing) + len(extra),
        )


def _cure(
    missing: Sequence[str], extra: Sequence[str], settings: Settings
) -> str:
    """What to do about columns that are not the model's."""
    if not isinstance(settings, TableSettings):
        return (
            "Give the files that the model was trained on, or such, and the "
            "format's flags (--help)."
        )
    if missing and isinstance(settings, CsvSettings) and not settings.header:
        return (
            "Columns without names are called feature_0, feature_1, ...: put "
            "a first line with the model's names into the file and say "
            "--header=true."
        )
    cures = []
    if missing:
        cures.append("Add or rename the missing ones; --help lists the flags.")
    if extra:
        # The flag replaces what the model's data left out: name it again.
        left_out = ",".join([*settings.ignored_columns, *extra])
        cures.append(
            "Leave out what is no feature with "
            f"--ignored_columns={shlex.quote(left_out)}"
        )
    return " ".join(cures)
