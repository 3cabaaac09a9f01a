"""What an adaptation starts from, and whose run its folder holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Self

from metricpose._errors import FileError, InputError
from metricpose.inference.adapted import departures
from metricpose.io.atomic import write_text
from metricpose.io.camera_json import camera_document, camera_from_document
from metricpose.io.digest import sha256_of
from metricpose.models.ray_lifter_engine import lifter_facts
from metricpose.training.adaptation_data import Known, Sizes
from metricpose.virtual.mocap.clips import CMU_LICENCE

SHIPPED_LICENCE = f"Apache-2.0; learnt from: {CMU_LICENCE}; bodies of Anny (code Apache-2.0, data CC0)"
"""Of the weights that the package carries (docs/weights/ray_lifter.md)."""

CHECKPOINT = "checkpoint.safetensors"
_RUN = "run.json"
_SHIPPED = "ray_lifter.safetensors"


@dataclass(frozen=True, kw_only=True)
class StartingWeights:
    """A lifter to start from: its file of safetensors, what it is called in reports, and its licence."""

    path: Path
    name: str
    sha256: str
    licence: str

    @classmethod
    def found(cls, path: Path | None, shipped: str = _SHIPPED) -> Self:
        """Those of a file, or of the folder of an adaptation; the ones called `shipped` for None.

        Raises FileError where there is none, WeightsError where it is damaged.
        """
        if path is None:
            file = Path(str(resources.files("metricpose") / "weights" / shipped))
            if not file.is_file():
                raise FileError(f"{file}: no such weights file; give one with --lifter-weights")
            return cls(path=file, name=f"the shipped {shipped}", sha256=sha256_of(file), licence=SHIPPED_LICENCE)
        file = path / shipped if path.is_dir() else path
        if not file.is_file() or file.suffix != ".safetensors":
            raise FileError(
                f"{file}: expected a lifter's weights as .safetensors to start from, got no such file; name one that "
                "a training or an adaptation wrote (an ONNX file cannot be trained)"
            )
        licence = lifter_facts(file).get("licence", f"not stated by {file.name}")
        return cls(path=file, name=str(file), sha256=sha256_of(file), licence=licence)


def claim(folder: Path, known: Known, start: StartingWeights, seed: int, sizes: Sizes) -> None:
    """Writes down whose run `folder` holds. Raises InputError where it already holds another."""
    mine: dict[str, Any] = {
        "camera": camera_document(known.camera),
        "--doubt": [known.doubt.tilt_deg, known.doubt.height],
        "--height": known.height_m,
        "--stature": None if known.stature_m is None else list(known.stature_m),
        "--poses": None if known.poses is None else known.poses.fingerprint,
        "--mocap-cache": None if known.mocap_cache is None else str(known.mocap_cache),
        "--lifter-weights": start.sha256,
        "--seed": seed,
        "amount of data (--quick)": dict(vars(sizes)),
    }
    path = folder / _RUN
    if path.exists():
        _check_same(path, mine)
    elif (folder / CHECKPOINT).exists():
        raise InputError(f"{folder}: holds the checkpoint of another training; choose another folder with -o")
    else:
        write_text(path, json.dumps(mine, indent=1) + "\n")


def _check_same(path: Path, mine: Mapping[str, Any]) -> None:
    try:
        theirs = json.loads(path.read_text(encoding="utf-8"))
        camera = camera_from_document(theirs["camera"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path}: not a readable record of an adaptation; choose another folder with -o") from error
    if theirs["camera"] != mine["camera"]:
        words = ", ".join(departures(camera_from_document(mine["camera"]), camera)) or "numbers that differ a little"
        raise InputError(
            f"{path.parent}: holds an adaptation to another camera (this one has {words}); choose another folder "
            "with -o"
        )
    for name, value in mine.items():
        if theirs.get(name) != value:
            raise InputError(
                f"{path.parent}: holds an adaptation with another {name}: {_short(theirs.get(name))}, now "
                f"{_short(value)}; go on as it began, or choose another folder with -o"
            )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
