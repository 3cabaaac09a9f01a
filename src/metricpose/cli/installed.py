"""What of the package's own requirements is installed, by the package's metadata."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

# Importing these tells whether an extra works; the names of distribution and module differ for some.
_PROBES = {
    "train": "import torch; print('cuda' if torch.cuda.is_available() else 'cpu')",
    "anny": "import anny",
    "mediapipe": "from mediapipe.python.solutions import pose",
    "rtmlib": "import rtmlib",
    "video": "import av",
    "datasets": "import ezc3d, h5py, pycocotools.cocoeval, scipy.io",
    "report": "import plotly",
    "ray": "import ray",
    # A context tells whether there is an OpenGL driver that needs no window.
    "render": "from metricpose.virtual.render.context import renderer_name, shared_context\n"
    "print(renderer_name(shared_context()))",
}
_PROBE_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Package:
    """One required distribution; `version` is None where it is absent."""

    name: str
    required: str
    version: str | None

    @property
    def suits(self) -> bool:
        """Whether it is installed in a version that is asked for."""
        from packaging.specifiers import SpecifierSet

        return self.version is not None and SpecifierSet(self.required).contains(self.version, prereleases=True)


@dataclass(frozen=True, kw_only=True)
class Extra:
    """One extra: its packages, and whether it could be imported (`detail` says what it answered)."""

    name: str
    packages: tuple[Package, ...]
    works: bool
    detail: str


def core_packages() -> tuple[Package, ...]:
    """What every install needs."""
    return _packages(extra=None)


def extras() -> tuple[Extra, ...]:
    """The extras that a user may want, each tried in a process of its own (one that crashes takes nothing with it)."""
    return tuple(_extra(name) for name in _PROBES)


def _extra(name: str) -> Extra:
    packages = _packages(extra=name)
    wrong = [package for package in packages if not package.suits]
    if wrong:
        return Extra(name=name, packages=packages, works=False, detail=_said(wrong))
    works, detail = _probed(_PROBES[name])
    return Extra(name=name, packages=packages, works=works, detail=detail)


def _said(wrong: Iterable[Package]) -> str:
    absent = [package.name for package in wrong if package.version is None]
    unfit = [f"{package.name} {package.version} (needs {package.required})" for package in wrong if package.version]
    return "; ".join(
        ([f"not installed: {', '.join(absent)}"] if absent else []) + ([f"unfit: {', '.join(unfit)}"] if unfit else [])
    )


def _packages(*, extra: str | None) -> tuple[Package, ...]:
    from packaging.requirements import Requirement

    found: dict[str, Package] = {}
    for requirement in map(Requirement, metadata.requires("metricpose") or []):
        marker = requirement.marker
        in_core = marker is None or marker.evaluate({"extra": ""})
        in_extra = extra is not None and marker is not None and marker.evaluate({"extra": extra})
        if (in_core and extra is None) or (in_extra and not in_core):
            found[requirement.name] = Package(
                name=requirement.name, required=str(requirement.specifier), version=_version(requirement.name)
            )
    return tuple(found.values())


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _probed(code: str) -> tuple[bool, str]:
    try:
        answer = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False, f"no answer within {_PROBE_SECONDS} s"
    lines = (answer.stdout if answer.returncode == 0 else answer.stderr).strip().splitlines()
    return answer.returncode == 0, lines[-1] if lines else ""
