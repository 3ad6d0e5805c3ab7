"""Flags that are passed on to other programs."""

import shlex
from collections.abc import Collection

__all__ = ["words_of"]


def words_of(flag: str, text: str, ours: Collection[str]) -> tuple[str, ...]:
    """The words of a command line in one flag.

    Args:
        flag: its name.
        text: its value.
        ours: flags of the other program that the comparison gives itself.

    Raises:
        ValueError: one of `ours` is among them, or a quote is not closed.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(
            f"`{flag}` must be a command line. Received: {text!r} ({error}). "
            "Mend the quotes."
        ) from error
    names = {word.split("=")[0].removeprefix("--") for word in words}
    taken = sorted(names.intersection(ours))
    if taken:
        raise ValueError(
            f"`{flag}` must leave --{taken[0]} to the comparison. Received: "
            f"{text!r}. Leave it out; --help lists the comparison's own flags."
        )
    return words
