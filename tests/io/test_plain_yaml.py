"""The small YAML reader against PyYAML where both read, and on what only OpenCV writes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose import InputError
from metricpose.io.plain_yaml import parsed_yaml

scalars = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(-1e6, 1e6).map(lambda x: round(x, 6)),
    st.sampled_from(["pinhole", "cam 01", "2026/a#b", "it's", "a: b", "x, y", "[z]", ""]),
    st.booleans(),
    st.none(),
)
words = st.sampled_from(["K", "data", "image_width", "long name", "n1"])
documents = st.dictionaries(
    words,
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3)),
    min_size=1,
)


@settings(max_examples=50, deadline=None)
@given(documents, st.sampled_from([None, True, False]))
def test_reads_what_pyyaml_writes(document: dict[str, Any], flow: bool | None) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    text = yaml.safe_dump(document, default_flow_style=flow, width=60)
    assert parsed_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("{K: [it's], data: [it's]}", {"K": ["it's"], "data": ["it's"]}),
        ("a: it's  # isn't", {"a": "it's"}),
        ("a: [it's, 'x]y', don't]", {"a": ["it's", "x]y", "don't"]}),
        ("""{'a':'b', "c":["d"]}""", {"a": "b", "c": ["d"]}),
    ],
)
def test_an_apostrophe_in_a_word_opens_no_quotation(text: str, document: dict[str, Any]) -> None:
    assert parsed_yaml(text) == document


def test_tags_comments_directives_and_numbers() -> None:
    text = """%YAML:1.0
# a comment
---
a: !!opencv-matrix   # tagged
   data: [ 1., -2.5e-01,   # within
      .5, .Inf ]
b: "text # no comment"
c: !!str 5
...
"""
    expected = {"a": {"data": [1.0, -0.25, 0.5, float("inf")]}, "b": "text # no comment", "c": 5}
    assert parsed_yaml(text) == expected


def test_items_that_are_mappings() -> None:
    assert parsed_yaml("cams:\n- name: a\n  size: [1, 2]\n- name: b\n") == {
        "cams": [{"name": "a", "size": [1, 2]}, {"name": "b"}]
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb", 2),
        ("a: [1, 2]]\n", 1),
        ("a: {b 1}\n", 1),
        ("a: 1\n  b: 2\n", 2),
        ("a: ['x' 'y']\n", 1),
        ("a: 1\n- b\n", 2),
    ],
)
def test_faults_name_their_line(text: str, line: int) -> None:
    with pytest.raises(InputError, match=rf"^line {line}: expected `key: value`, a list or a number, got "):
        parsed_yaml(text)
