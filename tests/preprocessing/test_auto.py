"""Flags on the command line beside --format=auto."""

import pytest

from preprocessing.task import main
from trainer import schema


def _run(path, output, *flags):
    """Runs with what the pipeline needs for few rows; the schema."""
    assert main([f"--input={path}", f"--output={output}", *flags]) == 0
    return schema.Schema.load(str(output))


@pytest.fixture
def rows():
    return [f"{row / 7};{row % 2};{row % 5}" for row in range(300)]


def test_utf_16(tmp_path, rows, capsys):
    """Catches a message that asks for the flag that was given."""
    path = tmp_path / "pump.csv"
    path.write_text("\n".join(["x;label;y", *rows]), encoding="utf-16")
    output = tmp_path / "set"
    assert main([f"--input={path}", f"--output={output}"]) == 2
    assert "--encoding=utf-16" in capsys.readouterr().err
    made = _run(path, output, "--encoding=utf-16")
    assert made.feature_names == ("x", "y")


def test_a_note_beside_the_table(tmp_path, rows, capsys):
    """Catches a note that is left out of the look, and read all the same."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "README.txt").write_text("Notes, of a pump\n")
    (folder / "pump.csv").write_text("\n".join(["x;label;y", *rows]))
    made = _run(folder, tmp_path / "set", "--ignored_columns", "y")
    assert made.feature_names == ("x",)
    printed = capsys.readouterr().out
    assert "left out: README.txt" in printed
    assert "label in label" in printed and "ignored_columns" not in printed
