"""`metricpose generate people`: pictures of virtual people with exact labels, in WebDataset shards."""

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricpose._errors import InputError
from metricpose.cli.arguments import ArgumentParser, Namespace, positive_float, positive_int, share
from metricpose.cli.extras import needs_extra
from metricpose.cli.folders import made_folder, made_place
from metricpose.cli.output import Faults, counted, note, warn, write_json, write_line
from metricpose.cli.progress import progress

if TYPE_CHECKING:
    from metricpose.virtual.render.shard_run import Engine, ShardOptions

_SHEET = 12  # pictures on a preview


def add_people_arguments(parser: ArgumentParser) -> None:
    """Declare what `generate people` takes beside the arguments of `generate`."""
    group = parser.add_argument_group("generate people")
    group.add_argument("--count", type=positive_int, metavar="N", help="how many pictures (default 100)")
    group.add_argument("--assets", type=Path, metavar="DIR", help="MakeHuman's clothes and hair (metricpose assets)")
    group.add_argument("--backgrounds", type=Path, metavar="DIR", help="panoramas (.hdr); else plain rooms")
    group.add_argument("--photos", type=Path, metavar="DIR", help="your own photos without people, as backgrounds")
    group.add_argument("--background-licence", default="not stated", metavar="TEXT", help="written beside each picture")
    group.add_argument("--size", action="append", metavar="WxH", help="of pictures; may be repeated (512x960, 960x512)")
    group.add_argument("--per-shard", type=positive_int, default=100, metavar="N", help="pictures in a shard")
    group.add_argument(
        "--pose-shares",
        default="0.45,0.1,0.45",
        metavar="M,P,R",
        help="of people with poses of mocap, of the prior and made from rules (default 0.45,0.1,0.45)",
    )
    group.add_argument("--varied-poses", action="store_true", help="vary drawn poses more: for training detectors")
    group.add_argument(
        "--acrobats", type=share, default=0.0, metavar="SHARE",
        help="of people in poses of gymnasts, turned any way up; the others are shared by --pose-shares (0)",
    )  # fmt: skip
    group.add_argument(
        "--sportswear", type=share, default=0.0, metavar="SHARE",
        help="of people whose top, bottom or both are something tight, painted on (0)",
    )  # fmt: skip
    group.add_argument(
        "--views", type=positive_int, default=1, metavar="N",
        help="pictures of the same people, each with another camera and surroundings: quicker (1)",
    )  # fmt: skip
    group.add_argument("--depth", action="store_true", help="write depth, 16-bit PNG in millimetres")
    group.add_argument("--skeleton", action="append", metavar="NAME", help="joints to write; may be repeated (all)")
    group.add_argument("--workers", type=positive_int, metavar="N", help="processes (default: one per core)")
    group.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="share shards out on a Ray cluster: HOST:PORT, auto, or local (one started here); -o and the folders of "
        "assets and backgrounds must be storage that every machine reaches at the same path",
    )
    group.add_argument(
        "--time-limit", type=positive_float, default=60.0, metavar="S", help="for a picture (default 60)"
    )
    group.add_argument(
        "--device", type=int, metavar="K", help="number of the EGL device (default: the driver's choice)"
    )
    group.add_argument("--preview", type=Path, metavar="FILE.png", help="a sheet of the first 12, labels drawn on")


def run_people(args: Namespace) -> int:
    """Make the shards that are not there yet, the manifest and the preview."""
    with needs_extra("rendering virtual people", "render"):
        from metricpose.virtual.render.shard_run import made_set
        from metricpose.virtual.render.watchdog import Failed, WatchOptions
    if args.ray is not None:
        args = _with_absolute_paths(args)
    options = people_options(args)
    if args.preview is not None:
        made_place(args.preview)
    _told_without(args)
    faults, start, shards = Faults(), time.monotonic(), 0
    on_cluster = args.ray not in (None, "local")  # it has as many workers as cores, and one for each shard at most
    workers = args.workers or (options.shards if on_cluster else _cores())
    watch = WatchOptions(workers=workers, seconds=args.time_limit)
    for answer in progress(made_set(options, watch, engine=_engine(args.ray)), label="shards", total=options.shards):
        if isinstance(answer, Failed):
            faults(InputError(f"shard {answer.seed}: {answer.reason}"))
        else:
            shards += 1
    if not shards:
        raise InputError("generate people: no shard could be made; see the lines above")
    made = _summary(options.folder, time.monotonic() - start)
    if args.preview is not None:
        _write_preview(options, args.preview)
    if args.json:
        write_json(made)
    else:
        write_line(
            f"{counted(made['count'], 'picture', 'pictures')}, {made['people']} people, "
            f"{counted(made['shards'], 'shard', 'shards')} in {options.folder}"
        )
    if made["skipped"]:
        warn(f"{counted(made['skipped'], 'picture', 'pictures')} could not be made; manifest.json says why")
    return faults.exit_code(shards)


