"""Scores files with an exported model; one result row for each input row."""

import contextlib
import dataclasses
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from inference.inputs import open_input, reader_settings_classes
from preprocessing.readers import READERS
from preprocessing.readers.base import BadRow, Block, Reader, Source
from trainer import storage
from trainer.config import Settings, setting
from trainer.flags import (
    Parser,
    add_flags,
    check_given,
    refuse_unknown_flags,
    run_command,
    settings_from_flags,
)

__all__ = ["PredictSettings", "main"]

DESCRIPTION = """\
Scores time series with an exported model.

  python -m inference.predict --model run/model --input new.csv --output s.csv

Files are read the way the model's training data was read; a flag below
replaces an option. Labels may be absent. Without --output_format the output
has the columns
  series,row,time,score,threshold,is_anomaly,is_scored,top_features
with one row for each row that was read. Where nothing can be said (the first
rows of a series, which the model needs to begin, or too many missing cells)
is_scored is 0 and score and is_anomaly stay empty: unknown is not normal. Lines that cannot be
read stay in place as such rows where rows have no timestamps or ids; all are
listed, with their raw text, in OUTPUT.dead_letters.jsonl. Where rows have
times, join the result with its input by series and time. A series that has
files in train/ and in test/ is named train/ID and test/ID. With a
--series_column a series may go on in the next file.

Exit code 0: done; 1: no row could be scored; 2: bad flags or input.
"""


@dataclasses.dataclass(frozen=True)
class PredictSettings(Settings):
    """Prediction."""

    model: str = setting("", "folder of the exported model, required")
    input: str = setting("", "file, folder or glob to score, required")
    output: str = setting("", "CSV file to write, required")
    view: str = setting(
        "", "one of the model's views of its scores; empty = its first"
    )
    top_features: int = setting(
        3, "contributing features to name in each row", minimum=0
    )
    format: str = setting(
        "", "format of the input; empty = the training data's"
    )
    output_format: str = setting(
        "residua",
        "columns of the output; lstm_ad: no header, log density (low = "
        "strange), then the forecasts, empty where there are none",
        choices=("residua", "lstm_ad"),
    )


class _AsTrained:
    """Default of the formats' flags: the stored option."""

    def __str__(self) -> str:
        return "as the training data"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return run_command(lambda: _predict(*_parse(argv)))


def _parse(
    argv: Sequence[str] | None,
) -> tuple[PredictSettings, dict[str, Any]]:
    """Settings, and the format's flags that were given."""
    parser = Parser(
        prog="python -m inference.predict",
        description=DESCRIPTION,
    )
    formats = list(reader_settings_classes().values())
    fields = {field.name for each in formats for field in _fields(each)}
    as_trained = _AsTrained()
    add_flags(
        parser, [PredictSettings, *formats], dict.fromkeys(fields, as_trained)
    )
    flags, unknown = parser.parse_known_args(argv)
    refuse_unknown_flags(unknown, parser, "inference.predict")
    settings = settings_from_flags(PredictSettings, flags)
    _check(settings)
    given = {
        name: getattr(flags, name)
        for name in fields
        if getattr(flags, name) is not as_trained
    }
    return settings, given


def _fields(settings_class: type[Settings]) -> tuple[Any, ...]:
    return dataclasses.fields(settings_class)


def _check(settings: PredictSettings) -> None:
    check_given(settings, ("model", "input", "output"))
    if settings.format and settings.format not in READERS:
        raise ValueError(
            f"`format` must be one of {', '.join(READERS)}. "
            f"Received: format={settings.format!r}"
        )
    if storage.is_folder(settings.output):
        raise ValueError(
            "`output` must be a file. Received: the folder "
            f"{settings.output}. Add a file name."
        )
    if storage.is_remote(settings.output):
        # There, nothing is written before the end of all work.
        storage.check_writable(os.path.dirname(settings.output), "output")


