import numpy as np
import pytest

from metricpose import InputError, Skeleton, skeleton_named
from metricpose.skeletons import CATALOGUE

ALL = list(CATALOGUE.values())
SIZES = {
    "coco17": 17, "body25": 25, "body25b": 25, "h36m17": 17, "mpii16": 16, "mpi_inf_3dhp17": 17, "mpi_inf_3dhp28": 28,
    "mupots17": 17, "muco21": 21, "panoptic19": 19, "panoptic15_nose": 15, "panoptic15_headtop": 15,
    "virtualpose17": 17,
    "smpl24": 24, "halpe26": 26, "lsp14": 14, "mediapipe33": 33, "smplh52": 52, "openpose67": 67,
}  # fmt: skip

# Orders in the short notation of the projects' own files: l and r sides, joint by its first letters.
SHORT = {
    "sho": "shoulder", "elb": "elbow", "wri": "wrist", "hip": "hip", "kne": "knee", "ank": "ankle", "eye": "eye",
    "ear": "ear", "bto": "big_toe", "sto": "small_toe", "hee": "heel", "foo": "foot", "col": "collar", "han": "hand",
}  # fmt: skip
ORDERS = {
    "coco17": "nose leye reye lear rear lsho rsho lelb relb lwri rwri lhip rhip lkne rkne lank rank",
    "body25": "nose neck rsho relb rwri lsho lelb lwri mid_hip rhip rkne rank lhip lkne lank reye leye rear lear "
    "lbto lsto lhee rbto rsto rhee",
    "body25b": "nose leye reye lear rear lsho rsho lelb relb lwri rwri lhip rhip lkne rkne lank rank upper_neck "
    "head_top lbto lsto lhee rbto rsto rhee",
    "h36m17": "root rhip rkne rfoo lhip lkne lfoo spine thorax neck_base head lsho lelb lwri rsho relb rwri",
    "mpii16": "rank rkne rhip lhip lkne lank pelvis thorax upper_neck head_top rwri relb rsho lsho lelb lwri",
    "mupots17": "head_top neck rsho relb rwri lsho lelb lwri rhip rkne rank lhip lkne lank pelvis spine head",
    "panoptic19": "neck nose mid_hip lsho lelb lwri lhip lkne lank rsho relb rwri rhip rkne rank leye lear reye rear",
    "panoptic15_nose": "neck nose mid_hip lsho lelb lwri lhip lkne lank rsho relb rwri rhip rkne rank",
    "panoptic15_headtop": "neck head_top mid_hip lsho lelb lwri lhip lkne lank rsho relb rwri rhip rkne rank",
    "virtualpose17": "neck head_top mid_hip lsho lelb lwri lhip lkne lank rsho relb rwri rhip rkne rank spine head",
    "smpl24": "pelvis lhip rhip spine1 lkne rkne spine2 lank rank spine3 lfoo rfoo neck lcol rcol head lsho rsho "
    "lelb relb lwri rwri lhan rhan",
    "halpe26": "nose leye reye lear rear lsho rsho lelb relb lwri rwri lhip rhip lkne rkne lank rank head neck hip "
    "lbto rbto lsto rsto lhee rhee",
    "lsp14": "rank rkne rhip lhip lkne lank rwri relb rsho lsho lelb lwri neck head_top",
}


def _spelt(word: str) -> str:
    sides = {"l": "left", "r": "right"}
    return f"{sides[word[0]]}_{SHORT[word[1:]]}" if word[1:] in SHORT and word[0] in sides else word


def test_the_catalogue_is_complete_and_named_by_its_keys():
    assert {name: len(skeleton) for name, skeleton in CATALOGUE.items()} == SIZES
    assert all(skeleton_named(name).name == name for name in CATALOGUE)


@pytest.mark.parametrize("name", ORDERS)
def test_orders_are_those_of_the_projects(name):
    assert CATALOGUE[name].joints == tuple(_spelt(word) for word in ORDERS[name].split())


def test_order_of_mpi_inf_3dhp_17_within_28():
    """The data set's own list of 17 among 28 joints, 1-based."""
    picked = [8, 6, 15, 16, 17, 10, 11, 12, 24, 25, 26, 19, 20, 21, 5, 4, 7]
    long = CATALOGUE["mpi_inf_3dhp28"].joints
    assert CATALOGUE["mpi_inf_3dhp17"].joints == tuple(long[i - 1] for i in picked)
    assert CATALOGUE["mupots17"].joints == CATALOGUE["mpi_inf_3dhp17"].joints


def test_hands_follow_the_bodies_that_they_extend():
    """SMPL-H: 22 of SMPL's joints, then index to thumb in its order; OpenPose: BODY_25 and two hands."""
    smplh, openpose = CATALOGUE["smplh52"].joints, CATALOGUE["openpose67"].joints
    assert smplh[:22] == CATALOGUE["smpl24"].joints[:22]
    assert smplh[22:25] == ("left_index1", "left_index2", "left_index3")
    assert [joint[:-1] for joint in smplh[37::3]] == [
        f"right_{f}" for f in ("index", "middle", "pinky", "ring", "thumb")
    ]
    assert openpose[:25] == CATALOGUE["body25"].joints
    assert openpose[25:30] == ("left_hand_wrist", "left_thumb1", "left_thumb2", "left_thumb3", "left_thumb_tip")
    assert openpose[46:48] == ("right_hand_wrist", "right_thumb1")
    assert openpose[66] == "right_pinky_tip"


