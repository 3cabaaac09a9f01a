"""What is shipped: ONNX equal to torch, in both installs, and a refusal where it is not."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")
onnx = pytest.importorskip("onnx", reason="onnx comes with metricpose[train]")
pytest.importorskip("onnxscript", reason="onnxscript comes with metricpose[train]")

from safetensors import safe_open  # noqa: E402

import metricpose  # noqa: E402
from metricpose._errors import WeightsError  # noqa: E402
from metricpose.inference import RayLifter  # noqa: E402
from metricpose.inference.engines import onnx_engine, torch_engine  # noqa: E402
from metricpose.models.ray_lifter import RayLifterNet  # noqa: E402
from metricpose.models.ray_lifter_engine import loaded_ray_lifter  # noqa: E402
from metricpose.training.lifter_export import (  # noqa: E402
    INPUTS,
    OTHER_INPUTS,
    OTHER_OUTPUTS,
    OUTPUTS,
    exported,
    written_onnx,
)
from tests.models.people_seen import SMALL, seen_people, small_net  # noqa: E402
from tests.models.test_latent_lifter import latent_net, others_seen  # noqa: E402

_SHIPPED = Path(metricpose.__file__).parent / "weights"

# The exporter of torch 2.13 warns of its own doings.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random lifter, exported."""
    folder = tmp_path_factory.mktemp("weights")
    exported(small_net(seed=4), folder)
    return folder


def _differences(folder: Path, images: int, people: int, seed: int) -> list[float]:
    """The largest difference of each output between the two engines, relative to the largest depth."""
    arrays = [value.numpy() for value in seen_people(images, people, seed)]
    feed = dict(zip(INPUTS, arrays, strict=True))
    torchs = torch_engine(folder / "ray_lifter.safetensors", "cpu")
    if torchs.every_skeleton:
        feed |= dict(zip(OTHER_INPUTS, (value.numpy() for value in others_seen(images, people, seed)), strict=True))
    ours = torchs.run(OUTPUTS, feed)
    theirs = onnx_engine(folder / "ray_lifter.onnx", threads=1).run(list(OUTPUTS), feed)
    depth = float(np.abs(ours[2]).max())
    assert [a.shape for a in ours] == [np.shape(b) for b in theirs]
    return [float(np.abs(a - np.asarray(b)).max()) / depth for a, b in zip(ours, theirs, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize(("images", "people"), [(1, 1), (1, 9), (7, 1), (5, 4)])
def test_both_engines_give_the_same_answer(folder: Path, images: int, people: int) -> None:
    assert max(_differences(folder, images, people, seed=images)) < 1e-4


@pytest.mark.slow
def test_a_lifter_of_every_skeleton_is_one_network_in_both_files(tmp_path: Path) -> None:
    exported(latent_net(seed=4), tmp_path)
    ours = torch_engine(tmp_path / "ray_lifter.safetensors", "cpu")
    theirs = onnx_engine(tmp_path / "ray_lifter.onnx", threads=1)
    assert ours.every_skeleton
    arrays = [value.numpy() for value in (*seen_people(3, 4), *others_seen(3, 4))]
    feed = dict(zip((*INPUTS, *OTHER_INPUTS), arrays, strict=True))
    names = [*OUTPUTS, *OTHER_OUTPUTS]
    for name, one, other in zip(names, ours.run(names, feed), theirs.run(names, feed), strict=True):
        assert np.abs(one - np.asarray(other)).max() < 5e-4, name  # 1e-4 of the depth


@pytest.mark.weights
def test_the_shipped_files_are_one_network() -> None:
    assert max(_differences(_SHIPPED, 4, 5, seed=1)) < 1e-4
    sizes = {file.name: file.stat().st_size for file in _SHIPPED.iterdir()}
    looks = {name: size for name, size in sizes.items() if name.startswith(("agr_", "crop_"))}
    left_out = ("agr_", "crop_", "voxel_")  # of the wheel, see pyproject.toml
    checkouts_alone = sum(n for name, n in sizes.items() if name.startswith(left_out) and name.endswith(".safetensors"))
    one_set = sum(size for name, size in looks.items() if name.endswith(".onnx") and "research" not in name)
    assert max(looks.values(), default=0) < 20e6 and one_set < 20e6
    assert sum(sizes.values()) - checkouts_alone < 34e6


@pytest.mark.slow
def test_safetensors_bring_back_the_network_and_its_size(folder: Path) -> None:
    net = loaded_ray_lifter(folder / "ray_lifter.safetensors")
    assert net.options == SMALL
    assert not net.training
    ours, theirs = net.state_dict(), small_net(seed=4).state_dict()
    matrices = {name for name, parameter in net.named_parameters() if parameter.ndim == 2}
    assert len(matrices) > 10
    for name, value in theirs.items():
        assert ours[name].dtype == value.dtype
        assert torch.equal(ours[name], value.half().float() if name in matrices else value)


@pytest.mark.slow
def test_files_keep_matrices_in_half_of_the_bytes(folder: Path) -> None:
    size = 4 * sum(parameter.numel() for parameter in small_net().parameters() if parameter.ndim == 2)
    with safe_open(folder / "ray_lifter.safetensors", framework="pt") as file:
        kinds = {name: file.get_tensor(name).dtype for name in file.keys()}
    assert {kinds[name] for name, p in small_net().named_parameters() if p.ndim == 2} == {torch.float16}
    assert {kinds[name] for name, p in small_net().named_parameters() if p.ndim == 1} == {torch.float32}
    stored = onnx.load(folder / "ray_lifter.onnx").graph.initializer
    wide = [t for t in stored if t.data_type == onnx.TensorProto.FLOAT and len(t.dims) == 2]
    assert 4 * sum(int(np.prod(t.dims)) for t in wide) < 0.02 * size
    assert sorted(file.name for file in folder.iterdir()) == ["ray_lifter.onnx", "ray_lifter.safetensors"]


@pytest.mark.slow
def test_both_files_state_the_facts_that_are_given(tmp_path: Path, folder: Path) -> None:
    facts = {"adapted_from": "another", "licence": "none"}
    exported(small_net(seed=4), tmp_path, facts)
    lifters = [RayLifter.load(tmp_path / "ray_lifter.onnx", threads=1)]
    lifters.append(RayLifter.load(tmp_path / "ray_lifter.safetensors", engine="torch", device="cpu"))
    assert [dict(lifter.facts) for lifter in lifters] == [facts, facts]
    assert dict(RayLifter.load(folder / "ray_lifter.onnx", threads=1).facts) == {}


class _Otherwise(RayLifterNet):
    """Computes something else where it is exported."""

    def forward(self, rays, scores, camera, mask=None):
        lifted = super().forward(rays, scores, camera, mask)
        shift = 0.0 if torch.compiler.is_exporting() else 0.01
        return lifted._replace(joints_cam=lifted.joints_cam + shift)


@pytest.mark.slow
def test_a_network_that_changes_in_export_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ray_lifter.onnx"
    path.write_bytes(b"the last good one")
    with pytest.raises(
        WeightsError, match=r"ONNX Runtime differs from torch by .*, expected at most 1e-4 \(relative\)"
    ):
        written_onnx(_Otherwise(SMALL), path)
    assert path.read_bytes() == b"the last good one"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
