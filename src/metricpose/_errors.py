"""The exceptions of metricpose.

    MetricposeError                 everything the library raises on purpose
    |-- InputError (ValueError)     a value, or the content of a file, is not what it must be
    |-- FileError (OSError)         a file is missing or cannot be read or written
    |-- MissingExtraError (ImportError)   an optional part is not installed; the text names the extra
    `-- WeightsError                weights do not fit the network, or are damaged

Each text is one line: what, expected, got, and what to do. The command line prints it and exits with code 2.
"""


class MetricposeError(Exception):
    """Root of the exceptions raised on purpose."""


class InputError(MetricposeError, ValueError):
    """A value, or the content of a file, is not what it must be."""


class FileError(MetricposeError, OSError):
    """A file is missing, or cannot be read or written."""


class MissingExtraError(MetricposeError, ImportError):
    """An optional dependency is not installed.

    Args:
        what: the feature that was asked for, e.g. ``"reading video"``.
        extra: the extra that brings it, e.g. ``"video"``.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part that is not installed: pip install metricpose[{extra}]")
        self.extra = extra


class WeightsError(MetricposeError):
    """Weights are damaged or do not fit the network that loads them."""
