"""Windows on labelled people -> the maps that the AGR network is to say, by the project's one encoder."""

import torch
from torch import Tensor

from metricpose.agr.encode import encode_arrays, owned_cells
from metricpose.losses.agr import AgrTargets
from metricpose.training.agr_windows import Windows

_STRIDE, _COARSE = 4, 8
_HIDDEN_WEIGHT = 0.5  # of the way to a joint that is not seen, or beyond the window


def agr_targets(windows: Windows) -> AgrTargets:
    """Targets of windows (B, 3, S, S), S a multiple of 32."""
    size = windows.pictures.shape[-1]
    fine, coarse = size // _STRIDE, size // _COARSE
    maps = encode_arrays(
        joints_px=windows.joints_px, joint_scores=windows.heights, boxes_px=windows.boxes_px,
        roots_px=windows.roots_px, present=windows.present, map_size=(fine, fine), stride=_STRIDE,
    )  # fmt: skip
    cells = owned_cells(
        boxes_px=windows.boxes_px, roots_px=windows.roots_px, present=windows.present,
        map_size=(coarse, coarse), stride=_COARSE,
    )  # fmt: skip
    known = windows.known
    weights = torch.where(windows.seen, 1.0, _HIDDEN_WEIGHT) * known
    sizes = windows.boxes_px[..., 2:] - windows.boxes_px[..., :2]
    near = cells.supervised.float()
    whole = windows.whole[:, None, None]
    return AgrTargets(
        joint_maps=maps.joint_maps,
        anchor_map=maps.anchor_map,
        mask=windows.masked,
        judged=windows.judged,
        judged_joints=windows.judged_joints,
        mask_judged=windows.whole,
        box_sides=cells.painted(cells.box_sides_px(windows.boxes_px)),
        offsets=cells.painted(cells.joint_offsets_px(windows.joints_px, known[..., None])),
        weights=cells.painted(weights),
        visible=cells.painted(windows.seen.float()),
        visible_judged=near[:, None] * whole[..., None] * torch.ones_like(windows.judged_joints)[:, :, None, None],
        size_px=cells.painted(sizes.amax(-1, keepdim=True))[:, 0],
        near=near,
        boxed=near * whole,
    )


def on_device(windows: Windows, device: torch.device) -> Windows:
    """The windows' tensors on a device."""
    return Windows(*(_moved(value, device) for value in windows))


def _moved(value: Tensor, device: torch.device) -> Tensor:
    return (
        value.to(device, memory_format=torch.channels_last)
        if value.ndim == 4 and value.shape[1] == 3
        else value.to(device)
    )
