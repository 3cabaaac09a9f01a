"""What the geometry needs to be written once for numpy and torch (the array API)."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_array_api_obj

# A numpy array or a torch tensor. Not both in one call: `namespace` refuses a mixture.
Array = Any


def floating(values: Any) -> Array:
    """`values` as a floating array of its own kind: lists become numpy float64, integers become float64."""
    array = values if is_array(values) else np.asarray(values, dtype=np.float64)
    xp = array_namespace(array)
    return array if xp.isdtype(array.dtype, "real floating") else xp.astype(array, xp.float64)


def is_array(values: Any) -> bool:
    """Whether `values` is a numpy array or a torch tensor."""
    return is_array_api_obj(values)


def namespace(*arrays: Array) -> Any:
    """The array-API namespace that all `arrays` share."""
    return array_namespace(*arrays)


def like(values: Any, reference: Array) -> Array:
    """`values` as an array of the kind, dtype and device of `reference`."""
    xp = array_namespace(reference)
    source = np.array(values) if isinstance(values, np.ndarray) and not values.flags.writeable else values
    return xp.asarray(source, dtype=reference.dtype, device=device(reference))
