"""The protocol "strict": any truth in metres and any skeleton (the virtual suite's), in the strict mode."""

from collections.abc import Sequence
from dataclasses import dataclass

from metricpose._errors import InputError
from metricpose.evaluation.protocols.checks import Checked, checked
from metricpose.evaluation.protocols.flat import Flat, truth_and_predictions
from metricpose.evaluation.protocols.missing_joints import MissingJoints
from metricpose.evaluation.protocols.outcome import outcome
from metricpose.evaluation.protocols.result import ProtocolResult
from metricpose.evaluation.protocols.strict import strict_mode
from metricpose.evaluation.protocols.tables import parts_of
from metricpose.people.frame import PeopleFrame

NAME = "strict"


@dataclass(frozen=True, kw_only=True)
class Options(MissingJoints):
    """allow_missing: pictures without a prediction count as misses. by_group: rows are groups, not sequences."""

    allow_missing: bool = False
    by_group: bool = False


def judge(
    truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame], options: Options | None = None
) -> ProtocolResult:
    """Judge strictly, in the truth's skeleton; joints that are the same points on both sides are compared.

    Raises InputError: frames that `checked` refuses, no joint in common, people who cannot be told apart.
    """
    options = options or Options()
    pair = checked(NAME, truth, predicted, allow_missing=options.allow_missing, missing_fails=options.fails)
    true, guess = truth_and_predictions(pair, pair.true_skeleton)
    _check_common(NAME, pair, guess, true)
    parts = parts_of([(f.group or "") if options.by_group else f.sequence for f in pair.truth])
    strict = strict_mode(pair, guess, true, parts)
    if strict is None:
        raise InputError(
            f"{NAME}: expected joints in the camera frame or in pixels, got root-relative poses of several people in a "
            "picture, who cannot be told apart; state where they are"
        )
    return outcome(NAME, (), strict, pair, options)


def _check_common(protocol: str, pair: Checked, predicted: Flat, true: Flat) -> None:
    """Raise InputError where no joint is the same point on both sides."""
    common = predicted.exact & true.exact
    if not common.any():
        raise InputError(
            f"{protocol}: expected joints in common, got none of {pair.predicted_skeleton.name} and "
            f"{pair.true_skeleton.name}; convert one of them"
        )
