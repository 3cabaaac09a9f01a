"""The groups of people in a truth file: optional keys beside those of the people3d schema.

Each person may have `"tags": ["child", "sitting"]`, each picture `"family": "tele"` (of its camera, say).
"""

from collections.abc import Mapping
from typing import Any

from metricpose._errors import InputError


def tags_of(document: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """Per picture, per person, the tags in a people3d document; none where the key is missing."""
    return {
        image["image"]: [_words(person.get("tags", []), image["image"]) for person in image["people"]]
        for image in document["images"]
    }


def families_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Per picture its family, for the pictures that have one."""
    families = {image["image"]: image["family"] for image in document["images"] if image.get("family") is not None}
    for name, family in families.items():
        if not isinstance(family, str):
            raise InputError(f"truth: expected the family of {name!r} to be a word, got {family!r}")
    return families


def _words(tags: Any, name: str) -> list[str]:
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise InputError(f'truth: expected tags of {name!r} as a list of words such as ["child"], got {tags!r}')
    return tags
