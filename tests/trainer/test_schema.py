import dataclasses
import json

import pytest

from trainer.config import RunSettings
from trainer.schema import Feature, Schema, assign_roles, declared_roles


def column(name, is_binary=False):
    return Feature(name, "scored", 9, 0, 0.5, 1.0, 0.0, 1.0, False, is_binary)


def test_round_trip(long_data_set):
    """A field that is written but not read back."""
    _, schema = long_data_set
    assert Schema.from_json(schema.to_json()) == schema


def test_change_and_version_are_noticed(long_data_set):
    """A schema edited by hand, or by a later version, used as it is."""
    _, schema = long_data_set
    content = json.loads(schema.to_json())
    content["halo"] += 1
    with pytest.raises(ValueError, match="was changed"):
        Schema.from_json(json.dumps(content))
    with pytest.raises(ValueError, match="version 3"):
        Schema.from_json(json.dumps(content | {"version": 3}))
    with pytest.raises(ValueError, match=r"Not a schema\.json"):
        Schema.from_json("[]")


def test_missing_schema_names_the_command(tmp_path):
    """A stack trace in place of the next step."""
    with pytest.raises(ValueError, match="preprocessing.task"):
        Schema.load(str(tmp_path))


def test_roles_by_rule_and_declaration():
    """Binary columns scored; a declared role that loses to the rule."""
    columns = [column("a"), column("b", True), column("c", True)]
    roles = [f.role for f in assign_roles(columns, {"c": "scored"})]
    assert roles == ["scored", "covariate", "scored"]


def test_only_binary_columns_are_scored():
    """A data set of flags alone, from which nothing would be scored."""
    columns = [column("a", True), column("b", True)]
    roles = [f.role for f in assign_roles(columns, {"a": "ignored"})]
    assert roles == ["ignored", "scored"]


@pytest.mark.parametrize("declared", [{"x": "scored"}, {"a": "target"}])
def test_wrong_roles(declared):
    """A misspelt column name that changes nothing."""
    with pytest.raises(ValueError, match="A role is one of"):
        assign_roles([column("a")], declared)


def test_nothing_to_score():
    """A detector without a score."""
    with pytest.raises(ValueError, match="At least one column"):
        assign_roles([column("a")], {"a": "ignored"})


def test_other_roles_make_no_other_data_set(long_data_set):
    """A run refused as of other data; a role that the next call forgets."""
    _, schema = long_data_set
    first = schema.with_roles({"sensor_1": "covariate"})
    assert first.input_columns == (0, 1, 2, 3)
    assert first.scored_columns == (0, 2, 3)
    both = first.with_roles({"sensor_3": "ignored"})
    assert both.input_columns == (0, 1, 2)
    assert both.scored_columns == (0, 2)
    assert both.hash() == schema.hash()
    assert Schema.from_json(both.to_json()) == both
    assert schema.with_roles({}) == schema
    content = json.loads(both.to_json())
    content["features"][1]["role"] = "scored"
    with pytest.raises(ValueError, match="was changed"):
        Schema.from_json(json.dumps(content))


def test_roles_that_the_columns_do_not_allow(long_data_set):
    """A scale of no cells; a detector of nothing."""
    _, schema = long_data_set
    first, second, *others = schema.features
    empty = dataclasses.replace(first, count=0, role="ignored")
    schema = dataclasses.replace(schema, features=(empty, second, *others))
    with pytest.raises(ValueError, match="none in: sensor_0"):
        schema.with_roles({"sensor_0": "covariate"})
    rest = dict.fromkeys(("sensor_2", "sensor_3"), "covariate")
    with pytest.raises(ValueError, match="with --scored_columns"):
        schema.with_roles(rest | {"sensor_1": "ignored"})
    with pytest.raises(ValueError, match="sensor_9=ignored"):
        schema.with_roles({"sensor_9": "ignored"})


def test_roles_by_lists():
    """A column whose role depends on which flag is read last."""
    lists = RunSettings(scored_columns=("a", "b"), ignored_columns=("c",))
    declared = {"d": "covariate", "a": "scored", "b": "scored", "c": "ignored"}
    assert declared_roles(lists, [("d", "covariate")]) == declared
    with pytest.raises(ValueError, match="`b` as ignored and again as scored"):
        declared_roles(lists, [("b", "ignored")])
    with pytest.raises(ValueError, match="`x` as covariate and again"):
        declared_roles(RunSettings(covariate_columns=("x", "x")))


def test_columns_by_role(long_data_set):
    """Ignored columns that reach the network."""
    _, schema = long_data_set
    roles = ("covariate", "scored", "ignored", "scored")
    schema = dataclasses.replace(
        schema,
        features=tuple(
            dataclasses.replace(feature, role=role)
            for feature, role in zip(schema.features, roles, strict=True)
        ),
    )
    assert schema.input_columns == (0, 1, 3)
    assert schema.scored_columns == (1, 3)


def test_a_schema_in_a_bucket(long_data_set, bucket):
    """A data set that can be trained on only after it was copied by hand."""
    folder, schema = long_data_set
    path = bucket.put_folder("data", folder)
    bucket.faults.answer(503, times=2)
    assert Schema.load(path) == schema
    with pytest.raises(ValueError, match="preprocessing.task"):
        Schema.load(bucket.url("dat"))
    bucket.faults.answer(403)
    with pytest.raises(OSError, match="Storage Object Viewer"):
        Schema.load(path)
