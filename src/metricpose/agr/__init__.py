"""The abstract geometry representation: people as maps, and maps as people. One encoder, one decoder."""

from metricpose.agr.decode import DecodedPeople, decode
from metricpose.agr.encode import encode, encode_arrays
from metricpose.agr.types import AGR, CANONICAL_FOCAL_PX

__all__ = ["AGR", "CANONICAL_FOCAL_PX", "DecodedPeople", "decode", "encode", "encode_arrays"]
