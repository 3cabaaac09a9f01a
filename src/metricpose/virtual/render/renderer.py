"""Meshes, a camera and an environment in; a picture, whose each pixel is, and how far it is, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.geometry.camera import checked_image_size
from metricpose.virtual.render.context import shared_context
from metricpose.virtual.render.drawing import DrawnMesh, TextureStore, drawn, release_all
from metricpose.virtual.render.environment import Environment, metered
from metricpose.virtual.render.lens import Unbent, unbent
from metricpose.virtual.render.mesh import Mesh
from metricpose.virtual.render.programs import program, set_uniforms
from metricpose.virtual.render.targets import Targets
from metricpose.virtual.render.tone import CURVE
from metricpose.virtual.render.views import MapView, clip_from_cam, extrinsics, map_view

if TYPE_CHECKING:
    import moderngl

_NEAR_M = (0.03, 0.3)
_ALPHA_TO_COVERAGE = 0x809E
_UP = np.array([0.0, 0.0, 1.0])
_SHADOW_UNIT, _TOP_UNIT, _PICTURE_UNIT, _SKY_UNIT = 1, 2, 3, 4
_TOP_TEXELS, _SKY_TEXELS = 384, 192
_MOST_PEOPLE = 255


@dataclass(frozen=True, kw_only=True, eq=False)
class Rendered:
    """A picture with its exact labels; pixel centres as everywhere, (0, 0) the top left one.

    Attributes:
        rgb: (H, W, 3) uint8 sRGB.
        person_ids: (H, W) uint8, of the nearest surface at the pixel's centre; 0 is nobody.
        depth_m: (H, W) float32, z in the camera's frame of the nearest surface; 0 where there is none (panorama).
        amodal: (P, H, W) bool, persons 1 to P as if nothing stood before them; or None.
        exposure: from light to exposed light.
        driver: name of the graphics driver.
    """

    rgb: np.ndarray
    person_ids: np.ndarray
    depth_m: np.ndarray
    amodal: np.ndarray | None
    exposure: float
    driver: str


class Renderer:
    """Draws pictures of one size; its memory on the driver is used again for each.

    Args:
        size: width, height in pixels.
        device: number of the EGL device; None is the driver's choice.
        samples: per pixel, for smooth edges of the picture (labels are never blended).
        shadow_texels: side of the shadow map.

    Raises:
        MissingExtraError, DriverError: see `shared_context`.
    """

    def __init__(
        self, size: tuple[int, int], *, device: int | None = None, samples: int = 4, shadow_texels: int = 1024
    ) -> None:
        self.size = checked_image_size(size)
        self._context = shared_context(device)
        self._samples = min(samples, int(self._context.max_samples))
        self._textures = TextureStore(self._context)
        # Depths on the two sides of an edge must not be mixed for shadows; heights for the open sky may.
        self._shadow = _MapTarget(self._context, shadow_texels, self._context.NEAREST)
        self._top = _MapTarget(self._context, _TOP_TEXELS, self._context.LINEAR)
        self._sky_texture = self._context.texture((_SKY_TEXELS, _SKY_TEXELS), 1)
        self._sky_texture.filter = (self._context.LINEAR, self._context.LINEAR)
        self._sky = self._context.framebuffer([self._sky_texture])
        self._targets: dict[tuple[int, int], Targets] = {}

    def render(
        self,
        meshes: Sequence[Mesh],
        camera: Camera,
        environment: Environment,
        *,
        amodal: bool = False,
        exposure_stops: float = 0.0,
    ) -> Rendered:
        """One picture.

        Args:
            meshes: people and things, in the world.
            camera: of this renderer's size, with `cam_from_world`; its lens may bend.
            environment: background, light, and more things.
            amodal: also give each person's mask as if nothing stood before them.
            exposure_stops: brighter (positive) or darker than the metered exposure.

        Raises:
            InputError: a camera of another size or without a place, or a person's number over 255.
        """
        if camera.image_size != self.size:
            raise InputError(f"rendering: expected a camera of size {self.size}, got {camera.image_size}")
        extrinsics(camera)
        everything = (*meshes, *environment.meshes)
        people = max((mesh.person for mesh in everything), default=0)
        if people > _MOST_PEOPLE or min((mesh.person for mesh in everything), default=0) < 0:
            raise InputError(f"rendering: expected people numbered 1 to {_MOST_PEOPLE}, got {people}")
        lens = None if camera.distortion is None else unbent(camera)
        exposure = metered(environment, camera) * 2.0**exposure_stops
        uploaded = drawn(self._context, everything, self._textures)
        try:
            return self._rendered(uploaded, camera, lens, environment, exposure, people if amodal else None)
        finally:
            release_all(uploaded)

    def _rendered(
        self,
        meshes: list[DrawnMesh],
        camera: Camera,
        lens: Unbent | None,
        environment: Environment,
        exposure: float,
        people: int | None,
    ) -> Rendered:
        pinhole = camera if lens is None else lens.pinhole
        targets = self._targets_of(pinhole.image_size)
        matrix = _clip_from_world(pinhole, meshes)
        self._draw_maps(meshes, environment)
        self._draw_colour(targets, meshes, matrix, pinhole, environment, exposure)
        rgb = self._finished(targets, lens)
        ids, depth = self._labels(targets, meshes, matrix)
        masks = None if people is None else self._amodal(targets, meshes, matrix, people)
        if lens is not None:
            ids, depth = lens.nearest(ids), lens.nearest(depth)
            masks = None if masks is None else lens.nearest(masks)
        driver = self._context.info["GL_RENDERER"]
        return Rendered(rgb=rgb, person_ids=ids, depth_m=depth, amodal=masks, exposure=exposure, driver=driver)

    def _targets_of(self, size: tuple[int, int]) -> Targets:
        """Buffers of a size. Bent lenses ask for sizes of their own, so only the last few are kept."""
        if size not in self._targets:
            if len(self._targets) > 2:
                self._targets.pop(next(iter(self._targets))).release()
            self._targets[size] = Targets(self._context, size, self.size, self._samples)
        return self._targets[size]

    def _draw_maps(self, meshes: list[DrawnMesh], environment: Environment) -> None:
        """The views from the main light and from above, of all that throws shadows."""
        casting = [mesh for mesh in meshes if mesh.mesh.kind != "ground"]
        points = [mesh.mesh.vertices_world for mesh in casting]
        corners = np.concatenate(points) if points else np.zeros((0, 3))
        self._shadow.draw(casting, map_view(corners, environment.light.main_direction_world))
        self._top.draw(casting, map_view(corners, _UP))
        self._top.texture.use(_TOP_UNIT)
        self._sky.use()
        shader = program(self._context, "screen.vert", "sky.frag")
        set_uniforms(shader, top_map=_TOP_UNIT, ground_z=float(environment.ground_z_m), **self._top_uniforms())
        self._screen(shader)

    def _draw_colour(
        self,
        targets: Targets,
        meshes: list[DrawnMesh],
        matrix: np.ndarray,
        camera: Camera,
        environment: Environment,
        exposure: float,
    ) -> None:
        shared = self._light_uniforms(environment, exposure)
        shared["eye_world"] = camera.centre_world
        self._shadow.texture.use(_SHADOW_UNIT)
        self._top.texture.use(_TOP_UNIT)
        self._sky_texture.use(_SKY_UNIT)
        targets.smooth.use()
        targets.smooth.clear(0.0, 0.0, 0.0, 1.0, depth=1.0)
        self._draw_background(camera, environment, shared)
        self._context.enable_only(self._context.DEPTH_TEST)
        # Depths first: the costly shader then runs once for a pixel, not for all that clothes cover.
        targets.smooth.color_mask = (False, False, False, False)
        self._draw_all([mesh for mesh in meshes if not mesh.cut_out], "labels.vert", "depth.frag", matrix)
        targets.smooth.color_mask = (True, True, True, True)
        self._context.depth_func = "<="
        self._draw_all([mesh for mesh in meshes if not mesh.cut_out], "mesh.vert", "mesh.frag", matrix, **shared)
        self._context.enable_direct(_ALPHA_TO_COVERAGE)
        self._draw_all([mesh for mesh in meshes if mesh.cut_out], "mesh.vert", "mesh.frag", matrix, **shared)
        self._context.disable_direct(_ALPHA_TO_COVERAGE)
        self._context.depth_func = "<"

    def _draw_all(
        self, meshes: list[DrawnMesh], vertex: str, fragment: str, matrix: np.ndarray, **uniforms: Any
    ) -> None:
        """Draw meshes as the picture's camera sees them, backs left out unless a mesh shows them."""
        self._context.front_face = "cw"  # rows are not turned over, so turns are
        for cut_out in (False, True):
            shader = program(self._context, vertex, fragment, cut_out)
            set_uniforms(shader, clip_from_world=matrix, **uniforms)
            for mesh in meshes:
                if mesh.cut_out == cut_out:
                    self._set_sides(mesh)
                    mesh.draw(shader)

    def _draw_background(self, camera: Camera, environment: Environment, shared: dict[str, Any]) -> None:
        rotation = extrinsics(camera)[:3, :3]
        backdrop, plain = 0, environment.light.smooth_sh[0] * 0.2 / np.pi
        if environment.panorama is not None:
            backdrop = 1
            self._textures.light(environment.panorama.radiance).use(_PICTURE_UNIT)
        elif environment.picture is not None:
            backdrop = 2
            self._textures.light(environment.picture).use(_PICTURE_UNIT)
        shader = program(self._context, "screen.vert", "background.frag")
        set_uniforms(
            shader,
            backdrop=backdrop,
            picture=_PICTURE_UNIT,
            plain=plain,
            world_from_px=rotation.T @ np.linalg.inv(camera.intrinsics_px),
            size_px=camera.image_size,
            turn=(np.cos(environment.turn_rad), np.sin(environment.turn_rad)),
            capture_height=float(environment.capture_height_m),
            catches=backdrop > 0,
            **shared,
        )
        self._screen(shader)

    def _light_uniforms(self, environment: Environment, exposure: float) -> dict[str, Any]:
        light, shadow = environment.light, self._shadow.view
        unit_from_clip = np.array([[0.5, 0, 0, 0.5], [0, 0.5, 0, 0.5], [0, 0, 0.5, 0.5], [0, 0, 0, 1.0]])
        return {
            "smooth_sh": light.smooth_sh,
            "main_direction": light.main_direction_world,
            "main_irradiance": light.main_irradiance,
            "main_tan": float(np.tan(light.main_radius_rad)),
            "shadow_map": _SHADOW_UNIT,
            "shadow_from_world": unit_from_clip @ shadow.clip_from_world,
            "shadow_metres": shadow.metres,
            "top_map": _TOP_UNIT,
            "sky_map": _SKY_UNIT,
            **self._top_uniforms(),
            "ground_z": float(environment.ground_z_m),
            "exposure": float(exposure),
            "curve": CURVE,
        }

    def _top_uniforms(self) -> dict[str, Any]:
        top = self._top.view
        return {
            "top_box": (*top.least[:2], *(1.0 / top.metres[:2])),
            "top_heights": (-top.least[2], top.metres[2]),
        }

    def _finished(self, targets: Targets, lens: Unbent | None) -> np.ndarray:
        """The picture resolved, bent and in sRGB (H, W, 3)."""
        self._context.copy_framebuffer(targets.resolved, targets.smooth)
        targets.resolved_texture.use(_PICTURE_UNIT)
        warp = None
        shader = program(self._context, "screen.vert", "finish.frag")
        if lens is not None:
            warp = self._context.texture(self.size, 2, lens.warp_px, dtype="f4")
            warp.use(0)
        set_uniforms(shader, picture=_PICTURE_UNIT, warp=0, bent=lens is not None)
        targets.final.use()
        self._screen(shader)
        data = targets.final.read(components=3, alignment=1)
        if warp is not None:
            warp.release()
        return np.frombuffer(data, np.uint8).reshape(self.size[1], self.size[0], 3)

    def _labels(self, targets: Targets, meshes: list[DrawnMesh], matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Whose each pixel is (h, w) uint8, and the depth (h, w) float32."""
        targets.labels.use()
        targets.labels.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        self._context.enable_only(self._context.DEPTH_TEST)
        self._draw_all(meshes, "labels.vert", "labels.frag", matrix)
        width, height = targets.size
        values = np.frombuffer(targets.labels.read(components=2, dtype="f4"), np.float32).reshape(height, width, 2)
        return values[..., 0].astype(np.uint8), np.ascontiguousarray(values[..., 1])

    def _amodal(self, targets: Targets, meshes: list[DrawnMesh], matrix: np.ndarray, people: int) -> np.ndarray:
        """Masks (P, h, w): four people at a time, each in a channel that only grows."""
        width, height = targets.size
        masks = np.zeros((people, height, width), bool)
        self._context.enable_only(self._context.BLEND)
        self._context.blend_equation = self._context.MAX, self._context.MAX
        for first in range(0, people, 4):
            targets.amodal.use()
            targets.amodal.clear()
            for mesh in meshes:
                channel = mesh.mesh.person - 1 - first
                if 0 <= channel < 4:
                    shader = program(self._context, "labels.vert", "amodal.frag", mesh.cut_out)
                    set_uniforms(shader, clip_from_world=matrix, channel=np.eye(4)[channel])
                    mesh.draw(shader)
            read = np.frombuffer(targets.amodal.read(components=4), np.uint8).reshape(height, width, 4)
            masks[first : first + 4] = read.transpose(2, 0, 1)[: people - first] > 127
        self._context.blend_equation = self._context.FUNC_ADD, self._context.FUNC_ADD
        return masks

    def _set_sides(self, mesh: DrawnMesh) -> None:
        if mesh.mesh.both_sides:
            self._context.disable(self._context.CULL_FACE)
        else:
            self._context.enable(self._context.CULL_FACE)

    def _screen(self, shader: "moderngl.Program") -> None:
        """Draw `shader` on the whole of the target."""
        self._context.enable_only(self._context.NOTHING)
        array = self._context.vertex_array(shader, [])
        array.render(self._context.TRIANGLES, 3)
        array.release()


class _MapTarget:
    """A square map of depths seen along one direction."""

    def __init__(self, context: "moderngl.Context", texels: int, between: int) -> None:
        self._context = context
        self.texture = context.depth_texture((texels, texels))
        self.texture.compare_func = ""
        self.texture.filter = (between, between)
        self.texture.repeat_x = self.texture.repeat_y = False
        self._frame = context.framebuffer(depth_attachment=self.texture)
        self.view: MapView = map_view(np.zeros((0, 3)), _UP)

    def draw(self, meshes: list[DrawnMesh], view: MapView) -> None:
        self.view = view
        self._frame.use()
        self._frame.clear(depth=1.0)
        self._context.enable_only(self._context.DEPTH_TEST)
        for mesh in meshes:
            shader = program(self._context, "labels.vert", "depth.frag", mesh.cut_out)
            set_uniforms(shader, clip_from_world=view.clip_from_world)
            mesh.draw(shader)


def _clip_from_world(camera: Camera, meshes: list[DrawnMesh]) -> np.ndarray:
    """The clip matrix with planes around what is there: near ones cost precision, so no nearer than need be."""
    matrix = extrinsics(camera)
    depths = [mesh.mesh.vertices_world @ matrix[2, :3] + matrix[2, 3] for mesh in meshes]
    z = np.concatenate(depths) if depths else np.ones(1)
    near = float(np.clip(0.8 * z.min(), *_NEAR_M))
    return clip_from_cam(camera, near, max(float(z.max()) * 1.01 + 0.1, near + 1.0)) @ matrix
