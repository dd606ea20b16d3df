"""A local model behind the OpenAI protocol: what a stub server says is what the weights write."""

from __future__ import annotations

from typing import Any

from diaforge_core.conversation.local_model import LocalModel

from .stub_server import Reply, Script, says


def serves(model: LocalModel, most_tokens: int) -> Script:
    """A script for a stub server: one answer a request, at the request's temperature and seed, and not too long.

    `n` is not known to it, as to many servers of local models: one answer comes, whatever was asked for.
    """

    by_temperature: dict[float, LocalModel] = {}

    def script(number: int, request: dict[str, Any]) -> Reply:
        temperature = float(request.get("temperature", 0.0))
        answering = by_temperature.setdefault(temperature, model.at(temperature))
        wanted = min(int(request.get("max_tokens", most_tokens)), most_tokens)
        said = answering.complete(request["messages"], seed=int(request.get("seed", 0)), max_tokens=wanted)
        return says(said.text, usage=(sum(len(str(each)) // 4 for each in request["messages"]), said.tokens))

    return script
