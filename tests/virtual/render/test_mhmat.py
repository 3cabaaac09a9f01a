"""MakeHuman materials."""

from pathlib import Path

import pytest

from metricpose._errors import FileError, InputError
from metricpose.virtual.render.mhmat import parsed_mhmat, read_mhmat

TEXT = """# material
// a comment
name My cloth
diffuseColor 0.5 0.25 1.0
shininess 0.4
opacity 1.0
transparent True
backfaceCull False
diffuseTexture my cloth.png
shaderConfig diffuse True
"""


def test_fields_are_read():
    material = parsed_mhmat(TEXT, Path("folder/cloth.mhmat"))
    assert (material.name, material.diffuse, material.transparent, material.both_sides) == (
        "My cloth", (0.5, 0.25, 1.0), True, True)  # fmt: skip
    assert material.texture == Path("folder/my cloth.png")
    assert material.roughness == pytest.approx(0.8)


def test_an_empty_file_is_plain_white():
    material = parsed_mhmat("", Path("cloth.mhmat"))
    assert (material.name, material.texture, material.diffuse) == ("cloth", None, (1.0, 1.0, 1.0))


@pytest.mark.parametrize("line", ["diffuseColor 1 1", "diffuseColor a b c", "shininess", "opacity x"])
def test_damaged_values_are_refused(line):
    with pytest.raises(InputError, match=r"material cloth\.mhmat: expected numbers"):
        parsed_mhmat(line, Path("cloth.mhmat"))


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(FileError, match="material: cannot read"):
        read_mhmat(tmp_path / "none.mhmat")
