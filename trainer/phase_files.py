"""A data set that grows phase by phase: each names its own files.

The talk's command lines say `--train_file_pattern` in each phase. The files are
converted once, into a folder of the phase below `data_dir`; the schema in
`data_dir` lists the splits of all phases so far.
"""

import contextlib
import dataclasses
import io
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

from trainer import storage
from trainer.command_line import CONFIG_FILE
from trainer.config import PHASES, RunSettings
from trainer.flags import Parser, parse_bool
from trainer.input_record import InputRecord
from trainer.schema import FILE_NAME, Schema, Split

__all__ = ["check", "is_second_search", "make_data_set"]

_logger = logging.getLogger(__name__)

# What the files of each phase are to our splits.
_SPLITS = {
    PHASES[0]: ("train", "validation"),
    PHASES[1]: ("statistics",),
    PHASES[2]: ("tuning",),
}
# Files hold one split each: nothing is cut from them.
_WHOLE_FILES = tuple(
    f"--{split}_fraction=0"
    for split in ("validation", "statistics", "tuning", "test")
)


def check(settings: RunSettings, num_workers: int) -> None:
    """Refuses what files of one phase cannot be used for.

    Args:
        settings: of the run, with files to train on.
        num_workers: processes that are to train together.

    Raises:
        ValueError: several phases, several workers, or an input too.
    """
    received = f"Received: train_file_pattern={settings.train_file_pattern}"
    if settings.training_mode == "all":
        raise ValueError(
            "`train_file_pattern` names the files of one phase. "
            f"{received}, training_mode=all. Add --training_mode={PHASES[0]}, "
            "then run the two other phases on their own files; or give "
            "--input, which needs one command."
        )
    if settings.input:
        raise ValueError(
            "`train_file_pattern` and `input` both name what to learn from. "
            f"{received}, input={settings.input}. Leave one of them out."
        )
    if num_workers > 1:
        raise ValueError(
            "`train_file_pattern` is preprocessed by one process alone. "
            f"{received} for {num_workers} workers. Run `python -m "
            "preprocessing.task` first, then give all workers --data_dir."
        )


def is_second_search(arguments: Sequence[str], settings: RunSettings) -> bool:
    """Whether this is the talk's further run that searches components.

    That run goes on from the first phase, on other files. Here the first
    phase has chosen already.

    Args:
        arguments: the command line.
        settings: of the run, with files to train on.
    """
    parser = Parser(add_help=False)
    parser.add_argument("--previous_train_steps", type=int, default=0)
    parser.add_argument(
        "--autotune_principal_components", type=parse_bool, default=False
    )
    flags = parser.parse_known_args(arguments)[0]
    config_path = os.path.join(settings.output_dir, CONFIG_FILE)
    return (
        settings.training_mode == PHASES[0]
        and settings.network == "pca"
        and flags.autotune_principal_components
        and flags.previous_train_steps > 0
        and storage.is_file(config_path)
    )


