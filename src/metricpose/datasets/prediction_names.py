"""Which picture of the truth a method means: by name, by path without suffix, by file name, or by number."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from metricpose._errors import InputError
from metricpose.io.fields import shown
from metricpose.people import PeopleFrame


class TruthNames:
    """The names of the pictures of the truth, asked from the strictest reading to the loosest.

    1. the name itself; 2. without its suffix, and a frame of a video (clip.mp4#000012) as clip/000012; 3. its folders
    joined by "_" (TS1_img_000001); 4. the end of its path (img_000001), or a path that ends with it; 5. for whole
    numbers, the number of the picture: the last part as a number (000000000139), the digits at its end (img_000139), or
    `frame`. Folders that both state must agree. A reading that fits several pictures is no answer.

    Raises InputError: a name of the truth stands twice.
    """

    def __init__(self, truth: Sequence[PeopleFrame]) -> None:
        self._tiers: list[dict[str, list[int]]] = [{} for _ in range(7)]
        for index, frame in enumerate(truth):
            for tier, keys in zip(self._tiers, _keys(frame), strict=True):
                for key in keys:
                    tier.setdefault(key, []).append(index)
        doubled = next((name for name, found in self._tiers[0].items() if len(found) > 1), None)
        if doubled is not None:
            raise InputError(f"truth: expected each picture once, got {shown(doubled)} again; rename one")
        self._names = tuple(frame.name for frame in truth)

    def index(self, name: str) -> int | None:
        """The place of the picture in the truth; None where it has no such picture.

        InputError: several pictures fit equally well.
        """
        for tier, keys in zip(self._tiers, self._questions(name), strict=True):
            found = next((tier[key] for key in keys if key in tier), [])
            if len(found) > 1:
                raise InputError(
                    f"picture {shown(name)}: expected the name of one picture of the truth, got one that fits "
                    f"{len(found)}, such as {self._names[found[0]]} and {self._names[found[1]]}; give whole names"
                )
            if found:
                return found[0]
        return None

    def unknown(self, name: str) -> InputError:
        """What to raise for a picture that the truth does not have."""
        such = f"such as {shown(self._names[0])}" if self._names else "which is empty"
        return InputError(
            f"picture {shown(name)}: expected a picture of the truth, {such}, got none of this name or number; "
            "rename it, or give the truth of the same pictures"
        )

    def _questions(self, name: str) -> list[list[str]]:
        """The keys to ask each tier for."""
        parts = _parts(name)
        number = [str(int(name))] if name.isdecimal() else []
        return [[name], _ends(parts), ["_".join(parts)], ["/".join(parts)], number, number, number]


def _keys(frame: PeopleFrame) -> list[list[str]]:
    """The keys under which each tier knows a picture of the truth."""
    parts = _parts(frame.name)
    last = parts[-1] if parts else ""
    digits = last[len(last.rstrip("0123456789")) :]
    return [
        [frame.name],
        ["/".join(parts)],
        ["_".join(parts)],
        _ends(parts),
        [str(int(last))] if last and last == digits else [],
        [str(int(digits))] if digits else [],
        [] if frame.frame is None else [str(frame.frame)],
    ]


def _parts(name: str) -> tuple[str, ...]:
    """Folders and file name without suffix, which begins with a letter: "cam01.0000" has none."""
    path = re.sub(r"\.[A-Za-z]\w*#", "/", name.replace("\\", "/"))
    return PurePosixPath(re.sub(r"(?<=[^/])\.[A-Za-z]\w*$", "", path)).parts


def _ends(parts: tuple[str, ...]) -> list[str]:
    """The path, and the path without its first folder, without its first two ..."""
    return ["/".join(parts[start:]) for start in range(len(parts))]
