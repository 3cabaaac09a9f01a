"""One labelled picture from one seed: a scene drawn, seen by a camera with faults, with labels that stay exact."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from metricpose._errors import InputError
from metricpose.bodies.regressors import PointRegressors
from metricpose.virtual.pose_pool import PosePool
from metricpose.virtual.render.camera_faults import FaultOptions, drawn_faults, with_faults
from metricpose.virtual.render.dressed import Dresser
from metricpose.virtual.render.labels import PictureLabels, labels_json, picture_labels, rounded
from metricpose.virtual.render.people_scene import (
    DrawnPeople,
    DressesPeople,
    PeopleScene,
    SceneOptions,
    drawn_people,
    people_scene,
)
from metricpose.virtual.render.preview import LabelledPicture as PreviewPicture
from metricpose.virtual.render.renderer import Rendered, Renderer
from metricpose.virtual.world import WorldOptions, built_world

SCHEMA = "metricpose.picture/1"
_CLEAN_QUALITY = 95  # of JPEG, where no such fault was drawn
_MOST_MM = 65535


@dataclass(frozen=True, kw_only=True)
class PictureOptions:
    """Everything that pictures are made from.

    Attributes:
        assets: folder of MakeHuman's assets, or None: painted suits, no hair.
        skeletons: names in the catalogue for which joints are written, beside all landmarks; None is all covered.
        mocap_cache: poses of mocap; else of the shipped prior.
        world_seed, poses_per_source: of the pool of poses.
        pose_shares: of people whose pose comes from mocap, the shipped prior and the procedural source.
        acrobats: share of people in poses of gymnasts, turned any way up; `pose_shares` is of the others.
        views: pictures of the same people, each with another camera, other places and surroundings.
        device: number of the EGL device, or None: the driver's choice.
        retries: further scenes tried for a seed whose people none can be seen in the picture.
    """

    scene: SceneOptions = field(default_factory=SceneOptions)
    faults: FaultOptions | None = field(default_factory=FaultOptions)
    assets: Path | None = None
    skeletons: tuple[str, ...] | None = None
    mocap_cache: Path | None = None
    world_seed: int = 0
    poses_per_source: int = 20_000
    pose_shares: tuple[float, float, float] = (0.45, 0.1, 0.45)
    acrobats: float = 0.0
    views: int = 1
    device: int | None = None
    samples: int = 4
    depth: bool = False
    retries: int = 4

    def __post_init__(self) -> None:
        if len(self.pose_shares) != 3 or min(self.pose_shares) < 0 or sum(self.pose_shares) <= 0:
            raise InputError(
                "PictureOptions.pose_shares: expected shares of mocap, prior and procedural poses, at least one above "
                f"0, got {self.pose_shares}"
            )
        if not 0 <= self.acrobats <= 1 or self.views < 1:
            raise InputError(
                f"PictureOptions: expected acrobats in [0, 1] and views >= 1, got {self.acrobats} and {self.views}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledPicture:
    """A picture as files hold it.

    Attributes:
        jpg: the picture, encoded.
        person_ids: (H, W) uint8, 0 nobody, 1 to P the people; modal.
        depth_m: (H, W) float32, 0 where nothing is near (panorama).
        record: all labels as strict JSON (schema "metricpose.picture/1").
    """

    seed: int
    jpg: bytes
    person_ids: np.ndarray
    depth_m: np.ndarray | None
    labels: PictureLabels
    record: dict[str, Any]

    @property
    def rgb(self) -> np.ndarray:
        """(H, W, 3) uint8."""
        return decoded(self.jpg)

    def preview(self, skeleton: str = "coco17") -> PreviewPicture:
        """What the preview sheet draws."""
        return preview_of(self.record, self.rgb, self.person_ids, skeleton)


class Studio:
    """Holds what is slow to make: the body model, the poses, and a renderer for each size of picture.

    Args:
        options: of the pictures.
        dresser, poses: other ones than the options' own, for tests.
    """

    def __init__(
        self, options: PictureOptions, *, dresser: DressesPeople | None = None, poses: PosePool | None = None
    ) -> None:
        self.options = options
        self.dresser = dresser or Dresser(options.assets, regressors=PointRegressors.load().on_full_mesh())
        self.poses = poses if poses is not None else _poses(options)
        self._renderers: dict[tuple[int, int], Renderer] = {}
        self._last: tuple[int, DrawnPeople] | None = None

    def renderer(self, size: tuple[int, int]) -> Renderer:
        """The renderer of a size, made when first asked for."""
        if size not in self._renderers:
            self._renderers[size] = Renderer(size, device=self.options.device, samples=self.options.samples)
        return self._renderers[size]

    def scene(self, seed: int) -> PeopleScene:
        """The scene of a seed; with `views`, neighbouring seeds show the same people."""
        views = self.options.views
        if views == 1:  # people come from the same draws as their camera: seeds of older sets stay what they were
            return people_scene(seed, self.dresser, self.poses, self.options.scene)
        if self._last is None or self._last[0] != seed // views:
            self._last = seed // views, drawn_people(seed // views, self.dresser, self.poses, self.options.scene)
        return people_scene(seed, self.dresser, self.poses, self.options.scene, self._last[1])


def prepared(options: PictureOptions) -> Callable[[int], LabelledPicture]:
    """For workers (`watchdog.watched`): from seed to picture, all slow things made."""
    return partial(made_picture, studio=Studio(options))


def made_picture(seed: int, studio: Studio) -> LabelledPicture:
    """The labelled picture of a seed; the same for the same options, assets, versions and driver.

    Raises:
        InputError: nobody can be seen in any of the scenes tried.
    """
    for attempt in range(studio.options.retries + 1):
        # Seeds of further scenes are far from those of other pictures.
        scene = studio.scene(seed + attempt * 1_000_000_007)
        rendered = studio.renderer(scene.camera.image_size).render(scene.meshes, scene.camera, scene.environment)
        if (rendered.person_ids > 0).any():
            return _labelled(seed, scene, rendered, studio.options)
    raise InputError(f"picture {seed}: expected somebody to be seen in one of {studio.options.retries + 1} scenes")


def _labelled(seed: int, scene: PeopleScene, rendered: Rendered, options: PictureOptions) -> LabelledPicture:
    labels = picture_labels(scene, rendered, options.skeletons)
    rgb, faults, quality = rendered.rgb, {}, _CLEAN_QUALITY
    if options.faults is not None:
        drawn = drawn_faults(seed, options.faults)
        faults = {name: rounded(value, 4) for name, value in vars(drawn).items() if value is not None}
        quality = drawn.jpeg_quality or _CLEAN_QUALITY
        # The file's own JPEG is the fault: encoding twice would add another.
        rgb = with_faults(rgb, type(drawn)(**{**vars(drawn), "jpeg_quality": None}), seed)
    record = {
        "schema": SCHEMA,
        "seed": seed,
        "split": options.scene.split,
        **labels_json(scene, labels),
        "environment": {
            "kind": scene.surroundings,
            "name": scene.environment.name,
            "licence": scene.environment.licence,
            "exposure": rounded(rendered.exposure, 6),
        },
        "faults": {**faults, "jpeg_quality": quality},
        "driver": rendered.driver,
    }
    return LabelledPicture(
        seed=seed,
        jpg=encoded_jpg(rgb, quality),
        person_ids=rendered.person_ids,
        depth_m=rendered.depth_m if options.depth else None,
        labels=labels,
        record=record,
    )


def encoded_jpg(rgb: np.ndarray, quality: int) -> bytes:
    """uint8 RGB as JPEG."""
    buffer = BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def encoded_mask(person_ids: np.ndarray) -> bytes:
    """(H, W) uint8 as PNG of one channel."""
    buffer = BytesIO()
    Image.fromarray(person_ids).save(buffer, "PNG")
    return buffer.getvalue()


def encoded_depth(depth_m: np.ndarray) -> bytes:
    """(H, W) metres as 16-bit PNG of millimetres, at most 65.535 m; 0 is nothing near."""
    millimetres = np.clip(np.rint(depth_m * 1000.0), 0, _MOST_MM).astype(np.uint16)
    buffer = BytesIO()
    Image.fromarray(millimetres).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def decoded(data: bytes) -> np.ndarray:
    """A picture, mask or depth of a shard as an array."""
    with Image.open(BytesIO(data)) as picture:
        return np.asarray(picture)


def preview_of(
    record: dict[str, Any], rgb: np.ndarray, person_ids: np.ndarray, skeleton: str = "coco17"
) -> PreviewPicture:
    """What the preview sheet draws of a record, such as a shard holds."""
    from metricpose.skeletons import skeleton_named

    people, drawn = record["people"], skeleton_named(skeleton)
    if any(skeleton not in person["joints"] for person in people):
        raise InputError(f"preview: expected joints of {skeleton}, got none; write pictures with that skeleton")

    def numbers(values: list[Any]) -> np.ndarray:
        return np.array([_numbers(value) for value in values])

    environment = record["environment"]
    return PreviewPicture(
        rgb=rgb,
        joints_px=numbers([person["joints"][skeleton]["px"] for person in people]),
        visible=numbers([person["joints"][skeleton]["visible"] for person in people]) > 0,
        boxes_px=numbers([person["box_px"] for person in people if person["box_px"][0] is not None]),
        skeleton=drawn,
        amodal_boxes_px=numbers([p["amodal_box_px"] for p in people if p["amodal_box_px"][0] is not None]),
        person_ids=person_ids,
        caption=f"{record['seed']}: {environment['kind']} {environment['name']}",
    )


def _numbers(value: Any) -> Any:
    """Lists of numbers, in which null is NaN."""
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return float("nan") if value is None else float(value)


def _poses(options: PictureOptions) -> PosePool:
    others = (1 - options.acrobats) / sum(options.pose_shares)
    mocap_share, prior_share, procedural_share = (share * others for share in options.pose_shares)
    world = WorldOptions(
        mocap_share=mocap_share,
        prior_share=prior_share,
        procedural_share=procedural_share,
        acrobatic_share=options.acrobats,
        split=options.scene.split,
        mocap_cache=options.mocap_cache,
        procedural_count=options.poses_per_source,
        prior_count=options.poses_per_source,
        seed=options.world_seed,
    )
    return built_world(world).poses
