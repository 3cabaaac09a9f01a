"""Results as text and JSON, and the table of protocols."""

import importlib
import json

import numpy as np

from metricpose.evaluation.protocols import panoptic, virtual
from metricpose.evaluation.protocols.names import PROTOCOLS
from metricpose.evaluation.protocols.result import Column, ProtocolResult, Row, Table
from metricpose.evaluation.protocols.text import to_json, to_text
from tests.evaluation.protocols.frames_made import frame

ROOTS = [(0, 0, 4.0), (1, 0, 5.0)]


def small() -> ProtocolResult:
    columns = (
        Column(key="mpjpe", heading="MPJPE", unit="mm", about="error"),
        Column(key="mpjve", heading="MPJVE", unit="mm/frame", about="speed"),
    )
    rows = (
        Row(label="TS1", values={"mpjpe": 81.25, "mpjve": 2.345}, people=3, matched=2, missed=1, ghosts=None),
        Row(label="TS2", values={"mpjpe": 100.0, "mpjve": None}, people=1, matched=1, missed=0, ghosts=None),
        Row(label="mean", values={"mpjpe": 90.6, "mpjve": 2.3}, people=4, matched=3, missed=1, ghosts=2, kind="mean"),
    )
    table = Table(title="P1", mode="official", columns=columns, rows=rows, notes=("aligned at the root",))
    return ProtocolResult(protocol="small", tables=(table,), provenance={"every": 64, "nan": float("nan")})


def test_text_is_a_paper_s_table():
    assert to_text(small()).splitlines() == [
        "small",
        "",
        "official: P1",
        "      people  found  missed  ghosts  MPJPE     MPJVE",
        "                                        mm  mm/frame",
        "----------------------------------------------------",
        "TS1        3      2       1       -   81.2      2.35",
        "TS2        1      1       0       -  100.0         -",
        "----------------------------------------------------",
        "mean       4      3       1       2   90.6      2.30",
        "aligned at the root",
        "",
        "every: 64",
        "nan: nan",
    ]


def test_json_is_plain_and_has_no_nan():
    document = to_json(small())
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    assert document["schema"] == "metricpose.protocol/1"
    assert document["provenance"] == {"every": 64, "nan": None}
    assert document["tables"][0]["rows"][1]["values"] == {"mpjpe": 100.0, "mpjve": None}
    assert document["tables"][0]["rows"][0]["ghosts"] is None
    assert document["tables"][0]["columns"][0]["unit"] == "mm"
    assert "people" not in document


def test_json_of_people_of_a_real_result():
    truth = [frame("a", ROOTS)]
    result = virtual.judge(truth, [frame("a", ROOTS[:1], root_depth_interval=[(3.0, 5.0)])])
    document = to_json(result, people=True)
    json.dumps(document, allow_nan=False)
    assert document["people"]["predicted"] == [0, -1]
    assert document["people"]["values"]["mpjpe"][1] is None
    assert document["people"]["interval_m"][1] == [None, None]
    assert np.isclose(document["people"]["distance_m"][0], 4.0)


def test_text_of_a_real_result_names_modes_and_counts():
    truth = [frame("a", ROOTS, skeleton="panoptic19", group="pizza")]
    text = to_text(panoptic.judge(truth, truth))
    assert [line for line in text.splitlines() if line.startswith(("official: ", "strict: "))] == [
        "official: VirtualPose: nearest person under 500 mm",
        "official: VoxelPose: AP, recall and MPJPE",
        "strict: one to one by the picture, at most 0.5 of the person's size apart; depth never forbids a pair",
    ]
    assert "joints compared (15)" in text


def test_every_protocol_has_a_judge_and_options_and_one_line():
    for name, (module, about) in PROTOCOLS.items():
        found = importlib.import_module(module)
        assert name == found.NAME
        assert callable(found.judge)
        assert found.Options().allow_missing is False
        assert about
        assert "\n" not in about
