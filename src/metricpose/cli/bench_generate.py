"""`metricpose bench generate`: virtual people from poses and bodies to detections, on one process."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from metricpose.cli.extras import needs_extra
from metricpose.cli.timing import Row, measured

if TYPE_CHECKING:
    from metricpose.virtual.scenes import SceneBatch

_PEOPLE_PER_SCENE = 3
_POSES_PER_SOURCE = 20_000


def rows(people: tuple[int, ...], repeats: int) -> Iterator[Row]:
    """A row per batch of about so many people; building the world (once per training) is not timed."""
    with needs_extra("making virtual scenes", "train"):
        from metricpose.virtual.scenes import SceneOptions
        from metricpose.virtual.seeded import seeded_scenes
        from metricpose.virtual.world import WorldOptions, built_world

    world = built_world(WorldOptions(procedural_count=_POSES_PER_SOURCE, prior_count=_POSES_PER_SOURCE))

    def made(scenes: int) -> "SceneBatch":
        return seeded_scenes(scenes, world, SceneOptions(), seed=0)

    for count in people:
        scenes = max(1, count // _PEOPLE_PER_SCENE)
        exact = int(made(scenes).real.sum())
        yield measured("generate", exact, lambda scenes=scenes: made(scenes), repeats=max(3, repeats // 20))
