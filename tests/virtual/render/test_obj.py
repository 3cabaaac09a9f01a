"""The OBJ reader: order kept, seams doubled, polygons cut, errors by line."""

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.virtual.render.obj import parsed_obj, read_obj

# Two quads that share an edge in space but not on the texture.
TEXT = """# two quads
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
v 2 0 0
v 2 1 0
vt 0 0
vt 0.5 0
vt 0.5 1
vt 0 1
vt 0.6 0
vt 1 0
vt 1 1
vt 0.6 1
vn 0 0 1
f 1/1/1 2/2/1 3/3/1 4/4/1
f 2/5 5/6 6/7 3/8
"""


def test_a_seam_doubles_corners_and_keeps_vertices():
    mesh = parsed_obj(TEXT, "x.obj")
    assert mesh.vertices.shape == (6, 3)
    assert mesh.vertex_of.tolist() == [0, 1, 2, 3, 1, 4, 5, 2]
    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]
    np.testing.assert_allclose(mesh.uv[4], (0.6, 0))


def test_a_pentagon_is_a_fan_of_the_same_area():
    corners = [(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 5, endpoint=False)]
    text = "".join(f"v {x} {y} 0\n" for x, y in corners) + "f -5 -4 -3 -2 -1\n"
    mesh = parsed_obj(text, "x.obj")
    a, b, c = (mesh.vertices[mesh.vertex_of[mesh.triangles[:, k]]] for k in range(3))
    area = np.cross(b - a, c - a)[:, 2].sum() / 2
    assert mesh.uv is None
    assert len(mesh.triangles) == 3
    assert area == pytest.approx(2.5 * np.sin(2 * np.pi / 5), abs=1e-6)


@pytest.mark.parametrize(
    "text, message",
    [
        ("v 0 0\n", "line 1: expected an OBJ line"),
        ("v 0 0 nan\n", "line 1: expected an OBJ line"),
        (TEXT + "f 1 2\n", "line 19: expected at least 3 corners"),
        (TEXT + "f 1 2 7\n", "line 19: expected at least 3 corners among 6 vertices"),
        (TEXT + "f 0 1 2\n", "line 19: expected an OBJ line"),
        (TEXT + "f 1/99 2/1 3/1\n", "line 19"),
        ("v 0 0 0\n", "expected vertices and faces, got 1 and 0"),
        ("", "got 0 and 0"),
    ],
)
def test_damaged_files_are_named_by_line(text, message):
    with pytest.raises(InputError, match=r"mesh x\.obj.*" + message.replace("mesh", "")):
        parsed_obj(text, "x.obj")


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(FileError, match=r"cannot read .*none\.obj"):
        read_obj(tmp_path / "none.obj")
