"""What the geometry needs to be written once for numpy and torch (the array API)."""

from typing import Any

import numpy as np

# A numpy array or a torch tensor. Not both in one call: `namespace` refuses a mixture.
Array = Any

# numpy speaks the array API itself since 2.1. array_api_compat's wrapper of it loads numpy.testing and numpy.f2py on
# first use, which takes longer than to import the rest of numpy; so it is left to what needs it.
_OF_NUMPY = (np.ndarray, np.generic)
_SPEAKS_ARRAY_API = hasattr(np, "unstack")


def floating(values: Any) -> Array:
    """`values` as a floating array of its own kind: lists become numpy float64, integers become float64."""
    array = values if is_array(values) else np.asarray(values, dtype=np.float64)
    xp = namespace(array)
    return array if xp.isdtype(array.dtype, "real floating") else xp.astype(array, xp.float64)


def is_array(values: Any) -> bool:
    """Whether `values` is a numpy array or a torch tensor."""
    if isinstance(values, _OF_NUMPY):
        return True
    from array_api_compat import is_array_api_obj

    return is_array_api_obj(values)


def namespace(*arrays: Array) -> Any:
    """The array-API namespace that all `arrays` share."""
    if _SPEAKS_ARRAY_API and all(isinstance(array, _OF_NUMPY) for array in arrays):
        return np
    from array_api_compat import array_namespace

    return array_namespace(*arrays)


def like(values: Any, reference: Array) -> Array:
    """`values` as an array of the kind, dtype and device of `reference`."""
    xp = namespace(reference)
    if xp is np:
        return np.asarray(values, dtype=reference.dtype)
    from array_api_compat import device

    source = np.array(values) if isinstance(values, np.ndarray) and not values.flags.writeable else values
    return xp.asarray(source, dtype=reference.dtype, device=device(reference))