def make_data_set(settings: RunSettings) -> None:
    """Converts the files of a phase, and adds them to the data set.

    Args:
        settings: of the run, with files to train on.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the files do not fit, or not what the phase before left.
    """
    from preprocessing import task

    mode = settings.training_mode
    folder = os.path.join(settings.data_dir, mode)
    schema_path = os.path.join(settings.data_dir, FILE_NAME)
    is_first = mode == PHASES[0]
    if not is_first and not storage.is_file(schema_path):
        raise ValueError(
            "Phases run in order, on one --output_dir. Received: "
            f"training_mode={mode}, while {settings.data_dir} holds nothing "
            f"that --training_mode={PHASES[0]} has made. Run that first."
        )
    names = settings.feat_names
    if not (is_first or names):
        names = Schema.load(settings.data_dir).feature_names
    request = task.checked(_preprocessing_words(settings, folder, names))
    request = request._replace(sources=_sources(request, settings))
    record = InputRecord(
        f"{folder}.json",
        folder,
        (request.command, request.sources),
        [source.path for source in request.sources],
    )
    if not record.is_current():
        if is_first and settings.resume and storage.is_file(schema_path):
            raise ValueError(
                "`train_file_pattern` and `eval_file_pattern` must be what "
                f"{settings.data_dir} was made from. Received: other or "
                "changed files. Name another --output_dir, or begin anew with "
                "--resume=false."
            )
        with contextlib.redirect_stdout(io.StringIO()):
            # A table of splits would tell of this phase alone.
            task.make_data_set(request)
        record.write()
    made = Schema.load(folder)
    if not is_first:
        whole = _grown(Schema.load(settings.data_dir), made, mode)
    elif _is_grown_from(schema_path, made):
        return
    else:
        splits = _below(made.splits, mode)
        whole = dataclasses.replace(made, splits=splits, identity=made.hash())
    storage.write_text(schema_path, whole.to_json())
    for split in _SPLITS[mode]:
        _logger.info(
            "%s: %s sequences of %s steps",
            split,
            f"{whole.splits[split].series:,}",
            whole.sequence_length,
        )


def _is_grown_from(schema_path: str, made: Schema) -> bool:
    """Whether later phases may have added to what this phase made."""
    if not storage.is_file(schema_path):
        return False
    grown = Schema.load(os.path.dirname(schema_path))
    return grown.identity == made.hash()


def _grown(schema: Schema, made: Schema, mode: str) -> Schema:
    """The schema with the split that a later phase brings."""
    advice = {
        "feature_names": "files of the same columns",
        "sequence_length": "sequences of the same length",
        "dtype": "numbers with as many digits",
    }
    for name, what in advice.items():
        before, now = getattr(schema, name), getattr(made, name)
        if before != now:
            raise ValueError(
                "The files of all phases must be alike. Received: "
                f"{name.replace('_', ' ')} {now}, after {before} in the first "
                f"phase. Give {what}."
            )
    # Files that belong to no other phase are all train, when converted.
    added = _below({_SPLITS[mode][0]: made.splits["train"]}, mode)
    return dataclasses.replace(schema, splits={**schema.splits, **added})


def _below(splits: Mapping[str, Split], folder: str) -> dict[str, Split]:
    return {
        name: dataclasses.replace(
            split, shards=tuple(f"{folder}/{each}" for each in split.shards)
        )
        for name, split in splits.items()
    }


def _sources(request: Any, settings: RunSettings) -> list[Any]:
    """The files with their splits, as the phase tells, not their names."""
    sources = [
        dataclasses.replace(source, split="train") for source in request.sources
    ]
    pattern = settings.eval_file_pattern
    if settings.training_mode != PHASES[0] or not pattern:
        return sources
    paths = {source.path for source in sources}
    held_out = [
        dataclasses.replace(source, split="validation")
        for source in request.reader.sources(pattern)
        if source.path not in paths
    ]
    if not held_out:
        raise ValueError(
            "`eval_file_pattern` must name files that are not trained on. "
            f"Received: eval_file_pattern={pattern}, train_file_pattern="
            f"{settings.train_file_pattern}. Give others, or leave it out: "
            "then nothing is held out."
        )
    return sources + held_out


def _preprocessing_words(
    settings: RunSettings, folder: str, names: Sequence[str]
) -> list[str]:
    from preprocessing.settings import PreprocessingSettings

    words: dict[str, Any] = {
        "input": settings.train_file_pattern,
        "format": "sequences",
        "output": folder,
        "feat_names": ",".join(names),
        "num_feat": settings.num_feat,
    }
    longest = PreprocessingSettings().max_window_length
    if settings.window_length > longest:
        words["max_window_length"] = settings.window_length
    return [
        *(f"--{name}={value}" for name, value in words.items() if value),
        *_WHOLE_FILES,
    ]
