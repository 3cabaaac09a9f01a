"""What a parametric body must offer, whoever made it (Anny, or a model that the user brings)."""

from typing import Any, NamedTuple, Protocol


class PosedBodies(NamedTuple):
    """Surfaces and joints of B bodies, metres, z up, in the model's own frame."""

    vertices: Any
    """(B, V, 3)"""
    joints: Any
    """(B, J, 3)"""


class BodyModel(Protocol):
    """A body model: shapes are drawn, then posed. Arrays are the model's own kind (torch for Anny)."""

    @property
    def joint_names(self) -> tuple[str, ...]: ...

    def sample(self, n: int, generator: Any) -> Any:
        """`n` shapes, drawn from plausible people; the same generator state gives the same shapes."""
        ...

    def __call__(self, shapes: Any, rotations: Any = None) -> PosedBodies:
        """Bodies of these shapes in this pose (None: the rest pose)."""
        ...
