"""MATLAB files: classic ones through scipy, those of version 7.3 (HDF5) through h5py (extra `datasets`)."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.io.fields import shown

_DAMAGE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError, OSError, zlib.error)


def read_mat(path: str | Path, names: tuple[str, ...], *, simplified: bool = False) -> dict[str, Any]:
    """The variables `names` of a classic MAT file (up to version 7.2).

    Args:
        path: the file.
        names: of the variables; all must be there.
        simplified: structures as dictionaries, cells as lists, whatever has one entry as that entry. Otherwise shapes
            are MATLAB's: cells (rows, columns) of objects, a structure a (1, 1) record (see `struct_value`).

    Raises FileError (missing, unreadable), InputError (no such file, a variable missing) and MissingExtraError.
    """
    try:
        import scipy.io
    except ImportError as error:
        raise MissingExtraError("reading MATLAB files", "datasets") from error
    try:
        with Path(path).open("rb") as file:
            held = _loaded(scipy.io, file, path, names, simplified)
    except OSError as error:
        raise FileError(f"{path}: cannot read this MATLAB file ({error.strerror}); check the path") from error
    _check_names(path, held, names)
    return {name: held[name] for name in names}


def _loaded(scipy_io: Any, file: Any, path: str | Path, names: tuple[str, ...], simplified: bool) -> dict[str, Any]:
    try:
        return scipy_io.loadmat(file, variable_names=names, simplify_cells=simplified)
    except NotImplementedError:
        raise InputError(
            f"{path}: expected a MATLAB file up to version 7.2, got 7.3 (HDF5); save it with -v7"
        ) from None
    except (*_DAMAGE, scipy_io.matlab.MatReadError) as fault:
        raise InputError(f"{path}: expected a MATLAB file, got a damaged one ({_line(fault)})") from None


def read_mat73(path: str | Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays `names` of a MAT file of version 7.3, in MATLAB's order of axes (HDF5 holds them reversed).

    Raises FileError (missing, unreadable), InputError (no HDF5, an array missing) and MissingExtraError.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("reading MATLAB files of version 7.3", "datasets") from error
    try:
        with Path(path).open("rb"):  # h5py's own error does not tell missing from damaged
            pass
    except OSError as error:
        raise FileError(f"{path}: cannot read this MATLAB file ({error.strerror}); check the path") from error
    try:
        with h5py.File(path, "r") as file:
            arrays = {str(name): entry for name, entry in file.items() if isinstance(entry, h5py.Dataset)}
            _check_names(path, arrays, names)
            return {name: np.asarray(arrays[name][()]).T for name in names}
    except InputError:
        raise
    except (*_DAMAGE, RuntimeError) as fault:
        raise InputError(
            f"{path}: expected a MATLAB file of version 7.3 (HDF5), got another ({_line(fault)})"
        ) from None


def struct_value(cell: Any, field: str, where: str) -> Any:
    """The value of a field of a structure (a (1, 1) record), as scipy gives it without simplification."""
    record = np.asarray(cell)
    if record.dtype.names is None or field not in record.dtype.names or record.size != 1:
        got = "no structure" if record.dtype.names is None else shown(list(record.dtype.names))
        raise InputError(f"{where}: expected one structure with the field {field!r}, got {got}; check the file")
    return record[field].reshape(-1)[0]


def _check_names(path: str | Path, held: dict[str, Any], names: tuple[str, ...]) -> None:
    absent = next((name for name in names if name not in held), None)
    if absent is not None:
        found = sorted(name for name in held if not name.startswith("__"))
        raise InputError(f"{path}: expected the variable {absent!r}, got {shown(found)}; is it the file of this name?")


def _line(fault: BaseException) -> str:
    return " ".join(str(fault).split())[:80]
