import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.bodies.point import point
from metricpose.bodies.point_table import POINTS, doubled_definitions
from metricpose.bodies.regressors import PointRegressors
from metricpose.skeletons import CATALOGUE
from metricpose.skeletons.markers import PLUGINGAIT38
from metricpose.skeletons.points import body_points, other_side


def test_every_joint_of_every_skeleton_is_a_documented_point():
    for skeleton in (*CATALOGUE.values(), PLUGINGAIT38):
        for name in body_points(skeleton):
            assert POINTS[name].how
            assert 5 <= POINTS[name].sure_mm <= 50


def test_at_least_150_points_are_distinct():
    doubled = doubled_definitions()
    assert len(POINTS) - len(doubled) >= 150
    assert doubled["halpe_head"] == "head_top"
    assert all(first not in doubled for first in doubled.values())


def test_both_sides_are_defined_alike():
    for name, found in POINTS.items():
        partner = POINTS[other_side(name)]
        assert {other_side(part): weight for part, weight in found.parts.items()} == dict(partner.parts)
        if found.skin_m is not None:
            assert partner.skin_m is not None
            x, y, z = found.skin_m
            assert partner.skin_m == ((x, -y, z) if partner.name != name else found.skin_m)


def test_the_other_side_of_names():
    pairs = {"left_hip": "right_hip", "h36m_left_hip": "h36m_right_hip", "mouth_left": "mouth_right", "nose": "nose",
             "bone:clavicle.L": "bone:clavicle.R", "marker_LASI": "marker_RASI", "marker_C7": "marker_C7"}  # fmt: skip
    for one, other in pairs.items():
        assert (other_side(one), other_side(other)) == (other, one)


def test_weights_that_do_not_sum_to_one_are_refused():
    with pytest.raises(InputError, match="body point 'a': expected weights that sum to 1, got 0.9"):
        point("a", {"bone:root": 0.9}, "", 10)


def test_the_packaged_regressors_are_those_of_the_table():
    found = PointRegressors.load()
    assert found.names == tuple(POINTS)
    dense = found.dense()
    np.testing.assert_allclose(dense.sum(axis=1), 1.0, atol=1e-6)
    assert (np.count_nonzero(dense, axis=1) < 500).all()
    hip, outer = (dense[found.names.index(name)] for name in ("left_hip", "h36m_left_hip"))
    np.testing.assert_allclose(outer, 1.15 * hip - 0.15 * dense[found.names.index("right_hip")], atol=1e-6)


def test_points_are_read_off_a_mesh(tmp_path):
    found = PointRegressors(
        names=("a", "b"),
        vertex_count=3,
        bone_count=1,
        rows=np.array([0, 0, 1]),
        columns=np.array([0, 2, 3]),
        weights=np.array([0.25, 0.75, 1.0], np.float32),
    )
    vertices, heads = np.arange(9.0).reshape(3, 3), np.array([[7.0, 8.0, 9.0]])
    np.testing.assert_allclose(found(vertices, heads), [[4.5, 5.5, 6.5], [7, 8, 9]])
    with pytest.raises(InputError, match=r"regressors: expected \(3, 1\) vertices and bones, got \(2, 1\)"):
        found(vertices[:2], heads)
    found.save(tmp_path / "r.npz")
    np.testing.assert_array_equal(PointRegressors.load(tmp_path / "r.npz").dense(), found.dense())
    with pytest.raises(FileError, match="regressors: expected a file written by save"):
        PointRegressors.load(tmp_path / "none.npz")


def test_another_mesh_with_the_same_vertices_gives_the_same_points():
    found = PointRegressors(
        names=("a", "b"), vertex_count=3, bone_count=2, rows=np.array([0, 0, 1]), columns=np.array([0, 2, 4]),
        weights=np.array([0.5, 0.5, 1.0]),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    vertices, heads, places = rng.random((3, 3)), rng.random((2, 3)), np.array([4, 0, 1])
    larger = np.full((6, 3), np.nan)
    larger[places] = vertices
    larger[[2, 3, 5]] = 9.0
    np.testing.assert_allclose(found.on_mesh(places, 6)(larger, heads), found(vertices, heads))
    with pytest.raises(InputError, match="expected places of 3 vertices, got 2"):
        found.on_mesh(places[:2], 6)


def test_rows_that_do_not_sum_to_one_are_refused():
    with pytest.raises(InputError, match="regressors: expected rows that sum to 1, got 0.5000 for a; build anew"):
        PointRegressors(
            names=("a",),
            vertex_count=1,
            bone_count=0,
            rows=np.array([0]),
            columns=np.array([0]),
            weights=np.array([0.5]),
        )
