"""Reads a tuning job of Vertex AI from a file."""

import json
from collections.abc import Iterator
from typing import Any

from hptuning.parameter import VALUE_FIELDS
from trainer import storage

__all__ = ["read_job"]

_POOL = "trialJobSpec.workerPoolSpecs"
# Whatever else the service knows would have no effect here.
_KNOWN = {
    "displayName",
    "maxTrialCount",
    "parallelTrialCount",
    "maxFailedTrialCount",
    "studySpec.algorithm",
    "studySpec.measurementSelectionType",
    "studySpec.medianAutomatedStoppingSpec",
    "studySpec.metrics.metricId",
    "studySpec.metrics.goal",
    "studySpec.parameters.parameterId",
    "studySpec.parameters.scaleType",
    *(
        f"studySpec.parameters.{kind}{name}"
        for kind, names in VALUE_FIELDS.items()
        for name in ("", *names)
    ),
    f"{_POOL}.replicaCount",
    f"{_POOL}.containerSpec.args",
}


def read_job(path: str) -> Any:
    """Reads a file as a `HyperparameterTuningJob`.

    Args:
        path: of YAML, local or `gs://`.

    Raises:
        OSError: it cannot be read.
        ValueError: the service knows no such message, or it asks for
            something that trials are not run by here.
    """
    try:
        import optuna  # noqa: F401
        import yaml
        from google.cloud.aiplatform_v1 import types
        from google.protobuf.json_format import ParseError
    except ImportError as error:
        raise ValueError(
            "What tuning needs must be installed. "
            f"Received: {error}. Run `pip install 'residua[tune]'`."
        ) from error
    if not storage.is_file(path):
        raise ValueError(
            "`config` must name a file. Received: "
            f"{path}. hptuning/*.yaml are examples."
        )
    with storage.open_binary(path) as file:
        text = file.read()
    try:
        content = json.dumps(yaml.safe_load(text))
        job = types.HyperparameterTuningJob.from_json(content)
    except (yaml.YAMLError, ParseError, TypeError) as error:
        raise ValueError(
            f"{path} must be YAML of a Vertex AI HyperparameterTuningJob. "
            f"Received: {' '.join(str(error).split())} Mend it; "
            "hptuning/*.yaml are examples."
        ) from error
    fields = type(job).to_dict(
        job,
        preserving_proto_field_name=False,
        always_print_fields_with_no_presence=False,
    )
    unknown = sorted(set(_leaves(fields)) - _KNOWN)
    if unknown:
        raise ValueError(
            f"{path} must hold nothing but what is searched and how. Received: "
            f"{', '.join(unknown)}. Leave it out; projects, images and "
            "machines are flags of hptuning.submit."
        )
    return job


def _leaves(value: Any, path: str = "") -> Iterator[str]:
    """Names of all fields that are set, with those around them."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(x, dict) for x in value):
        for inner in value:
            yield from _leaves(inner, path)
    else:
        yield path
