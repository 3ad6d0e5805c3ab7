"""Requests in JSON lines, answered by a stand-in for a model."""

import json
from types import SimpleNamespace

import main_job
import numpy as np
import pytest
import tensorflow as tf

from inference import instances, loading

NAMES = ("a", "b")


class Serving:
    """Gives back how long each text is, the first of them unknown."""

    structured_input_signature = ((), dict.fromkeys(NAMES))

    def __call__(self, **columns):
        lengths = tf.strings.length(columns["a"])
        score = tf.cast(lengths, tf.float64)
        unknown = tf.fill(tf.shape(score), np.float64("nan"))
        return {
            "score": tf.stack([unknown, score], axis=1),
            "model_id": tf.fill(tf.shape(score), "model"),
        }


@pytest.fixture
def answer(tmp_path, monkeypatch):
    """Answers a text; the result of the command and its answers."""

    def run(text, signatures=None):
        signatures = signatures or {"serve_strings": Serving()}
        model = SimpleNamespace(signatures=signatures)
        monkeypatch.setattr(loading, "load_saved_model", lambda path: model)
        source, target = tmp_path / "in.json", tmp_path / "out.json"
        source.write_text(text)
        result = main_job.call(
            instances.main,
            "--model=m",
            f"--input={source}",
            f"--output={target}",
        )
        lines = target.read_text().splitlines() if target.exists() else []
        return result, [json.loads(line) for line in lines]

    return run


def line(**texts):
    return json.dumps({"a": "1;2", "b": "3;4"} | texts) + "\n"


def test_one_answer_for_each_line(answer):
    """Catches answers out of order over several calls, and NaN in JSON."""
    wanted = range(1, 600)
    result, answers = answer("".join(line(a="1" * n) for n in wanted))
    assert result.code == 0
    assert [each["score"] for each in answers] == [[None, n] for n in wanted]
    assert answers[0]["model_id"] == "model"


def test_what_no_feature_asks_for_is_left_out(answer):
    """Catches a label that makes a request unreadable; blank lines."""
    result, answers = answer(line(label=1) + "\n\n" + line())
    assert result.code == 0
    assert len(answers) == 2


@pytest.mark.parametrize(
    "text, words",
    [
        (line() + "\n{\n", "in line 3"),
        (line() + '{"a": "1"}\n', "in line 2: KeyError('b')"),
        ("[1, 2]\n", "in line 1"),
        (line(b=[3, 4]), "must be a `;`-joined string"),
        ("\n", "which is empty"),
    ],
)
def test_unreadable_lines_are_named(answer, text, words):
    """Catches a window that is dropped without a word."""
    result, answers = answer(text)
    assert result.code == 2
    assert words in result.errors
    assert answers == []


def test_an_older_model_is_named(answer):
    """Catches a bare KeyError."""
    result, _ = answer(line(), {"serving_default": Serving()})
    assert result.code == 2
    assert "Export it again" in result.errors
