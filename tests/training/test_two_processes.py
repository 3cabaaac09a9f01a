"""Two processes under torchrun: the same weights in both, not those of one alone, and a checkpoint to go on from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from safetensors.torch import load_file  # noqa: E402

from tests.training.tiny import run, tiny_setup  # noqa: E402

_ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_two_processes_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'src'}"}
    ran = subprocess.run(
        [*command, str(Path(__file__).with_name("two_processes.py")), str(tmp_path)],
        capture_output=True, text=True, env=environment, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    saved = load_file(tmp_path / "checkpoint.safetensors")
    for name, value in load_file(tmp_path / "other.safetensors").items():
        assert torch.equal(value, saved[f"model/{name}"]), name
    run(tmp_path / "alone", tiny_setup(steps=4))
    alone = load_file(tmp_path / "alone" / "checkpoint.safetensors")
    assert not torch.equal(alone["model/embed.weight"], saved["model/embed.weight"])  # the data of both counted
    assert run(tmp_path, tiny_setup(steps=6)).step == 6  # one process goes on where two were
