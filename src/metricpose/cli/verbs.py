"""The table of verbs. A verb module has `add_arguments(parser)` and `run(args) -> int`, and imports lazily itself."""

from collections.abc import Mapping
from typing import Protocol

from metricpose.cli.arguments import ArgumentParser, Namespace

VERBS: Mapping[str, str] = {
    "estimate": "pictures, folders or videos to people in metres",
    "lift": "2D people and a camera to people in metres",
    "adapt": "fine-tune the lifter for one camera (needs the train extra)",
    "demo": "find and lift the people of a packaged picture with known truth, and draw them",
    "convert": "people and motion from one skeleton into another",
    "evaluate": "judge people in metres against the truth",
    "generate": "make virtual scenes with exact truth (needs the train extra)",
    "assets": "where the clothes of virtual people come from, and what is missing",
    "train": "train a model from a recipe (needs the train extra)",
    "study": "how methods fare with other cameras, poses and backgrounds than they learnt from (train extra)",
    "bench": "measure speed and memory",
    "doctor": "what is installed, what works, what to do about the rest",
}


class Verb(Protocol):
    """What a module of a verb offers."""

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Declare the verb's arguments."""
        ...

    @staticmethod
    def run(args: Namespace) -> int:
        """Do the work; the result is the exit code."""
        ...
