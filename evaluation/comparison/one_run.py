"""Trains one detector and measures it, in a process of its own.

`evaluation.compare` starts it; what is to be done comes as JSON.
"""

import dataclasses
import json
import os
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.comparison.result import Figures, Result
from trainer.memory import keep_freed_memory
from trainer.schema import Schema

__all__ = ["Order", "main"]


@dataclasses.dataclass(frozen=True)
class Order:
    """What is to be done.

    Attributes:
        identity: to be kept with the result.
        arguments: of `trainer.task`.
        data: folder of the data set.
        model: folder that the model will be in.
        result: file to write.
        buffer_length: of VUS, in rows.
    """

    identity: Mapping[str, Any]
    arguments: Sequence[str]
    data: str
    model: str
    result: str
    buffer_length: int

    def to_json(self) -> str:
        """What `main` takes."""
        return json.dumps(dataclasses.asdict(self))


def main(argv: Sequence[str]) -> int:
    """Carries out the order in `argv`; returns the exit code."""
    order = Order(**json.loads(argv[0]))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    started = time.perf_counter()
    # The trainer does the same, too late once TensorFlow is loaded.
    keep_freed_memory()
    import trainer.training  # noqa: F401
    from trainer import task

    imported = time.perf_counter()
    exit_code = task.main(order.arguments)
    trained = time.perf_counter()
    if exit_code:
        return exit_code
    peak_mebibytes = _peak_mebibytes()
    views, figures = _measured(order)
    Result(
        identity=order.identity,
        views=views,
        figures=figures,
        seconds_importing=imported - started,
        seconds_training=trained - imported,
        seconds_measuring=time.perf_counter() - trained,
        peak_mebibytes=peak_mebibytes,
    ).write(order.result)
    return 0


def _measured(
    order: Order,
) -> tuple[tuple[str, ...], dict[str, dict[str, Figures]]]:
    """Names of the views, and the figures of all detectors."""
    from evaluation.measuring import measure
    from evaluation.models import load_models, scoring_alike
    from evaluation.splits import Data, read_split

    schema = Schema.load(order.data)
    models = load_models([order.model], schema)
    data = Data(order.data, scoring_alike(models, schema), "test", ())
    measured = measure(
        models, data, read_split(data), {}, order.buffer_length, 1
    )
    figures = {
        name: {
            subject.name: {
                figure: float(value)
                for figure, value in rated.figures[name].items()
            }
            for subject, rated in zip(
                measured.subjects, measured.rated, strict=True
            )
        }
        for name in measured.overall
    }
    return tuple(measured.scored[0].views), figures


def _peak_mebibytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kibibytes, but on macOS, where they are bytes.
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
