"""Pickles without their dangers: what numpy and plain Python write comes back; whatever would run code is refused."""

import collections
import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.safe_pickle import read_object_npz, read_pickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def kept(value: Any, folder: Path, protocol: int) -> Any:
    path = folder / "value.pkl"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return read_pickle(path)


def same(a: Any, b: Any) -> bool:
    if isinstance(b, np.ndarray):
        content = all(map(same, a.flat, b.flat)) if b.dtype == object else np.array_equal(a, b)
        return type(a) is np.ndarray and a.dtype == b.dtype.newbyteorder("=") and a.shape == b.shape and content
    if isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in b)
    if isinstance(b, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def objects(*entries: Any) -> np.ndarray:
    made = np.empty(len(entries), dtype=object)
    made[:] = entries
    return made


PLAIN = {
    "containers": {"a": [1, 2.5, None, True], ("S1", "54138969"): ({1, 2}, frozenset((3,)), "text", b"bytes", 10**30)},
    "empty": [[], {}, (), set(), "", b""],
    "complex": 1 + 2j,
    "floats": np.arange(6.0).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big-endian": np.arange(3, dtype=">i4"),
    "half": np.zeros((0, 4), dtype=np.float16),
    "bool": np.array([True, False]),
    "texts": np.array(["TS1_002001.jpg", "é"]),
    "byte texts": np.array([b"ab", b"c"]),
    "point": np.array(3.5),
    "objects": objects(np.arange(3), {"poses": np.eye(2)}, "m", None),
    "nested": {"poses": [np.zeros((2, 72)), np.ones((2, 72))], "inner": objects(objects(1, 2), [np.arange(2)])},
    "scalar": [np.float64(0.5), np.int32(7), np.bool_(True), np.str_("a")],
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", PLAIN)
def test_arrays_and_containers_come_back(name, protocol, tmp_path):
    assert same(kept(PLAIN[name], tmp_path, protocol), PLAIN[name])


def test_ordered_and_default_dictionaries_are_dict(tmp_path):
    ordered = collections.OrderedDict([("b", np.arange(2)), ("a", 1)])
    default = collections.defaultdict(list, {"x": [1]})
    read = kept([ordered, default], tmp_path, 2)
    assert [type(entry) for entry in read] == [dict, dict]
    assert list(read[0]) == ["b", "a"] and read[1] == {"x": [1]}


def test_one_array_in_two_places_stays_one(tmp_path):
    shared = np.arange(3)
    a, b = kept([shared, shared], tmp_path, 4)
    assert a is b


def test_a_pickle_of_python_2(tmp_path):
    """Protocol 2 with byte strings, as cPickle of Python 2 writes numpy arrays: data as str, keys as str."""
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n(I0\ntU\x01b\x87R"
    dtype = b"cnumpy\ndtype\n(U\x02f8I0\nI1\ntR(I3\nU\x01<NNNI-1\nI-1\nI0\ntb"
    state = b"(I1\n(I2\nt" + dtype + b"I00\nU\x10" + np.array([0.5, -1e300]).tobytes() + b"tb"
    path = tmp_path / "two.pkl"
    path.write_bytes(b"\x80\x02}U\x05poses" + array + state + b"s.")
    assert same(read_pickle(path), {"poses": np.array([0.5, -1e300])})


class Runs:
    def __init__(self, function: Any, *args: Any) -> None:
        self.reduced = function, args

    def __reduce__(self) -> Any:
        return self.reduced


MALICIOUS = {
    "os.system": (lambda touched: Runs(os.system, f"touch {touched}"), "system"),
    "eval": (lambda touched: Runs(eval, f"open('{touched}', 'w')"), "eval"),
    "exec": (lambda touched: Runs(exec, f"open('{touched}', 'w')"), "exec"),
    "open": (lambda touched: Runs(open, touched, "w"), "open"),
    "getattr": (lambda touched: Runs(getattr, "text", "format"), "getattr"),
    "import": (lambda touched: Runs(__import__, "os"), "__import__"),
    "nested in a list": (lambda touched: [1, {"a": (Runs(os.system, f"touch {touched}"),)}], "system"),
    "in an object array": (lambda touched: objects(np.arange(2), Runs(os.system, f"touch {touched}")), "system"),
    "an argument of another": (lambda touched: Runs(list, [Runs(os.system, f"touch {touched}")]), "system"),
    "another class": (lambda touched: io.StringIO(), "StringIO"),
    "a path": (lambda touched: Path("a"), "Path"),
    "a function": (lambda touched: os.getcwd, "getcwd"),
    "a class": (lambda touched: np.ndarray, "function or a type"),
    "numpy.load": (lambda touched: Runs(np.load, touched), "load"),
    "numpy.save": (lambda touched: Runs(np.save, touched, np.eye(2)), "save"),
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", MALICIOUS)
def test_whatever_would_run_is_refused_by_name(name, protocol, tmp_path):
    made, word = MALICIOUS[name]
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps(made(str(tmp_path / "touched")), protocol=protocol))
    with pytest.raises(InputError, match=f"refused.*{word}") as caught:
        read_pickle(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


RAW = {
    "a function's state": b"cnumpy\ndtype\n}S'_make'\nI1\nsb.",
    "a call of ndarray": b"cnumpy\nndarray\n(I2\ntR.",
    "an array of another class": b"cnumpy.core.multiarray\n_reconstruct\n(cbuiltins\nlist\n(I0\ntS'b'\ntR.",
    "an array without content": b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR.",
    "records": b"cnumpy\ndtype\n(S'V8'\nI0\nI1\ntR.",
    "another encoding": b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.",
    "a persistent reference": b"Pabc\n.",
    "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0edtype.__init__\x93.",
    "itself": b"\x80\x02]q\x00h\x00a.",
    "cut short": pickle.dumps(np.arange(9))[:-20],
    "no pickle": b"hello",
    "nothing": b"",
    "a huge array of few bytes": (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I999999999\nt"
        b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'abc'\ntb."
    ),
    "bytes by the million": b"cbuiltins\nbytes\n(I99999999999\ntR.",
}


REASONS = {
    "a function's state": "refused a state for a function",
    "a call of ndarray": "refused a call of numpy.ndarray",
    "an array of another class": "refused a class of arrays",
    "records": "refused an array of 'V8'",
    "another encoding": "refused the encoding 'rot13'",
    "a persistent reference": "refused a reference to something outside",
    "itself": "refused a structure that holds itself",
}


@pytest.mark.parametrize("name", RAW)
def test_crafted_bytes_are_refused(name, tmp_path):
    path = tmp_path / "bad.pkl"
    path.write_bytes(RAW[name])
    with pytest.raises(InputError, match=r"bad\.pkl: (refused|expected a pickle)") as caught:
        read_pickle(path)
    assert "\n" not in str(caught.value) and REASONS.get(name, "") in str(caught.value)


def test_numpy_itself_is_never_changed(tmp_path):
    """A byte order set on the real dtype('f8') would hold for the whole program."""
    path = tmp_path / "bad.pkl"
    path.write_bytes(b"cnumpy\ndtype\n(S'f8'\nI0\nI0\ntR(I3\nS'>'\nNNNI-1\nI-1\nI0\ntb0N.")
    assert read_pickle(path) is None
    assert np.dtype("f8").isnative


def test_a_missing_file(tmp_path):
    with pytest.raises(FileError, match=r"none\.pkl: cannot read"):
        read_pickle(tmp_path / "none.pkl")
    with pytest.raises(FileError, match=r"none\.npz: cannot read"):
        read_object_npz(tmp_path / "none.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_with_objects(save, tmp_path):
    held = {"S9": {"Directions 1": np.arange(6.0).reshape(1, 2, 3)}}
    save(tmp_path / "a.npz", positions_3d=np.array(held, dtype=object), list=objects(1, "a"), plain=np.eye(2))
    read = read_object_npz(tmp_path / "a.npz")
    assert same(read["positions_3d"], held)
    assert same(read["list"], objects(1, "a")) and same(read["plain"], np.eye(2))


def test_an_npz_that_would_run_code_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", good=np.eye(2), bad=objects(Runs(os.system, "true")))
    with pytest.raises(InputError, match=r"a\.npz: bad: refused the class \w+\.system"):
        read_object_npz(tmp_path / "a.npz")


def test_npz_that_are_none(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK, not really")
    with pytest.raises(InputError, match="expected an NPZ file"):
        read_object_npz(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("x.npy", b"not an array")
    with pytest.raises(InputError, match=r"b\.npz: x: expected a numpy array"):
        read_object_npz(tmp_path / "b.npz")
    payload = io.BytesIO()
    np.lib.format.write_array_header_1_0(payload, {"descr": "|O", "fortran_order": False, "shape": (3,)})
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("x.npy", payload.getvalue() + pickle.dumps(objects(1, 2)))
    with pytest.raises(InputError, match=r"x: expected a pickled array of shape \(3,\)"):
        read_object_npz(tmp_path / "c.npz")
