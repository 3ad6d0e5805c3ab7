"""From raw files to model and report: what stands around the training."""

import argparse
import contextlib
import dataclasses
import io
import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

from trainer import storage
from trainer.config import RunSettings, load
from trainer.flags import Parser
from trainer.input_record import InputRecord
from trainer.schema import Schema

__all__ = [
    "check",
    "checked_input",
    "flag_names",
    "make_data_set",
    "refuse_workers",
    "report",
]

_RECORD_FILE = "input.json"
# Flags of the training too, which checks there what this format names.
_OF_SEQUENCES = ("feat_names", "num_feat")

_logger = logging.getLogger(__name__)


def flag_names() -> list[str]:
    """Names of the flags that are handed on to preprocessing."""
    from preprocessing.readers import READERS
    from preprocessing.settings import PreprocessingSettings

    readers = [load(READERS, name, "format") for name in READERS]
    classes = [
        PreprocessingSettings,
        *(each.settings_class for each in readers),
    ]
    fields = {f.name for each in classes for f in dataclasses.fields(each)}
    return sorted(fields - {"output"})


def check(settings: RunSettings, num_workers: int) -> None:
    """Refuses what cannot begin with preprocessing.

    Args:
        settings: of the run, with an input.
        num_workers: processes that are to train together.

    Raises:
        ValueError: there are several, or one folder lies in another.
    """
    from evaluation.report import check_output

    if num_workers > 1:
        refuse_workers(settings.input, num_workers)
    for part in filter(None, settings.input.split(",")):
        if storage.is_folder(part):
            _check_apart("output_dir", settings.output_dir, part, "input")
            _check_apart("data_dir", settings.data_dir, part, "input")
    for name in ("output_dir", "model_dir", "checkpoint_dir", "log_dir"):
        folder = getattr(settings, name)
        if folder:
            _check_apart(name, folder, settings.data_dir, "data_dir")
    if settings.training_mode == "all":
        check_output(_report_dir(settings))


def refuse_workers(files: str, num_workers: int) -> None:
    """Raises ValueError: several workers cannot begin with preprocessing."""
    raise ValueError(
        "`input` is preprocessed by one process alone. Received: "
        f"input={files} for {num_workers} workers. Run `python -m "
        "preprocessing.task` first, then give all workers --data_dir in place "
        "of --input and its flags."
    )


def checked_input(arguments: Sequence[str], settings: RunSettings) -> Any:
    """What preprocessing is to do, checked before any work.

    Args:
        arguments: the command line.
        settings: of the run, with an input.

    Raises:
        OSError: a file cannot be read.
        ValueError: preprocessing refuses its flags or its files.
    """
    from preprocessing import task

    with _in_the_log(settings.log_format):
        return task.checked(_preprocessing_words(arguments, settings))


def make_data_set(request: Any, settings: RunSettings) -> None:
    """Writes the data set of a run, unless it is there already.

    Args:
        request: from `checked_input`.
        settings: of the run, with an input.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: preprocessing refuses the rows, or a data set is there
            that was made from something else.
    """
    from preprocessing import task

    paths = [
        path
        for source in request.sources
        for path in (source.path, source.label_path)
        if path
    ]
    record = InputRecord(
        os.path.join(settings.output_dir, _RECORD_FILE),
        settings.data_dir,
        (request.command, request.sources),
        paths,
    )
    if record.is_current():
        _logger.info(
            "The data set in %s was made from this input.", settings.data_dir
        )
        return
    if settings.resume and _holds_data_set(settings.data_dir):
        raise ValueError(
            f"`input` must be what {settings.data_dir} was made from, with the "
            "same flags. Received: other files, changed files, or other flags "
            "of preprocessing. Name another --output_dir, or begin anew with "
            "--resume=false, which replaces data set and model."
        )
    with _in_the_log(settings.log_format):
        task.make_data_set(request)
    record.write()


def report(settings: RunSettings) -> None:
    """Measures the model of a run, and says where everything is.

    Args:
        settings: of a run that went through all phases.

    Raises:
        OSError: a file cannot be read or written.
    """
    model = settings.model_dir or os.path.join(settings.output_dir, "model")
    places = {"model": model, "data": settings.data_dir}
    with _in_the_log(settings.log_format):
        why_not = _report(settings, model)
        if why_not:
            _logger.warning("There is no report: %s", why_not)
        else:
            folder = _report_dir(settings)
            places["page"] = os.path.join(folder, "report.html")
            places["scores"] = os.path.join(folder, "scores", "")
        for name, place in places.items():
            print(f"{name + ':':8}{place}")


def _report(settings: RunSettings, model: str) -> str:
    """Writes the report; says why there is nothing to report, if so."""
    from evaluation.report import make_report

    if not Schema.load(settings.data_dir).splits["test"].rows:
        return "the test split has no rows."
    flags = {
        "model": model,
        "data": settings.data_dir,
        "output": _report_dir(settings),
    }
    try:
        make_report([f"--{name}={value}" for name, value in flags.items()])
    except ValueError as error:
        return str(error)
    return ""


def _holds_data_set(folder: str) -> bool:
    try:
        Schema.load(folder)
    except ValueError:
        # None, or a damaged one, which is made again.
        return False
    return True


def _report_dir(settings: RunSettings) -> str:
    return os.path.join(settings.output_dir, "report")


def _preprocessing_words(
    arguments: Sequence[str], settings: RunSettings
) -> list[str]:
    """The command line of preprocessing, in an order of its own."""
    parser = Parser(add_help=False)
    for name in flag_names():
        parser.add_argument(
            f"--{name}", nargs="?", const="true", default=argparse.SUPPRESS
        )
    given = vars(parser.parse_known_args(arguments)[0])
    if given.get("format") != "sequences":
        given = {k: v for k, v in given.items() if k not in _OF_SEQUENCES}
    given["output"] = settings.data_dir
    return [f"--{name}={value}" for name, value in sorted(given.items())]


def _check_apart(name: str, path: str, folder: str, folder_name: str) -> None:
    if storage.is_within(path, folder):
        raise ValueError(
            f"`{name}` must not lie in `{folder_name}`. Received: "
            f"{name}={path}, {folder_name}={folder}. Name another --{name}."
        )


@contextlib.contextmanager
def _in_the_log(log_format: str) -> Iterator[None]:
    """Makes one line of the log of all that is printed, where it is JSON."""
    if log_format != "json":
        yield
        return
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            yield
    finally:
        text = printed.getvalue().rstrip()
        if text:
            _logger.info("%s", text)