def test_landmarks_of_mediapipe_at_their_documented_indices():
    joints = CATALOGUE["mediapipe33"].joints
    documented = {
        0: "nose", 3: "left_eye_outer", 4: "right_eye_inner", 7: "left_ear", 9: "mouth_left", 11: "left_shoulder",
        16: "right_wrist", 17: "left_pinky", 20: "right_index", 21: "left_thumb", 23: "left_hip", 28: "right_ankle",
        29: "left_heel", 32: "right_foot_index",
    }  # fmt: skip
    assert {i: joints[i] for i in documented} == documented


@pytest.mark.parametrize("skeleton", ALL, ids=lambda s: s.name)
def test_trees_are_single_and_symmetric(skeleton):
    mirror, parents = skeleton.mirror, skeleton.parents
    assert parents.count(-1) == 1
    assert len(skeleton.limbs) == len(skeleton) - 1
    assert [mirror[mirror[j]] for j in range(len(skeleton))] == list(range(len(skeleton)))
    for joint, parent in enumerate(parents):
        assert parents[mirror[joint]] == (-1 if parent == -1 else mirror[parent])


@pytest.mark.parametrize("skeleton", ALL, ids=lambda s: s.name)
def test_mirror_pairs_left_with_right_and_the_middle_with_itself(skeleton):
    for joint, partner in enumerate(skeleton.mirror):
        sided = "left" in skeleton.joints[joint] or "right" in skeleton.joints[joint]
        assert sided == (partner != joint)


@pytest.mark.parametrize("skeleton", ALL, ids=lambda s: s.name)
def test_limbs_are_anatomical(skeleton):
    upward = {"elbow": "shoulder", "wrist": "elbow", "knee": "hip", "ankle": "knee"}
    for parent, child in skeleton.limbs:
        side, _, part = skeleton.canonical[child].partition("_")
        if part in upward:
            assert skeleton.canonical[parent] == f"{side}_{upward[part]}"


def test_roots_are_between_the_hips_where_there_is_such_a_joint():
    roots = {name: s.root if s.root is None else s.joints[s.root] for name, s in CATALOGUE.items()}
    assert {name for name, root in roots.items() if root is None} == {"coco17", "body25b", "lsp14", "mediapipe33"}
    assert set(roots.values()) == {None, "mid_hip", "root", "pelvis", "hip"}
    assert all(s.hips == (s.index("left_hip"), s.index("right_hip")) for s in ALL)


def test_words_that_mean_different_points_are_not_merged():
    points = {name: set(s.canonical) for name, s in CATALOGUE.items()}
    assert "nose" in points["panoptic15_nose"] - points["panoptic15_headtop"]
    middle = {"h36m17": {"spine", "thorax", "neck_base", "head"}, "smpl24": {"neck", "head", "pelvis"}}
    for name, words in middle.items():
        own = {CATALOGUE[name].canonical[CATALOGUE[name].index(word)] for word in words}
        for other in points.keys() - {name} - ({"smplh52"} if name == "smpl24" else set()):
            assert not own & points[other], (name, other)
    assert CATALOGUE["body25"].canonical[1] == "mid_shoulder"
    for name in ("panoptic19", "panoptic15_nose", "panoptic15_headtop", "virtualpose17"):
        assert CATALOGUE[name].canonical[0] == "mid_shoulder"
    assert CATALOGUE["body25b"].canonical[17] == "upper_neck" == CATALOGUE["mpii16"].canonical[8]


def test_joints_are_found_by_own_and_by_canonical_name():
    h36m = CATALOGUE["h36m17"]
    assert h36m.index("root") == h36m.index("mid_hip") == 0
    assert h36m.index("left_ankle") == h36m.index("left_foot") == 6
    with pytest.raises(InputError, match="skeleton 'coco17' has no joint 'pelvis'; it has nose, left_eye"):
        CATALOGUE["coco17"].index("pelvis")


def test_an_unknown_name_lists_the_known():
    with pytest.raises(InputError, match="unknown skeleton 'coco': expected one of coco17, body25, "):
        skeleton_named("coco")


@pytest.mark.parametrize("changes, text", [
    ({"joints": ("a", "a", "c")}, "expected each joint once, got doubled a"),
    ({"parents": (-1, 0)}, "of one length above 0, got"),
    ({"parents": (1, 2, 0)}, "parents of joint 'a' do not lead to -1"),
    ({"parents": (-1, 0, 9)}, "parents of joint 'c' do not lead to -1"),
    ({"mirror": (0, 1, 1)}, "mirror must send each joint to its partner and back"),
    ({"mirror": (0, 1, 7)}, "mirror must"),
    ({"joints": (), "parents": (), "mirror": ()}, "above 0"),
])  # fmt: skip
def test_malformed_skeletons_are_refused_with_the_reason(changes, text):
    values = {"name": "odd", "joints": ("a", "b", "c"), "parents": (-1, 0, 1), "mirror": (0, 1, 2)}
    with pytest.raises(InputError, match=f"skeleton 'odd': .*{text}"):
        Skeleton(**{**values, **changes})


def test_skeletons_are_values():
    made = Skeleton(name="odd", joints=["a", "b"], parents=[-1, np.int64(0)], mirror=[0, 1])
    assert made == Skeleton(name="odd", joints=("a", "b"), parents=(-1, 0), mirror=(0, 1))
    assert len({made, made}) == 1
