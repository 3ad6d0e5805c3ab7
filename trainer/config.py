"""Settings: frozen dataclasses with bounds; the fields of every run."""

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "MODEL_MARKER",
    "PHASES",
    "PLACES",
    "RECONSTRUCTION_ONLY",
    "STEPS_ONLY",
    "Preset",
    "RunSettings",
    "Settings",
    "load",
    "setting",
]


def setting(
    default: Any,
    text: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] = (),
    affects_result: bool = True,
    is_repeated: bool = False,
) -> Any:
    """A field of a settings class: default, meaning with unit, bounds.

    Args:
        default: the value without a flag.
        text: the flag's help.
        minimum: smallest value, of each element where the field is a tuple.
        maximum: largest value.
        choices: all values there are; empty = no list.
        affects_result: whether another value makes another model; a run is
            resumed only with the same values of these.
        is_repeated: the field is a tuple whose flag may be given many times.
    """
    return dataclasses.field(
        default=default,
        metadata={
            "text": text,
            "minimum": minimum,
            "maximum": maximum,
            "choices": tuple(choices),
            "affects_result": affects_result,
            "is_repeated": is_repeated,
        },
    )


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of every settings class: checks bounds when built."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check_bounds(field, getattr(self, field.name))


@dataclasses.dataclass(frozen=True)
class Preset:
    """A named combination of network, scorer and rules with its settings.

    Attributes:
        network: name in `trainer.models.NETWORKS`.
        scorer: name in `trainer.scorers.SCORERS`.
        threshold_rule: name in `trainer.thresholds.RULES`, for tuning sets
            that hold both classes.
        label_free_threshold_rule: the rule for all other tuning sets.
        settings: canonical field name to the preset's default.
        settings_with_phase_files: the same, where each phase has files of
            its own.
        settings_with_channels: the flags, preprocessing's too, of a run whose
            input is a training container's channel; none = the preset is not
            run in such containers.
        aliases: the reference system's flag name to our field name.
        ignored_flags: flags of the reference system that have no meaning
            any more, with the reason.
    """

    network: str
    scorer: str
    threshold_rule: str
    label_free_threshold_rule: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    settings_with_phase_files: Mapping[str, Any] = dataclasses.field(
        default_factory=dict
    )
    settings_with_channels: Mapping[str, Any] = dataclasses.field(
        default_factory=dict
    )
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ignored_flags: Mapping[str, str] = dataclasses.field(default_factory=dict)


# A SavedModel holds this file; it shows that a model is whole.
MODEL_MARKER = "saved_model.pb"

PHASES = (
    "reconstruction",
    "calculate_error_distribution_statistics",
    "tune_anomaly_thresholds",
)


# Fields of `RunSettings` that name where a run reads and writes.
PLACES = (
    "input",
    "data_dir",
    "output_dir",
    "model_dir",
    "checkpoint_dir",
    "log_dir",
    "train_file_pattern",
    "eval_file_pattern",
    "metric_input",
)

# Not NaN and not infinite.
LARGEST_THRESHOLD = 1e300

# Fields of `RunSettings` for networks that learn step by step.
STEPS_ONLY = (
    "batch_size",
    "epochs",
    "max_steps",
    "learning_rate",
    "patience",
    "metric_lines",
    "metric_input",
)

# Fields of `RunSettings` that the later phases have no use for.
RECONSTRUCTION_ONLY = (
    "stride",
    *STEPS_ONLY,
    "resume",
    "checkpoint_seconds",
)


