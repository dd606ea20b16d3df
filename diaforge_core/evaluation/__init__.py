"""How a model did, with intervals, and against another."""

from .evaluator import DynamicEvaluator

__all__ = ["DynamicEvaluator"]
