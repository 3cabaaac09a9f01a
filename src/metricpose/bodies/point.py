"""A point of the body as data: what it is made from, how that was found, and how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from metricpose._errors import InputError
from metricpose.skeletons.points import other_side


@dataclass(frozen=True, kw_only=True)
class BodyPoint:
    """One definition.

    Attributes:
        name: canonical name.
        parts: what it is mixed from -> weight; the weights sum to 1.
        how: who defined it, and where that is known from.
        sure_mm: how far the real point may lie from this one on an adult.
        skin_m: None, or the offset (x forward, y left, z up, metres on the reference body) after which the nearest
            vertex of the skin is the point.
    """

    name: str
    parts: Mapping[str, float]
    how: str
    sure_mm: int
    skin_m: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        if abs(sum(self.parts.values()) - 1.0) > 1e-9:
            raise InputError(
                f"body point {self.name!r}: expected weights that sum to 1, got {sum(self.parts.values())}"
            )

    def both_sides(self) -> tuple["BodyPoint", ...]:
        """The point and its partner on the other side, or the point alone where it lies in the middle."""
        other = other_side(self.name)
        if other == self.name:
            return (self,)
        skin_m = None if self.skin_m is None else (self.skin_m[0], -self.skin_m[1], self.skin_m[2])
        parts = {other_side(name): weight for name, weight in self.parts.items()}
        return self, replace(self, name=other, parts=parts, skin_m=skin_m)


def point(
    name: str, parts: Mapping[str, float], how: str, sure_mm: int, skin_m: tuple[float, float, float] | None = None
) -> BodyPoint:
    """A BodyPoint in one line of a table."""
    return BodyPoint(name=name, parts=dict(parts), how=how, sure_mm=sure_mm, skin_m=skin_m)
