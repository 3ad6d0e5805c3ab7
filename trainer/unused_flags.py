"""Flags that what was chosen has no use for: refused, or told."""

import argparse
import logging
from collections.abc import Collection, Mapping

from trainer.config import PHASES, RECONSTRUCTION_ONLY, STEPS_ONLY, Preset
from trainer.schema import ROLE_FIELDS

__all__ = ["note_ignored", "refuse_early_flags", "refuse_step_flags"]

# Of the first phase alone, and not of what it computes.
_FIRST_ALONE = {*RECONSTRUCTION_ONLY, "input", *ROLE_FIELDS}


def refuse_early_flags(
    given: Collection[str], aliases: Mapping[str, str], training_mode: str
) -> None:
    """Refuses flags of the first phase where only a later one runs.

    Args:
        given: names of the flags on the command line.
        aliases: other flag name to field name.
        training_mode: phase to run, or all.

    Raises:
        ValueError: there are such flags.
    """
    names = {aliases.get(name, name) for name in given}
    early = sorted(names.intersection(_FIRST_ALONE))
    if early and training_mode not in ("all", PHASES[0]):
        raise ValueError(
            "Only the reconstruction phase uses these flags. Received: "
            f"--{', --'.join(early)} with --training_mode={training_mode}. "
            "Leave them out, or train anew with "
            "--training_mode=reconstruction --resume=false."
        )


def refuse_step_flags(
    given: Collection[str], aliases: Mapping[str, str], network: str
) -> None:
    """Refuses flags of training step by step where there are no steps.

    Args:
        given: names of the flags on the command line.
        aliases: other flag name to field name.
        network: name of one that learns in one pass.

    Raises:
        ValueError: there are such flags.
    """
    names = {aliases.get(name, name) for name in given}
    unused = sorted(names.intersection(STEPS_ONLY))
    if unused:
        raise ValueError(
            f"The network {network} learns in one pass. Received: "
            f"--{', --'.join(unused)}, which only training step by step uses. "
            "Leave them out, or name another --network or --preset."
        )


def note_ignored(
    preset: Preset, unused: Collection[str], flags: argparse.Namespace
) -> None:
    """Says which flags of the reference system have no effect, and why.

    Args:
        preset: knows the flags without a meaning.
        unused: those that only another network uses.
        flags: what was parsed.
    """
    reasons = dict(preset.ignored_flags) | dict.fromkeys(
        unused, f"the network {flags.network} has no use for it"
    )
    given: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        # Flags of steps have a field, under a name that may be another.
        if getattr(flags, name.replace("-", "_"), "given") is not None:
            given.setdefault(reason, []).append(f"--{name}")
    for reason, names in given.items():
        logging.getLogger(__name__).info(
            "Without effect: %s (%s).", ", ".join(names), reason
        )
