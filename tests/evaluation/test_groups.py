"""Tags and families in truth files."""

from typing import Any

import pytest

from metricpose._errors import InputError
from metricpose.evaluation import families_of, tags_of


def document(*images: dict[str, Any]) -> dict[str, Any]:
    return {"schema": "metricpose.people3d/1", "images": list(images)}


def test_both_are_optional():
    truth = document(
        {"image": "a", "family": "tele", "people": [{"tags": ["child", "sitting"]}, {}]},
        {"image": "b", "people": []},
    )
    assert tags_of(truth) == {"a": [["child", "sitting"], []], "b": []}
    assert families_of(truth) == {"a": "tele"}


def test_errors_name_the_picture():
    with pytest.raises(InputError, match="tags of 'a' as a list of words"):
        tags_of(document({"image": "a", "people": [{"tags": "child"}]}))
    with pytest.raises(InputError, match="family of 'a' to be a word, got 3"):
        families_of(document({"image": "a", "family": 3, "people": []}))
