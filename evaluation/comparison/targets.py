"""What detectors are made for: a series each, or a data set each."""

import fnmatch
import itertools
import os
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from evaluation.comparison.input_series import check_steps, series_ids
from evaluation.comparison.passed_on import words_of
from trainer import storage
from trainer.schema import Schema

__all__ = ["Target", "checked_words", "list_targets"]

_OURS = ("input", "format", "series", "output")

# The part before = is a name only where no path has one.
_GIVEN = re.compile(
    r"((?P<name>[\w-]+)=)?(?P<path>(\w+://)?[^:]+)(?P<series>(:[^:]+)*)"
)


class Target(NamedTuple):
    """What one detector is made for.

    Attributes:
        set_name: of the table's column that it counts in.
        name: unlike those of the other targets of its set; a file name.
        data: folder of the data set, to be written where `source` is given.
        source: what preprocessing reads; "" = `data` is there already.
        series: id of the series to take from `source`.
        flags: of preprocessing, with the format.
    """

    set_name: str
    name: str
    data: str
    source: str = ""
    series: str = ""
    flags: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command line of preprocessing, after the program."""
        return (
            f"--input={self.source}",
            f"--series={self.series}",
            f"--output={self.data}",
            *self.flags,
        )

    @property
    def command(self) -> tuple[str, ...]:
        """What writes `data`."""
        return sys.executable, "-m", "preprocessing.task", *self.arguments

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.set_name}/{self.name}"

    @property
    def log(self) -> str:
        """File with all that preprocessing said."""
        return f"{self.data}.log"

    def schema(self) -> Schema | None:
        """The schema of `data`; None where this target has not written it.

        Raises:
            ValueError: the data set was there already and cannot be used.
        """
        if not self.source:
            schema = Schema.load(self.data)
            check_steps(self.data, schema.label_kind == "sequence")
            return schema
        try:
            schema = Schema.load(self.data)
        except ValueError:
            return None
        command = ["python", "-m", "preprocessing.task", *self.arguments]
        return schema if schema.command == shlex.join(command) else None


def checked_words(preprocessing_flags: str) -> tuple[str, ...]:
    """Takes further flags of preprocessing apart.

    Raises:
        ValueError: the comparison gives one of them itself.
    """
    return words_of("preprocessing_flags", preprocessing_flags, _OURS)


class _Given(NamedTuple):
    """An `--input` or `--data`, taken apart."""

    set_name: str
    path: str
    patterns: tuple[str, ...]


def list_targets(
    inputs: Sequence[str],
    data: Sequence[str],
    folder: str,
    format_name: str = "auto",
    flags: Sequence[str] = (),
) -> list[Target]:
    """Finds out what detectors are to be made for.

    Args:
        inputs: raw series as [NAME=]PATH[:SERIES...], one target a series.
            SERIES may have * and ?; without, all are taken.
        data: preprocessed sets as [NAME=]FOLDER, one target each.
        folder: for the data sets that preprocessing will write.
        format_name: of all inputs, in `READERS`, or "auto".
        flags: of preprocessing, for all inputs.

    Raises:
        ValueError: something is not there, or given twice.
    """
    given = [
        (_taken_apart(text, flag), flag)
        for flag, texts in (("input", inputs), ("data", data))
        for text in texts
    ]
    taken = {each.set_name for each, _ in given if each.set_name}
    names_in: dict[str, set[str]] = {}
    targets = []
    all_flags = (f"--format={format_name}", *flags)
    for each, flag in given:
        path = each.path
        set_name = each.set_name or _unique(_last_part(path), taken)
        names = names_in.setdefault(set_name, set())
        if flag == "data":
            name = _unique(_last_part(path), names)
            targets.append(Target(set_name, name, path))
            continue
        for series in _chosen(series_ids(path, format_name, flags), each):
            name = _unique(series, names)
            written = os.path.join(folder, set_name, name)
            targets.append(
                Target(set_name, name, written, path, series, all_flags)
            )
    _check_different(targets)
    return targets


def _taken_apart(text: str, flag: str) -> _Given:
    found = _GIVEN.fullmatch(text)
    if not found or (flag == "data" and found["series"]):
        form = "FOLDER" if flag == "data" else "PATH[:SERIES:SERIES...]"
        raise ValueError(
            f"`{flag}` must be written as [NAME=]{form}. Received: {text!r}. "
            "Rename a folder whose name has a colon."
        )
    patterns = tuple(filter(None, found["series"].split(":")))
    return _Given(found["name"] or "", found["path"].rstrip("/"), patterns)


def _chosen(series: Sequence[str], given: _Given) -> list[str]:
    """The series that any pattern names; each pattern must name one."""
    for pattern in given.patterns:
        if not fnmatch.filter(series, pattern):
            shown = ", ".join(series[:8]) + (", ..." if series[8:] else "")
            raise ValueError(
                f"`input` must hold the series that are named. Received: "
                f"{pattern} of {given.path}. It holds {shown}."
            )
    return [
        name
        for name in series
        if not given.patterns
        or any(fnmatch.fnmatchcase(name, each) for each in given.patterns)
    ]


def _check_different(targets: Iterable[Target]) -> None:
    seen = set()
    for target in targets:
        path = target.source or target.data
        place = path if "://" in path else os.path.realpath(path)
        if (place, target.series) in seen:
            what = (
                f"series {target.series} of {path}" if target.series else path
            )
            raise ValueError(
                "`input` and `data` must give each series once. Received: "
                f"{what} twice. Leave one of the two out."
            )
        seen.add((place, target.series))


def _last_part(path: str) -> str:
    """The file's or folder's own name; of a pattern, that of its folder."""
    folder = re.sub(r"(^|/)[^/]*[*?\[].*", "", path)
    return os.path.basename(os.path.abspath(storage.resolved(folder)))


def _unique(name: str, taken: set[str]) -> str:
    """A file name that is not taken; takes it."""
    name = re.sub(r"[^\w-]+", "_", name)
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    free = next(
        each for each in itertools.chain([name], numbered) if each not in taken
    )
    taken.add(free)
    return free
