import pytest
from fake_model import save_fake_model


@pytest.fixture(scope="session")
def step_model(tmp_path_factory):
    """Long series; column b is a covariate."""
    return save_fake_model(
        tmp_path_factory.mktemp("step"),
        scored=("a", "c"),
        reader={
            "format": "csv",
            "series_column": "id",
            "label_column": "label",
            "ignored_columns": ["kind"],
        },
    )


@pytest.fixture(scope="session")
def sequence_model(tmp_path_factory):
    """Sequences of four steps with two features."""
    return save_fake_model(
        tmp_path_factory.mktemp("sequence"),
        label_kind="sequence",
        window_length=4,
        names=("a", "b"),
        reader={"format": "sequences", "feat_names": ["a", "b"]},
    )
