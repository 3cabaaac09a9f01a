"""Cameras, lens distortion, rigid motion, rays, alignment and boxes: numpy in, numpy out; torch in, torch out."""

from metricpose.geometry.alignment import aligned, similarity
from metricpose.geometry.camera import Camera
from metricpose.geometry.distortion import BrownConrady, Distortion, Fisheye

__all__ = ["BrownConrady", "Camera", "Distortion", "Fisheye", "aligned", "similarity"]
