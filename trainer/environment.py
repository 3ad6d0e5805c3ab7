"""What managed training tells a process through environment variables."""

import dataclasses
from collections.abc import Mapping

from trainer.cluster import Cluster, read_descriptions
from trainer.container import Container

__all__ = ["Environment"]


@dataclasses.dataclass(frozen=True)
class Environment:
    """Folders, trial and cluster of a managed training job.

    Attributes:
        model_dir: folder for the model, local or `gs://`; "" = not said.
        checkpoint_dir: folder for checkpoints.
        log_dir: folder for TensorBoard logs.
        trial: id of the tuning trial; "" = none.
        reports_metric: whether a tuning service waits for the metric.
        cluster: the processes that train together.
        container: what presets that are run in another cloud are told.
    """

    model_dir: str = ""
    checkpoint_dir: str = ""
    log_dir: str = ""
    trial: str = ""
    reports_metric: bool = False
    cluster: Cluster = Cluster()
    container: Container = Container()

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Environment":
        """Reads what Vertex AI, SageMaker or TensorFlow's convention has set.

        Args:
            variables: the environment; empty values count as not set.

        Raises:
            ValueError: they describe no cluster that this program can train
                on.
        """
        descriptions = read_descriptions(variables)
        trial = variables.get("CLOUD_ML_TRIAL_ID", "")
        for each in descriptions.values():
            trial = trial or str(each["task"].get("trial") or "")
        return cls(
            model_dir=_folder(variables, "AIP_MODEL_DIR"),
            checkpoint_dir=_folder(variables, "AIP_CHECKPOINT_DIR"),
            log_dir=_folder(variables, "AIP_TENSORBOARD_LOG_DIR"),
            trial=trial,
            reports_metric=bool(
                trial or variables.get("CLOUD_ML_HP_METRIC_FILE")
            ),
            cluster=Cluster.of(descriptions),
            container=Container.of(variables),
        )


def _folder(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "")
    return value.rstrip("/") or value
