"""The metrics that several protocols print, each said once: key, heading, unit, what it is."""

from metricpose.evaluation.protocols.result import Column


def _lower(key: str, heading: str, unit: str, about: str) -> Column:
    return Column(key=key, heading=heading, unit=unit, about=about, better="lower")


def higher(key: str, heading: str, about: str, unit: str = "%") -> Column:
    """A column of which more is better, of a share if nothing else is said."""
    return Column(key=key, heading=heading, unit=unit, about=about, better="higher")


MPJPE = _lower("mpjpe", "MPJPE", "mm", "joint error with the roots at one place")
PA_MPJPE = _lower("pa_mpjpe", "PA-MPJPE", "mm", "joint error after the best similarity per person")
N_MPJPE = _lower("n_mpjpe", "N-MPJPE", "mm", "joint error after the best scale per person, roots at one place")
MRPE = _lower("mrpe", "MRPE", "mm", "distance of the root from its true place")
MRPE_X = _lower("mrpe_x", "MRPE_x", "mm", "mean absolute error of the root to the right")
MRPE_Y = _lower("mrpe_y", "MRPE_y", "mm", "mean absolute error of the root downwards")
MRPE_Z = _lower("mrpe_z", "MRPE_z", "mm", "mean absolute error of the root's depth")
MPJVE = _lower("mpjve", "MPJVE", "mm/frame", "error of the joints' velocity, roots at one place, consecutive pictures")
ACCEL = _lower("accel", "Accel", "mm/frame^2", "error of the joints' acceleration, roots at one place")
PCK = higher("pck", "PCK", "joints within 150 mm, roots at one place")
AUC = higher("auc", "AUC", "mean PCK at 0, 5, ... 150 mm (31 thresholds), roots at one place")
PCK_ABS = higher("pck_abs", "PCK_abs", "joints within 150 mm, nothing aligned")
PCK_ROOT = higher("pck_root", "PCK_root", "roots within 150 mm of their true place")
AP_ROOT = higher("ap_root", "AP_root", "average precision of roots within 250 mm")
AR_ROOT = higher("ar_root", "AR_root", "recall of roots within 250 mm")
PRECISION = higher("precision", "precision", "matched predictions of those that are not on people left out")
RECALL = higher("recall", "recall", "people found")
F1 = higher("f1", "F1", "harmonic mean of precision and recall: misses and ghosts both lower it")

ROOT_AXES = (MRPE, MRPE_X, MRPE_Y, MRPE_Z)
MOTION = (MPJVE, ACCEL)
DETECTION = (PRECISION, RECALL, F1)
