"""Flags to a resolved configuration; no TensorFlow until parts are chosen."""

import argparse
import dataclasses
import json
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from trainer import config_file, storage
from trainer.config import (
    PHASES,
    STEPS_ONLY,
    Preset,
    RunSettings,
    Settings,
    load,
)
from trainer.environment import Environment
from trainer.flags import (
    Parser,
    add_flags,
    given_names,
    refuse_unknown_flags,
    settings_from_flags,
)
from trainer.models import NETWORKS
from trainer.presets import MODEL_TYPES, PRESETS
from trainer.schema import ROLE_FIELDS
from trainer.scorers import SCORERS
from trainer.thresholds import RULES
from trainer.unused_flags import (
    note_ignored,
    refuse_early_flags,
    refuse_step_flags,
)

__all__ = ["CONFIG_FILE", "Config", "parse", "parse_run"]

CONFIG_FILE = "config.json"
_PARTS = {
    "network": NETWORKS,
    "scorer": SCORERS,
    "threshold_rule": RULES,
    "label_free_threshold_rule": RULES,
}
_WITHOUT_EFFECT = frozenset(
    field.name
    for field in dataclasses.fields(RunSettings)
    if not field.metadata["affects_result"]
)
# All other flags of the first phase hold for those that follow.
_NEVER_STORED = (
    "training_mode",
    "output_dir",
    "resume",
    "log_format",
    "input",
    "config",
    "train_file_pattern",
    "eval_file_pattern",
)
_FOLDERS = ("model_dir", "checkpoint_dir", "log_dir")
_CHOOSING = ("preset", "network", "model_type", "scorer", "threshold_rule")


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything a run is made from, resolved."""

    run: RunSettings
    network: Any
    scorer: Any
    threshold_rule: Settings
    label_free_threshold_rule: Settings

    def flat(self) -> dict[str, Any]:
        """Field name to value, over all parts."""
        values: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            values |= dataclasses.asdict(getattr(self, field.name))
        return values

    def usual_window_length(self) -> int:
        """Time steps a window, where neither a flag nor the data say."""
        num_warm_up_steps = self.scorer.num_warm_up_steps()
        return self.network.usual_window_length(num_warm_up_steps)

    def identity(self) -> dict[str, Any]:
        """Like `flat`, of the fields that affect the result; JSON values."""
        return _as_json(
            {
                name: value
                for name, value in self.flat().items()
                if name not in _WITHOUT_EFFECT
            }
        )

    def detector_config(self) -> dict[str, Any]:
        """Field values of `detector.DetectorConfig`; JSON values."""
        return _as_json(
            {
                "network": self.run.network,
                "network_settings": dataclasses.asdict(self.network),
                "scorer": self.run.scorer,
                "scorer_settings": dataclasses.asdict(self.scorer),
                "window_length": self.run.window_length,
                "seed": self.run.seed,
            }
        )


def parse(
    arguments: Sequence[str],
    environment: Environment | None = None,
    handed_on: Collection[str] = (),
) -> Config:
    """Reads the command line.

    A later phase starts from what the first one stored in `output_dir`, so
    its flags need not be repeated.

    Args:
        arguments: the words after the program's name.
        environment: of managed training; gives folders that no flag names,
            and the trial that `output_dir` is for.
        handed_on: names of flags that another command reads, accepted here.

    Raises:
        ValueError: a flag is unknown, or its value is out of bounds.
    """
    given = given_names(arguments)
    environment = environment or Environment()
    from_file, own = _words_of_config(arguments), list(arguments)
    arguments = [*from_file, *own]
    folders = _folders(environment)
    first = _first_parser(folders)
    chosen, _ = first.parse_known_args(arguments)
    output_dir = _output_dir(chosen, given, environment)
    if chosen.help and not given.intersection(_CHOOSING):
        first.print_help()
        first.exit()
    stored = _stored_settings(output_dir, chosen.training_mode)
    chosen.preset = _preset_name(chosen, given, given_names(arguments), stored)
    preset = load(PRESETS, chosen.preset, "preset")
    defaults = {**_part_names(preset), **preset.settings}
    if chosen.train_file_pattern:
        defaults |= preset.settings_with_phase_files
    defaults |= {**stored, **folders}
    parts = {
        kind: load(registry, getattr(chosen, kind) or defaults[kind], kind)
        for kind, registry in _PARTS.items()
    }
    if parts["label_free_threshold_rule"].needs_labels:
        raise ValueError(
            "`label_free_threshold_rule` must be a rule that needs no labels: "
            f"{', '.join(_label_free_rules())}. Received: {chosen.label_free_threshold_rule}"
        )
    parser, unused = _full_parser(preset, parts, defaults)
    _accept(parser, handed_on)
    if given.intersection(_CHOOSING):
        # What only parts have that were replaced is not of this run.
        known = parser._option_string_actions
        from_file = [each for each in from_file if each.split("=")[0] in known]
    flags, unknown = parser.parse_known_args([*from_file, *own])
    flags.preset = chosen.preset
    _settle_folders(flags, given, environment)
    names = ", ".join(f"{kind} {getattr(flags, kind)}" for kind in _PARTS)
    refuse_unknown_flags(unknown, parser, f"This combination ({names})")
    # Where each phase has files of its own, all flags stand in all commands.
    if not flags.train_file_pattern:
        refuse_early_flags(given, preset.aliases, flags.training_mode)
        if parts["network"].is_closed_form:
            refuse_step_flags(given, preset.aliases, flags.network)
    elif parts["network"].is_closed_form:
        unused += sorted(
            name
            for name in given
            if preset.aliases.get(name, name) in STEPS_ONLY
        )
    note_ignored(preset, unused, flags)
    run = settings_from_flags(RunSettings, flags)
    _check_views(run, parts["scorer"].views)
    _check_rules(parts, run)
    _check_metric_lines(run)
    return Config(
        run=run,
        **{
            kind: settings_from_flags(part.settings_class, flags)
            for kind, part in parts.items()
        },
    )


def parse_run(
    arguments: Sequence[str], environment: Environment
) -> RunSettings:
    """Like `parse`, of what all runs have; needs neither parts nor TensorFlow.

    What the preset says of it is not known yet.

    Raises:
        ValueError: a value is out of bounds.
    """
    parser = _first_parser(_folders(environment))
    words = [*_words_of_config(arguments), *arguments]
    flags, _ = parser.parse_known_args(words)
    given = given_names(arguments)
    _settle_folders(flags, given, environment)
    if flags.input:
        refuse_early_flags(given, {}, flags.training_mode)
    return settings_from_flags(RunSettings, flags)


def _first_parser(folders: Mapping[str, str]) -> Parser:
    parser = _parser()
    add_flags(parser, [RunSettings], folders)
    _add_model_type(parser)
    parser.add_argument("--help", "-h", action="store_true")
    return parser


def _add_model_type(parser: Parser) -> None:
    parser.add_argument(
        "--model_type",
        choices=sorted(MODEL_TYPES),
        help="the talk's name of what to train; names a preset",
    )


def _preset_name(
    flags: argparse.Namespace,
    given: Collection[str],
    given_or_in_file: Collection[str],
    stored: Mapping[str, Any],
) -> str:
    """The preset, where others than its own flag may name it.

    Args:
        flags: what was parsed.
        given: names of the flags on the command line.
        given_or_in_file: the same, and those of --config.
        stored: settings of the first phase.
    """
    if {"preset", "model_type"} <= set(given):
        raise ValueError(
            "`preset` and `model_type` both name what to train. Received: "
            f"--preset={flags.preset} --model_type={flags.model_type}. Leave "
            "one of them out."
        )
    if flags.model_type:
        return MODEL_TYPES[flags.model_type]
    if "preset" in given_or_in_file:
        return str(flags.preset)
    usual = "talk_dense" if flags.train_file_pattern else flags.preset
    return str(stored.get("preset", usual))


def _words_of_config(arguments: Sequence[str]) -> list[str]:
    """The flags that --config stands for; those given go before them."""
    parser = Parser(add_help=False)
    parser.add_argument("--config", default="")
    path = parser.parse_known_args(arguments)[0].config
    return config_file.read_words(path) if path else []


def _check_metric_lines(settings: RunSettings) -> None:
    if settings.metric_input and not settings.metric_lines:
        raise ValueError(
            "`metric_input` names files whose errors `metric_lines` tells. "
            f"Received: metric_input={settings.metric_input!r} without it. Add "
            "--metric_lines, or leave the flag out."
        )


def _check_rules(parts: Mapping[str, Any], run: RunSettings) -> None:
    """Refuses rules that take no scores below 0, where there are such."""
    for kind in ("threshold_rule", "label_free_threshold_rule"):
        if parts[kind].is_adaptive and parts["scorer"].has_negative_scores:
            raise ValueError(
                f"`{kind}` {getattr(run, kind)} takes no scores below 0. "
                f"Received: the scorer {run.scorer}, which has such. Choose "
                f"another --{kind}, or another --scorer."
            )


def _check_views(settings: RunSettings, views: Sequence[str]) -> None:
    """Refuses settings of views that the scorer does not have."""
    unknown = sorted(set(settings.given_thresholds) - set(views))
    if unknown:
        raise ValueError(
            f"`{unknown[0]}_threshold` must be of a view that the scorer has: "
            f"{', '.join(views)}. Received: "
            f"{settings.given_thresholds[unknown[0]]:g} for the scorer "
            f"{settings.scorer}. Leave the flag out, or choose another --scorer."
        )
    if settings.fusion != "none" and len(views) < 2:
        raise ValueError(
            "`fusion` joins views, so there must be several. Received: "
            f"fusion={settings.fusion} for the scorer {settings.scorer}, which "
            f"has only {views[0]}. Leave the flag out, or choose another "
            "--scorer."
        )


def _output_dir(
    flags: argparse.Namespace, given: Collection[str], environment: Environment
) -> str:
    # The service's own folders are each trial's already.
    if environment.trial and "output_dir" in given:
        return os.path.join(flags.output_dir, environment.trial)
    return str(flags.output_dir)


def _settle_folders(
    flags: argparse.Namespace, given: Collection[str], environment: Environment
) -> None:
    """Gives each trial its own folders, and an input its data set."""
    trial = environment.trial
    flags.output_dir = _output_dir(flags, given, environment)
    makes_data_set = flags.input or flags.train_file_pattern
    own = {*_FOLDERS, "data_dir"} if makes_data_set else _FOLDERS
    for name in given.intersection(own) if trial else ():
        setattr(flags, name, os.path.join(getattr(flags, name), trial))
    # Not what a copied run has stored: that is another folder's.
    if makes_data_set and "data_dir" not in given and flags.output_dir:
        flags.data_dir = os.path.join(flags.output_dir, "data")
    if not flags.input:
        return
    # Preprocessing has made them the data set's own.
    for name in ROLE_FIELDS:
        setattr(flags, name, ())


def _accept(parser: Parser, names: Collection[str]) -> None:
    """Adds flags that another command reads, unless they are there."""
    known = {name for each in parser._actions for name in each.option_strings}
    for name in names:
        if f"--{name}" not in known:
            parser.add_argument(f"--{name}", nargs="?", help=argparse.SUPPRESS)


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they come back from a file: lists for tuples."""
    return dict(json.loads(json.dumps(values)))


