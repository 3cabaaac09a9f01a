"""A set of pictures made shard by shard, on the cores of this machine or by an engine that uses more machines.

`made_shard(index, options)` is all that a worker elsewhere needs: it makes one shard whole, from its number alone.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from metricpose._errors import InputError, MetricposeError
from metricpose.virtual.render.assets import scanned
from metricpose.virtual.render.environment import panorama_files, picture_files
from metricpose.virtual.render.pictures import LabelledPicture, PictureOptions, Studio, made_picture
from metricpose.virtual.render.shards import (
    Skipped,
    complete,
    shard_path,
    versions,
    write_manifest,
    write_shard,
)
from metricpose.virtual.render.watchdog import Done, Failed, WatchOptions, watched

Engine = Callable[[Callable[[], Callable[[int], Path]], Iterable[int], WatchOptions], Iterator[Done[Path] | Failed]]
"""What shares shards out: from (prepare, shards, limits) to what became of each, as `watchdog.watched` does."""

_SEEDS_APART = 1_000_000  # between sets of neighbouring seeds


@dataclass(frozen=True, kw_only=True)
class ShardOptions:
    """A set of pictures.

    Attributes:
        folder: where shards are written; exists.
        count: pictures in the whole set.
        per_shard: pictures in a shard; what is lost with a worker.
        seed: of the set; picture i has the seed `seed * 1_000_000 + i`.
        pictures: how each is made.
    """

    folder: Path
    count: int
    per_shard: int = 100
    seed: int = 0
    pictures: PictureOptions = field(default_factory=PictureOptions)

    def __post_init__(self) -> None:
        if not 1 <= self.count <= _SEEDS_APART or self.per_shard < 1 or self.seed < 0:
            got = f"{self.count} pictures, {self.per_shard} per shard, seed {self.seed}"
            raise InputError(
                f"shards: expected 1 to {_SEEDS_APART} pictures, 1 or more per shard, seed >= 0; got {got}"
            )

    @property
    def shards(self) -> int:
        """How many there are; the last may be smaller."""
        return -(-self.count // self.per_shard)

    def indices(self, shard: int) -> range:
        """Of the pictures of a shard."""
        return range(shard * self.per_shard, min(self.count, (shard + 1) * self.per_shard))

    def seed_of(self, index: int) -> int:
        """Of picture `index`."""
        return self.seed * _SEEDS_APART + index


def options_document(options: ShardOptions) -> dict[str, Any]:
    """The options that make the pixels and labels, as JSON."""
    document = asdict(options.pictures)
    return _plain({"seed": options.seed, "per_shard": options.per_shard, **document})


def options_digest(options: ShardOptions) -> str:
    """What tells shards of these options (and versions) from others; the number of pictures is not part of it."""
    document = {"options": options_document(options), "versions": versions()}
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def made_shard(index: int, options: ShardOptions, studio: Studio | None = None) -> Path:
    """Make shard `index` of a set, unless it is there already; returns its path.

    Pictures that cannot be made are left out and told in the shard's index.

    Args:
        studio: one that makes pictures of these options; made here if None, which is slow.

    Raises:
        InputError: the folder holds this shard of other options, or no picture could be made.
    """
    if not 0 <= index < options.shards:
        raise InputError(f"shard {index}: expected one of 0 to {options.shards - 1}")
    digest = options_digest(options)
    if _complete(options, index, digest):
        return shard_path(options.folder, index)
    studio = studio or Studio(options.pictures)
    skipped: list[Skipped] = []
    pictures = _pictures(index, options, studio, skipped)
    return write_shard(options.folder, index, pictures, options_sha256=digest, skipped=skipped)


def prepared_shards(options: ShardOptions) -> Callable[[int], Path]:
    """For workers (`watchdog.watched`): from a shard's number to its path, all slow things made once."""
    import torch

    torch.set_num_threads(1)  # one process per core
    return partial(made_shard, options=options, studio=Studio(options.pictures))


def made_set(
    options: ShardOptions,
    watch: WatchOptions | None = None,
    prepare: Callable[[ShardOptions], Callable[[int], Path]] = prepared_shards,
    engine: Engine | None = None,
) -> Iterator[Done[Path] | Failed]:
    """Make all shards that are not there yet, on several processes; says what became of each, and writes the manifest.

    Args:
        watch: workers, and seconds that one PICTURE may take; a shard may take that for each of its pictures.
        prepare: of each worker.
        engine: what runs the workers; None: processes of this machine (`watchdog.watched`).

    Raises:
        InputError, FileError: assets or backgrounds are not there, or the folder holds another set; before any work.
    """
    watch = watch or WatchOptions()
    check_inputs(options)
    digest = options_digest(options)
    there = [k for k in range(options.shards) if _complete(options, k, digest)]
    for k in there:
        yield Done(seed=k, value=shard_path(options.folder, k))
    missing = [k for k in range(options.shards) if k not in there]
    limit = watch.seconds * min(options.per_shard, options.count)
    limits = WatchOptions(
        workers=max(1, min(watch.workers, len(missing))),
        seconds=limit,
        start_seconds=watch.start_seconds + limit,
        restarts=watch.restarts,
    )
    if missing:
        for answer in (engine or watched)(partial(prepare, options), missing, limits):
            yield _seen(answer, options.folder)
    done = [k for k in range(options.shards) if _complete(options, k, digest)]
    if done:
        write_manifest(options.folder, done, options_document(options), options.pictures.scene.split)


def check_inputs(options: ShardOptions) -> None:
    """One clear line before the work, not one from each worker: folders of assets and backgrounds."""
    pictures = options.pictures
    if pictures.assets is not None:
        scanned(pictures.assets)
    if pictures.scene.panoramas is not None:
        panorama_files(pictures.scene.panoramas)
    if pictures.scene.photos is not None:
        picture_files(pictures.scene.photos)


def _complete(options: ShardOptions, shard: int, digest: str) -> bool:
    return complete(options.folder, shard, digest, len(options.indices(shard)))


def _seen(answer: Done[Path] | Failed, folder: Path) -> Done[Path] | Failed:
    """What a worker elsewhere wrote is done when it is here. The folder is listed: shared storage may remember for a
    while that a single file was not there."""
    if isinstance(answer, Failed) or any(entry.name == answer.value.name for entry in folder.iterdir()):
        return answer
    reason = f"made, and not in {folder}: expected a folder that every machine shares; choose one"
    return Failed(seed=answer.seed, reason=reason)


def _pictures(
    shard: int, options: ShardOptions, studio: Studio, skipped: list[Skipped]
) -> Iterator[tuple[int, LabelledPicture]]:
    made = 0
    for index in options.indices(shard):
        seed = options.seed_of(index)
        try:
            picture = made_picture(seed, studio)
        except MetricposeError as error:
            skipped.append(Skipped(index=index, seed=seed, reason=" ".join(str(error).split())))
            continue
        made += 1
        yield index, picture
    if not made:
        raise InputError(f"shard {shard}: no picture could be made; the first: {skipped[0].reason}")


def _plain(value: Any) -> Any:
    """Tuples as lists; of folders the name, so that a set may be gone on with from another place."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.name if isinstance(value, Path) else value
