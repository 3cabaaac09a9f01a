"""The scan of a folder of assets: what is usable, what is left out and why."""

import numpy as np
import pytest
from PIL import Image

from metricpose._errors import FileError
from metricpose.virtual.render.assets import is_known, known_sha256, loaded, read_texture, scanned

OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n"
MHCLO = "name {name}\nobj_file {name}.obj\nmaterial {name}.mhmat\nverts 0\n1\n2\n3\n"


def make_asset(root, kind, name, *, mhclo=MHCLO, obj=OBJ, texture=True):
    folder = root / kind / name
    folder.mkdir(parents=True)
    (folder / f"{name}.mhclo").write_text(mhclo.format(name=name))
    (folder / f"{name}.obj").write_text(obj)
    (folder / f"{name}.mhmat").write_text(f"name {name}\ndiffuseTexture {name}.png\n")
    if texture:
        Image.fromarray(np.full((8, 8, 3), 200, np.uint8)).save(folder / f"{name}.png")


def test_kinds_come_from_folders_and_tags(tmp_path):
    make_asset(tmp_path, "clothes", "suit")
    make_asset(tmp_path, "clothes", "boots", mhclo="tag Shoes\n" + MHCLO)
    make_asset(tmp_path, "clothes", "cap", mhclo="tag Hats\n" + MHCLO)
    make_asset(tmp_path, "hair", "bob")
    found = scanned(tmp_path)
    assert {asset.name: asset.kind for asset in found.assets} == {
        "suit": "clothes", "boots": "shoes", "cap": "hat", "bob": "hair"}  # fmt: skip
    assert all(asset.licence == "CC0-1.0" and len(asset.files) == 4 for asset in found.assets)
    assert found.skipped == ()


def test_what_does_not_fit_is_left_out_with_a_line_and_the_rest_goes_on(tmp_path):
    make_asset(tmp_path, "clothes", "good")
    make_asset(tmp_path, "clothes", "short", mhclo=MHCLO.replace("3\n", ""))
    make_asset(tmp_path, "clothes", "alien", mhclo=MHCLO.replace("verts 0\n1", "verts 0\n99999"))
    make_asset(tmp_path, "clothes", "broken", obj="v 0 0\n")
    (tmp_path / "clothes" / "lost").mkdir()
    (tmp_path / "clothes" / "lost" / "lost.mhclo").write_text(MHCLO.format(name="lost"))
    found = scanned(tmp_path)
    assert [asset.name for asset in found.assets] == ["good"]
    assert all("\n" not in line for line in found.skipped)
    text = "\n".join(found.skipped)
    for part in ("short.mhclo: expected a binding for each of the 3 vertices", "alien.mhclo: expected vertices of",
                 "broken.obj, line 1", "cannot read", "lost.obj"):  # fmt: skip
        assert part in text


def test_an_absent_texture_is_told_and_the_garment_kept(tmp_path):
    make_asset(tmp_path, "clothes", "suit", texture=False)
    found = scanned(tmp_path)
    assert found.untextured == ("suit",)
    assert loaded(found.assets[0]).texture is None


def test_a_garment_is_loaded_with_its_texture_made_small(tmp_path):
    make_asset(tmp_path, "clothes", "suit")
    garment = loaded(scanned(tmp_path).assets[0], most_texels=4)
    assert garment.texture is not None
    assert garment.texture.shape == (4, 4, 4)
    assert len(garment.binding) == len(garment.mesh.vertices) == 3


def test_a_change_of_any_file_changes_the_digest(tmp_path):
    make_asset(tmp_path, "clothes", "suit")
    before = scanned(tmp_path).assets[0].sha256
    (tmp_path / "clothes" / "suit" / "suit.mhmat").write_text("name other\n")
    assert scanned(tmp_path).assets[0].sha256 != before


def test_a_folder_without_assets_says_what_to_do(tmp_path):
    with pytest.raises(FileError, match=r"expected folders clothes, hair.*metricpose assets DIR"):
        scanned(tmp_path)
    with pytest.raises(FileError, match="expected a folder of MakeHuman assets"):
        scanned(tmp_path / "none")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n truncated"])
def test_damaged_textures_are_one_line(tmp_path, content):
    (tmp_path / "t.png").write_bytes(content)
    with pytest.raises(FileError, match=r"^texture: cannot read .*t\.png"):
        read_texture(tmp_path / "t.png", 64)


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA", "CMYK", "I;16"])
def test_pictures_of_any_mode_become_rgba(tmp_path, mode):
    name = tmp_path / ("t.tif" if mode == "CMYK" else "t.png")
    Image.new(mode, (5, 3)).save(name)
    assert read_texture(name, 64).shape == (3, 5, 4)


def test_the_official_files_are_known_and_fit(METRICPOSE_SHARED):
    folder = METRICPOSE_SHARED / "makehuman_cc0"
    folder = folder if folder.is_dir() else METRICPOSE_SHARED / "data" / "makehuman_cc0"
    if not folder.is_dir():
        pytest.skip(f"no MakeHuman assets at {folder}")
    path = folder / "clothes" / "male_casualsuit02" / "male_casualsuit02.mhclo"
    assert is_known(path, folder)
    assert len(known_sha256()) > 150
    found = scanned(folder)
    assert found.skipped == ()
    counts = {kind: len(found.of_kind(kind)) for kind in ("clothes", "shoes", "hat", "hair", "eyebrows", "eyelashes")}
    assert counts == {"clothes": 12, "shoes": 6, "hat": 2, "hair": 10, "eyebrows": 12, "eyelashes": 4}
