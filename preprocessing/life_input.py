"""What input may be labelled by life: whole lives without labels."""

from collections.abc import Sequence

from preprocessing.readers.base import Reader, Source
from preprocessing.settings import PreprocessingSettings

__all__ = ["check_lives"]

# The others bring labels or splits, or hold sequences that are no lives.
_FORMATS = ("csv", "npy", "parquet")
_OTHERWISE = "Or leave the two flags of a life out."


def check_lives(
    settings: PreprocessingSettings, reader: Reader, sources: Sequence[Source]
) -> None:
    """Refuses input whose labels or splits are known better.

    Args:
        settings: the fractions of a life, and the format.
        reader: of the format.
        sources: the files to read.

    Raises:
        ValueError: there are labels, splits or short sequences.
    """
    if not settings.has_lives:
        return
    if settings.format not in _FORMATS:
        raise ValueError(
            "Labels by life need long series without labels or splits of "
            f"their own, so the format must be one of {', '.join(_FORMATS)}. "
            f"Received: format={settings.format}. {_OTHERWISE}"
        )
    for name in ("label_column", "label_ranges"):
        value = getattr(reader.settings, name, "")
        if value:
            column = f", with --ignored_columns={value}"
            instead = column if name == "label_column" else ""
            raise ValueError(
                "Labels must come from one place. Received: "
                f"normal_life_fraction={settings.normal_life_fraction:g} and "
                f"{name}={value}. Leave --{name} out{instead}. {_OTHERWISE}"
            )
    for source in sources:
        if source.split:
            raise ValueError(
                "Labels by life need whole lives: a part of one has no "
                f"position in it. Received: `{source.path}`, whose folder "
                f"says that it is {source.split}. Name whole lives by a glob, "
                f"in a folder of another name. {_OTHERWISE}"
            )
