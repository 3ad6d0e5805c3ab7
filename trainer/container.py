"""What a training container of Amazon SageMaker is told."""

import dataclasses
from collections.abc import Mapping

__all__ = ["Container"]

_HYPERPARAMETER = "SM_HP_"


@dataclasses.dataclass(frozen=True)
class Container:
    """Channels, model folder and hyperparameters of a training container.

    Only a preset whose reference system is run like this makes use of them.

    Attributes:
        training: folder of the files to learn from; "" = not said.
        validation: folder of files whose errors are only told.
        model_dir: folder for the model.
        hyperparameters: name, in lower case with _, to its text.

    References:
        Amazon SageMaker Training Toolkit, ENVIRONMENT_VARIABLES.md.
    """

    training: str = ""
    validation: str = ""
    model_dir: str = ""
    hyperparameters: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "Container":
        """Reads the variables; empty values count as not set."""
        return cls(
            training=variables.get("SM_CHANNEL_TRAINING", ""),
            validation=variables.get("SM_CHANNEL_VALIDATION", ""),
            model_dir=variables.get("SM_MODEL_DIR", "").rstrip("/"),
            hyperparameters={
                _field_like(name): text
                for name, value in variables.items()
                if name.startswith(_HYPERPARAMETER)
                and (text := value.strip().strip("\"'"))
            },
        )


def _field_like(name: str) -> str:
    """A variable's name as that of a field."""
    return name.removeprefix(_HYPERPARAMETER).lower().replace("-", "_")
