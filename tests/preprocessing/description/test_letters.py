import dataclasses
import json

from described_data import schema_of

from preprocessing.description.letters import UNREADABLE, refused_rows
from trainer.schema import Split


def write(folder, reasons):
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"file": "f", "line": n, "reason": reason, "text": "raw"})
        for n, reason in enumerate(reasons)
    ]
    text = "\n".join([*lines, "no json", ""])
    (folder / "dead_letters.jsonl").write_text(text)


def test_reasons_are_counted_without_raw_cells(tmp_path):
    """Catches secrets of a cell on the page, and one line for each cell."""
    write(
        tmp_path,
        [
            "time goes back",
            "not a finite number: 'secret 1' in column b",
            'not a finite number: "it\'s secret" in column b',
            r"not a finite number: 'a\'secret' in column b",
        ],
    )
    assert refused_rows(str(tmp_path), schema_of(1)) == {
        "not a finite number: '...' in column b": 3,
        "time goes back": 1,
        UNREADABLE: 1,
    }


def test_letters_lie_beside_the_shards(tmp_path):
    """Catches the letters of a run in a bucket that are not found."""
    write(tmp_path / "run-1", ["time goes back"])
    schema = schema_of(1)
    splits = {**schema.splits, "train": Split(shards=("run-1/train.tfrecord",))}
    schema = dataclasses.replace(schema, splits=splits)
    assert refused_rows(str(tmp_path), schema)["time goes back"] == 1


def test_no_letters(tmp_path):
    """Catches a failure where every row was good."""
    assert refused_rows(str(tmp_path), schema_of(1)) == {}
