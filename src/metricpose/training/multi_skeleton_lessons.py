"""Windows as the trained layers of a multi-skeleton network see them: the body is not trained, and sees each once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from metricpose._errors import FileError, InputError
from metricpose.models.metrabs import MetrabsNet
from metricpose.skeletons.joint_sets import JointSet
from metricpose.training.aimed_people import AimedPeople, WindowOptions, drawn_windows


@dataclass(frozen=True, kw_only=True, eq=False)
class Lessons:
    """N windows as the trained layers see them, and the truth; seen8 float16, the others as in `Windows`."""

    seen8: Tensor
    focal_px: Tensor
    centre_px: Tensor
    joints_cam: Tensor
    joints_px: Tensor
    labelled: Tensor
    inside: Tensor

    def __len__(self) -> int:
        return len(self.seen8)

    def __getitem__(self, rows: Tensor) -> "Lessons":
        return Lessons(**{name: value[rows] for name, value in vars(self).items()})


def made_lessons(
    net: MetrabsNet, people: AimedPeople, joints: JointSet, kept: int, options: WindowOptions, seed: int
) -> Iterator[Lessons]:
    """`kept` windows of each of the people, in parts, from the seed alone."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(kept):
        for rows in torch.arange(len(people)).split(64):
            made = drawn_windows(people[rows], options, generator, joints)
            seen8 = net.look(made.pictures.to(memory_format=torch.channels_last)).contiguous().half()
            true = made.targets
            yield Lessons(
                seen8=seen8, focal_px=made.focal_px, centre_px=made.centre_px, joints_cam=true.joints_cam,
                joints_px=true.joints_px, labelled=true.labelled, inside=true.inside,
            )  # fmt: skip


def together(parts: Sequence[Lessons]) -> Lessons:
    """All in one. InputError for none."""
    if not parts:
        raise InputError("multi-skeleton: expected windows to learn from, got none")
    return Lessons(**{name: torch.cat([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def write_lessons(path: Path, lessons: Lessons) -> None:
    """As safetensors, moved to its place whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    save_file({name: value.contiguous() for name, value in vars(lessons).items()}, beside)
    beside.replace(path)


def read_lessons(path: Path, joints: int) -> Lessons:
    """The first `joints` joints of what was written. FileError for another file."""
    try:
        with safe_open(path, framework="pt") as stored:
            found = Lessons(**{field.name: stored.get_tensor(field.name) for field in fields(Lessons)})
    except (OSError, SafetensorError) as error:
        raise FileError(f"{path}: expected windows written by recipes/multi_skeleton ({error})") from error
    by_joint = {name: getattr(found, name)[:, :joints] for name in ("joints_cam", "joints_px", "labelled", "inside")}
    return replace(found, **by_joint)
