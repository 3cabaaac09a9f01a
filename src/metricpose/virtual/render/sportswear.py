"""Tight clothes painted on the skin: leotards, shorts and leggings, tank tops, swimming trunks; bare arms and legs.

MakeHuman's garments are few and mostly long. What gymnasts, swimmers and runners wear follows the body closely, so that
colours of skin vertices are enough for it, in any cut.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from metricpose.virtual.render.fabric import Fabric, drawn_fabric
from metricpose.virtual.render.skin import smooth_noise

Clothes = Literal["both", "top", "bottom"]
_CLOTHES: tuple[Clothes, ...] = ("both", "bottom", "top")
_UPPER_ARM, _UPPER_LEG = 0.54, 0.51  # share of an arm to the elbow, of a leg to the knee


@dataclass(frozen=True, kw_only=True)
class Sportswear:
    """What is painted. Heights run from the hips (0) to the neck (1), shares of limbs from the trunk (0) to wrist or
    ankle (1).

    Attributes:
        instead_of: which clothes it stands for; the other ones are worn with it.
        top, bottom: fabrics, or None where nothing is painted.
        hem, neckline: heights between which the top lies.
        sleeve, leg: shares of arms and legs that are covered.
        waist: height up to which the bottom reaches.
        panel: share of the trunk's width at each side that has the second colour.
    """

    instead_of: Clothes
    top: Fabric | None
    bottom: Fabric | None
    hem: float
    neckline: float
    sleeve: float
    leg: float
    waist: float
    panel: float


def drawn_sportswear(sex: float, rng: np.random.Generator, *, alone: bool = False) -> Sportswear:
    """Something for a wearer (0 male ... 1 female) on the trunk and arms, on hips and legs, or both; `alone`: both."""
    where: Clothes = "both" if alone else _CLOTHES[rng.choice(3, p=(0.5, 0.32, 0.18))]
    top, bottom = drawn_fabric(rng), drawn_fabric(rng)
    kind = rng.choice(("shirt", "short_top", "leotard", "bare"), p=_kinds(where, sex))
    legs = 0.13, _UPPER_LEG * rng.uniform(0.35, 0.95), rng.uniform(0.6, 0.8), 0.96
    leg = rng.choice(legs, p=(0.25, 0.4, 0.1, 0.25))
    if kind == "leotard":
        bottom = top
        leg = 0.13 if rng.random() < 0.7 else leg
    return Sportswear(
        instead_of=where,
        top=None if where == "bottom" or kind == "bare" else top,
        bottom=None if where == "top" else bottom,
        hem=float(rng.uniform(0.4, 0.62) if kind == "short_top" else rng.uniform(-0.12, 0.06)),
        neckline=float(rng.uniform(0.84, 1.0)),
        sleeve=float(rng.choice((0.06, _UPPER_ARM * rng.uniform(0.3, 0.9), 0.97), p=(0.45, 0.35, 0.2))),
        leg=float(leg),
        waist=float(rng.uniform(-0.02, 0.16)),
        panel=float(rng.uniform(0.1, 0.3) if rng.random() < 0.3 else 0.0),
    )


def _kinds(where: Clothes, sex: float) -> tuple[float, ...]:
    if where == "top":  # a garment below
        return 0.75, 0.25, 0.0, 0.0
    return (0.4, 0.3, 0.3, 0.0) if sex >= 0.5 else (0.62, 0.03, 0.1, 0.25)


@dataclass(frozen=True, kw_only=True, eq=False)
class BodyMap:
    """Where each vertex of the skin lies: rest `vertices` (V, 3) in the person frame, `points` by name, and the shares
    of their weights that arms, hands, legs, feet and head take (V,) each, by name in `parts`."""

    vertices: np.ndarray
    points: Mapping[str, np.ndarray]
    parts: Mapping[str, np.ndarray]

    @cached_property
    def height(self) -> np.ndarray:
        """(V,) 0 at the hips, 1 at the neck."""
        low, high = self.points["pelvis"][2], self.points["neck"][2]
        return (self.vertices[:, 2] - low) / (high - low)

    def along(self, start: str, end: str) -> np.ndarray:
        """(V,) share of the way from one joint to another, of the side that a vertex is on."""
        shares = []
        for side in ("left", "right"):
            a, b = self.points[f"{side}_{start}"], self.points[f"{side}_{end}"]
            shares.append((self.vertices - a) @ (b - a) / ((b - a) @ (b - a)))
        return np.where(self.vertices[:, 1] > 0, *shares)


def painted(colours: np.ndarray, wear: Sportswear, body: BodyMap, rng: np.random.Generator) -> np.ndarray:
    """Colours (V, 3) of the skin, linear light, with `wear` on it."""
    colours = colours.copy()
    arm, leg = body.parts["arm"] > 0.5, body.parts["leg"] > 0.5
    never = (body.parts["hand"] > 0.5) | (body.parts["foot"] > 0.5) | (body.parts["head"] > 0.5)
    trunk = ~(arm | leg | never)
    if wear.bottom is not None:
        legs = leg & (body.along("hip", "ankle") < wear.leg)
        on = legs | (trunk & (body.height < wear.waist))
        colours[on] = _fabric_colours(wear.bottom, body, wear.panel, rng)[on]
    if wear.top is not None:
        arms = arm & (body.along("shoulder", "wrist") < wear.sleeve)
        on = (arms & (body.height < 1.05)) | (trunk & (body.height > wear.hem) & (body.height < wear.neckline))
        colours[on] = _fabric_colours(wear.top, body, wear.panel, rng)[on]
    return colours


def _fabric_colours(fabric: Fabric, body: BodyMap, panel: float, rng: np.random.Generator) -> np.ndarray:
    """(V, 3) of a fabric at every vertex; vertices are a centimetre or two apart, so that patterns are coarse."""
    share = np.zeros(len(body.vertices))
    period = max(fabric.period_m, 0.05)
    if fabric.pattern in ("stripes", "checks"):
        axis = body.vertices[:, 1 if fabric.turned else 2]
        share = (np.sin(2 * np.pi * axis / period + rng.uniform(0, 6.3)) > 0).astype(float)
    elif fabric.pattern == "mottled":
        share = np.clip(0.5 + 0.7 * smooth_noise(body.vertices, 1.5 * period, rng), 0, 1)
    if panel:
        half = np.abs(body.vertices[:, 1]).max(where=body.parts["arm"] + body.parts["hand"] < 0.5, initial=0.1)
        share = np.maximum(share, np.abs(body.vertices[:, 1]) > (1 - 2 * panel) * half)
    return (1 - share[:, None]) * np.array(fabric.colour) + share[:, None] * np.array(fabric.second)
