"""The time that a call may take."""

import time


class Clock:
    """Minutes since the call began, and those that are left of it."""

    def __init__(self, minutes: float) -> None:
        self._began, self._minutes = time.monotonic(), minutes

    @property
    def passed(self) -> float:
        """Since the call began."""
        return (time.monotonic() - self._began) / 60

    @property
    def left(self) -> float:
        """Never less than 0."""
        return max(0.0, self._minutes - self.passed)
