"""Scenarios, the two sides of a rollout, the rollout itself and what verifies it."""
