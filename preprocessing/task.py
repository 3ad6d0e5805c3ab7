"""Turns raw series into a data set: TFRecord shards and schema.json.

Examples:
  python -m preprocessing.task --input data/talk --format sequences \
--output build/talk
  python -m preprocessing.task --input 'pumps/*.csv' --format csv \
--timestamp_column time --label_column label --output build/pumps
  python -m preprocessing.task --input ServerMachineDataset --format smd \
--series machine-2-1 --output build/smd

Formats:
  sequences  one short labelled series a line: v;v;...,v;v;...[,label]
  csv        a wide table: one row a time step, one column a feature
  smd        train/, test/ and test_label/ of machine-*.txt

A file is one series, named like the file, unless --series_column says the
series of each row; such a series may go on in the next file, by path, if time
goes on there too.

Rows that cannot be read are counted and kept, as they are, in
dead_letters.jsonl of the output folder: treat it like the raw data.
Flags that are not listed here go to Beam, for example --runner.
"""

import argparse
import contextlib
import dataclasses
import logging
import os
import shlex
import sys
import time
from collections.abc import Sequence

from preprocessing.readers import READERS
from preprocessing.settings import PreprocessingSettings
from trainer import config, flags, schema, storage

__all__ = ["main"]

_DEAD_LETTERS = "dead_letters.jsonl"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    return flags.run_command(lambda: _run(argv))


def _run(argv: Sequence[str]) -> None:
    settings, reader, beam_flags = _parse(argv)
    flags.check_given(settings, ("input", "output"))
    sources = reader.sources(settings.input)
    names = reader.feature_names(sources[0])
    _check_roles(names, settings.declared_roles)

    # Beam takes seconds to import: only now that there is work for it.
    from preprocessing import counting, report, summary

    started = time.monotonic()
    with storage.directory_written_whole(
        settings.output, schema.FILE_NAME
    ) as folder:
        job = counting.Job(reader, names, settings, folder, len(sources))
        written = _write_shards(job, sources, beam_flags)
        _join_dead_letters(folder, os.path.join(folder, _DEAD_LETTERS))
        described = {
            "format": settings.format,
            **dataclasses.asdict(reader.settings),
        }
        command = shlex.join(["python", "-m", "preprocessing.task", *argv])
        made = summary.make_schema(written, job, described, command)
        storage.write_text(
            os.path.join(folder, schema.FILE_NAME), made.to_json()
        )
    with contextlib.suppress(FileNotFoundError):
        # That of an earlier run that failed would be taken for this run's.
        os.unlink(_failed_letters(settings.output))
    seconds = time.monotonic() - started
    report.print_report(made, written, settings.output, seconds)


def _write_shards(job, sources, beam_flags: Sequence[str]):
    """Runs the pipeline, again where the first rows misled about dtype."""
    from preprocessing import pipeline, plan, progress

    with progress.shown(job.folder):
        written = pipeline.run(job, sources, beam_flags)
    _check_written(written, job)
    needed = plan.dtype_for(written.statistics, job)
    if needed == "float32" or written.dtype == needed:
        return written
    logging.warning(
        "A column needs float64, which its first rows did not show: "
        "writing all shards again."
    )
    for name in os.listdir(job.folder):
        os.unlink(os.path.join(job.folder, name))
    return _write_shards(
        dataclasses.replace(job, dtype=needed), sources, beam_flags
    )


def _parse(argv: Sequence[str]):
    """Settings, reader and Beam's flags; ValueError for any other flag."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--format", choices=sorted(READERS))
    chosen = first.parse_known_args(argv)[0].format
    formats = [chosen] if chosen else list(READERS)
    reader_classes = [config.load(READERS, name, "format") for name in formats]
    parser = argparse.ArgumentParser(
        prog="python -m preprocessing.task",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    is_help = {"-h", "--help"} & set(argv)
    if not chosen and not is_help:
        raise ValueError(
            "`format` must be given: --format="
            f"{'|'.join(READERS)}. --help explains them."
        )
    flags.add_flags(
        parser,
        [
            PreprocessingSettings,
            *(reader_class.settings_class for reader_class in reader_classes),
        ],
    )
    parsed, rest = parser.parse_known_args(argv)
    if rest:
        flags.refuse_unknown_flags(
            _unknown_to_beam(rest), parser, f"Preprocessing of {chosen}"
        )
    settings = flags.settings_from_flags(PreprocessingSettings, parsed)
    reader_settings = flags.settings_from_flags(
        reader_classes[0].settings_class, parsed
    )
    return settings, reader_classes[0](reader_settings), rest


def _unknown_to_beam(flags: Sequence[str]) -> list[str]:
    """What no class of Beam's options knows."""
    from apache_beam.options import pipeline_options

    if "--runner=DaskRunner" in flags or "DaskRunner" in flags:
        # Importing it adds its options.
        import apache_beam.runners.dask.dask_runner  # noqa: F401
    parser = pipeline_options._BeamArgumentParser(
        add_help=False, allow_abbrev=False
    )
    for options in pipeline_options.PipelineOptions.__subclasses__():
        options._add_argparse_args(parser)
    return parser.parse_known_args(flags)[1]


def _check_roles(names: Sequence[str], declared: dict[str, str]) -> None:
    """Refuses roles that cannot be, before anything is read."""
    features = [
        schema.Feature(name, "", 0, 0, 0.0, 0.0, 0.0, 0.0, False, False)
        for name in names
    ]
    schema.assign_roles(features, declared)


def _check_written(written, job) -> None:
    """Refuses a run that failed or has too many bad rows."""
    if written.errors:
        more = len(written.errors) - 1
        raise ValueError(
            written.errors[0] + (f" (and {more} more errors)" if more else "")
        )
    total = written.num_bad + written.num_good
    limit = job.settings.max_bad_fraction
    if written.num_bad > limit * total:
        path = _failed_letters(job.settings.output)
        _join_dead_letters(job.folder, path)
        raise ValueError(
            f"At most {limit:.2%} of the rows may be refused "
            f"(--max_bad_fraction). Received: {written.num_bad} of "
            f"{total}; the first is {written.first_bad}. All are in {path}. "
            f"{_advice(job.settings.format)}"
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
    """Joins the dead letters of all files into one file, if any."""
    parts = sorted(
        name for name in os.listdir(folder) if name.startswith("dead_letters-")
    )
    if not parts:
        return
    with open(path, "wb") as joined:
        for name in parts:
            part = os.path.join(folder, name)
            with open(part, "rb") as file:
                for line in file:
                    joined.write(line)
            os.unlink(part)


if __name__ == "__main__":
    sys.exit(main())