def _parser() -> Parser:
    names = {
        kind: sorted(registry)
        for kind, registry in ({"preset": PRESETS} | _PARTS).items()
    }
    names["label_free_threshold_rule"] = _label_free_rules()
    registered = "\n".join(
        f"  --{kind}: {', '.join(listed)}" for kind, listed in names.items()
    )
    return Parser(
        prog="python -m trainer.task",
        description="Trains a detector in three phases and exports it. Started "
        "again, the same\ncommand goes on where it stopped.",
        epilog=f"There are\n{registered}\nWith one of these named, --help "
        "shows its own flags too:\n"
        "  python -m trainer.task --preset=recommended --help\n\n"
        "From a file to model and report:\n"
        "  python -m trainer.task --input=pumps.csv --output_dir=run\n"
        "--input may be all that preprocessing reads: the flags that\n"
        "`python -m preprocessing.task --help` lists, such as --format or\n"
        "--label_column, are handed on to it.\n\n"
        "After `python -m preprocessing.task ... --output data`:\n"
        "  python -m trainer.task --data_dir=data --output_dir=run\n",
        add_help=False,
    )


def _full_parser(
    preset: Preset, parts: Mapping[str, Any], defaults: Mapping[str, Any]
) -> tuple[Parser, list[str]]:
    """Knows all flags; and the preset's that only other networks use."""
    parser = _parser()
    classes = [RunSettings]
    for part in parts.values():
        if part.settings_class not in classes:
            classes.append(part.settings_class)
    fields = {
        field.name for each in classes for field in dataclasses.fields(each)
    }
    aliases = {
        alias: name for alias, name in preset.aliases.items() if name in fields
    }
    add_flags(parser, classes, defaults, aliases)
    _add_model_type(parser)
    unused = sorted(set(preset.aliases) - set(aliases))
    group = parser.add_argument_group("accepted without effect")
    for name, reason in preset.ignored_flags.items():
        group.add_argument(f"--{name}", help=reason, metavar="ANY")
    for name in unused:
        group.add_argument(f"--{name}", help=argparse.SUPPRESS)
    parser.add_argument("--help", "-h", action="help")
    return parser, unused