def _predict(settings: PredictSettings, overrides: dict[str, Any]) -> int:
    # TensorFlow takes seconds to load: only once the flags are known good.
    from inference.scoring import LoadedDetector
    from inference.series import score_blocks
    from inference.summary import Summary

    detector = LoadedDetector(settings.model)
    view = detector.check_view(settings.view)
    has_densities = detector.config.get("scorer") == "gaussian_log_likelihood"
    is_whole = has_densities and detector.has_forecasts
    if settings.output_format == "lstm_ad" and not is_whole:
        raise ValueError(
            "`output_format` lstm_ad holds log densities and forecasts. "
            f"Received: the model {detector.model_id}, which has not both. "
            "Leave the flag out, or train with --preset=lstm_ad."
        )
    reader, sources = open_input(
        settings.input,
        detector.schema.get("reader", {}),
        settings.format,
        overrides,
        detector.feature_names,
    )
    letters_path = settings.output + ".dead_letters.jsonl"
    _check_no_input(sources, settings.output, letters_path)
    started = time.monotonic()
    summary = Summary()
    bad_rows: list[BadRow] = []
    with (
        storage.file_written_whole(settings.output) as file,
        _progress(reader, sources, detector) as advance,
    ):
        write = _writer(settings, detector, file)
        for key, split, blocks in _inputs(
            reader, sources, detector.feature_names, bad_rows
        ):
            for block in score_blocks(
                detector, blocks, view, reader.has_whole_series
            ):
                write(split + block.series_id, block)
                summary.add(key, block)
                advance(len(block.scores.score))
    _write_bad_rows(letters_path, bad_rows)
    summary.show(detector, bad_rows, time.monotonic() - started)
    if summary.num_scored:
        return 0
    print(
        f"error: no row could be scored, {settings.output} says so for each: "
        f"{summary.why_nothing(detector, bad_rows)}.",
        file=sys.stderr,
    )
    return 1


def _writer(
    settings: PredictSettings, detector: Any, file: TextIO
) -> Callable[[str, Any], None]:
    """Writes what is above all rows; gives a function for those of a block."""
    from inference import forecast_table, output

    if settings.output_format == "lstm_ad":
        return lambda _, block: forecast_table.write_rows(file, block.scores)
    output.write_header(file)
    return lambda series_id, block: output.write_rows(
        file,
        series_id,
        block.first_row,
        block.scores,
        detector.scored_names,
        settings.top_features,
        block.timestamps,
    )


def _check_no_input(sources: Sequence[Source], *written: str) -> None:
    """Refuses to write over a file that is to be scored."""
    read = {source.path for source in sources}
    read |= {source.label_path for source in sources if source.label_path}
    for path in written:
        for input_path in sorted(read):
            if _is_same_file(input_path, path):
                raise ValueError(
                    "`output` and its .dead_letters.jsonl must not be files "
                    f"of `input`. Received: {path}, which is the input "
                    f"{input_path}. Name another output, or leave that file "
                    "out of the input."
                )


def _is_same_file(first: str, second: str) -> bool:
    first, second = storage.resolved(first), storage.resolved(second)
    if storage.is_remote(first) or storage.is_remote(second):
        return first == second
    return os.path.exists(second) and os.path.samefile(first, second)


def _inputs(
    reader: Reader,
    sources: list[Source],
    names: Sequence[str],
    bad_rows: list[BadRow],
) -> Iterator[tuple[str, str, Iterator[Block]]]:
    """The blocks of each file, or of all files that may share series.

    Yields:
        What they come from, what to put before the ids of their series, and
        the blocks.
    """
    is_shared = reader.may_share_series
    has_splits = len({source.split for source in sources}) > 1
    latest: dict[str, int] = {}
    for key, group in itertools.groupby(
        sources, lambda source: source.split if is_shared else source.path
    ):
        latest.clear()
        files = list(group)
        blocks = (
            _blocks(reader, source, names, bad_rows, latest) for source in files
        )
        split = f"{files[0].split}/" if has_splits and files[0].split else ""
        yield key, split, itertools.chain.from_iterable(blocks)


def _blocks(
    reader: Reader,
    source: Source,
    names: Sequence[str],
    bad_rows: list[BadRow],
    latest: dict[str, int],
) -> Iterator[Block]:
    """The blocks of one file that hold rows; refused rows go aside.

    Rows that the file before has too are refused: `latest` is the last time
    of each series, and is updated.
    """
    for item in reader.read_after(source, names, dict(latest)):
        if isinstance(item, BadRow):
            bad_rows.append(item)
        elif len(item.values):
            if item.timestamps is not None:
                latest[item.series_id] = int(item.timestamps[-1])
            yield item


def _write_bad_rows(path: str, bad_rows: list[BadRow]) -> None:
    if not bad_rows:
        # One of an earlier run would be mistaken for this run's.
        storage.delete_files([path])
    else:
        storage.write_text(path, "".join(row.letter() for row in bad_rows))


@contextlib.contextmanager
def _progress(reader: Reader, sources: list[Source], detector):
    """A bar on stderr where that is a terminal; yields `advance(rows)`."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda rows: None
        return
    num_rows = sum(
        extent.num_rows
        for source in sources
        for extent in reader.extents(source, detector.feature_names).values()
    )
    rows_a_line = detector.window_length if reader.has_whole_series else 1
    with Progress(console=console) as progress:
        task = progress.add_task("scoring", total=num_rows * rows_a_line)
        yield lambda rows: progress.update(task, advance=rows)


if __name__ == "__main__":
    sys.exit(main())
