"""A flag of the trainer, and the values that a search tries for it."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import optuna

__all__ = ["VALUE_FIELDS", "Parameter", "Value", "parameter_of"]

Value = int | float | str

# Kinds of values in a tuning job, and the fields of each that hold here.
VALUE_FIELDS = {
    "doubleValueSpec": (".minValue", ".maxValue"),
    "integerValueSpec": (".minValue", ".maxValue"),
    "categoricalValueSpec": (".values",),
    "discreteValueSpec": (".values",),
}
_IS_LOG = {
    "SCALE_TYPE_UNSPECIFIED": False,
    "UNIT_LINEAR_SCALE": False,
    "UNIT_LOG_SCALE": True,
}


@dataclasses.dataclass(frozen=True)
class Parameter:
    """Whole or real numbers between two bounds, or one of some choices.

    Attributes:
        name: of the flag.
        bounds: smallest and largest value, both int or both float; () where
            there are choices.
        choices: all values, as the flag takes them; () where there are bounds.
        is_log: each power of ten is as likely as any other.
    """

    name: str
    bounds: tuple[float, ...] = ()
    choices: tuple[str, ...] = ()
    is_log: bool = False

    @property
    def limits(self) -> tuple[Value, ...]:
        """Values that are allowed if all are: both bounds, or all choices."""
        return self.bounds or self.choices

    @property
    def is_countable(self) -> bool:
        """Whether there is a `grid`; real numbers have none."""
        return not isinstance(self.limits[0], float)

    @property
    def grid(self) -> Sequence[Value]:
        """All values."""
        if self.choices:
            return self.choices
        low, high = self.bounds
        return range(int(low), int(high) + 1)

    def flag(self, value: Value) -> str:
        """The flag with a value, as a tuning service writes it."""
        return f"--{self.name}={value}"

    def suggest(self, trial: "optuna.trial.Trial") -> Value:
        """The value in a trial; always the same one once it is chosen."""
        if self.choices:
            return str(trial.suggest_categorical(self.name, self.choices))
        low, high = self.bounds
        if self.is_countable:
            return trial.suggest_int(
                self.name, int(low), int(high), log=self.is_log
            )
        return trial.suggest_float(self.name, low, high, log=self.is_log)


def parameter_of(spec: Any) -> Parameter:
    """Takes a `ParameterSpec` apart.

    Raises:
        ValueError: it holds no values, or such as cannot be.
    """
    name = spec.parameter_id
    kind = type(spec).pb(spec).WhichOneof("parameter_value_spec")
    if kind is None:
        raise _refusal(
            name, "have values", "none", f"Add one of {', '.join(VALUE_FIELDS)}"
        )
    if spec.scale_type.name not in _IS_LOG:
        scales = "UNIT_LINEAR_SCALE or UNIT_LOG_SCALE"
        raise _refusal(
            name, f"have {scales}", spec.scale_type.name, "Choose one"
        )
    is_log = _IS_LOG[spec.scale_type.name]
    values = getattr(spec, kind)
    if kind in ("categorical_value_spec", "discrete_value_spec"):
        choices = tuple(map(_text, values.values))
        if not choices or len(set(choices)) < len(choices):
            raise _refusal(
                name,
                "have `values`, each once",
                ", ".join(choices) or "none",
                "Mend the list",
            )
        return Parameter(name, choices=choices)
    low, high = values.min_value, values.max_value
    if not low <= high:
        raise _refusal(
            name,
            "have a `minValue` that is not above `maxValue`",
            f"{low} and {high}",
            "Swap them",
        )
    if is_log and low <= 0:
        raise _refusal(
            name,
            "have a `minValue` above 0 for UNIT_LOG_SCALE",
            low,
            "Raise it, or take UNIT_LINEAR_SCALE",
        )
    return Parameter(name, bounds=(low, high), is_log=is_log)


def _refusal(name: str, rule: str, received: Any, step: str) -> ValueError:
    return ValueError(
        f"Parameter `{name}` must {rule}. Received: {received}. {step}."
    )


def _text(value: str | float) -> str:
    """A choice as a flag takes it; whole numbers may be those of int flags."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
