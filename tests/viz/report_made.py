"""A small benchmark and a method's answer, with what a protocol would say of it."""

from pathlib import Path

import numpy as np

from metricpose.evaluation.protocols.result import Column, PersonErrors, ProtocolResult, Row, Table
from metricpose.people.frame import PeopleFrame
from tests.viz.people_made import CAMERA, standing

COLUMNS = (
    Column(key="mpjpe", heading="MPJPE", unit="mm", about="joint error, roots at one place"),
    Column(key="mrpe", heading="MRPE", unit="mm", about="error of the root"),
    Column(key="ap", heading="AP", unit="", about="of roots at 250 mm", better="higher"),
)


def frames(pictures: int = 12, image: Path | None = None) -> tuple[list[PeopleFrame], list[PeopleFrame]]:
    """Truth and prediction: two people per picture; each prediction is further off than the one before."""
    truth, predicted = [], []
    for i in range(pictures):
        people = standing(2, depth=3.0 + 0.5 * (i % 4))
        frame = PeopleFrame.of_people3d(f"S{i % 3}/{i:03d}.jpg", people, sequence=f"S{i % 3}", image_path=image)
        truth.append(frame)
        off = np.random.default_rng(i).normal(size=people.joints_cam.shape) * 0.01 * (i + 1)
        predicted.append(
            PeopleFrame(name=frame.name, skeleton=frame.skeleton, joints_cam=people.joints_cam + off, camera=CAMERA)
        )
    return truth, predicted


def result(truth: list[PeopleFrame], predicted: list[PeopleFrame], *, missed: int = 1, worse: float = 1.0):
    """Errors of everybody; the second person of the first `missed` pictures is missed."""
    people = [(t, p, row) for t, p in zip(truth, predicted, strict=True) for row in range(2)]
    lost = np.array([row == 1 and int(t.name[3:6]) < missed for t, _, row in people], bool)
    apart = np.array([worse * np.linalg.norm(_relative(p, row) - _relative(t, row), axis=-1) for t, p, row in people])
    apart = np.where(lost[:, None], np.nan, apart.reshape(-1, 17))
    depth = np.array([4.0 if t.joints_cam is None else t.joints_cam[row, 11, 2] for t, _, row in people])
    mpjpe = 1000 * apart.mean(axis=1)
    errors = PersonErrors(
        frames=tuple(t.name for t, _, _ in people),
        rows=np.array([row for _, _, row in people], int),
        predicted=np.where(lost, -1, [row for _, _, row in people]).astype(int),
        sequences=tuple(t.sequence for t, _, _ in people),
        distance_m=depth,
        values={"mpjpe": mpjpe, "mrpe": 2 * mpjpe},
        joint_error_m=apart,
        joints=standing().skeleton.joints,
        interval=np.stack([depth - 0.5, depth + 0.5], axis=-1) if people else np.zeros((0, 2)),
        true_depth_m=depth + 0.4,
    )
    count, found = len(people), int((~lost).sum())
    values = {"mpjpe": None if not found else float(np.nanmean(mpjpe)), "mrpe": None, "ap": 0.4321}
    row = Row(label="mean <1>", values=values, people=count, matched=found, missed=missed, ghosts=1, kind="mean")
    tables = (
        Table(title="Made", mode="official", columns=COLUMNS[:1], rows=(row,), notes=("rescaled",)),
        Table(title="Made", mode="strict", columns=COLUMNS, rows=(row,), notes=("one to one", "nothing aligned")),
    )
    return ProtocolResult(protocol="made", tables=tables, people=errors, ghosts=("S0/000.jpg",))


def _relative(frame: PeopleFrame, row: int) -> np.ndarray:
    assert frame.joints_cam is not None
    joints = frame.joints_cam[row]
    return joints - joints[[11, 12]].mean(axis=0)
