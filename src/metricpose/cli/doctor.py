"""Say what is installed, what works, and what to do about the rest."""

import hashlib
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib import resources
from typing import Any

import metricpose
from metricpose._onnxruntime import imported_onnxruntime
from metricpose.cli.arguments import ArgumentParser, Namespace
from metricpose.cli.installed import Extra, Package, core_packages, extras
from metricpose.cli.output import table, write_json, write_line

_WEIGHT_SUFFIXES = (".onnx", ".safetensors", ".npz")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--json", action="store_true", help="write JSON instead of text")


def run(args: Namespace) -> int:
    """Exit code 0 when the core works, 1 when it does not; missing extras are no fault."""
    report = examined()
    if args.json:
        write_json(report)
    else:
        write_line(_text(report))
    return 0 if report["ok"] else 1


def examined() -> dict[str, Any]:
    """Everything the verb reports, as JSON holds it."""
    packages, optional, weights = core_packages(), extras(), list(_weights())
    providers, fault = _providers()
    unfit = [package for package in packages if not package.suits]
    return {
        "metricpose": metricpose.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "ok": not unfit and fault is None and bool(weights),
        "packages": [asdict(package) | {"ok": package.suits} for package in packages],
        "extras": [_extra_entry(extra) for extra in optional],
        "onnxruntime": {"providers": providers, "fault": fault},
        "torch_device": next((extra.detail for extra in optional if extra.name == "train" and extra.works), None),
        "weights": weights,
        "detector": _detector(optional),
        "advice": list(_advice(unfit, fault, optional, bool(weights))),
    }


def _extra_entry(extra: Extra) -> dict[str, Any]:
    versions = {package.name: package.version for package in extra.packages}
    return {"name": extra.name, "works": extra.works, "detail": extra.detail, "versions": versions}


def _providers() -> tuple[list[str], str | None]:
    try:
        return list(imported_onnxruntime().get_available_providers()), None
    except Exception as error:  # noqa: BLE001  whatever keeps it from loading is what the user must read
        return [], f"{type(error).__name__}: {error}"


def _weights() -> Iterator[dict[str, Any]]:
    folder = resources.files("metricpose") / "weights"
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(_WEIGHT_SUFFIXES):
            content = file.read_bytes()
            yield {"file": file.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _detector(optional: tuple[Extra, ...]) -> dict[str, Any]:
    """What `estimate` looks with when no detector is named, and the weights that our own has at hand."""
    from metricpose.inference.detectors.network_files import WEIGHTS, lacking_weights

    at_hand = [name for name in WEIGHTS if not lacking_weights(name)]
    rtmlib = any(extra.name == "rtmlib" and extra.works for extra in optional)
    return {"auto": "rtmlib" if rtmlib else "agr", "agr_weights": at_hand}


def _advice(unfit: list[Package], fault: str | None, optional: tuple[Extra, ...], weights: bool) -> Iterator[str]:
    if unfit:
        yield f"the core is incomplete: {sys.executable} -m pip install --upgrade metricpose"
    if fault:
        yield f"onnxruntime does not load ({fault}): {sys.executable} -m pip install --force-reinstall onnxruntime"
    if not weights:
        yield "the shipped weights are missing: reinstall metricpose"
    for extra in optional:
        if not extra.works:
            yield f"for {_USES[extra.name]}: {sys.executable} -m pip install 'metricpose[{extra.name}]'"


_USES = {
    "train": "training and virtual data",
    "anny": "building banks of bodies",
    "mediapipe": "detecting one person in pictures, offline (in an environment of its own: it needs numpy < 2)",
    "rtmlib": "detecting several people in pictures with RTMO or RTMPose (our own detector needs no extra)",
    "datasets": "reading benchmarks (.mat, HDF5, C3D) and COCO's own judge",
    "report": "pages of plots of an evaluation",
    "render": "pictures of virtual people (on Debian: apt-get install libegl1 libegl-mesa0 libgl1 libgl1-mesa-dri)",
    "ray": "making pictures of virtual people on many machines",
    "video": "reading videos",
}


def _text(report: dict[str, Any]) -> str:
    head = f"metricpose {report['metricpose']}, Python {report['python']}, {report['platform']}"
    packages = [(p["name"], p["version"] or "absent", p["required"], _mark(p["ok"])) for p in report["packages"]]
    optional = [(e["name"], _mark(e["works"]), e["detail"]) for e in report["extras"]]
    weights = [(w["file"], f"{w['bytes'] / 1e6:.2f} MB", w["sha256"][:16]) for w in report["weights"]]
    parts = [
        head,
        table(("package", "version", "needed", ""), packages, align="<<<<"),
        table(("extra", "", ""), optional, align="<<<"),
        f"onnxruntime providers: {', '.join(report['onnxruntime']['providers']) or 'none'}",
        table(("weights", "size", "sha256"), weights, align="<><") if weights else "weights: none",
        _detector_line(report["detector"]),
        "\n".join(["what to do about the rest:", *(f"  {line}" for line in report["advice"])])
        if report["advice"]
        else "everything works",
    ]
    return "\n\n".join(parts)


def _detector_line(detector: dict[str, Any]) -> str:
    at_hand = ", ".join(detector["agr_weights"]) or "none"
    return f"detector of estimate: {detector['auto']} (--detector chooses another); weights of agr: {at_hand}"


def _mark(good: bool) -> str:
    return "ok" if good else "no"
