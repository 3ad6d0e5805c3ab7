"""Command lines from settings classes: one flag for each field."""

import argparse
import dataclasses
import difflib
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from trainer.config import Settings

__all__ = [
    "Parser",
    "add_flags",
    "check_given",
    "given_names",
    "parse_bool",
    "parse_settings",
    "refuse_unknown_flags",
    "run_command",
    "settings_from_flags",
]

SettingsT = typing.TypeVar("SettingsT", bound=Settings)


class Parser(argparse.ArgumentParser):
    """argparse, whose errors are one line, as all others are.

    Args:
        kwargs: as argparse takes them; flags cannot be abbreviated.

    Raises:
        ValueError: from the methods that parse, where argparse would print
            the usage of all flags and exit.
    """

    def __init__(self, **kwargs: Any):
        kwargs.setdefault(
            "formatter_class", argparse.RawDescriptionHelpFormatter
        )
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message: str) -> typing.NoReturn:
        """Raises ValueError."""
        raise ValueError(f"{message}. --help lists all flags.")


def run_command(
    command: Callable[[], int | None],
    tell_error: Callable[[str], object] | None = None,
) -> int:
    """Runs a command; returns its exit code.

    Args:
        command: gives an exit code, None for 0. What the user has to mend it
            raises as ValueError or OSError: told on stderr, exit code 2.
            Ctrl-C ends with 130.
        tell_error: tells the message; None = in plain text.
    """
    try:
        return command() or 0
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    except SystemExit as stop:
        # argparse's way to end after --help, or after its own message.
        return int(stop.code or 0)
    except (ValueError, OSError) as error:
        if tell_error:
            tell_error(str(error))
        else:
            sys.stderr.write(f"error: {error}\n")
        return 2


def parse_settings(
    settings_class: type[SettingsT],
    argv: Sequence[str] | None,
    program: str,
    description: str,
    required: Sequence[str],
    user: str = "",
    aliases: Mapping[str, str] | None = None,
) -> SettingsT:
    """Reads a command line that is made of one settings class.

    Args:
        settings_class: its fields are the flags.
        argv: the words after the program's name; None = the process' own.
        program: module name, for the help.
        description: what the command does, with an example.
        required: fields that must not stay empty.
        user: who has no use for an unknown flag; empty = the program.
        aliases: other flag name to field name.

    Raises:
        ValueError: a flag is unknown, missing, or out of bounds.
    """
    parser = Parser(prog=f"python -m {program}", description=description)
    add_flags(parser, [settings_class], aliases=aliases)
    flags, unknown = parser.parse_known_args(argv)
    refuse_unknown_flags(unknown, parser, user or program)
    settings = settings_from_flags(settings_class, flags)
    check_given(settings, required)
    return settings


def given_names(arguments: Iterable[str]) -> set[str]:
    """Names of the flags in a command line."""
    return {
        each.partition("=")[0].removeprefix("--")
        for each in arguments
        if each.startswith("--")
    }


def check_given(settings: Settings, required: Sequence[str]) -> None:
    """Raises ValueError where a field in `required` is empty."""
    for name in required:
        if not getattr(settings, name):
            raise ValueError(
                f"`{name}` must be given. Received: nothing. Add "
                f"--{name}={name.upper()}; --help explains."
            )


def add_flags(
    parser: argparse.ArgumentParser,
    settings_classes: Sequence[type[Settings]],
    defaults: Mapping[str, Any] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> None:
    """Adds one flag for each field; fields of the same name share one.

    Args:
        parser: receives the flags, one group a class.
        settings_classes: dataclasses whose fields become flags.
        defaults: field name to a default that replaces the field's own.
        aliases: other flag name to field name.
    """
    defaults = defaults or {}
    seen: set[str] = set()
    for settings_class in settings_classes:
        title = (settings_class.__doc__ or settings_class.__name__).strip()
        group = parser.add_argument_group(title.splitlines()[0].rstrip("."))
        hints = typing.get_type_hints(settings_class)
        for field in dataclasses.fields(settings_class):
            if field.name in seen:
                continue
            seen.add(field.name)
            names = [field.name] + [
                alias
                for alias, name in (aliases or {}).items()
                if name == field.name
            ]
            default = defaults.get(field.name, field.default)
            hint = _without_none(hints[field.name])
            is_switch = hint is bool
            is_repeated = field.metadata["is_repeated"]
            group.add_argument(
                *(f"--{name}" for name in names),
                dest=field.name,
                action="extend" if is_repeated else "store",
                type=_parser_of(hint),
                # argparse adds to a list, and to nothing else.
                default=list(default) if is_repeated else default,
                nargs="?" if is_switch else None,
                const=True if is_switch else None,
                choices=field.metadata["choices"] or None,
                help=_help(field.metadata["text"], default),
                metavar=None if field.metadata["choices"] else _metavar(hint),
            )


def settings_from_flags(
    settings_class: type[SettingsT], flags: argparse.Namespace
) -> SettingsT:
    """Builds `settings_class` from parsed flags; checks its bounds."""
    values = {
        field.name: getattr(flags, field.name)
        for field in dataclasses.fields(settings_class)
    }
    return settings_class(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
    )


def refuse_unknown_flags(
    unknown: Sequence[str], parser: argparse.ArgumentParser, what: str
) -> None:
    """Raises ValueError where flags are left that nothing uses.

    Args:
        unknown: what `parse_known_args` left over.
        parser: knows all flags, for a suggestion.
        what: names who does not use them.
    """
    if not unknown:
        return
    known = [
        option for action in parser._actions for option in action.option_strings
    ]
    name = unknown[0].split("=")[0]
    close = difflib.get_close_matches(name, known, n=3)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise ValueError(
        f"{what} has no use for this flag. Received: "
        f"{' '.join(unknown)}.{hint} --help lists all flags."
    )


def _without_none(hint: Any) -> Any:
    """The type of an optional field's value."""
    if isinstance(hint, types.UnionType):
        return next(t for t in typing.get_args(hint) if t is not type(None))
    return hint


def _parser_of(hint: Any) -> Any:
    if hint is bool:
        return parse_bool
    if hint is int:
        return _parse_int
    if isinstance(hint, types.GenericAlias):
        element = typing.get_args(hint)[0]
        # Names may hold spaces; lists of numbers are also written with them.
        pattern = r"," if element is str else r"[,\s]+"

        def parse_list(text: str) -> tuple[Any, ...]:
            parts = (part.strip() for part in re.split(pattern, text))
            return tuple(element(part) for part in parts if part)

        # argparse names the kind of value in its message.
        parse_list.__name__ = f"list of {element.__name__}"
        return parse_list
    return hint


def _parse_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        # 1.0 is one, too.
        if float(text).is_integer():
            return int(float(text))
        raise


# argparse names the kind of value in its message.
_parse_int.__name__ = "int"


def parse_bool(text: str) -> bool:
    """True or False of a flag's text.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    lowered = text.lower()
    if lowered in ("yes", "true", "t", "y", "1"):
        return True
    if lowered in ("no", "false", "f", "n", "0"):
        return False
    raise argparse.ArgumentTypeError(f"true or false, not {text!r}")


def _metavar(hint: Any) -> str:
    if isinstance(hint, types.GenericAlias):
        return f"{typing.get_args(hint)[0].__name__.upper()},..."
    return str(hint.__name__).upper()


def _help(text: str, default: Any) -> str:
    if isinstance(default, tuple):
        shown = ",".join(map(str, default)) or "none"
    else:
        shown = "none" if default in ("", None) else str(default)
    # argparse formats help texts with %.
    return f"{text} [{shown}]".replace("%", "%%")
