"""What a form for a call needs to know of schemas: which fields it shows now, and whether a value fits."""

from __future__ import annotations

from ..catalog.checking import fits
from ..catalog.form_shape import Forms, Shape, alternatives, shape

__all__ = ["Forms", "Shape", "alternatives", "fits", "shape"]
