"""People in a picture, in pixels: one protocol, and adapters to what finds them."""

from metricpose.inference.detectors.choose import DETECTORS, AgrOptions, detector_named
from metricpose.inference.detectors.protocol import Detector

__all__ = ["DETECTORS", "AgrOptions", "Detector", "detector_named"]
