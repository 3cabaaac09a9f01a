"""The MakeHuman assets in a folder that the user names: which are there, which fit, what is missing.

Layout, as in MakeHuman's own `base` folder: `clothes/NAME/NAME.mhclo` (shoes and hats, too), `hair/NAME`,
`eyebrows/NAME`, `eyelashes/NAME`, `teeth/NAME`, each with an .obj, a .mhmat and its textures; for eyes
`eyes/materials/NAME.mhmat`. All are CC0 1.0 since September 2020. What does not parse or does not fit the mesh is left
out with one line; the rest goes on.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np

from metricpose._errors import FileError, InputError, MetricposeError
from metricpose.virtual.render.mhclo import BASE_MESH_VERTICES, Binding, read_mhclo
from metricpose.virtual.render.mhmat import Material, read_mhmat
from metricpose.virtual.render.obj import ObjMesh, read_obj

AssetKind = Literal["clothes", "shoes", "hat", "hair", "eyes", "eyebrows", "eyelashes", "teeth"]

LICENCE = "CC0-1.0"
FOLDERS = ("clothes", "hair", "eyes", "eyebrows", "eyelashes", "teeth")
_MOST_PIXELS = 64_000_000


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One asset and the files that it is made of; the first is the .mhclo (for eyes the .mhmat)."""

    name: str
    kind: AssetKind
    files: tuple[Path, ...]
    licence: str = LICENCE

    @property
    def sha256(self) -> str:
        """Of all its files, one after the other."""
        digest = hashlib.sha256()
        for path in self.files:
            digest.update(_read(path))
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class FoundAssets:
    """What a scan found: the assets that fit, a line for each that does not, and textures that are not there."""

    folder: Path
    assets: tuple[Asset, ...]
    skipped: tuple[str, ...] = ()
    untextured: tuple[str, ...] = ()

    def of_kind(self, kind: AssetKind) -> tuple[Asset, ...]:
        """The assets of one kind, by name."""
        return tuple(asset for asset in self.assets if asset.kind == kind)


@dataclass(frozen=True, kw_only=True, eq=False)
class Garment:
    """An asset in memory. `texture` is (h, w, 4) uint8 sRGB with alpha, or None where its file is absent."""

    asset: Asset
    binding: Binding
    mesh: ObjMesh
    material: Material
    texture: np.ndarray | None


def scanned(folder: Path | str) -> FoundAssets:
    """The assets of a folder that parse and fit. Raises FileError when there is no such folder or nothing in it."""
    root = Path(folder)
    if not root.is_dir():
        raise FileError(f"assets: expected a folder of MakeHuman assets, got {root}; run `metricpose assets DIR`")
    assets: list[Asset] = []
    skipped: list[str] = []
    untextured: list[str] = []
    for path in _candidates(root):
        try:
            asset, material = _examined(path, root)
        except MetricposeError as error:
            skipped.append(str(error))
            continue
        assets.append(asset)
        if material.texture is None or not material.texture.is_file():
            untextured.append(asset.name)
    if not assets and not skipped:
        raise FileError(
            f"assets: expected folders {', '.join(FOLDERS)} with .mhclo files in {root}, got none; "
            "run `metricpose assets DIR` to see where they come from"
        )
    return FoundAssets(folder=root, assets=tuple(assets), skipped=tuple(skipped), untextured=tuple(untextured))


def _candidates(root: Path) -> Iterator[Path]:
    for name in FOLDERS:
        pattern = "materials/*.mhmat" if name == "eyes" else "*/*.mhclo"
        yield from sorted((root / name).glob(pattern))


def _examined(path: Path, root: Path) -> tuple[Asset, Material]:
    """An asset whose files parse and fit each other and the base mesh."""
    folder = path.relative_to(root).parts[0]
    if folder == "eyes":
        material = read_mhmat(path)
        return Asset(name=f"eyes_{path.stem}", kind="eyes", files=_there(path, material.texture)), material
    binding, mesh_path, material_path = _parts(path)
    checked(binding, read_obj(mesh_path), path)
    material = read_mhmat(material_path) if material_path else Material(name=path.stem)
    files = _there(path, mesh_path, material_path, material.texture)
    return Asset(name=path.stem, kind=_kind(folder, binding, path.stem), files=files), material


