"""Windows on labelled people -> the maps that the AGR network is to say, by the project's one encoder."""

import torch

from metricpose.agr.encode import owned_cells, peak_maps
from metricpose.losses.agr import AgrTargets
from metricpose.training.agr_windows import Windows

_STRIDE, _COARSE = 4, 8
_HIDDEN_WEIGHT = 0.5  # of the way to a joint that is not seen, or beyond the window


def agr_targets(windows: Windows) -> AgrTargets:
    """Targets of windows (B, 3, S, S), S a multiple of 32, on their device."""
    size = windows.pictures.shape[-1]
    fine, coarse = size // _STRIDE, size // _COARSE
    people = {"boxes_px": windows.boxes_px, "roots_px": windows.roots_px, "present": windows.present}
    fine_cells = owned_cells(**people, map_size=(fine, fine), stride=_STRIDE)
    joint_maps, anchor_map = peak_maps(windows.joints_px, windows.heights, fine_cells, (fine, fine))
    cells = owned_cells(**people, map_size=(coarse, coarse), stride=_COARSE)
    known = windows.known
    weights = torch.where(windows.seen, 1.0, _HIDDEN_WEIGHT) * known
    sizes = windows.boxes_px[..., 2:] - windows.boxes_px[..., :2]
    near = cells.supervised.float()
    whole = windows.whole[:, None, None]
    return AgrTargets(
        joint_maps=joint_maps,
        anchor_map=anchor_map,
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
