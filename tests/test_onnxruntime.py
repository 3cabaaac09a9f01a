"""ONNX Runtime sends nothing and leaves nothing behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import metricpose

_LIFT = "from metricpose.inference import RayLifter; RayLifter.load()"
_PACKAGE = Path(metricpose.__path__[0])


def test_a_lifter_leaves_no_identifier_in_the_home_folder(tmp_path: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if key not in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")}
    subprocess.run([sys.executable, "-c", _LIFT], check=True, env=kept | {"HOME": str(tmp_path)})
    assert list(tmp_path.rglob("*")) == []


def test_nobody_imports_it_past_the_switch() -> None:
    direct = re.compile(r"^\s*(import|from) onnxruntime", re.MULTILINE)
    guarded = re.compile(r"if TYPE_CHECKING:\n(    .*\n|\n)+")
    texts = {path.name: guarded.sub("", path.read_text()) for path in _PACKAGE.rglob("*.py")}
    assert [name for name, text in texts.items() if direct.search(text)] == ["_onnxruntime.py"]