def _parts(path: Path) -> tuple[Binding, Path, Path | None]:
    binding = read_mhclo(path)
    material = path.parent / binding.material if binding.material else None
    return binding, path.parent / (binding.obj_file or f"{path.stem}.obj"), material


def _there(*paths: Path | None) -> tuple[Path, ...]:
    return tuple(path for path in paths if path is not None and path.is_file())


def _kind(folder: str, binding: Binding, name: str) -> AssetKind:
    tags = {tag.lower() for tag in binding.tags}
    if folder == "clothes":
        if "shoes" in tags or name.startswith("shoes"):
            return "shoes"
        return "hat" if "hats" in tags or "hat" in tags else "clothes"
    kinds: dict[str, AssetKind] = {"hair": "hair", "eyebrows": "eyebrows", "eyelashes": "eyelashes", "teeth": "teeth"}
    return kinds[folder]


def checked(binding: Binding, mesh: ObjMesh, path: Path) -> None:
    """Raises InputError when a binding does not fit its mesh, or the base mesh."""
    if len(binding) != len(mesh.vertices):
        raise InputError(
            f"garment {path}: expected a binding for each of the {len(mesh.vertices)} vertices of its mesh, "
            f"got {len(binding)}; the files are of different versions"
        )
    if binding.highest_vertex >= BASE_MESH_VERTICES:
        raise InputError(
            f"garment {path}: expected vertices of MakeHuman's base mesh, 0 to {BASE_MESH_VERTICES - 1}, "
            f"got {binding.highest_vertex}; it is made for another mesh"
        )


def loaded(asset: Asset, *, most_texels: int = 1024) -> Garment:
    """The asset in memory, its texture at most `most_texels` wide. Not for eyes, which have no mesh of their own."""
    path = asset.files[0]
    binding, mesh_path, material_path = _parts(path)
    mesh = read_obj(mesh_path)
    checked(binding, mesh, path)
    material = read_mhmat(material_path) if material_path else Material(name=asset.name)
    has_texture = mesh.uv is not None and material.texture is not None and material.texture.is_file()
    texture = read_texture(material.texture, most_texels) if has_texture and material.texture else None
    return Garment(asset=asset, binding=binding, mesh=mesh, material=material, texture=texture)


def read_texture(path: Path, most_texels: int) -> np.ndarray:
    """(h, w, 4) uint8 sRGB with alpha. Raises FileError when the picture cannot be read or is absurdly large."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a large picture is judged below
            with Image.open(path) as picture:
                if picture.width * picture.height > _MOST_PIXELS:
                    raise OSError(f"{picture.width} x {picture.height} pixels are too many")
                picture.thumbnail((most_texels, most_texels), Image.Resampling.BOX)
                return np.asarray(picture.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FileError(f"texture: cannot read {path}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"assets: cannot read {path}: {error.strerror or error}") from error


@cache
def known_sha256() -> dict[str, tuple[str, ...]]:
    """The digests of the files we know, by path in the folder (textures may also be scaled: then they are unknown)."""
    text = (resources.files("metricpose.virtual.render") / "makehuman_sha256.json").read_text(encoding="utf-8")
    return {path: tuple(digests) for path, digests in json.loads(text).items()}


def is_known(path: Path, root: Path) -> bool:
    """Whether a file is bit for bit one that was looked at."""
    return hashlib.sha256(_read(path)).hexdigest() in known_sha256().get(name_in(path, root), ())


def name_in(path: Path, root: Path) -> str:
    """A file's name in the folder, without the `..` by which eyes and teeth share materials."""
    return os.path.relpath(os.path.normpath(path), os.path.normpath(root)).replace(os.sep, "/")
