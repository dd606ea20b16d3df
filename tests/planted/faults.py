"""Every kind of fault that is planted, by name."""

from __future__ import annotations

from . import faults_further, faults_shape, faults_tools, faults_values, faults_words
from .planting import FAULTS, Fault, Planted

__all__ = ["FAULTS", "PARTS", "Fault", "Planted"]
PARTS = (faults_shape, faults_tools, faults_values, faults_words, faults_further)
"""The modules that fill `FAULTS`, in the order of the report."""
