"""Turns raw series into a data set: TFRecord shards and schema.json.

Examples:
  python -m preprocessing.task --input 'pumps/*.csv' --output build/pumps
  python -m preprocessing.task --input 'pumps/*.csv.gz' --format csv \
--timestamp_column time --label_column label --output build/pumps
  python -m preprocessing.task --input gs://bucket/telemetry --format nasa \
--spacecraft SMAP --output gs://bucket/data/smap
  python -m preprocessing.task --input ServerMachineDataset --format smd \
--series machine-2-1 --output build/smd

Formats:
  csv        a wide table: one row a time step, one column a feature
  parquet    the same, with typed columns
  npy        train/, test/ and test_label/ of arrays [time, feature]
  sequences  one short labelled series a line: v;v;...,v;v;...[,label]
  nab        the Numenta benchmark: data/, labels/combined_windows.json
  nasa       SMAP and MSL: train/, test/, labeled_anomalies.csv
  skab       the Skoltech benchmark: anomaly-free/, valve1/, ...
  smd        train/, test/ and test_label/ of machine-*.txt
  ucr        the UCR archive: what is train and anomalous is in the file name
  auto       guesses one of them, and its flags, and says what it guessed

Text may be compressed: .gz, .bz2, .xz, .zst. A file is one series, named like
the file, unless --series_column says the series of each row; such a series
may go on in the next file, by path, if time goes on there too. Pickles are
refused: reading one can run any program.

Rows that cannot be read are counted and kept, as they are, in
dead_letters.jsonl of the output folder: treat it like the raw data.
Paths are local or gs://BUCKET/... Flags that are not listed here go to Beam,
for example --runner. `python -m preprocessing.describe` shows the result.
"""

import argparse
import dataclasses
import logging
import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from preprocessing import engines
from preprocessing.counting import unknown_series
from preprocessing.life_input import check_lives
from preprocessing.readers import READERS, open_reader
from preprocessing.readers.base import Reader, Source
from preprocessing.settings import PreprocessingSettings
from trainer import config, flags, schema, storage

__all__ = ["Request", "checked", "main", "make_data_set"]

_DEAD_LETTERS = "dead_letters.jsonl"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    return flags.run_command(lambda: make_data_set(checked(argv)))


class Request(NamedTuple):
    """What a command line asks for, as far as a look at its files tells.

    Attributes:
        settings: of all formats.
        reader: of the format.
        sources: the files to read.
        names: of the columns.
        beam_flags: flags for Beam.
        command: the whole command line.
    """

    settings: PreprocessingSettings
    reader: Reader
    sources: list[Source]
    names: tuple[str, ...]
    beam_flags: list[str]
    command: str


def checked(argv: Sequence[str]) -> Request:
    """Refuses what can be refused before Beam is loaded.

    Args:
        argv: the words after the program's name.

    Raises:
        OSError: a file cannot be read.
        ValueError: a flag is wrong, or the files do not fit.
    """
    settings, reader, beam_flags = _parse(argv)
    sources = _selected(reader, reader.sources(settings.input), settings)
    check_lives(settings, reader, sources)
    declared = settings.declared_roles
    try:
        names = reader.feature_names(sources[0])
    except ValueError as error:
        advice = _role_advice(str(error), declared)
        raise ValueError(f"{error}{advice}") from error
    if hasattr(reader.settings, "ignored_columns"):
        # Such a format does not read them: they have no place in its rows.
        settings = dataclasses.replace(settings, ignored_columns=())
    schema.check_roles(names, settings.declared_roles)
    command = shlex.join(["python", "-m", "preprocessing.task", *argv])
    return Request(settings, reader, sources, names, beam_flags, command)


