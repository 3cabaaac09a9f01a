"""Pickles of data sets, read without running what they ask for.

A pickle is a program: `pickle.load` calls whatever it names. Some benchmarks come as pickles and nothing else, so this
reader knows plain containers, numbers, texts and numpy arrays, and builds these itself: nothing that a file names is
imported, and no method of numpy is called by the file. Every other class is refused by name.
"""

import io
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy_format

from metricpose._errors import FileError, InputError

_CONTAINERS = {"list": list, "dict": dict, "tuple": tuple, "set": set, "frozenset": frozenset}
_SCALARS = {"int": int, "float": float, "complex": complex, "bool": bool, "str": str, "unicode": str, "long": int}
_FAULTS = (pickle.UnpicklingError, EOFError, ImportError, AttributeError, IndexError, KeyError, TypeError, ValueError)
_ADVICE = "only plain containers, numbers, texts and numpy arrays are read from a pickle; do not trust this file"


def read_pickle(path: str | Path) -> Any:
    """What a pickle (of Python 2 or 3, any protocol) holds: containers, numbers, texts, numpy arrays.

    Ordered and default dictionaries come back as dict; bytes of Python 2 as text (latin-1).

    Raises FileError (missing, unreadable) and InputError (another class in it, which the text names; damaged).
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"{path}: cannot read this pickle ({error.strerror}); check the path") from error
    return _unpickled(io.BytesIO(data), path)


def read_object_npz(path: str | Path) -> dict[str, Any]:
    """The arrays of an NPZ by name; pickled object arrays in it are read as `read_pickle` reads.

    A 0-d object array comes as what it holds: np.savez(path, positions_3d={...}) gives back the dictionary.

    Raises FileError (missing, unreadable) and InputError (no NPZ, another class in it, damaged).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {_key(name): _member(archive, name, f"{path}: {_key(name)}") for name in archive.namelist()}
    except OSError as error:
        raise FileError(f"{path}: cannot read this NPZ file ({error.strerror}); check the path") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as fault:
        raise InputError(f"{path}: expected an NPZ file, got something else or a damaged one ({fault})") from None


def _key(name: str) -> str:
    return name.removesuffix(".npy")


def _member(archive: zipfile.ZipFile, name: str, where: str) -> Any:
    file = io.BytesIO(archive.read(name))
    try:
        shape, dtype = _header(file)
        if not dtype.hasobject:
            file.seek(0)
            return npy_format.read_array(file, allow_pickle=False)
    except (ValueError, EOFError, SyntaxError) as fault:
        text = " ".join(str(fault).split())
        raise InputError(f"{where}: expected a numpy array, got a damaged one ({text:.80})") from None
    held = _unpickled(file, where)
    if dtype != np.dtype(object) or not isinstance(held, np.ndarray) or held.size != int(np.prod(shape)):
        raise InputError(f"{where}: expected a pickled array of shape {shape}, got {type(held).__name__}; damaged?")
    return held.reshape(shape) if shape else held.item()


def _header(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    readers = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}
    version = npy_format.read_magic(file)
    if version not in readers:
        raise ValueError(f"version {version} of the format is not known")
    shape, _, dtype = readers[version](file)
    return shape, dtype


def _unpickled(file: BinaryIO, where: object) -> Any:
    try:
        return _Finished()(_Restricted(file).load())
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except (*_FAULTS, MemoryError, OverflowError, RecursionError) as fault:
        text = " ".join(str(fault).split())
        raise InputError(
            f"{where}: expected a pickle, got a damaged one ({type(fault).__name__}: {text:.80})"
        ) from None


class _Restricted(pickle.Unpickler):
    """Names become our own makers, never what the file's program would import."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin1")

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name in ("builtins", "__builtin__"):
            known = {**_CONTAINERS, **_SCALARS}.get(global_name)
            if known is not None:
                return known
        maker = _MAKERS.get((module_name.replace("numpy._core", "numpy.core"), global_name))
        if maker is None:
            raise InputError(f"refused the class {module_name}.{global_name}; {_ADVICE}")
        return _Maker(maker)

    def persistent_load(self, pid: Any, /) -> Any:
        raise InputError(f"refused a reference to something outside the file; {_ADVICE}")


class _Maker:
    """A function that a pickle may call, and may not change: each name gets one of its own."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any) -> Any:
        return self._make(*args)

    def __setstate__(self, state: Any) -> None:
        raise InputError(f"refused a state for a function; {_ADVICE}")


