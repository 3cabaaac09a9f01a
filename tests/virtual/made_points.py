"""A bank of points that needs no body model: each hangs near the COCO joint that is nearest on real bodies."""

import torch

from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.virtual.point_bank import PointBank
from metricpose.virtual.point_layout import PointLayout
from metricpose.virtual.rig import LANDMARKS, NODES


def made_points(bodies: int, seed: int = 0) -> PointBank:
    """For `bodies` bodies; points lie within a few centimetres of the joint's node, on one node or two."""
    names = AffineAutoencoder.load().points[17:]
    near = PointLayout.of(names).near[17:]
    generator = torch.Generator().manual_seed(seed)
    pairs = [(NODES.index(LANDMARKS[joint][1]), point, 1.0) for point, joint in enumerate(near)]
    first = pairs.pop(0)
    pairs += [(first[0], 0, 0.75), (0, 0, 0.25)]
    node, point, share = zip(*sorted(pairs), strict=True)
    return PointBank(
        names=names,
        point=torch.tensor(point),
        node=torch.tensor(node),
        share=torch.tensor(share),
        moments=0.03 * torch.randn(bodies, len(pairs), 3, generator=generator),
    )