def make_data_set(request: Request) -> None:
    """Writes the data set, and prints what is in it.

    Args:
        request: as `checked` gave it.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the rows cannot be used.
    """
    settings, reader, sources, names, beam_flags, command = request
    # Beam takes seconds to import: only now that there is work for it.
    from preprocessing import counting, pipeline, report, summary

    if pipeline.is_dry_run(beam_flags):
        job = counting.Job(reader, names, settings, settings.output)
        pipeline.run(job, sources, beam_flags)
        print(f"{len(sources)} files found, job graph made, nothing was run")
        return
    _check_nothing_else(settings.output)
    started = time.monotonic()
    with storage.data_set_written_whole(
        settings.output, schema.FILE_NAME
    ) as output:
        job = counting.Job(reader, names, settings, output.folder)
        written = _write_shards(job, sources, beam_flags)
        _join_dead_letters(
            output.folder, os.path.join(output.folder, _DEAD_LETTERS)
        )
        described = {
            "format": settings.format,
            **dataclasses.asdict(reader.settings),
        }
        written = written.with_shards_in(output.prefix)
        made = summary.make_schema(written, job, described, command)
        storage.write_text(output.manifest_path, made.to_json())
    # That of an earlier run that failed would be taken for this run's.
    storage.delete_files([_failed_letters(settings.output)])
    seconds = time.monotonic() - started
    report.print_report(made, written, settings.output, seconds)


def _check_nothing_else(output: str) -> None:
    """Refuses to replace a data set beside which there are other files."""
    if "://" in output or not os.path.isfile(
        os.path.join(output, schema.FILE_NAME)
    ):
        return
    ours = re.compile(
        rf"{schema.FILE_NAME}|{_DEAD_LETTERS}|describe\.html|"
        rf"({'|'.join(schema.SPLITS)})-\d+-of-\d+\.tfrecord"
    )
    others = [
        name for name in sorted(os.listdir(output)) if not ours.fullmatch(name)
    ]
    if others:
        raise ValueError(
            "`output` is replaced whole, so it must hold nothing but an older "
            f"data set. Received: {output} with {', '.join(others[:8])}. Move "
            "them away, or name another folder."
        )


def _write_shards(job, sources, beam_flags: Sequence[str]):
    """Runs the pipeline, again where the first rows misled about dtype."""
    from preprocessing import pipeline, plan, progress

    with progress.shown(job.folder):
        written = pipeline.run(job, sources, beam_flags)
    _check_written(written, job)
    needed = plan.dtype_for(written.statistics, job)
    if written.is_too_large:
        needed = "float64"
    if needed == "float32" or written.dtype == needed:
        return written
    logging.warning(
        "A column needs float64, which its first rows did not show: "
        "writing all shards again."
    )
    storage.delete_files(
        os.path.join(job.folder, name) for name in storage.below(job.folder)
    )
    return _write_shards(
        dataclasses.replace(job, dtype=needed), sources, beam_flags
    )


def _parse(argv: Sequence[str]):
    """Settings, reader and Beam's flags; ValueError for any other flag."""
    first = flags.Parser(add_help=False)
    flags.add_flags(first, [PreprocessingSettings])
    is_help = {"-h", "--help"} & set(argv)
    parsed = first.parse_known_args([] if is_help else argv)[0]
    settings = flags.settings_from_flags(PreprocessingSettings, parsed)
    options: dict[str, Any] = {}
    formats = list(READERS)
    if not is_help:
        flags.check_given(settings, ("input", "output"))
        settings, options = _with_format(settings, argv)
        formats = [settings.format]
    reader_classes = [config.load(READERS, name, "format") for name in formats]
    parser = flags.Parser(
        prog="python -m preprocessing.task",
        description=__doc__,
    )
    flags.add_flags(
        parser,
        [
            PreprocessingSettings,
            *(reader_class.settings_class for reader_class in reader_classes),
        ],
        options,
    )
    parsed, rest = parser.parse_known_args(argv)
    if rest:
        # Only then is there a reason to wait for Beam's import.
        rest = engines.named_in_full(rest)
        unknown = engines.unknown_flags(rest)
        flags.refuse_unknown_flags(
            unknown, parser, f"Preprocessing of {formats[0]}"
        )
    reader_settings = flags.settings_from_flags(
        reader_classes[0].settings_class, parsed
    )
    return settings, open_reader(settings.format, reader_settings), rest


