"""What the doctor says about this environment, and about broken ones."""

import hashlib
import json
from importlib import resources

import pytest

from metricpose.cli import doctor, installed
from metricpose.cli.installed import Extra, Package
from metricpose.cli.main import main


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Extras are not imported (which takes seconds); one of them is broken."""
    broken = Extra(name="video", packages=(), works=False, detail="not installed: av")
    working = Extra(name="train", packages=(), works=True, detail="cpu")
    monkeypatch.setattr(doctor, "extras", lambda: (working, broken))


@pytest.mark.usefixtures("untried")
def test_json_says_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert code == (0 if report["ok"] else 1)
    assert {"numpy", "onnxruntime", "pillow"} <= {package["name"] for package in report["packages"]}
    assert "CPUExecutionProvider" in report["onnxruntime"]["providers"]
    assert report["torch_device"] == "cpu"
    weights = resources.files("metricpose") / "weights"
    for entry in report["weights"]:
        assert entry["sha256"] == hashlib.sha256((weights / entry["file"]).read_bytes()).hexdigest()


@pytest.mark.usefixtures("untried")
def test_text_says_what_to_do_about_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    out = capsys.readouterr().out
    assert "not installed: av" in out
    assert "for reading videos: " in out
    assert "pip install 'metricpose[video]'" in out
    assert "metricpose[train]" not in out


@pytest.mark.usefixtures("untried")
def test_an_unfit_core_package_is_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "core_packages", lambda: (Package(name="numpy", required=">=9", version="2.0"),))
    assert main(["doctor"]) == 1
    assert "the core is incomplete" in capsys.readouterr().out


def test_a_package_suits_by_its_version() -> None:
    assert Package(name="numpy", required=">=1.26", version="2.4.6").suits
    assert not Package(name="numpy", required="<2", version="2.4.6").suits
    assert not Package(name="numpy", required="", version=None).suits


def test_the_core_is_read_from_the_metadata() -> None:
    names = {package.name for package in installed.core_packages()}
    assert {"numpy", "onnxruntime", "pillow"} <= names
    assert not {"torch", "mediapipe", "pytest", "scipy"} & names


def test_an_import_that_dies_is_told_by_its_last_line() -> None:
    assert installed._probed("import sys; print('fine')") == (True, "fine")
    works, detail = installed._probed("import no_such_module_at_all")
    assert not works
    assert detail == "ModuleNotFoundError: No module named 'no_such_module_at_all'"


@pytest.mark.usefixtures("untried")
def test_it_names_the_detector_of_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json"])
    detector = json.loads(capsys.readouterr().out)["detector"]
    assert detector["auto"] == "agr"
    main(["doctor"])
    weights = ", ".join(detector["agr_weights"]) or "none"
    assert (
        f"detector of estimate: agr (--detector chooses another); weights of agr: {weights}" in capsys.readouterr().out
    )
