"""The second stage's weights as a file: safetensors whose metadata say how large the network is, and how far off."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from metricpose._errors import FileError, WeightsError
from metricpose.models.depth_estimator import DepthEstimatorOptions
from metricpose.models.pose_net import PoseNetOptions
from metricpose.models.root_net import RootNetOptions
from metricpose.models.root_volume import RootVolumeOptions
from metricpose.models.v2v import V2VOptions
from metricpose.models.volumes import VolumeOptions
from metricpose.models.voxel_calibration import VoxelCalibration
from metricpose.models.voxel_picture import PictureOptions
from metricpose.models.voxel_pose import VoxelPose, VoxelPoseOptions

_OPTIONS, _CALIBRATION = "options", "calibration"
_WANTED = "a second stage"


class VoxelWeights(NamedTuple):
    """The network, ready to answer; its calibration, if the file has one; and what else the file says of itself."""

    stage: VoxelPose
    calibration: VoxelCalibration | None
    facts: Mapping[str, str]


def saved_voxel_pose(
    stage: VoxelPose, path: Path, calibration: VoxelCalibration | None = None, facts: Mapping[str, str] | None = None
) -> None:
    """Writes the file atomically, weights as they are (float32). Raises FileError where it cannot be written."""
    metadata = {**(facts or {}), _OPTIONS: json.dumps(asdict(stage.options))}
    if calibration is not None:
        metadata[_CALIBRATION] = json.dumps(asdict(calibration))
    tensors = {name: value.detach().cpu().contiguous() for name, value in stage.state_dict().items()}
    kept = {name: value for name, value in tensors.items() if not name.endswith("num_batches_tracked")}
    temporary = path.with_name(path.name + ".tmp")
    try:
        save_file(kept, temporary, metadata=metadata)
        os.replace(temporary, path)
    except (OSError, SafetensorError) as error:
        raise FileError(
            f"{path}: expected a place to write weights to, got an error ({error}); choose another"
        ) from error


def loaded_voxel_pose(path: Path) -> VoxelWeights:
    """What `metricpose train voxel_pose` wrote, or `saved_voxel_pose`.

    Raises WeightsError for a file that is missing, damaged, or of another network.
    """
    tensors, metadata = _read(path)
    try:
        stage = VoxelPose(_options(json.loads(metadata[_OPTIONS])))
        counters = {name: value for name, value in stage.state_dict().items() if name.endswith("num_batches_tracked")}
        stage.load_state_dict(counters | tensors, strict=True)
        told = metadata.get(_CALIBRATION)
        calibration = None if told is None else VoxelCalibration(**_tuples(json.loads(told)))
        if calibration is not None and len(calibration.sigma_m_seen) != stage.options.joints:
            raise ValueError(f"a calibration of {len(calibration.sigma_m_seen)} joints")
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise WeightsError(f"{path}: expected safetensors of {_WANTED}, got another network's ({reason})") from error
    facts = {name: value for name, value in metadata.items() if name not in (_OPTIONS, _CALIBRATION)}
    return VoxelWeights(stage.eval(), calibration, facts)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name).float() for name in file.keys()}, file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: expected safetensors of {_WANTED}, got a file that does not load ({error})"
        ) from error


def _options(fields: Any) -> VoxelPoseOptions:
    """From nested objects, whose lists are tuples; a name that is not known is a TypeError."""
    plain = {name: value for name, value in fields.items() if name not in ("depth", "roots", "pose", "picture")}
    return VoxelPoseOptions(
        **_tuples(plain),
        depth=DepthEstimatorOptions(**_tuples(fields["depth"])),
        roots=RootNetOptions(**_with_volume(fields["roots"], RootVolumeOptions)),
        pose=PoseNetOptions(**_with_volume(fields["pose"], VolumeOptions)),
        picture=PictureOptions(**_tuples(fields["picture"])),
    )


def _with_volume(fields: Mapping[str, Any], kind: type[VolumeOptions]) -> dict[str, Any]:
    volume, net = kind(**_tuples(fields["volume"])), V2VOptions(**fields["net"])
    return {**fields, "volume": volume, "net": net}


def _tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
