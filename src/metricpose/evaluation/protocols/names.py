"""The protocols by name, for whoever lets a user choose one: nothing is imported until it is."""

from collections.abc import Mapping
from types import MappingProxyType

_HERE = "metricpose.evaluation.protocols"

PROTOCOLS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "human36m": (f"{_HERE}.human36m", "Human3.6M: P1 and P2 in both readings, 17 and 14 joints, by action"),
        "mpi_inf_3dhp": (f"{_HERE}.mpi_inf_3dhp", "MPI-INF-3DHP: PCK, AUC and MPJPE by scene and sequence"),
        "mupots": (f"{_HERE}.mupots", "MuPoTS-3D: PCK_rel, PCK_abs, AUC, PCK_root and AP_root, matched and all"),
        "panoptic": (f"{_HERE}.panoptic", "CMU Panoptic: VirtualPose's and VoxelPose's readings, by activity"),
        "threedpw": (f"{_HERE}.threedpw", "3DPW: MPJPE, PA-MPJPE and acceleration of 14 joints, by sequence"),
        "coco": (f"{_HERE}.coco", "COCO key points: AP and AR by OKS, through pycocotools"),
        "lsp": (f"{_HERE}.lsp", "Leeds Sports Pose and LSPET: PCK@0.2 of the torso, PCP"),
        "lspet": (f"{_HERE}.lspet", "LSPET's photos: PCK@0.2 of the torso, upright people apart from the others"),
        "mpii": (f"{_HERE}.mpii", "MPII Human Pose: PCKh@0.5 by group of joints"),
        "strict": (f"{_HERE}.virtual", "any truth in metres, any skeleton: the strict mode alone"),
    }
)
"""Name -> (module with `judge` and `Options`, one line about it)."""
