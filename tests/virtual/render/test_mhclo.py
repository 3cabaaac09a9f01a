"""Bindings of MakeHuman garments: the format in all its orders, and the fit worked by hand."""

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.virtual.render.mhclo import carried, fitted, parsed_mhclo, read_mhclo

TEXT = """# This is a clothes file
uuid 0000
basemesh hm08
tag Male
tag Casual
name shirt
obj_file shirt.obj
x_scale 0 1 2.0
z_scale 0 2 4.0
y_scale 0 3 1.0
z_depth 40
verts 0
material shirt.mhmat
0 1 2 0.5 0.25 0.25 0.1 0.2 0.3
 3
delete_verts
5 7 - 9
12
"""

# person frame: x forward, y left, z up
BODY = np.array([[0.0, 0, 0], [0, 0.2, 0], [0.4, 0, 0], [0, 0, 0.1]] + [[0, 0, 1]] * 10)


def test_every_field_is_read_whatever_the_order():
    binding = parsed_mhclo(TEXT, "shirt.mhclo")
    assert (binding.name, binding.obj_file, binding.material, binding.z_depth) == (
        "shirt", "shirt.obj", "shirt.mhmat", 40)  # fmt: skip
    assert binding.tags == ("Male", "Casual")
    assert binding.references.tolist() == [[0, 1, 2], [3, 3, 3]]
    assert binding.deleted.tolist() == [5, 7, 8, 9, 12]
    assert binding.highest_vertex == 12


def test_material_before_verts_is_the_same():
    moved = TEXT.replace("material shirt.mhmat\n", "").replace("verts 0\n", "material shirt.mhmat\nverts 0\n")
    assert parsed_mhclo(moved, "shirt.mhclo").material == "shirt.mhmat"


def test_the_fit_worked_by_hand():
    # Along MakeHuman's x (left) the references are 0.2 m apart for 2.0 units: 0.1 m a unit; along z (forward) 0.4 m for
    # 4.0: 0.1; along y (up) 0.1 m for 1.0: 0.1. So offset (0.1, 0.2, 0.3) is 0.01 left, 0.02 up, 0.03 forward.
    got = fitted(parsed_mhclo(TEXT, "shirt.mhclo"), BODY)
    on_body = 0.5 * BODY[0] + 0.25 * BODY[1] + 0.25 * BODY[2]
    np.testing.assert_allclose(got, [on_body + (0.03, 0.01, 0.02), BODY[3]], atol=1e-7)


def test_a_body_twice_as_large_wears_it_twice_as_large():
    binding = parsed_mhclo(TEXT, "shirt.mhclo")
    np.testing.assert_allclose(fitted(binding, 2 * BODY), 2 * fitted(binding, BODY), atol=1e-6)


def test_without_scales_offsets_are_decimetres():
    text = "\n".join(line for line in TEXT.splitlines() if "_scale" not in line)
    got = fitted(parsed_mhclo(text, "shirt.mhclo"), np.zeros((14, 3)))
    np.testing.assert_allclose(got[0], (0.03, 0.01, 0.02), atol=1e-7)


def test_weights_are_carried_and_sum_to_one():
    binding = parsed_mhclo(TEXT, "shirt.mhclo")
    weights = np.zeros((14, 2), np.float32)
    weights[:, 0], weights[1] = 1.0, (0.0, 1.0)
    got = carried(binding, weights)
    np.testing.assert_allclose(got, [[0.75, 0.25], [1.0, 0.0]], atol=1e-4)


def test_negative_weights_do_not_push_a_bone_away():
    text = TEXT.replace("0.5 0.25 0.25", "1.1 -0.1 0.0")
    weights = np.eye(14, dtype=np.float32)
    assert carried(parsed_mhclo(text, "x"), weights).min() >= 0


@pytest.mark.parametrize(
    "text, message",
    [
        (TEXT.replace("0.5 0.25 0.25 0.1 0.2 0.3", "0.5 0.25"), r"shirt\.mhclo, line 14: expected a \.mhclo line"),
        (TEXT.replace("x_scale 0 1 2.0", "x_scale 0 one"), r"line 8: expected a \.mhclo line"),
        (TEXT.replace("7 - 9", "7 - - 9"), "expected delete_verts such as"),
        ("name empty\n", "expected lines of bindings after 'verts', got none"),
        (TEXT.replace("x_scale 0 1 2.0", "x_scale 0 1 0"), "scales over 0"),
        ("", "got none"),
    ],
)
def test_damaged_files_are_named(text, message):
    with pytest.raises(InputError, match=message):
        parsed_mhclo(text, "shirt.mhclo")


def test_a_body_of_another_mesh_is_refused():
    with pytest.raises(InputError, match=r"'shirt': expected a body of more than 12 vertices.*got 4; use Anny"):
        fitted(parsed_mhclo(TEXT, "shirt.mhclo"), BODY[:4])


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(FileError, match=r"cannot read .*none\.mhclo"):
        read_mhclo(tmp_path / "none.mhclo")