def people_options(args: Namespace) -> "ShardOptions":
    """What the arguments ask for; InputError for what cannot be."""
    from metricpose.skeletons import skeleton_named
    from metricpose.virtual.pose_pool import VARIED, PoseAugmentation
    from metricpose.virtual.render.dressed import DressOptions
    from metricpose.virtual.render.people_scene import SceneOptions
    from metricpose.virtual.render.pictures import PictureOptions
    from metricpose.virtual.render.shard_run import ShardOptions

    skeletons = None if not args.skeleton else tuple(skeleton_named(name).name for name in args.skeleton)
    sizes = tuple(picture_size(text) for text in args.size) if args.size else SceneOptions.sizes
    scene = SceneOptions(
        split=args.split or "train",
        panoramas=args.backgrounds,
        photos=args.photos,
        background_licence=args.background_licence,
        dress=DressOptions(child_share=args.child_share, sportswear_share=args.sportswear),
        sizes=sizes,
        augmentation=VARIED if args.varied_poses else PoseAugmentation(),
    )
    pictures = PictureOptions(
        scene=scene,
        assets=args.assets,
        skeletons=skeletons,
        mocap_cache=args.mocap_cache,
        pose_shares=pose_shares(args.pose_shares),
        acrobats=args.acrobats,
        views=args.views,
        device=args.device,
        depth=args.depth,
    )
    return ShardOptions(
        folder=made_folder(args.output),
        count=args.count or 100,
        per_shard=args.per_shard,
        seed=args.seed,
        pictures=pictures,
    )


def _engine(address: str | None) -> "Engine | None":
    """Ray's workers at an address; None: processes of this machine."""
    if address is None:
        return None
    from metricpose.virtual.render.ray_run import ray_watched

    return partial(ray_watched, address=address)


def _with_absolute_paths(args: Namespace) -> Namespace:
    """As workers elsewhere, in other working folders, must be told them."""
    absolute = {name: value.absolute() for name, value in vars(args).items() if isinstance(value, Path)}
    return Namespace(**{**vars(args), **absolute})


def picture_size(text: str) -> tuple[int, int]:
    """`512x960` as width and height, 64 to 4096 px each."""
    parts = text.lower().split("x")
    if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
        width, height = int(parts[0]), int(parts[1])
        if min(width, height) >= 64 and max(width, height) <= 4096:
            return width, height
    raise InputError(f"--size: expected WIDTHxHEIGHT from 64x64 to 4096x4096, got {text!r}")


def pose_shares(text: str) -> tuple[float, float, float]:
    """`0.45,0.1,0.45` as shares of mocap, prior and procedural poses; at least one is above 0."""
    try:
        mocap, prior, procedural = (float(part) for part in text.split(","))
    except ValueError:
        mocap, prior, procedural = -1.0, -1.0, -1.0
    if not (min(mocap, prior, procedural) >= 0 and 0 < mocap + prior + procedural < float("inf")):
        raise InputError(
            f"--pose-shares: expected three shares such as 0.45,0.1,0.45, one of them above 0, got {text!r}"
        )
    return mocap, prior, procedural


def _told_without(args: Namespace) -> None:
    if args.assets is None:
        note("no --assets: people wear painted suits and have no hair; `metricpose assets` says where clothes are")
    if args.backgrounds is None and args.photos is None:
        note("no --backgrounds or --photos: all people stand in plain rooms")


def _summary(folder: Path, seconds: float) -> dict[str, Any]:
    from metricpose.io.json_text import read_json
    from metricpose.virtual.render.shards import MANIFEST

    manifest = read_json(folder / MANIFEST)
    return {
        "output": str(folder),
        "count": manifest["count"],
        "people": manifest["people"],
        "shards": len(manifest["shards"]),
        "skipped": len(manifest["skipped"]),
        "drivers": manifest["drivers"],
        "seconds": round(seconds, 1),
    }


def _write_preview(options: "ShardOptions", path: Path) -> None:
    """The first pictures of the set with the first of the asked skeletons."""
    from io import BytesIO
    from itertools import chain, islice

    from metricpose.io.atomic import write_bytes
    from metricpose.virtual.render.pictures import preview_of
    from metricpose.virtual.render.preview import preview_sheet
    from metricpose.virtual.render.shards import read_shard, shard_path

    skeleton = (options.pictures.skeletons or ("coco17",))[0]
    files = [shard_path(options.folder, shard) for shard in range(options.shards)]
    pictures = chain.from_iterable(read_shard(file) for file in files if file.is_file())
    drawn = [preview_of(p.record, p.rgb, p.person_ids, skeleton) for p in islice(pictures, _SHEET)]
    buffer = BytesIO()
    preview_sheet(drawn).save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())


def _cores() -> int:
    import os

    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