def _with_format(
    settings: PreprocessingSettings, argv: Sequence[str]
) -> tuple[PreprocessingSettings, dict[str, Any]]:
    """Says the format, and what was guessed of its flags."""
    if settings.format != "auto":
        return settings, {}
    from preprocessing.readers.csv import CsvSettings
    from preprocessing.readers.detection.guess import guess

    parser = flags.Parser(add_help=False)
    names = [field.name for field in dataclasses.fields(CsvSettings)]
    unsaid = dict.fromkeys(names, argparse.SUPPRESS)
    flags.add_flags(parser, [CsvSettings], unsaid)
    given = vars(parser.parse_known_args(argv)[0])
    guessed = guess(settings.input, given)
    print(f"auto: {guessed.reason}")
    found = dataclasses.replace(
        settings,
        format=guessed.format,
        input=guessed.input or settings.input,
    )
    return found, guessed.options


def _selected(
    reader: Reader, sources: Sequence[Source], settings: PreprocessingSettings
) -> list[Source]:
    """Leaves out the files of series that `--series` does not take.

    Those may have other columns. Where rows or lines say their series, all
    files are read.
    """
    is_one_each = not (reader.may_share_series or reader.has_whole_series)
    taken = [
        source
        for source in sources
        if not (settings.series and is_one_each)
        or source.name in settings.series
    ]
    missing = set(settings.series) - {source.name for source in taken}
    if is_one_each and missing:
        names = {source.name for source in sources}
        raise ValueError(unknown_series(missing, names))
    return taken


def _check_written(written, job) -> None:
    """Refuses a run that failed or has too many bad rows."""
    if written.errors:
        more = len(written.errors) - 1
        raise ValueError(
            written.errors[0] + (f" (and {more} more errors)" if more else "")
        )
    total = written.num_bad + written.num_good
    limit = job.settings.max_bad_fraction
    num_lost = written.num_bad - written.num_shared
    if num_lost > limit * total:
        path = _failed_letters(job.settings.output)
        _join_dead_letters(job.folder, path)
        raise ValueError(
            f"At most {limit:.2%} of the rows may be refused "
            f"(--max_bad_fraction). Received: {num_lost} of "
            f"{total}; the first is {written.first_bad}. All are in {path}. "
            f"{_advice(job.settings.format)}"
            + _role_advice(written.first_bad, job.settings.declared_roles)
        )


def _role_advice(text: str, declared: Mapping[str, str]) -> str:
    """What to do where a column that a flag gives a role holds no numbers.

    Args:
        text: tells of such columns, as `in column NAME` or `NAME (TYPE)`.
        declared: column name to role.
    """
    return "".join(
        f" `{name}` cannot have the role {role}, for which a column must hold "
        f"numbers: take it out of that flag and say --ignored_columns={name}."
        for name, role in declared.items()
        if text.endswith(f" in column {name}") or f"({name} (" in text
    )


def _advice(format_name: str) -> str:
    if format_name != "csv":
        return "Mend them, or check the format's flags (--help)."
    return (
        "Mend them, or say how to read the file: columns that are no numbers "
        "with --timestamp_column, --series_column or --ignored_columns, "
        "another separator with --delimiter."
    )


def _failed_letters(output: str) -> str:
    """The dead letters of a run that wrote no data set."""
    return f"{output.rstrip('/')}.{_DEAD_LETTERS}"


def _join_dead_letters(folder: str, path: str) -> None:
    """Joins the dead letters of all groups into one file, if any."""
    parts = sorted(
        os.path.join(folder, name)
        for name in storage.below(folder)
        if name.startswith("dead_letters-")
    )
    if not parts:
        return
    with storage.binary_written_whole(path) as joined:
        for part in parts:
            with storage.open_binary(part) as file:
                shutil.copyfileobj(file, joined)
    storage.delete_files(parts)


if __name__ == "__main__":
    sys.exit(main())
