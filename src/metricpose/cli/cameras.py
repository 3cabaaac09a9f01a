"""Which camera a picture has: the arguments that name one, and the order in which sources win."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from metricpose._errors import InputError
from metricpose.cli.arguments import ArgumentParser, Namespace, field_of_view
from metricpose.cli.output import warn

if TYPE_CHECKING:
    from metricpose.geometry.camera import Camera
    from metricpose.people import CameraSource

# Two pictures of one video may differ by a few columns from their calibration (codecs like multiples of 8 or 16).
_PADDING_TOLERANCE = 0.02
_ASPECT_TOLERANCE = 0.005


@dataclass(frozen=True, kw_only=True)
class ChosenCamera:
    """A camera, where it came from, and the relative standard deviation of its focal length."""

    camera: "Camera"
    source: "CameraSource"
    focal_sigma: float


def add_camera_arguments(parser: ArgumentParser) -> None:
    """Declare --camera, --camera-name, --fov, --extrinsics and --doubt."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--camera", metavar="FILE", help="calibration for all pictures (JSON, OpenCV YAML, Pose2Sim TOML)"
    )
    group.add_argument("--fov", type=field_of_view, metavar="DEG", help="horizontal field of view of all pictures")
    parser.add_argument("--camera-name", metavar="NAME", help="which camera of a file that holds several")
    add_belief_arguments(parser)


def add_belief_arguments(parser: ArgumentParser) -> None:
    """Declare --extrinsics and --doubt."""
    parser.add_argument(
        "--extrinsics",
        choices=("full", "tilt", "none"),
        default="full",
        help="what to believe of a camera's pose: all, only its tilt (the people do not stand at height 0), nothing",
    )
    parser.add_argument(
        "--doubt",
        nargs=2,
        type=float,
        default=(0.0, 0.0),
        metavar=("DEG", "SHARE"),
        help="standard deviations of the camera's tilt, and of its height relative to it (default 0 0: exact)",
    )


def given_camera(args: Namespace) -> "Camera | None":
    """The camera of --camera, if any."""
    if args.camera is None:
        if args.camera_name is not None:
            raise InputError(f"--camera-name {args.camera_name}: expected --camera with a file of cameras, got none")
        return None
    from metricpose.io import read_camera

    return read_camera(args.camera, name=args.camera_name)


def believed(camera: "Camera", extrinsics: str) -> "Camera":
    """`camera` with all of its pose ("full"), only its up direction ("tilt"), or none of it."""
    if extrinsics == "full":
        return camera
    return replace(camera, cam_from_world=None, up_cam=camera.up if extrinsics == "tilt" else None)


class CameraChooser:
    """Chooses the camera of each picture: --camera, the picture's own, --fov, EXIF, the default field of view."""

    def __init__(
        self, *, given: "Camera | None" = None, fov_deg: float | None = None, extrinsics: str = "full"
    ) -> None:
        """`given` is for all pictures, and so is `fov_deg`; warnings are said once each."""
        self._given, self._fov_deg, self._extrinsics = given, fov_deg, extrinsics
        self._said: set[str] = set()

    @classmethod
    def of(cls, args: Namespace, given: "Camera | None") -> "CameraChooser":
        """The chooser that the arguments ask for, once their camera is read."""
        return cls(given=given, fov_deg=args.fov, extrinsics=args.extrinsics)

    def __call__(
        self, image_size: tuple[int, int], *, own: "Camera | None" = None, exif: Mapping[str, Any] | None = None
    ) -> ChosenCamera:
        """The camera of a picture of `image_size` px whose file states `own`, and whose EXIF is `exif`."""
        from metricpose.inference.intrinsics import intrinsics

        if self._given is not None and own is not None and own is not self._given:
            self.warn_once("--camera replaces the cameras that the input states")
        if self._fov_deg is not None and own is not None:
            self.warn_once("the input states cameras: --fov is used only for pictures without one")
        stated = own if self._given is None else self.fitted(self._given, image_size)
        camera, source, focal_sigma = intrinsics(image_size, given=stated, exif=exif, fov_deg=self._fov_deg)
        if source == "default":
            self.warn_once(
                f"no camera and no EXIF focal length: {camera.focal_px[0]:.0f} px is assumed for "
                f"{image_size[0]} x {image_size[1]} px, with wider intervals; --camera or --fov gives better distances",
                about="default",
            )
        camera = believed(camera, self._extrinsics)
        return ChosenCamera(camera=camera, source=source, focal_sigma=focal_sigma)

    def fitted(self, camera: "Camera", image_size: tuple[int, int]) -> "Camera":
        """`camera` for pictures of `image_size`: scaled where only the scale differs, kept where a few columns do."""
        if tuple(camera.image_size) == tuple(image_size):
            return camera
        (width, height), (w, h) = camera.image_size, image_size
        sizes = f"the camera is for {width} x {height} px, the picture has {w} x {h} px"
        if abs((w / width) / (h / height) - 1.0) <= _ASPECT_TOLERANCE:
            self.warn_once(f"{sizes}: the camera is scaled")
            return camera.resized(image_size)
        if max(abs(w / width - 1.0), abs(h / height - 1.0)) <= _PADDING_TOLERANCE:
            self.warn_once(f"{sizes}: taken as padding, the camera's numbers are used as they are")
            return replace(camera, image_size=image_size)
        raise InputError(f"{sizes}: expected the same size or the same proportions; give the camera of this picture")

    def warn_once(self, text: str, about: str | None = None) -> None:
        """Say something, unless it (or something else `about` the same) was said before."""
        if (about or text) not in self._said:
            self._said.add(about or text)
            warn(text)