def _label_free_rules() -> list[str]:
    return [
        name
        for name in sorted(RULES)
        if not load(RULES, name, "threshold rule").needs_labels
    ]


def _part_names(preset: Preset) -> dict[str, str]:
    return {kind: getattr(preset, kind) for kind in _PARTS}


def _folders(environment: Environment) -> dict[str, str]:
    """Field name to the folder that the service names, if it does."""
    names = {
        name: getattr(environment, name)
        for name in _FOLDERS
        if getattr(environment, name)
    }
    if "model_dir" in names:
        # The folder above it holds all that the job writes.
        names["output_dir"] = os.path.dirname(names["model_dir"])
    return names


def _stored_settings(output_dir: str, training_mode: str) -> dict[str, Any]:
    """Settings of the first phase, for the phases that follow it."""
    path = os.path.join(output_dir, CONFIG_FILE)
    is_later = training_mode not in ("all", PHASES[0])
    if not is_later or not storage.is_file(path):
        return {}
    with storage.open_binary(path) as file:
        text = file.read()
    try:
        settings = json.loads(text)["settings"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} must be what the reconstruction phase wrote. "
            f"Received: {error!r}. Delete it and give that phase's flags "
            "again, or train anew with --training_mode=reconstruction "
            "--resume=false."
        ) from error
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings.items()
        if name not in _NEVER_STORED
    }
