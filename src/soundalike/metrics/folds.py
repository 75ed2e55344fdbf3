"""Folds for cross-validation in which conversations stay whole."""

import numpy as np
from numpy.typing import NDArray

from soundalike.metrics.stats import Groups


def assign_folds(groups: Groups, folds: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """(rows,): a fold for each, whole groups together, drawn so that the folds are about equally large."""
    names, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    fold, filled = np.zeros(len(names), np.intp), np.zeros(folds)
    order = generator.permutation(len(names))
    for name in order[np.argsort(-sizes[order], kind="stable")]:
        fold[name] = filled.argmin()
        filled[fold[name]] += sizes[name]
    return fold[place]
