"""The values users hold: people in a picture, people in metres, and the matching of two sets of them."""

from metricpose.people.frame import PeopleFrame
from metricpose.people.matching import match
from metricpose.people.people2d import People2D
from metricpose.people.people3d import CameraSource, People3D

__all__ = ["CameraSource", "People2D", "People3D", "PeopleFrame", "match"]
