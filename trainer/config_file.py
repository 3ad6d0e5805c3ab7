"""Settings from a file: `--config`."""

import json
from typing import Any

from trainer import storage
from trainer.config import PLACES

__all__ = ["read_words"]

# Where a run is, and how far it goes, is not taken over.
_OF_ONE_RUN = (
    *PLACES,
    "config",
    "training_mode",
    "resume",
    "log_format",
)


def read_words(path: str) -> list[str]:
    """The flags that a file of settings stands for.

    Args:
        path: a run's config.json, or any JSON `{"settings": {field: value}}`.

    Returns:
        `--field=value` for each of them, but for the run's own places.

    Raises:
        ValueError: the file is not there, or holds something else.
    """
    if not storage.is_file(path):
        raise ValueError(
            f"`config` must name a file. Received: {path}. Give what training "
            "wrote as config.json, or tuning as best_config.json."
        )
    with storage.open_binary(path) as file:
        text = file.read()
    try:
        settings = dict(json.loads(text)["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            '`config` must be JSON of the form {"settings": {"field": value}}. '
            f"Received: {path} ({error!r}). Mend it."
        ) from error
    return [
        f"--{name}={_as_word(value)}"
        for name, value in settings.items()
        if name not in _OF_ONE_RUN and value is not None
    ]


def _as_word(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_as_word, value))
    return str(value)
