"""Anny as a BodyModel: the mesh behind the packaged bodies (Apache-2.0 code, CC0 data; extra `[anny]`).

Brégier et al., "Human Mesh Modeling for Anny Body", 2025. Anny's frame: x to the person's left, y backwards, z up.
The model is built with plain linear blend skinning, so warp is not needed; the first build takes a minute or two and
is cached under `ANNY_CACHE_DIR`.
"""

import importlib
from dataclasses import dataclass
from typing import Any

from metricpose._errors import MissingExtraError
from metricpose.bodies.protocol import PosedBodies


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError("the Anny body model", "anny") from error


@dataclass(frozen=True, kw_only=True, eq=False)
class AnnyShapes:
    """Shapes of B people: `phenotypes` maps Anny's labels to (B,) tensors in [0, 1]; `age_years` (B,)."""

    phenotypes: dict[str, Any]
    age_years: Any

    def __len__(self) -> int:
        return len(self.age_years)


class AnnyBody:
    """The Anny model with its calibrated shape distribution and its COCO and feet keypoints."""

    def __init__(self) -> None:
        anny = _imported("anny")
        self.model = anny.Anny(skinning_method="lbs")
        self.keypoint_regressor = anny.KeypointsRegressor.coco(self.model)

    @property
    def joint_names(self) -> tuple[str, ...]:
        return tuple(self.model.bone_labels)

    def sample(self, n: int, generator: Any, *, ages_years: tuple[float, float] = (18.0, 90.0)) -> AnnyShapes:
        """`n` shapes of people of evenly spread age; sexes are near either end (0 male, 1 female), not between."""
        torch = _imported("torch")
        low, high = (torch.tensor(age, dtype=self.model.dtype) for age in ages_years)
        distribution = _imported("anny.shape_distribution").SimpleShapeDistribution(
            self.model,
            morphological_age_distribution=torch.distributions.Uniform(low, high),
            gender_distribution=_TwoSexes(self.model.dtype),
        )
        seed = int(torch.randint(2**31, (), generator=generator))
        with torch.random.fork_rng(devices=[]):  # Anny draws from the global state: put it back afterwards
            torch.manual_seed(seed)
            age_years, phenotypes = distribution.sample(n)
        return AnnyShapes(phenotypes=phenotypes, age_years=age_years)

    def __call__(self, shapes: AnnyShapes, rotations: Any = None) -> PosedBodies:
        """Bodies in Anny's rest pose, or posed by `rotations` (B, bones, 4, 4) local to the rest pose of each bone."""
        output = self.model(pose_parameters=rotations, phenotype_kwargs=shapes.phenotypes)
        return PosedBodies(vertices=output["vertices"], joints=output["bone_poses"][..., :3, 3])

    def rest(self, shapes: AnnyShapes) -> PosedBodies:
        """Bodies at rest, without skinning: fast, for measuring."""
        rest = self.model.get_rest_model(self.model.get_phenotype_blendshape_coefficients(**shapes.phenotypes))
        return PosedBodies(vertices=rest["rest_vertices"], joints=rest["rest_bone_heads"])

    def keypoints(self, vertices: Any) -> dict[str, Any]:
        """COCO-17 and feet keypoints by name, each (B, 3), of `vertices` (B, V, 3)."""
        points = self.keypoint_regressor({"vertices": vertices})
        return dict(zip(self.keypoint_regressor.labels, points.unbind(1), strict=True))


class _TwoSexes:
    """Half of the people within 0.15 of either sex: averages of the two would blur real proportions."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def sample(self, shape: Any) -> Any:
        torch = _imported("torch")
        sex = (torch.rand(shape, dtype=self.dtype) > 0.5).to(self.dtype)
        return (sex - 0.15 * torch.rand(shape, dtype=self.dtype)).abs()
