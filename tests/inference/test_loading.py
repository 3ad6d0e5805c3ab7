import pytest
import tensorflow as tf

from inference.loading import load_saved_model


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
