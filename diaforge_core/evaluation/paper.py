"""The paper's own numbers: Acc, FTR and TAR on DiaBENCH, N = 119 (arXiv 2507.03336, METHOD.md §5)."""

from __future__ import annotations

PAPER: tuple[tuple[str, float, float, float], ...] = (
    ("GPT-4o, optimised prompt", 0.62, 0.02, 0.36),
    ("GPT-4o, native function calling", 0.56, 0.59, 0.05),
    ("Claude-3.5-Sonnet, optimised prompt", 0.39, 0.03, 0.55),
    ("Llama-3.2-DiaFORGE-3B", 0.80, 0.08, 0.06),
    ("Gemma-3-DiaFORGE-4B", 0.81, 0.09, 0.05),
    ("Gemma-3-DiaFORGE-27B", 0.89, 0.03, 0.03),
    ("Nemotron-DiaFORGE-49B", 0.89, 0.06, 0.03),
    ("27B without the cascade", 0.56, 0.06, 0.35),
    ("27B without near-duplicate distractors", 0.63, 0.18, 0.19),
    ("27B without the reasoning trace", 0.77, 0.16, 0.04),
)
"""Model → the three, on other scenarios than ours."""
