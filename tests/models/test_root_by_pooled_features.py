"""TIF: pooling against loops, masks within boxes, and who influences whom."""

import pytest
import torch

from metricpose._errors import InputError
from metricpose.models.feature_pyramid import FeaturePyramid, FeaturePyramidOptions
from metricpose.models.root_by_pooled_features import (
    RootByPooledFeatures,
    RootByPooledFeaturesOptions,
    person_masks,
    pooled_features,
)
from metricpose.models.seen_roots import SeenRoots

SMALL = RootByPooledFeaturesOptions(pyramid=FeaturePyramidOptions(widths=(4, 4, 4, 4), blocks=1, neck=4), hidden=8)


def _seen() -> SeenRoots:
    generator = torch.Generator().manual_seed(1)
    maps = torch.rand(2, 3, 12, 20, generator=generator)
    boxes = torch.tensor([[[-0.5, -0.5, 39.5, 47.5], [39.5, -0.5, 79.5, 47.5]]]).repeat(2, 1, 1)
    return SeenRoots(maps, 4.0, maps, boxes, boxes[..., :2] + 20, torch.ones(2, 2, dtype=torch.bool))


def test_pooling_is_the_weighted_mean():
    features, masks = torch.rand(2, 4, 3, 5), torch.rand(2, 2, 3, 3, 5)
    masks[1, 0, 2] = 0
    pooled, shown = pooled_features(features, masks)
    for b, p, j in torch.cartesian_prod(torch.arange(2), torch.arange(2), torch.arange(3)).tolist():
        weight = masks[b, p, j]
        expected = (weight * features[b]).sum((1, 2)) / weight.sum().clamp_min(1e-3)
        torch.testing.assert_close(pooled[b, p, j], expected)
        assert shown[b, p, j] == float(weight.sum() > 0)


def test_masks_end_at_the_box():
    seen = _seen()
    masks = person_masks(seen, torch.Size((6, 10)))
    assert masks[:, 0, :, :, 5:].abs().max() == 0 and masks[:, 1, :, :, :5].abs().max() == 0
    whole = torch.nn.functional.avg_pool2d(seen.joint_maps, 2)
    torch.testing.assert_close(masks.sum(1), whole)  # the two boxes divide the picture
    seen.present[0, 0] = False
    assert person_masks(seen, torch.Size((6, 10)))[0, 0].abs().max() == 0


def test_others_in_the_list_do_not_change_a_persons_depth_and_nobody_is_ordinary():
    net, seen = RootByPooledFeatures(3, 3, SMALL).eval(), _seen()
    depths = net(seen)
    assert depths.shape == (2, 2) and (depths > 0).all()
    alone = seen._replace(boxes_px=seen.boxes_px[:, 1:], present=seen.present[:, 1:])
    torch.testing.assert_close(net(alone), depths[:, 1:])
    empty = seen._replace(boxes_px=seen.boxes_px[:, :0], present=seen.present[:, :0])
    assert net(empty).shape == (2, 0)


def test_gradients_reach_the_first_convolution():
    net = RootByPooledFeatures(3, 3, SMALL)
    torch.nn.init.normal_(net.out.weight)
    net(_seen()).sum().backward()
    gradient = next(net.pyramid.stem.parameters()).grad
    assert gradient is not None and gradient.abs().max() > 0


def test_features_have_half_the_resolution():
    pyramid = FeaturePyramid(3, SMALL.pyramid).eval()
    assert pyramid.features(torch.rand(1, 3, 12, 20)).shape == (1, 4, 6, 10)
    assert pyramid.features(torch.rand(1, 3, 13, 21)).shape == (1, 4, 7, 11)


def test_refuses_an_empty_perceptron():
    with pytest.raises(InputError, match="TIF: expected a hidden layer of 1 or more, got 0"):
        RootByPooledFeaturesOptions(hidden=0)
