"""Run by torchrun: trains the tiny lifter and leaves each process's weights in the folder given."""

import sys
from pathlib import Path

from safetensors.torch import save_file

from metricpose.training.distributed import joined_team
from tests.training.tiny import run, tiny_setup

folder = Path(sys.argv[1])
with joined_team("cpu") as team:
    setup = tiny_setup(steps=4)
    result = run(folder, setup, team, minutes=60.0)
    assert result.done
    # The leader's network holds the average by now; what was trained is in its checkpoint.
    if not team.leads:
        save_file(
            {name: value.clone() for name, value in setup.model.state_dict().items()}, folder / "other.safetensors"
        )
