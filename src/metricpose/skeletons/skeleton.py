"""A skeleton: names, tree and mirror of a set of joints. No tensors, no colours."""

from dataclasses import dataclass, field
from functools import cached_property

from metricpose._errors import InputError

# Canonical names that stand for the middle of the body between the hips: where `root_cam` is measured.
_ROOT_NAMES = ("mid_hip", "mpi_pelvis", "mpii_pelvis", "smpl_pelvis", "pelvis")


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """A set of joints.

    Attributes:
        name: short and unique, e.g. ``"coco17"``.
        joints: names in file order, as the field uses them.
        parents: index of each joint's parent in the anatomical tree, -1 for the top of the tree.
        mirror: index of each joint's partner on the other side, or its own; an involution.
        canonical: the anatomical point behind each joint. Two joints of two skeletons are the same point if and only
            if their canonical names agree. Defaults to `joints`.

    Raises:
        InputError: doubled names, lengths that do not agree, a cycle among the parents, or a mirror that is none.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    mirror: tuple[int, ...]
    canonical: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for attribute in ("joints", "parents", "mirror", "canonical"):
            object.__setattr__(self, attribute, tuple(getattr(self, attribute)))
        if not self.canonical:
            object.__setattr__(self, "canonical", self.joints)
        self._check_lengths_and_names()
        self._check_tree()
        if any(not 0 <= j < len(self) or self.mirror[j] != i for i, j in enumerate(self.mirror)):
            raise InputError(f"skeleton {self.name!r}: mirror must send each joint to its partner and back")

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Index of a joint by its own name, or else by its canonical one; InputError if there is none."""
        for names in (self.joints, self.canonical):
            if joint in names:
                return names.index(joint)
        raise InputError(f"skeleton {self.name!r} has no joint {joint!r}; it has {', '.join(self.joints)}")

    @cached_property
    def root(self) -> int | None:
        """Index of the joint between the hips, or None where the skeleton has none (COCO-17)."""
        return next((self.canonical.index(name) for name in _ROOT_NAMES if name in self.canonical), None)

    @cached_property
    def hips(self) -> tuple[int, int] | None:
        """Indices of the left and the right hip, or None where one is missing."""
        if "left_hip" not in self.canonical or "right_hip" not in self.canonical:
            return None
        return self.canonical.index("left_hip"), self.canonical.index("right_hip")

    @cached_property
    def limbs(self) -> tuple[tuple[int, int], ...]:
        """Edges (parent, child) of the tree, for drawing and for bone lengths."""
        return tuple((parent, child) for child, parent in enumerate(self.parents) if parent >= 0)

    def _check_lengths_and_names(self) -> None:
        lengths = [len(x) for x in (self.joints, self.parents, self.mirror, self.canonical)]
        if min(lengths) == 0 or len(set(lengths)) > 1:
            names = "joints, parents, mirror and canonical"
            raise InputError(f"skeleton {self.name!r}: expected {names} of one length above 0, got {lengths}")
        for names in (self.joints, self.canonical):
            doubled = sorted({name for name in names if names.count(name) > 1})
            if doubled:
                raise InputError(f"skeleton {self.name!r}: expected each joint once, got doubled {', '.join(doubled)}")

    def _check_tree(self) -> None:
        for start in range(len(self)):
            joint, steps = start, 0
            while joint != -1 and steps <= len(self):
                joint, steps = self.parents[joint] if 0 <= joint < len(self) else len(self), steps + 1
            if joint != -1:
                raise InputError(f"skeleton {self.name!r}: parents of joint {self.joints[start]!r} do not lead to -1")
