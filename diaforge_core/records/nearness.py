"""The bins in which closeness is counted, the same wherever results are broken down or filtered by it."""

from __future__ import annotations

BINS = (0.4, 0.6, 0.8)
"""Bounds between the bins; each belongs to the bin above it."""
BIN_NAMES = ("below 0.4", "0.4 to 0.6", "0.6 to 0.8", "0.8 and above")


def bin_of(closeness: float | None) -> str:
    """Name of the bin of a closeness from 0 to 1; empty for None."""
    return "" if closeness is None else BIN_NAMES[sum(closeness >= bound for bound in BINS)]
