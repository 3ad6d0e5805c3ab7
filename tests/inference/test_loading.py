import os

import pytest
import tensorflow as tf

from inference.loading import description_of, load_saved_model


@pytest.fixture
def tensor_float_32():
    """Rounded products, as TensorFlow starts; put back afterwards."""
    experimental = tf.config.experimental
    before = experimental.tensor_float_32_execution_enabled()
    experimental.enable_tensor_float_32_execution(True)
    yield experimental.tensor_float_32_execution_enabled
    experimental.enable_tensor_float_32_execution(before)


def test_products_are_not_rounded(step_model, tensor_float_32):
    """Catches scores on a GPU that differ from those on a CPU."""
    load_saved_model(step_model)
    assert not tensor_float_32()


def test_a_model_in_a_bucket(step_model, tmp_path, monkeypatch, bucket):
    """A model that needs its copied files after they are gone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = bucket.put_folder("run/model", step_model)
    loaded = load_saved_model(path)
    assert os.listdir(tmp_path) == []
    assert description_of(loaded)["model_id"] == "fake"
    with pytest.raises(ValueError, match="Try gs://bucket/run/model"):
        load_saved_model(bucket.url("run"))
    bucket.delete("run/model/variables/variables.index")
    with pytest.raises(ValueError, match="whole SavedModel.*gs://bucket"):
        load_saved_model(path)
