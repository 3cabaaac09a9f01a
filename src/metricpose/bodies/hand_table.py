"""Joints of the hands: five fingers of four points each, as SMPL-H, OpenPose and MediaPipe name them.

Bones turn where the points say, so they are sure to some millimetres; finger tips are the skin beyond the last bone.
"""

from metricpose.bodies.point import BodyPoint, point

FINGERS = ("thumb", "index", "middle", "ring", "pinky")


def _points() -> tuple[BodyPoint, ...]:
    made = [point("left_hand_wrist", {"bone:wrist.L": 1.0}, "OpenPose's hand: root of the hand", 10)]
    for number, finger in enumerate(FINGERS, start=1):
        for joint in (1, 2, 3):
            how = f"joint {joint} of the {finger} from the palm (SMPL-H, OpenPose's hand)"
            made.append(point(f"left_{finger}{joint}", {f"bone:finger{number}-{joint}.L": 1.0}, how, 10))
        beyond = {f"bone:finger{number}-3.L": 2.0, f"bone:finger{number}-2.L": -1.0}
        how = f"tip of the {finger} (OpenPose's hand)"
        made.append(point(f"left_{finger}_tip", beyond, how, 10, skin_m=(0.0, 0.0, 0.0)))
    return tuple(made)


HAND_POINTS = _points()
