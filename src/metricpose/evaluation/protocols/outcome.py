"""Official tables and the strict one beside them as one result."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from metricpose.evaluation.protocols.checks import Checked
from metricpose.evaluation.protocols.result import ProtocolResult, Table
from metricpose.evaluation.protocols.strict import Strict


def outcome(
    protocol: str,
    official: Sequence[Table],
    strict: Strict | None,
    pair: Checked,
    options: Any,
    *,
    no_official: str = "",
) -> ProtocolResult:
    """The result of a protocol; options is its dataclass. Without a strict table there are no errors of people.

    no_official: why there are no official tables, if there are none.
    """
    provenance = {
        **asdict(options),
        "pictures": len(pair.truth),
        "pictures_without_prediction": len(pair.absent),
        "true_skeleton": pair.true_skeleton.name,
        "predicted_skeleton": pair.predicted_skeleton.name,
    }
    if no_official:
        provenance["official"] = f"not measured: {no_official}"
    if strict is None:
        provenance["strict"] = "not measured: root-relative poses of several people in a picture cannot be told apart"
    return ProtocolResult(
        protocol=protocol,
        tables=(*official, *(() if strict is None else (strict.table,))),
        people=None if strict is None else strict.people,
        ghosts=() if strict is None else strict.ghosts,
        provenance=provenance,
    )
