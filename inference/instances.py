"""Answers JSON requests with an exported model: one line in, one line out."""

import dataclasses
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trainer import storage
from trainer.config import Settings, setting
from trainer.flags import parse_settings, run_command

__all__ = ["InstancesSettings", "main"]

DESCRIPTION = """\
Answers requests of windows in JSON, as a model behind a server does.

  python -m inference.instances --model run/model --input lines.json \\
    --output answers.json

Each line of the input is one window: {"FEATURE": "v;v;...", ...}, a
`;`-joined string for each feature, an empty value where nothing was measured.
Each line of the output holds what the signature serve_strings says of it; a
number that is not known is null. For files of rows there is inference.predict.

Exit code 0: done; 2: bad flags or input.
"""
_INSTANCES_A_CALL = 256


@dataclasses.dataclass(frozen=True)
class InstancesSettings(Settings):
    """Requests in JSON."""

    model: str = setting("", "folder of the exported model, required")
    input: str = setting("", "file with a JSON object a line, required")
    output: str = setting("", "file to write, required")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return run_command(lambda: _answer(argv))


def _answer(argv: Sequence[str] | None) -> None:
    settings = parse_settings(
        InstancesSettings,
        argv,
        "inference.instances",
        DESCRIPTION,
        ("model", "input", "output"),
    )
    if not storage.is_file(settings.input):
        raise ValueError(
            "`input` must be a file. Received: "
            f"{settings.input}. Name one that is there."
        )
    # TensorFlow takes seconds to import: only now that there is work for it.
    import tensorflow as tf

    from inference.loading import load_saved_model

    signatures = load_saved_model(settings.model).signatures
    if "serve_strings" not in signatures:
        raise ValueError(
            "`model` must have the signature serve_strings. Received: "
            f"{settings.model}, an older one without. Export it again with "
            "`python -m trainer.task`."
        )
    serve = signatures["serve_strings"]
    names = sorted(serve.structured_input_signature[1])
    instances = _instances(settings.input, names)
    lines: list[str] = []
    for start in range(0, len(instances), _INSTANCES_A_CALL):
        some = instances[start : start + _INSTANCES_A_CALL]
        columns = {
            name: tf.constant([texts[name] for _, texts in some])
            for name in names
        }
        try:
            outputs = serve(**columns)
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(
                "Each feature must hold a window of numbers joined by `;`. "
                f"Received in lines {some[0][0]} to {some[-1][0]}: "
                f"{error.message.splitlines()[0]}. Mend them."
            ) from error
        lines += _lines({k: v.numpy() for k, v in outputs.items()}, len(some))
    storage.write_text(settings.output, "".join(lines))
    print(f"{len(lines):,} windows answered in {settings.output}")


def _instances(
    path: str, names: Sequence[str]
) -> list[tuple[int, dict[str, str]]]:
    """The objects of all lines with their numbers, all features as text."""
    instances = []
    with storage.open_binary(path) as file:
        lines = file.read().decode().splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            instance = json.loads(line)
            texts = {name: instance[name] for name in names}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                "Each line must be a JSON object with the features "
                f"{', '.join(names)}. Received in line {number}: {error!r}. "
                "Mend it."
            ) from error
        other = [name for name, text in texts.items() if type(text) is not str]
        if other:
            raise ValueError(
                "Each feature must be a `;`-joined string. Received in line "
                f"{number}: {other[0]} = {str(texts[other[0]])[:80]}. Join its "
                "values."
            )
        instances.append((number, texts))
    if not instances:
        raise ValueError(
            f"`input` must hold a window. Received: {path}, which is empty. "
            "Write one JSON object a line."
        )
    return instances


def _lines(outputs: Mapping[str, Any], count: int) -> Iterator[str]:
    for position in range(count):
        answer = {
            name: _as_json(np.asarray(values[position]).tolist())
            for name, values in outputs.items()
        }
        yield json.dumps(answer) + "\n"


def _as_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


if __name__ == "__main__":
    raise SystemExit(main())
