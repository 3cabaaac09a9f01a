"""Two networks' weights, averaged: the ends are the two, and what is no weight stays."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from safetensors import safe_open  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from metricpose._errors import InputError  # noqa: E402
from recipes.blend_weights import blended, main  # noqa: E402

OWN = {
    "model/a": torch.tensor([0.0, 4.0]),
    "average/a": torch.tensor([8.0, 4.0], dtype=torch.float16),
    "model/count": torch.tensor(3),
    "optimiser/0.0/a": torch.tensor([1.0, 1.0]),
}
OTHER = {name: value + 4 for name, value in OWN.items()} | {"optimiser/0.1/b": torch.zeros(3)}


def test_the_ends_are_the_two_and_a_quarter_is_a_quarter_of_the_way() -> None:
    for share in (0.0, 0.25, 1.0):
        found = blended(OWN, OTHER, share)
        assert found.keys() == OWN.keys()
        assert found["model/a"].tolist() == [4 * share, 4 + 4 * share]
        assert found["average/a"].tolist() == [8 + 4 * share, 4 + 4 * share]
        assert found["average/a"].dtype == torch.float16
        assert found["model/count"] == 3 and found["optimiser/0.0/a"].tolist() == [1.0, 1.0]


def test_other_networks_and_shares_are_told() -> None:
    with pytest.raises(InputError, match=r"--share: expected a number in \[0, 1\], got 1.5"):
        blended(OWN, OTHER, 1.5)
    with pytest.raises(InputError, match="expected two files of one network; model/a is not in both alike"):
        blended(OWN, OTHER | {"model/a": torch.zeros(3)}, 0.5)
    with pytest.raises(InputError, match="average/a is not in both alike"):
        blended(OWN, {name: value for name, value in OTHER.items() if name != "average/a"}, 0.5)
    with pytest.raises(InputError, match="every weight is not in both alike"):
        blended({"count": torch.tensor(3)}, OTHER, 0.5)


def test_files_keep_the_metadata_of_their_own(tmp_path, capsys) -> None:
    save_file(OWN, tmp_path / "own.safetensors", metadata={"progress": "own's"})
    save_file(OTHER, tmp_path / "other.safetensors", metadata={"progress": "the other's"})
    files = [str(tmp_path / name) for name in ("own.safetensors", "other.safetensors")]
    assert main([*files, "--share", "0.5", "-o", str(tmp_path / "a" / "new.safetensors")]) == 0
    with safe_open(tmp_path / "a" / "new.safetensors", framework="pt") as file:
        assert file.metadata() == {"progress": "own's"}
        assert file.get_tensor("model/a").tolist() == [2.0, 6.0]
    assert main([files[0], str(tmp_path / "none.safetensors"), "-o", str(tmp_path / "never.safetensors")]) == 1
    assert "expected safetensors of a network, got a file that does not load" in capsys.readouterr().err
    assert not (tmp_path / "never.safetensors").exists()
