"""Every kind of fault that is planted, by name."""

from __future__ import annotations

from . import (
    faults_further,
    faults_late,
    faults_shape,
    faults_tools,
    faults_unseen,
    faults_unseen_words,
    faults_values,
    faults_words,
)
from .planting import FAULTS, Fault, Planted

__all__ = ["FAULTS", "PARTS", "Fault", "Planted"]
PARTS = (
    faults_shape,
    faults_tools,
    faults_values,
    faults_words,
    faults_further,
    faults_unseen,
    faults_unseen_words,
    faults_late,
)
"""The modules that fill `FAULTS`, in the order of the report."""
