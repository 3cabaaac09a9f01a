"""Pairs of people who share a picture, all pictures at once, and the best one-to-one choice among them."""

from typing import cast

import numpy as np

from metricpose.people.matching import match


def pairs_in_pictures(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of each picture: rows (K,) among the first people and among the second.

    first, second: (F,) how many people each picture has; people stand in one row, picture by picture.
    """
    sizes = first * second
    picture = np.repeat(np.arange(len(first)), sizes)
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    starts_first, starts_second = np.cumsum(first) - first, np.cumsum(second) - second
    across = second[picture]
    return starts_first[picture] + within // across, starts_second[picture] + within % across


def best_pairs(
    first: np.ndarray, second: np.ndarray, cost: np.ndarray, picture: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One-to-one pairs (L,) among allowed ones (K,): as many as possible per picture, then the least total cost.

    A picture in which everyone of one side has another favourite needs no search, which is nearly every picture; the
    others are searched by `metricpose.people.match`.
    """
    chosen = np.zeros(len(first), dtype=bool)
    todo = np.ones(len(first), dtype=bool)
    for one, other in ((first, second), (second, first)):
        favourites = todo & _cheapest_of_each(one, cost)
        fits = _distinct_per_picture(other, picture, favourites) & todo
        chosen |= favourites & fits
        todo &= ~fits
    rows = [(first[chosen], second[chosen])]
    left = np.flatnonzero(todo)
    left = left[np.argsort(picture[left], kind="stable")]
    for group in np.split(left, np.flatnonzero(np.diff(picture[left])) + 1) if len(left) else []:
        rows.append(_searched(first[group], second[group], cost[group]))
    found = np.concatenate([row[0] for row in rows]), np.concatenate([row[1] for row in rows])
    order = np.argsort(found[0], kind="stable")
    return found[0][order], found[1][order]


def _cheapest_of_each(one: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """(K,) whether a pair is the cheapest of its person, the first of equals."""
    order = np.lexsort((np.arange(len(one)), cost, one))
    is_first = np.ones(len(one), dtype=bool)
    is_first[1:] = one[order][1:] != one[order][:-1]
    marked = np.zeros(len(one), dtype=bool)
    marked[order[is_first]] = True
    return marked


def _distinct_per_picture(other: np.ndarray, picture: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """(K,) whether nobody is marked twice in the pair's picture."""
    if not len(other):
        return np.zeros(0, dtype=bool)
    times = np.bincount(other[marked], minlength=int(other.max()) + 1)
    clashes = np.zeros(int(picture.max()) + 1, dtype=bool)
    clashes[picture[marked & (times[other] > 1)]] = True
    return ~clashes[picture]


def _searched(first: np.ndarray, second: np.ndarray, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, row = np.unique(first, return_inverse=True)
    columns, column = np.unique(second, return_inverse=True)
    matrix = np.full((len(rows), len(columns)), np.inf)
    matrix[row, column] = cost
    chosen = match(matrix)
    return cast(np.ndarray, rows[chosen[0]]), cast(np.ndarray, columns[chosen[1]])
