"""The canonical rig: 21 rotations and a body's rest offsets make every landmark of a virtual person.

Every pose source (mocap of any rig, the pose prior, the procedural source) answers with *global* rotations of these
nodes, and every body is a set of rest offsets, so any pose fits any body, from infant to elder.

Frame: the person's own, right-handed, metres: x forward, y left, z up. In the rest pose all rotations are the identity:
a T-pose, standing upright, legs straight down, arms straight out along +-y with palms down, facing +x.
"""

NODES = (
    "pelvis", "spine", "chest", "neck", "head",
    "left_clavicle", "left_upper_arm", "left_forearm", "left_hand",
    "right_clavicle", "right_upper_arm", "right_forearm", "right_hand",
    "left_thigh", "left_shin", "left_foot", "left_toes",
    "right_thigh", "right_shin", "right_foot", "right_toes",
)  # fmt: skip
"""Each node is a joint centre (the proximal end of the part it names) together with the rotation of that part."""

PARENTS = (-1, 0, 1, 2, 3, 2, 5, 6, 7, 2, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19)

MIRROR = (0, 1, 2, 3, 4, 9, 10, 11, 12, 5, 6, 7, 8, 17, 18, 19, 20, 13, 14, 15, 16)

LANDMARKS = (
    ("nose", "head"), ("left_eye", "head"), ("right_eye", "head"), ("left_ear", "head"), ("right_ear", "head"),
    ("left_shoulder", "left_upper_arm"), ("right_shoulder", "right_upper_arm"),
    ("left_elbow", "left_forearm"), ("right_elbow", "right_forearm"),
    ("left_wrist", "left_hand"), ("right_wrist", "right_hand"),
    ("left_hip", "left_thigh"), ("right_hip", "right_thigh"),
    ("left_knee", "left_shin"), ("right_knee", "right_shin"),
    ("left_ankle", "left_foot"), ("right_ankle", "right_foot"),
    ("head_top", "head"), ("neck", "neck"),
    ("left_hand_tip", "left_hand"), ("right_hand_tip", "right_hand"),
    ("left_heel", "left_foot"), ("right_heel", "right_foot"),
    ("left_big_toe", "left_toes"), ("right_big_toe", "right_toes"),
    ("left_small_toe", "left_toes"), ("right_small_toe", "right_toes"),
)  # fmt: skip
"""(landmark, the node it is fixed to, which its rest offset is from). The first 17 are COCO-17 in its order."""
