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
    joined by "_" (TS1_img_000001); 4. the last part without suffix; 5. for whole numbers, the number of the picture:
    the last part as a number (000000000139), the digits at its end (img_000139), or `frame`. A reading that fits
    several pictures is no answer.

    Raises InputError: a name of the truth stands twice.
    """

    def __init__(self, truth: Sequence[PeopleFrame]) -> None:
        self._tiers: list[dict[str, list[int]]] = [{} for _ in range(7)]
        for index, frame in enumerate(truth):
            for tier, key in zip(self._tiers, (*_readings(frame.name), *_numbers(frame)), strict=True):
                if key:
                    tier.setdefault(key, []).append(index)
        doubled = next((name for name, found in self._tiers[0].items() if len(found) > 1), None)
        if doubled is not None:
            raise InputError(f"truth: expected each picture once, got {shown(doubled)} again; rename one")
        self._example = truth[0].name if truth else None

    def index(self, name: str) -> int | None:
        """The place of the picture in the truth; None where it has no such picture.

        InputError: several pictures fit equally well.
        """
        queries = [*_readings(name), *([_plain(name)] * 3 if name.isdigit() else ["", "", ""])]
        several: list[int] = []
        for tier, key in zip(self._tiers, queries, strict=True):
            found = tier.get(key, []) if key else []
            if len(found) == 1:
                return found[0]
            several = several or found
        if several:
            names = sorted(n for n, (i, *_) in self._tiers[0].items() if i in several[:2])
            raise InputError(
                f"picture {shown(name)}: expected the name of one picture of the truth, got one that fits "
                f"{len(several)}, such as {' and '.join(names)}; give the whole names"
            )
        return None

    def unknown(self, name: str) -> InputError:
        """What to raise for a picture that the truth does not have."""
        such = "which is empty" if self._example is None else f"such as {shown(self._example)}"
        return InputError(
            f"picture {shown(name)}: expected a picture of the truth, {such}, got none of this name or number; "
            "rename it, or give the truth of the same pictures"
        )


def _readings(name: str) -> tuple[str, str, str, str]:
    path = PurePosixPath(re.sub(r"\.\w+#", "/", name.replace("\\", "/")))
    bare = path.with_suffix("") if path.name else path
    return name, str(bare), "_".join(bare.parts), bare.name


def _numbers(frame: PeopleFrame) -> tuple[str, str, str]:
    last = _readings(frame.name)[3]
    digits = last[len(last.rstrip("0123456789")) :]
    number = "" if frame.frame is None else str(frame.frame)
    return _plain(last) if last.isdigit() else "", _plain(digits), number


def _plain(digits: str) -> str:
    return str(int(digits)) if digits else ""
