"""The packaged bodies: plausible people, in a file that nothing but numpy is needed to read."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.bodies.bank import LANDMARK_COUNT, NODE_COUNT, BodyBank
from metricpose.virtual.rig import LANDMARKS, MIRROR, NODES, PARENTS


@pytest.fixture(scope="module")
def bank():
    return BodyBank.load()


def test_the_counts_are_those_of_the_rig():
    assert (len(NODES), len(LANDMARKS)) == (NODE_COUNT, LANDMARK_COUNT)


def test_it_loads_without_torch_and_without_anny():
    code = (
        "import sys; sys.modules['torch'] = sys.modules['anny'] = None\n"
        "from metricpose.bodies.bank import BodyBank; assert len(BodyBank.load()) == 4000"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_body_is_in_two_splits_and_each_has_its_share(bank):
    shares = [len(bank.of_split(name)) / len(bank) for name in ("train", "val", "test")]
    np.testing.assert_allclose(shares, (0.7, 0.1, 0.2), atol=0.02)


@pytest.mark.parametrize(
    ("age", "low", "high"), [(1, 0.62, 0.86), (2, 0.73, 0.98), (4, 0.87, 1.17), (8, 1.05, 1.45), (12, 1.24, 1.70)]
)
def test_children_have_the_statures_of_their_age(bank, age, low, high):
    stature = bank.stature_m[np.abs(bank.age_years - age) < 0.25]
    assert len(stature) > 10
    assert low < stature.min()
    assert stature.max() < high


@pytest.mark.parametrize(("women", "mean"), [(False, 1.745), (True, 1.595)])
def test_adults_have_real_statures(bank, women, mean):
    stature = bank.stature_m[(bank.age_years >= 18) & ((bank.sex > 0.5) == women)]
    assert stature.mean() == pytest.approx(mean, abs=0.015)
    assert 0.06 < stature.std() < 0.10
    assert stature.min() > 1.3
    assert stature.max() < 2.0


def test_stature_is_the_height_of_the_canonical_pose(bank):
    z = np.zeros((len(bank), NODE_COUNT))
    for node, parent in enumerate(PARENTS[1:], start=1):
        z[:, node] = z[:, parent] + bank.node_offsets[:, node, 2]
    head_top = z[:, NODES.index("head")] + bank.landmark_offsets[:, [n for n, _ in LANDMARKS].index("head_top"), 2]
    sole = z[:, NODES.index("left_foot")] - bank.sole_m
    np.testing.assert_allclose(head_top - sole, bank.stature_m, atol=1e-3)


def test_limbs_lie_along_the_canonical_axes_and_sides_mirror(bank):
    offsets = bank.node_offsets
    for name, axis in (("left_forearm", 1), ("left_hand", 1), ("left_shin", 2), ("right_foot", 2)):
        across = np.delete(offsets[:, NODES.index(name)], axis, axis=1)
        np.testing.assert_allclose(across, 0, atol=2e-4)
    assert (offsets[:, NODES.index("left_forearm"), 1] > 0).all()
    assert (offsets[:, NODES.index("left_shin"), 2] < 0).all()
    np.testing.assert_allclose(offsets[:, list(MIRROR)] * (1, -1, 1), offsets, atol=5e-3)


def test_big_toes_are_inside_and_faces_look_forward(bank):
    at = {name: bank.landmark_offsets[:, i] for i, (name, _) in enumerate(LANDMARKS)}
    assert (at["left_big_toe"][:, 1] < at["left_small_toe"][:, 1]).all()
    assert (at["right_big_toe"][:, 1] > at["right_small_toe"][:, 1]).all()
    assert (at["left_heel"][:, 0] < 0).all()
    assert (at["left_big_toe"][:, 0] > 0).all()
    assert (at["nose"][:, 0] > at["left_ear"][:, 0]).all()
    assert (at["left_eye"][:, 1] > at["right_eye"][:, 1]).all()


def test_proportions_agree_with_anthropometry(bank):
    """Means of adults against de Leva 1996 (joint centres) and Drillis and Contini 1966, as shares of stature."""
    adults = bank[bank.age_years >= 18]
    length = {n: np.linalg.norm(adults.node_offsets[:, i], axis=1) / adults.stature_m for i, n in enumerate(NODES)}
    literature = {"left_forearm": 0.161, "left_hand": 0.150, "left_shin": 0.236, "left_foot": 0.250}
    for node, share in literature.items():
        assert length[node].mean() == pytest.approx(share, rel=0.08), node


def test_selection_keeps_the_fields_together(bank):
    children = bank[bank.age_years < 18]
    assert len(children) == 1400
    assert children.node_offsets.shape == (1400, 21, 3)
    assert len(bank[:0]) == 0


def test_saving_and_loading_keeps_a_tenth_of_a_millimetre(bank, tmp_path):
    bank[:5].save(tmp_path / "few.npz")
    np.testing.assert_allclose(BodyBank.load(tmp_path / "few.npz").node_offsets, bank[:5].node_offsets, atol=6e-5)


def test_errors_say_what_is_wrong(bank, tmp_path):
    with pytest.raises(FileError, match=r"bodies: expected a file written by BodyBank.save, got .*none.npz"):
        BodyBank.load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no")
    with pytest.raises(FileError, match="expected a file written by"):
        BodyBank.load(tmp_path / "text.npz")
    with pytest.raises(InputError, match="expected one of train, val, test, got 'dev'"):
        bank.of_split("dev")
    with pytest.raises(InputError, match=r"BodyBank.radii: expected shape \(4000, 21\), got \(4000, 20\)"):
        replace(bank, radii=bank.radii[:, 1:])
    with pytest.raises(InputError, match=r"BodyBank.sole_m: expected finite numbers"):
        replace(bank, sole_m=np.full(4000, np.nan))
