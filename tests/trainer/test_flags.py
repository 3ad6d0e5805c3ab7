import dataclasses

import pytest

from trainer import flags
from trainer.config import Settings, setting


@dataclasses.dataclass(frozen=True)
class Example(Settings):
    """Part example."""

    widths: tuple[int, ...] = setting((3, 2), "widths", minimum=1)
    rate: float = setting(0.5, "share", minimum=0, maximum=1)
    is_on: bool = setting(True, "switch")
    mode: str = setting("a", "mode", choices=("a", "b"))
    names: tuple[str, ...] = setting((), "names, at most 100 %")


def parse(words, **kwargs):
    parser = flags.Parser()
    flags.add_flags(parser, [Example], **kwargs)
    parsed, unknown = parser.parse_known_args(words)
    flags.refuse_unknown_flags(unknown, parser, "Example")
    return flags.settings_from_flags(Example, parsed)


def test_flags_default_to_the_fields():
    """A default written a second time, beside the field."""
    assert parse([]) == Example()


@pytest.mark.parametrize("text", ["64,32", "64 32", "64, 32"])
def test_lists_take_commas_and_spaces(text):
    """The talk's tuning files join by spaces, its flags by commas."""
    assert parse(["--widths", text]).widths == (64, 32)


def test_an_interrupted_command_says_so(capsys):
    """A page of traceback at Ctrl-C."""

    def command():
        raise KeyboardInterrupt

    assert flags.run_command(command) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_flag_may_be_repeated():
    """The last of many models taken for all; a default that grows."""

    @dataclasses.dataclass(frozen=True)
    class Models(Settings):
        """Models."""

        model: tuple[str, ...] = setting((), "models", is_repeated=True)

    def parsed(*words):
        return flags.parse_settings(
            Models, words, "x", "", (), aliases={"m": "model"}
        )

    assert parsed().model == ()
    words = ["--model", "a", "--model=b,c", "--m", "d"]
    assert parsed(*words).model == ("a", "b", "c", "d")
    assert parsed().model == ()


def test_a_switch_needs_no_value():
    """--spot, as everybody writes it, refused."""
    assert parse(["--is_on"]).is_on
    assert parse(["--is_on", "--mode=b"]).mode == "b"
    assert not parse(["--is_on", "no"]).is_on


def test_names_may_hold_spaces():
    """A column called 'CPU load' taken for two."""
    assert parse(["--names=CPU load, x"]).names == ("CPU load", "x")


@pytest.mark.parametrize(
    "word, told",
    [("--rate=x", "float value: 'x'"), ("--mode=c", "choose from")],
)
def test_a_wrong_value_is_told_in_a_line(word, told):
    """The usage of fifty flags, and the error below it."""
    with pytest.raises(ValueError, match=told) as raised:
        parse([word])
    assert "\n" not in str(raised.value)


def test_help_text_with_a_percent_sign():
    """A help text that argparse takes for a format."""
    parser = flags.Parser()
    flags.add_flags(parser, [Example])
    help_text = parser.format_help()
    assert "at most 100 %" in help_text
    assert "Part example:" in help_text


@pytest.mark.parametrize("text,value", [("no", False), ("T", True)])
def test_booleans(text, value):
    """bool('no') is True in Python."""
    assert parse([f"--is_on={text}"]).is_on is value


def test_alias_and_preset_default():
    """An alias that sets another field, a preset that is not used."""
    aliases = {"share": "rate"}
    assert parse(["--share=0.25"], aliases=aliases).rate == 0.25
    assert parse([], defaults={"rate": 0.75}).rate == 0.75


@pytest.mark.parametrize(
    "words,message",
    [
        (["--rate=2"], "`rate` must be at most 1"),
        (["--rate=nan"], "`rate` must be at least 0"),
        (["--widths=3,0"], "`widths` must be at least 1"),
        (["--raet=1"], "Did you mean --rate"),
    ],
)
def test_wrong_flags_are_refused(words, message):
    """A bound that NaN passes; a typing error that is ignored."""
    with pytest.raises(ValueError, match=message):
        parse(words)


def test_choices_hold_without_flags():
    """Bounds checked only by the parser, not for library use."""
    with pytest.raises(ValueError, match="`mode` must be one of a, b"):
        Example(mode="c")


def test_what_the_user_must_mend_is_told(capsys):
    """A stack trace for a wrong path; an exit code of 0 after an error."""

    def fail():
        raise ValueError("the rule")

    assert flags.run_command(fail) == 2
    assert capsys.readouterr().err == "error: the rule\n"
    assert flags.run_command(lambda: None) == 0
    assert flags.run_command(lambda: 1) == 1
    with pytest.raises(ValueError, match="`names` must be given"):
        flags.check_given(Example(names=()), ("names", "mode"))
