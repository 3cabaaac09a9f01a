"""Pictures of results: an overlay on the photo, and a page with a scene to walk around."""

from metricpose.viz.overlay import overlay

__all__ = ["overlay"]
