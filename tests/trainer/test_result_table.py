import io
import json

from trainer import log_format, result_table

METRICS = {"reconstruction": {"epochs": 3, "loss": 0.123456}}


def test_table(capsys):
    """Numbers with sixteen digits, or a phase without a name."""
    result_table.show(METRICS, "text")
    text = capsys.readouterr().out
    assert "reconstruction" in text
    assert "0.1235" in text


def test_json(capsys):
    """A table drawn with lines in a log that programs read."""
    stream = io.StringIO()
    log_format.configure("json", stream)
    try:
        result_table.show(METRICS, "json")
    finally:
        log_format.configure("text")
    assert json.loads(stream.getvalue())["metrics"] == METRICS
    assert not capsys.readouterr().out


def test_no_long_values_in_the_table(capsys):
    """Curves of hundreds of numbers between the rows."""
    numbers = {
        "alarms": [0.5, 2.25],
        "curve": [0.125, 0.25, 0.75],
        "evidence": {"chosen": 2},
    }
    result_table.show({"reconstruction": numbers}, "text")
    text = capsys.readouterr().out
    assert "0.5 to 2.25" in text
    assert "curve" not in text
    assert "evidence" not in text
