"""What must be equal after writing and reading."""

import numpy as np

from metricpose.geometry import Camera


def assert_same_camera(one: Camera, other: Camera) -> None:
    np.testing.assert_array_equal(one.intrinsics_px, other.intrinsics_px)
    assert (one.image_size, one.distortion) == (other.image_size, other.distortion)
    for field, tolerance in (("cam_from_world", 0.0), ("up_cam", 1e-15)):  # Camera divides `up_cam` by its length
        values = getattr(one, field), getattr(other, field)
        assert (values[0] is None) == (values[1] is None), field
        if values[0] is not None:
            np.testing.assert_allclose(*values, rtol=0, atol=tolerance, err_msg=field)
