"""What one run leaves behind: figures, seconds, memory."""

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from typing import Any

from trainer import storage

__all__ = ["Result", "plain"]

Figures = dict[str, float]


@dataclasses.dataclass(frozen=True)
class Result:
    """A detector that was trained and measured.

    Attributes:
        identity: what made it so; JSON values.
        views: names of its views, the first one counts.
        figures: name of view or baseline to series id to figures.
        seconds_importing: before the work began.
        seconds_training: three phases and export, without imports.
        seconds_measuring: scores and figures, of the baselines too.
        peak_mebibytes: of memory, until the model was written.
    """

    identity: Mapping[str, Any]
    views: tuple[str, ...]
    figures: Mapping[str, Mapping[str, Figures]]
    seconds_importing: float
    seconds_training: float
    seconds_measuring: float
    peak_mebibytes: float

    def write(self, path: str) -> None:
        """Writes it in one step."""
        text = json.dumps(plain(dataclasses.asdict(self)), indent=1)
        storage.write_text(path, f"{text}\n")

    @classmethod
    def read(cls, path: str, identity: Mapping[str, Any]) -> "Result | None":
        """Reads what `write` wrote; None where it is not there, or another.

        Args:
            path: of the file, local.
            identity: what the result must have been made from.
        """
        if not os.path.isfile(path):
            return None
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        if content["identity"] != identity:
            return None
        figures = {
            name: {
                series: {
                    figure: math.nan if value is None else value
                    for figure, value in each.items()
                }
                for series, each in by_series.items()
            }
            for name, by_series in content["figures"].items()
        }
        views = tuple(content["views"])
        return cls(**(content | {"figures": figures, "views": views}))


def plain(content: Any) -> Any:
    """JSON's own values; what is not a finite number becomes None."""
    if isinstance(content, Mapping):
        return {name: plain(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
