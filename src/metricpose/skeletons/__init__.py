"""Skeletons: what the joints of an estimator or data set are called, and how to get from one to another."""

from metricpose.skeletons.catalogue import CATALOGUE, skeleton_named
from metricpose.skeletons.convert import JointConverter, converter
from metricpose.skeletons.learnt import learnt_converter
from metricpose.skeletons.skeleton import Skeleton

__all__ = ["CATALOGUE", "JointConverter", "Skeleton", "converter", "learnt_converter", "skeleton_named"]
