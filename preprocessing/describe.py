"""A look at a data set before training: tables and one HTML page."""

import dataclasses
import functools
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from trainer import flags, storage
from trainer.config import Settings, setting
from trainer.schema import SPLITS, Schema

__all__ = ["DescribeSettings", "main"]

DESCRIPTION = """\
Shows what preprocessing wrote, before anything is learned from it.

  python -m preprocessing.describe build/pumps
  python -m preprocessing.describe build/pumps --series=pump-1,pump-2

Prints rows, labels, columns, gaps, drift from train and what a person should
look at; writes the same with a plot of each series, its splits and labels to
describe.html, which needs no network. Two passes read the data set, one split
at a time. The split test is only looked at: nothing is learned from it.
"""


@dataclasses.dataclass(frozen=True)
class DescribeSettings(Settings):
    """Which series to look at, and where the page goes."""

    output: str = setting(
        "",
        "page to write; empty = describe.html in DIR, for a gs:// DIR in the "
        "working folder",
    )
    series: tuple[str, ...] = setting((), "series ids to take; empty = all")
    max_series: int = setting(
        20, "series to plot, those with anomalies first", minimum=0
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return flags.run_command(lambda: _describe(*_parse(argv)))


def _parse(argv: Sequence[str] | None) -> tuple[str, DescribeSettings]:
    parser = flags.Parser(
        prog="python -m preprocessing.describe",
        description=DESCRIPTION,
    )
    parser.add_argument(
        "data_dir",
        metavar="DIR",
        nargs="?",
        help="folder that preprocessing wrote, local or gs://",
    )
    flags.add_flags(parser, [DescribeSettings])
    parsed, unknown = parser.parse_known_args(argv)
    flags.refuse_unknown_flags(unknown, parser, "preprocessing.describe")
    if not parsed.data_dir:
        raise ValueError(
            "The folder of a data set must be given. Received: nothing. Write "
            "`python -m preprocessing.describe DIR`; --help explains."
        )
    settings = flags.settings_from_flags(DescribeSettings, parsed)
    return parsed.data_dir, settings


def _describe(data_dir: str, settings: DescribeSettings) -> None:
    schema = Schema.load(data_dir)
    output = _output(data_dir, settings)
    # Loading TensorFlow takes seconds: only once the paths are known good.
    from preprocessing.description import findings, letters, survey, terminal
    from trainer import runs

    read = functools.partial(runs.read_runs, data_dir, schema)
    seen = survey.take_survey(
        schema,
        lambda split: read(split, settings.series),
        _tracked("reading"),
    )
    _check_series(seen, settings.series)
    refused = letters.refused_rows(data_dir, schema)
    found = findings.find(schema, seen, refused)
    terminal.print_description(schema, seen, refused, found)

    from preprocessing.description import page

    plots = _plots(schema, seen, read, settings)
    name = os.path.basename(data_dir.rstrip("/")) or data_dir
    text = page.make_page(
        f"Data set {name}", schema, seen, refused, found, plots
    )
    storage.write_text(output, text)
    print(f"Page: {output}")


def _plots(
    schema: Schema, seen: Any, read: Any, settings: DescribeSettings
) -> list[str]:
    from preprocessing.description import drawing, page, sequences
    from preprocessing.description.survey import has_whole_series

    if has_whole_series(schema):
        groups = sequences.pick_groups(
            lambda split: read(split, settings.series), _tracked("drawing")
        )
        return page.sequence_parts(groups, schema, seen)
    shown = drawing.shown_series(seen, settings.max_series)
    drawn = drawing.draw_series(schema, seen, shown, read, _tracked("drawing"))
    return page.series_parts(drawn, schema, seen)


def _output(data_dir: str, settings: DescribeSettings) -> str:
    """Where the page goes; checked before the data set is read."""
    output = settings.output
    if not output:
        folder = "" if storage.is_remote(data_dir) else data_dir
        output = os.path.join(folder, "describe.html")
    storage.check_writable(os.path.dirname(output) or ".", "output")
    return output


def _check_series(seen: Any, series: Sequence[str]) -> None:
    """Refuses names of series that are not there."""
    has_rows = any(split.num_rows for split in seen.splits.values())
    missing = sorted(set(series) - set(seen.series)) if seen.series else []
    if missing or not has_rows:
        raise ValueError(
            "`series` must name series of the data set. Received: "
            f"{', '.join(missing or series)}. Without --series all are shown, "
            "each with its id."
        )


def _tracked(text: str) -> Iterable[str]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(
        SPLITS,
        text,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


if __name__ == "__main__":
    sys.exit(main())
