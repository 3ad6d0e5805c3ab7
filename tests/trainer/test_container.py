from trainer.container import Container
from trainer.environment import Environment


def test_variables_of_a_training_container():
    """Catches names that are not found, quotes that are taken for a value."""
    variables = {
        "SM_CHANNEL_TRAINING": "/opt/ml/input/data/training",
        "SM_CHANNEL_VALIDATION": "",
        "SM_MODEL_DIR": "/opt/ml/model/",
        "SM_HP_CONTEXT-LENGTH": '"100"',
        "SM_HP_BATCH_SIZE": " '32' ",
        "SM_HP_LR": "0.001",
        "SM_HP_EPOCHS": '""',
        "SM_HPS": "{}",
        "HOME": "/root",
    }
    container = Environment.read(variables).container
    assert container == Container(
        training="/opt/ml/input/data/training",
        model_dir="/opt/ml/model",
        hyperparameters={
            "context_length": "100",
            "batch_size": "32",
            "lr": "0.001",
        },
    )
    assert Environment.read({}).container == Container()