class _Dtype:
    """Stands for a dtype until its byte order is known; numpy's own would change in place, for the whole program."""

    __slots__ = ("code", "order")

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or not re.fullmatch(r"[biufc]\d{1,2}|[SU]\d{1,9}|O\d?", code):
            raise InputError(f"refused an array of {str(code)!r:.40}; {_ADVICE}")
        self.code, self.order = code, "="

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        if order not in ("<", ">", "|", "="):
            raise ValueError(f"byte order {order!r}")
        self.order = order

    def real(self) -> np.dtype[Any]:
        return np.dtype(object) if self.code.startswith("O") else np.dtype(self.order + self.code)


class _Array:
    """Stands for an array, which the file names before it says what is in it."""

    __slots__ = ("state",)

    def __init__(self, kind: Any = None, *_: Any) -> None:
        if not (isinstance(kind, _Maker) and kind("is array") is True):
            raise InputError(f"refused a class of arrays; {_ADVICE}")
        self.state: tuple[Any, ...] | None = None

    def __setstate__(self, state: Any) -> None:
        self.state = tuple(state)[-4:]  # newer files put a version in front


def _array_class(*args: Any) -> bool:
    """numpy.ndarray: an argument of the others, never called by a sound file."""
    if args != ("is array",):
        raise InputError(f"refused a call of numpy.ndarray; {_ADVICE}")
    return True


def _from_bytes(data: Any, dtype: Any, shape: Any, order: str = "C") -> np.ndarray:
    raw = data.encode("latin1") if isinstance(data, str) else bytes(memoryview(data))
    kind = dtype.real()
    shape = tuple(int(n) for n in shape)
    if kind.hasobject or any(n < 0 for n in shape) or len(raw) != int(np.prod(shape, dtype=object)) * kind.itemsize:
        raise ValueError(f"{len(raw)} bytes for {shape} of {kind}")
    if not kind.itemsize:
        return np.zeros(shape, dtype=kind)
    native = np.frombuffer(raw, dtype=kind).astype(kind.newbyteorder("="))
    return native.reshape(shape, order="F" if order == "F" else "C")


def _scalar(dtype: Any, data: Any) -> Any:
    return _from_bytes(data, dtype, ())[()]


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """How protocol 2 writes the bytes of Python 3."""
    if encoding not in ("latin1", "latin-1"):
        raise InputError(f"refused the encoding {encoding!r:.40}; {_ADVICE}")
    return text.encode("latin1")


def _bytes(data: Any = b"", encoding: str = "latin1") -> bytes:
    return _encoded(data, encoding) if isinstance(data, str) else bytes(memoryview(data))


def _default_dict(*_: Any) -> dict[Any, Any]:
    return {}


_MAKERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _array_class,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy.core.numeric", "_frombuffer"): _from_bytes,
    ("_codecs", "encode"): _encoded,
    ("builtins", "bytes"): _bytes,
    ("__builtin__", "bytes"): _bytes,
    ("builtins", "bytearray"): _bytes,
    ("__builtin__", "bytearray"): _bytes,
    ("collections", "OrderedDict"): dict,
    ("collections", "defaultdict"): _default_dict,
}


class _Finished:
    """Real arrays in the place of those that stand for them, however deep; a structure that holds itself is refused."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()

    def __call__(self, value: Any) -> Any:
        if not isinstance(value, list | dict | tuple | set | frozenset | _Array | np.ndarray | _Dtype | _Maker):
            return value
        if id(value) in self._made:
            return self._made[id(value)]
        if id(value) in self._open:
            raise InputError(f"refused a structure that holds itself; {_ADVICE}")
        self._open.add(id(value))
        made = self._made[id(value)] = self._finish(value)
        return made

    def _finish(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self(key): self(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return type(value)([self(entry) for entry in value])
        if isinstance(value, _Array):
            return self._array(value)
        if isinstance(value, np.ndarray):
            return value
        raise InputError(f"refused a function or a type as a value; {_ADVICE}")

    def _array(self, value: _Array) -> np.ndarray:
        if value.state is None or len(value.state) != 4:
            raise ValueError("an array without content")
        shape, dtype, fortran, content = value.state
        if dtype.real() != np.dtype(object):
            return _from_bytes(content, dtype, shape, "F" if fortran else "C")
        if not isinstance(content, list) or len(content) != int(np.prod(shape, dtype=object)):
            raise ValueError(f"an array of objects without its {shape} entries")
        objects = np.empty(len(content), dtype=object)
        for index, entry in enumerate(content):
            objects[index] = self(entry)
        return objects.reshape(shape, order="F" if fortran else "C")
