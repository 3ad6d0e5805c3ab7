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
