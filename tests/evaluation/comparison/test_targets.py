import numpy as np
import pytest

from evaluation.comparison.targets import checked_words, list_targets
from trainer.schema import Schema


@pytest.fixture
def tables(tmp_path):
    """Folder `in/pumps` with a.csv, b.csv and c d.csv."""
    folder = tmp_path / "in" / "pumps"
    folder.mkdir(parents=True)
    for name in ("a", "b", "c d"):
        rows = np.random.default_rng(1).random((40, 2))
        np.savetxt(
            folder / f"{name}.csv",
            rows,
            delimiter=",",
            header="x,y",
            comments="",
        )
    return str(folder)


def places(targets):
    return [(each.set_name, each.name, each.series) for each in targets]


def test_each_series_is_a_target_in_a_folder_of_its_own(tables, tmp_path):
    """Catches series that share a data set, and names that are no files."""
    targets = list_targets([tables], [], "out")
    assert places(targets) == [
        ("pumps", "a", "a"),
        ("pumps", "b", "b"),
        ("pumps", "c_d", "c d"),
    ]
    assert targets[2].data == "out/pumps/c_d"
    assert targets[2].command[1:3] == ("-m", "preprocessing.task")
    assert "--series=c d" in targets[2].command


def test_names_and_patterns_choose(tables):
    """Catches a set named after the path, and series nobody asked for."""
    targets = list_targets([f"one={tables}:a:c*", f"two={tables}:b"], [], "out")
    assert places(targets) == [
        ("one", "a", "a"),
        ("one", "c_d", "c d"),
        ("two", "b", "b"),
    ]


def test_sets_with_one_name_are_told_apart_unless_the_user_names_them(
    tables, tmp_path
):
    """Catches two inputs that write the same folder."""
    other = tmp_path / "other" / "pumps"
    other.mkdir(parents=True)
    (other / "a.csv").write_text((tmp_path / "in/pumps/a.csv").read_text())
    given = [f"{tables}:a", str(other)]
    targets = list_targets(given, [], "out")
    assert [each.set_name for each in targets] == ["pumps", "pumps-2"]
    [target] = list_targets([f"{other}/*.csv"], [], "out")
    assert target.set_name == "pumps"
    targets = list_targets([f"all={each}" for each in given], [], "out")
    assert places(targets) == [("all", "a", "a"), ("all", "a-2", "a")]


def test_a_column_may_say_the_series(tmp_path):
    """Catches one detector for a table of many series."""
    path = tmp_path / "table.csv"
    lines = [f"{'uv'[n % 2]},{n}.5,{n % 7}.25" for n in range(60)]
    path.write_text("\n".join(["unit,x,y", *lines]) + "\n")
    targets = list_targets(
        [str(path)], [], "out", "csv", ("--series_column=unit",)
    )
    assert [each.series for each in targets] == ["u", "v"]
    assert "--series_column=unit" in targets[0].command


def test_wrong_input_is_refused(tables, tmp_path, sequence_data_set):
    """Catches work that begins and cannot end."""
    with pytest.raises(ValueError, match="each series once.*series a of"):
        list_targets([tables, f"again={tables}:a"], [], "out")
    with pytest.raises(ValueError, match="that are named.*z of"):
        list_targets([f"{tables}:z"], [], "out")
    with pytest.raises(ValueError, match="No file matches"):
        list_targets([str(tmp_path / "nothing")], [], "out")
    with pytest.raises(ValueError, match=r"as \[NAME=\]FOLDER"):
        list_targets([], [f"{tables}:a"], "out")
    folder, _ = sequence_data_set
    with pytest.raises(ValueError, match="each series once"):
        list_targets([], [folder, f"x={folder}"], "out")
    with pytest.raises(ValueError, match="step by step"):
        list_targets([], [folder], "out")[0].schema()


@pytest.mark.parametrize("flags", ["--output x", "--series=a", "--roles 'a"])
def test_flags_of_our_own_and_open_quotes_are_refused(flags):
    """Catches all data sets written into one folder."""
    with pytest.raises(ValueError, match="`preprocessing_flags` must"):
        checked_words(flags)


def test_a_data_set_counts_only_for_the_command_that_made_it(
    long_data_set, tmp_path
):
    """Catches other flags that are answered with the older data."""
    folder, schema = long_data_set
    [there] = list_targets([], [f"set={folder}"], "out")
    assert there.schema() == schema and there.series == ""
    made = there._replace(source="raw", series="a")
    assert made.schema() is None
    command = "python -m preprocessing.task " + " ".join(made.arguments)
    again = Schema(**(vars(schema) | {"command": command}))
    (tmp_path / "schema.json").write_text(again.to_json())
    moved = made._replace(data=str(tmp_path))
    assert moved.schema() is None
    command = command.replace(folder, str(tmp_path))
    again = Schema(**(vars(schema) | {"command": command}))
    (tmp_path / "schema.json").write_text(again.to_json())
    assert moved.schema() == again
