"""Pictures of results: an overlay on the photo, and a page with a scene to walk around."""

from metricpose.viz.overlay import overlay
from metricpose.viz.scene_page import write_scene_page

__all__ = ["overlay", "write_scene_page"]