@dataclasses.dataclass(frozen=True)
class RunSettings(Settings):
    """What every training run has, whatever it is built from."""

    input: str = setting(
        "",
        "file, folder or quoted glob to preprocess first; several with commas",
        affects_result=False,
    )
    train_file_pattern: str = setting(
        "",
        "files of short sequences, v;v;... a field, that this phase learns "
        "from, in place of data_dir",
        affects_result=False,
    )
    eval_file_pattern: str = setting(
        "",
        "with train_file_pattern: files of the validation split",
        affects_result=False,
    )
    config: str = setting(
        "",
        "JSON file of settings, as config.json of a run; flags go before it",
        affects_result=False,
    )
    data_dir: str = setting(
        "",
        "folder that preprocessing wrote; with --input, to write, and empty = "
        "data below output_dir",
        affects_result=False,
    )
    output_dir: str = setting(
        "",
        "folder for checkpoints, metrics and model, local or gs://",
        affects_result=False,
    )
    training_mode: str = setting(
        "all", "phase to run", choices=(*PHASES, "all"), affects_result=False
    )
    preset: str = setting("recommended", "named combination to start from")
    network: str = setting("", "network; empty = the preset's")
    scorer: str = setting("", "scorer; empty = the preset's")
    threshold_rule: str = setting("", "rule for labelled tuning sets")
    label_free_threshold_rule: str = setting("", "rule where a class lacks")
    uses_labels: bool | None = setting(
        None,
        "tune on labels; none = where the tuning split has both classes, true = "
        "it must, false = never",
    )
    time_threshold: float | None = setting(
        None,
        "threshold of the view time; none = the rule chooses",
        minimum=-LARGEST_THRESHOLD,
        maximum=LARGEST_THRESHOLD,
    )
    feature_threshold: float | None = setting(
        None,
        "threshold of the view feature; none = the rule chooses",
        minimum=-LARGEST_THRESHOLD,
        maximum=LARGEST_THRESHOLD,
    )
    fusion: str = setting(
        "none",
        "a further view, `fused`, that is anomalous where any view is, or all "
        "are",
        choices=("none", "any", "all"),
    )
    window_length: int = setting(
        0,
        "time steps a window; 0 = sequence length, else the network's usual one",
        minimum=0,
    )
    stride: int = setting(1, "time steps between training windows", minimum=1)
    num_feat: int = setting(
        0, "number of features, checked against the schema", minimum=0
    )
    feat_names: tuple[str, ...] = setting(
        (), "feature names, checked against the schema"
    )
    series: tuple[str, ...] = setting((), "series ids to use; empty = all")
    scored_columns: tuple[str, ...] = setting(
        (), "columns to score; those not named keep the data set's role"
    )
    covariate_columns: tuple[str, ...] = setting(
        (), "columns to read and never score"
    )
    ignored_columns: tuple[str, ...] = setting((), "columns not to read")
    batch_size: int = setting(
        32, "windows a training step, of all replicas together", minimum=1
    )
    epochs: int = setting(30, "passes over train at most", minimum=1)
    max_steps: int = setting(0, "training steps at most; 0 = any", minimum=0)
    learning_rate: float = setting(1e-3, "Adam's step size", minimum=1e-12)
    patience: int = setting(
        5, "epochs without a better validation loss before stopping", minimum=1
    )
    seed: int = setting(1, "seed of weights and shuffling", minimum=0)
    driver: str = setting(
        "auto",
        "how steps are compiled; auto measures both and takes graph where it is "
        "clearly faster; graph keeps XLA out of every phase",
        choices=("auto", "jit", "graph"),
    )
    deterministic: bool = setting(
        False,
        "refuse operations whose result differs from run to run; slower, of "
        "use on GPUs: on CPUs there are none",
    )
    num_replicas: int = setting(
        0,
        "replicas that share each batch on this machine; 0 = one for each GPU, "
        "or one",
        minimum=0,
        affects_result=False,
    )
    resume: bool = setting(
        True,
        "go on where an earlier run of the same command stopped; false = start "
        "anew, every time, and replace it",
        affects_result=False,
    )
    keep_freed_memory: bool = setting(
        True,
        "hold on to freed memory: faster steps on CPUs with glibc",
        affects_result=False,
    )
    checkpoint_seconds: float = setting(
        60.0,
        "seconds between checkpoints within a phase, at least; 0 = after every "
        "block of steps",
        minimum=0.0,
        affects_result=False,
    )
    model_dir: str = setting(
        "",
        "folder of the model; empty = below output_dir",
        affects_result=False,
    )
    checkpoint_dir: str = setting(
        "",
        "folder of the checkpoints; empty = below output_dir",
        affects_result=False,
    )
    log_dir: str = setting(
        "",
        "folder of TensorBoard logs; empty = below output_dir",
        affects_result=False,
    )
    tensorboard: bool = setting(
        True, "write TensorBoard logs", affects_result=False
    )
    log_format: str = setting(
        "text",
        "text for people, json for the cloud's log",
        choices=("text", "json"),
        affects_result=False,
    )
    metric_lines: bool = setting(
        False,
        "tell mse and mae of train, in scaled units, after each epoch, which "
        "takes one more pass over it",
        affects_result=False,
    )
    metric_input: str = setting(
        "",
        "with metric_lines: files whose errors are told too, read as those of "
        "the data set; nothing learns from them",
        affects_result=False,
    )

    @property
    def begins_at_first_phase(self) -> bool:
        """Whether the first phase is asked for, alone or with the others."""
        return self.training_mode in ("all", PHASES[0])

    @property
    def reports_itself(self) -> bool:
        """Whether the command ends with a report."""
        return bool(self.input) and self.training_mode == "all"

    @property
    def given_thresholds(self) -> dict[str, float]:
        """View to its threshold, of those that no rule has to choose."""
        asked_for = {
            "time": self.time_threshold,
            "feature": self.feature_threshold,
        }
        return {
            view: threshold
            for view, threshold in asked_for.items()
            if threshold is not None
        }

    def check_replicas(self, num_replicas: int) -> None:
        """Raises ValueError where so many replicas cannot train like this."""
        if self.driver == "jit" and num_replicas > 1:
            raise ValueError(
                "`driver` must be auto or graph for several replicas. Received: "
                f"driver=jit, {num_replicas} replicas. Leave --driver out."
            )
        if self.batch_size < num_replicas:
            raise ValueError(
                "`batch_size`, which all replicas share, must not be below "
                f"their number, {num_replicas}. Received: "
                f"batch_size={self.batch_size}. Raise it, or take fewer "
                "replicas."
            )


def load(registry: Mapping[str, str], name: str, kind: str) -> Any:
    """Imports what `registry` lists under `name`.

    Args:
        registry: names to "module:attribute".
        name: the name asked for.
        kind: what the registry holds, for the message.

    Raises:
        ValueError: the name is not registered.
    """
    if name not in registry:
        raise ValueError(
            f"Unknown {kind}. Received: {name!r}. "
            f"There are: {', '.join(sorted(registry))}."
        )
    module, attribute = registry[name].split(":")
    return getattr(importlib.import_module(module), attribute)


def _check_bounds(field: dataclasses.Field, value: Any) -> None:
    metadata = field.metadata
    if not metadata or value is None:
        return
    for element in value if isinstance(value, tuple) else (value,):
        low, high = metadata["minimum"], metadata["maximum"]
        if low is not None and not element >= low:
            raise ValueError(
                f"`{field.name}` must be at least {low:g}. "
                f"Received: {field.name}={value}"
            )
        if high is not None and not element <= high:
            raise ValueError(
                f"`{field.name}` must be at most {high:g}. "
                f"Received: {field.name}={value}"
            )
    if metadata["choices"] and value not in metadata["choices"]:
        raise ValueError(
            f"`{field.name}` must be one of "
            f"{', '.join(metadata['choices'])}. Received: {value!r}"
        )
