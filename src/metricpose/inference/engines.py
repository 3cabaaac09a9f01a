"""What runs the lifter's network: ONNX Runtime, or torch where it is asked for; and their weights files."""

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from metricpose._errors import FileError, MissingExtraError, WeightsError
from metricpose._onnxruntime import imported_onnxruntime

if TYPE_CHECKING:
    import onnxruntime

    from metricpose.models.ray_lifter_engine import TorchEngine

INPUTS = frozenset(("rays", "scores", "camera"))
OTHERS = frozenset(("other_rays", "other_scores"))
"""Inputs of a lifter that reads every skeleton."""
OUTPUTS = frozenset(("joints_cam", "joint_sigma", "root_cam", "root_depth_interval"))


def onnx_engine(path: str | Path | None = None, threads: int | None = None) -> "onnxruntime.InferenceSession":
    """ONNX Runtime on the CPU with the shipped weights, or those of `path`.

    Raises FileError for a missing file, WeightsError for one that is not such a network.
    """
    return opened_network(
        _weights_file(path, "ray_lifter.onnx"), "ray lifter", INPUTS, OUTPUTS, threads, optional=OTHERS
    )


def opened_network(
    file: Path,
    kind: str,
    inputs: frozenset[str],
    outputs: frozenset[str],
    threads: int | None = None,
    *,
    optional: frozenset[str] = frozenset(),
) -> "onnxruntime.InferenceSession":
    """An ONNX file on the CPU that takes these inputs, with all of the optional ones or none, and gives at least these
    outputs, by name.

    `kind` is what the network is called in a WeightsError: for a file that does not load, or is another network.
    Threads wait for work awake, but only while a call runs: else those of one network take cores from the next one's.
    """
    onnxruntime = imported_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises classes of its own for each kind of broken file
        reason = " ".join(str(error).split())[:200]
        if "External data" in reason:
            raise WeightsError(
                f"{file}: expected the file with its weights beside it, got none or another; copy the whole folder"
            ) from error
        raise WeightsError(f"{file}: expected an ONNX {kind}, got a file that does not load ({reason})") from error
    got = {node.name for node in session.get_inputs()}, {node.name for node in session.get_outputs()}
    if got[0] not in (inputs, inputs | optional) or not got[1] >= outputs:
        raise WeightsError(f"{file}: expected {with_article(kind)} with inputs {sorted(inputs)}, got another network")
    return session


def with_article(kind: str) -> str:
    """ "an AGR network", "a ray lifter"."""
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"


def torch_engine(path: str | Path | None = None, device: str | None = None) -> "TorchEngine":
    """torch with the shipped weights, or those of `path`, on `device`; a GPU where there is one if not given.

    Raises what `onnx_engine` does, and MissingExtraError without torch, InputError for a device that is not there.
    """
    try:
        from metricpose.models.ray_lifter_engine import TorchEngine
    except ImportError as error:
        raise MissingExtraError("the torch engine", "train") from error
    return TorchEngine.load(_weights_file(path, "ray_lifter.safetensors"), device)


def _weights_file(path: str | Path | None, name: str) -> Path:
    file = Path(str(resources.files("metricpose") / "weights" / name)) if path is None else Path(path)
    if not file.is_file():
        raise FileError(f"{file}: no such weights file; expected {name}, written by `metricpose train ray_lifter`")
    return file
