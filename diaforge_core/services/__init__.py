"""The only door of pages and command line to the workspace."""

from __future__ import annotations

from .evaluation import EvalRecipe
from .generation import Recipe
from .training import TrainRecipe
from .workspace import Workspace, open_workspace, user_name

__all__ = ["EvalRecipe", "Recipe", "TrainRecipe", "Workspace", "open_workspace", "user_name"]
