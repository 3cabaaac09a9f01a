"""Shards of labelled pictures as WebDataset reads them: tar files whose members come in groups of one name.

    shard-000000.tar: 000000.jpg, 000000.json, 000000.mask.png[, 000000.depth.png], 000001.jpg, ...
    shard-000000.json: what is in it; written last, so a shard without it is not done.
    manifest.json: schema "metricpose.pictures/1", all shards together.

Members have a fixed order and no times or owners, so that the same pictures give the same bytes.
"""

import hashlib
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

import metricpose
from metricpose._errors import FileError, InputError
from metricpose.io.atomic import write_bytes, write_text
from metricpose.io.digest import sha256_of
from metricpose.io.json_text import json_text, parsed_json, read_json
from metricpose.virtual.render.pictures import LabelledPicture, decoded, encoded_depth, encoded_mask

SCHEMA = "metricpose.pictures/1"
SHARD_SCHEMA = "metricpose.shard/1"
MANIFEST = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A picture that could not be made."""

    index: int
    seed: int
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class ShardPicture:
    """One picture read from a shard; `depth_mm` (H, W) uint16, or None."""

    name: str
    jpg: bytes
    record: dict[str, Any]
    person_ids: np.ndarray
    depth_mm: np.ndarray | None

    @property
    def rgb(self) -> np.ndarray:
        """(H, W, 3) uint8."""
        return decoded(self.jpg)


def shard_path(folder: Path, shard: int) -> Path:
    """Where shard number `shard` lies."""
    return folder / f"shard-{shard:06d}.tar"


def write_shard(
    folder: Path,
    shard: int,
    pictures: Iterable[tuple[int, LabelledPicture]],
    *,
    options_sha256: str,
    skipped: Sequence[Skipped] = (),
) -> Path:
    """Write a shard and, last, its index; both whole or not at all.

    Args:
        folder: existing.
        shard: number.
        pictures: (index of the picture in the whole set, picture), in order; taken one by one.
        options_sha256: of the options that made them (`options_digest`): a later run keeps only shards of its own.
        skipped: pictures of this shard that could not be made. May be a list that grows while pictures are taken.
    """
    buffer, facts = BytesIO(), _Facts()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for index, picture in pictures:
            for ending, data in _members(picture):
                _add(tar, f"{index:06d}.{ending}", data)
            facts.add(picture.record)
    data, path = buffer.getvalue(), shard_path(folder, shard)
    write_bytes(path, data)
    index_document = {
        "schema": SHARD_SCHEMA,
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "options_sha256": options_sha256,
        **facts.document(),
        "skipped": [vars(skip) for skip in skipped],
    }
    write_text(path.with_suffix(".json"), json_text(index_document) + "\n")
    return path


def complete(folder: Path, shard: int, options_sha256: str, pictures: int) -> bool:
    """Whether a shard is done and sound, with all of its `pictures`; the last of a set that grew is not.

    Raises:
        InputError: it was made with other options; nothing of two sets is mixed in a folder.
    """
    path = shard_path(folder, shard)
    index = path.with_suffix(".json")
    if not index.is_file() or not path.is_file():
        return False
    try:
        document = read_json(index)
    except (InputError, FileError):
        return False
    if not isinstance(document, dict) or document.get("schema") != SHARD_SCHEMA:
        return False
    if document.get("options_sha256") != options_sha256:
        raise InputError(f"{path}: expected a shard made with these options, got one of others; choose another folder")
    if document.get("count", 0) + len(document.get("skipped", ())) != pictures:
        return False
    return path.stat().st_size == document.get("bytes") and sha256_of(path) == document.get("sha256")


def read_shard(path: str | Path) -> Iterator[ShardPicture]:
    """The pictures of a shard in order; FileError or InputError for what is none, or is cut short."""
    group: dict[str, bytes] = {}
    last = ""
    for name, ending, data in _read_members(Path(path)):
        if name != last and group:
            yield _read_picture(path, last, group)
            group = {}
        group[ending], last = data, name
    if group:
        yield _read_picture(path, last, group)


def write_manifest(folder: Path, shards: Sequence[int], options: Mapping[str, Any], split: str) -> dict[str, Any]:
    """Write what all complete shards hold together, and return it."""
    documents = [read_json(shard_path(folder, shard).with_suffix(".json")) for shard in shards]
    facts = _Facts()
    for document in documents:
        facts.join(document)
    joined = facts.document()
    manifest = {
        "schema": SCHEMA,
        "count": joined.pop("count"),
        "split": split,
        **joined,
        "shards": [{name: document[name] for name in ("file", "count", "bytes", "sha256")} for document in documents],
        "skipped": [skip for document in documents for skip in document["skipped"]],
        "versions": versions(),
        "options": dict(options),
    }
    write_text(folder / MANIFEST, json_text(manifest) + "\n")
    return manifest


def versions() -> dict[str, str]:
    """Of what makes the pixels."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"metricpose": metricpose.__version__}
    for name in ("anny", "moderngl", "numpy", "pillow", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


class _Facts:
    """What is summed up over pictures, and over shards."""

    def __init__(self) -> None:
        self.count = self.people = 0
        self.seeds: list[int] = []
        self.sizes: set[tuple[int, int]] = set()
        self.drivers: set[str] = set()
        self.assets: dict[tuple[str, str], dict[str, str]] = {}
        self.backgrounds: dict[tuple[str, str], dict[str, str]] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        self.count += 1
        self.people += len(record["people"])
        self.seeds.append(record["seed"])
        self.sizes.add((record["width"], record["height"]))
        self.drivers.add(record["driver"])
        for person in record["people"]:
            self._add_assets(person["assets"])
        place = record["environment"]
        if place["kind"] != "room":  # rooms are made, each with its seed in the record
            self._add_backgrounds([{name: place[name] for name in ("kind", "name", "licence")}])

    def join(self, document: Mapping[str, Any]) -> None:
        self.count += document["count"]
        self.people += document["people"]
        self.seeds += document["seeds"]
        self.sizes |= {(size[0], size[1]) for size in document["sizes"]}
        self.drivers |= set(document["drivers"])
        self._add_assets(document["assets"])
        self._add_backgrounds(document["backgrounds"])

    def document(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "people": self.people,
            "seeds": self.seeds,
            "sizes": sorted(map(list, self.sizes)),
            "drivers": sorted(self.drivers),
            "assets": [self.assets[key] for key in sorted(self.assets)],
            "backgrounds": [self.backgrounds[key] for key in sorted(self.backgrounds)],
        }

    def _add_assets(self, assets: Iterable[Mapping[str, str]]) -> None:
        self.assets |= {(use["kind"], use["name"]): dict(use) for use in assets}

    def _add_backgrounds(self, backgrounds: Iterable[Mapping[str, str]]) -> None:
        self.backgrounds |= {(use["kind"], use["name"]): dict(use) for use in backgrounds}


def _members(picture: LabelledPicture) -> Iterator[tuple[str, bytes]]:
    yield "jpg", picture.jpg
    yield "json", json_text(picture.record).encode("utf-8")
    yield "mask.png", encoded_mask(picture.person_ids)
    if picture.depth_m is not None:
        yield "depth.png", encoded_depth(picture.depth_m)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # time 0, owner 0
    member.size, member.mode = len(data), 0o644
    tar.addfile(member, BytesIO(data))


def _read_members(path: Path) -> Iterator[tuple[str, str, bytes]]:
    try:
        with tarfile.open(path, mode="r:") as tar:
            for member in tar:
                file = tar.extractfile(member)
                name, _, ending = member.name.partition(".")
                if file is not None:
                    yield name, ending, file.read()
    except OSError as error:
        raise FileError(f"{path}: cannot read this shard ({error.strerror or error}); check the path") from error
    except tarfile.TarError as error:
        raise InputError(f"{path}: expected a tar file of pictures, got a damaged one ({error})") from error


def _read_picture(path: str | Path, name: str, group: Mapping[str, bytes]) -> ShardPicture:
    missing = [ending for ending in ("jpg", "json", "mask.png") if ending not in group]
    if missing:
        raise InputError(f"{path}: picture {name}: expected {name}.{missing[0]} in the shard, got none; make it anew")
    return ShardPicture(
        name=name,
        jpg=group["jpg"],
        record=parsed_json(group["json"].decode("utf-8"), f"{path}: {name}.json"),
        person_ids=decoded(group["mask.png"]),
        depth_mm=decoded(group["depth.png"]) if "depth.png" in group else None,
    )
