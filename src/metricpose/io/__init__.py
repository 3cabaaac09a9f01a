"""Files in and out, one module for each format. What other programs write is checked here and nowhere else."""

from metricpose.io.camera_json import write_camera
from metricpose.io.cameras import read_camera, read_cameras
from metricpose.io.image import decode_image, read_image
from metricpose.io.people2d_json import write_people2d
from metricpose.io.people3d import read_people3d, write_people3d
from metricpose.io.records import ImagePeople2D, ImagePeople3D
from metricpose.io.sniff import read_people2d
from metricpose.io.video import VideoFrame, read_video

__all__ = [
    "ImagePeople2D",
    "ImagePeople3D",
    "VideoFrame",
    "decode_image",
    "read_camera",
    "read_cameras",
    "read_image",
    "read_people2d",
    "read_people3d",
    "read_video",
    "write_camera",
    "write_people2d",
    "write_people3d",
]
