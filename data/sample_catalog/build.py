"""Build the sample catalog's two documents from the domain files beside this one.

`python -m data.sample_catalog.build` writes `data/enterprise_openapi.json` (OpenAPI 3.1) and the same operations as a
function-tools list, `data/enterprise_apis.json`. The output depends on the domain files alone.

A domain file holds `domain`, `about` and `tools`; a tool holds `id, method, path, summary, about`, `with` (its
parameters) and, where needed, `effect` (read, write, destructive) and `rules` (JSON Schema keywords on all arguments:
if/then, dependentRequired, oneOf). A parameter is `name: TYPE; what it means; example`, the name with a trailing `*`
when it is mandatory. TYPE is one of `string`, `string:FORMAT`, `string/PATTERN/`, `integer`, `number`, `boolean`,
`enum(a|b|c)`, a number with an optional `[low..high]`, any of these with a trailing `[]` for a list; a parameter that
is a mapping is a JSON Schema as it stands.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
ORDER = ("crm", "sales", "finance", "procurement", "hr", "itsm", "iam")
LOCATED = {"GET", "DELETE"}
"""Methods whose arguments travel in the query instead of a body."""
_RANGE = re.compile(r"^(integer|number)\[(-?[\d.]*)\.\.(-?[\d.]*)\]$")


def domains() -> list[dict[str, Any]]:
    """The domain files as they stand, in the catalog's order."""
    return [YAML(typ="safe").load(HERE / f"{name}.yaml") for name in ORDER]


def type_schema(text: str) -> dict[str, Any]:
    """The JSON Schema of a TYPE as this module's docstring defines it; ValueError for any other text."""
    if text.endswith("[]"):
        return {"type": "array", "items": type_schema(text[:-2]), "minItems": 1}
    if text.startswith("enum(") and text.endswith(")"):
        return {"type": "string", "enum": text[5:-1].split("|")}
    if text.startswith("string:"):
        return {"type": "string", "format": text.removeprefix("string:")}
    if text.startswith("string/") and text.endswith("/"):
        return {"type": "string", "pattern": text[7:-1]}
    if found := _RANGE.match(text):
        kind, low, high = found.groups()
        number = int if kind == "integer" else float
        bounds = {key: number(bound) for key, bound in (("minimum", low), ("maximum", high)) if bound}
        return {"type": kind, **bounds}
    if text in {"string", "integer", "number", "boolean"}:
        return {"type": text}
    raise ValueError(f"unknown type {text!r}")


def example_value(text: str, schema: dict[str, Any]) -> Any:
    """An example written in a domain file as a value of its type; lists are separated by commas."""
    if schema["type"] == "array":
        return [example_value(part.strip(), schema["items"]) for part in text.split(",")]
    readers = {"integer": int, "number": float, "boolean": lambda word: word == "true"}
    return readers.get(schema["type"], str)(text)


def parameter_schema(declared: str | dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a declared parameter, with its description and example."""
    if isinstance(declared, dict):
        return declared
    kind, meaning, *example = (part.strip() for part in declared.split(";"))
    schema = type_schema(kind)
    schema["description"] = meaning
    if example:
        schema["examples"] = [example_value(example[0], schema)]
    return schema


def parameters(tool: dict[str, Any]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Name → schema of a tool's arguments in written order, and the mandatory names."""
    declared = tool.get("with") or {}
    schemas = {name.rstrip("*"): parameter_schema(value) for name, value in declared.items()}
    return schemas, [name.rstrip("*") for name in declared if name.endswith("*")]


def operation(tool: dict[str, Any], domain: str) -> dict[str, Any]:
    """The OpenAPI operation of a tool: path and query parameters, and a JSON body where its method has one."""
    schemas, required = parameters(tool)
    in_path = set(re.findall(r"{(\w+)}", tool["path"]))
    if unknown := in_path - set(schemas):
        raise ValueError(f"{tool['id']}: the path names {unknown}, which `with` does not declare")
    in_url = {name for name in schemas if name in in_path or tool["method"] in LOCATED}
    result: dict[str, Any] = {
        "operationId": tool["id"],
        "tags": [domain],
        "summary": tool["summary"],
        "description": " ".join(tool["about"].split()),
    }
    if effect := tool.get("effect"):
        result["x-side-effect"] = effect
    located = [
        {
            "name": name,
            "in": "path" if name in in_path else "query",
            "required": name in required or name in in_path,
            "description": schema.get("description", ""),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }
        for name, schema in schemas.items()
        if name in in_url
    ]
    if located:
        result["parameters"] = located
    body = {name: schema for name, schema in schemas.items() if name not in in_url}
    if body:
        mandatory = [name for name in required if name in body]
        schema = {"type": "object", "properties": body, "required": mandatory, **tool.get("rules", {})}
        if not mandatory:
            del schema["required"]
        result["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    result["responses"] = {"200": {"description": "Done."}}
    return result


def openapi() -> dict[str, Any]:
    """The whole catalog as an OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    parts = domains()
    for part in parts:
        for tool in part["tools"]:
            methods = paths.setdefault(tool["path"], {})
            if tool["method"].lower() in methods:
                raise ValueError(f"{tool['id']}: {tool['method']} {tool['path']} stands twice")
            methods[tool["method"].lower()] = operation(tool, part["domain"])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Northwind Works enterprise services",
            "version": "2026.1",
            "description": "Sample catalog of DiaForge: an invented company's business operations.",
        },
        "servers": [{"url": "https://api.northwind-works.example"}],
        "tags": [{"name": part["domain"], "description": part["about"]} for part in parts],
        "paths": paths,
    }


def function_tools() -> list[dict[str, Any]]:
    """The same operations as a function-tools list in the document's order, its own form's gaps filled by `x-` keys."""
    tools = []
    for part in domains():
        by_path = list(dict.fromkeys(tool["path"] for tool in part["tools"]))
        for tool in sorted(part["tools"], key=lambda tool: by_path.index(tool["path"])):
            schemas, required = parameters(tool)
            schema: dict[str, Any] = {"type": "object", "properties": schemas}
            if required:
                schema["required"] = required
            entry: dict[str, Any] = {
                "type": "function",
                "function": {
                    "name": tool["id"].replace(".", "_"),
                    "description": " ".join(tool["about"].split()),
                    "parameters": schema | tool.get("rules", {}),
                },
                "x-original-name": tool["id"],
                "x-summary": tool["summary"],
                "x-group": part["domain"],
                "x-method": tool["method"],
                "x-path": tool["path"],
            }
            if effect := tool.get("effect"):
                entry["x-side-effect"] = effect
            tools.append(entry)
    return tools


def documents() -> dict[str, str]:
    """File name → text of the two documents."""
    made = {"enterprise_openapi.json": openapi(), "enterprise_apis.json": function_tools()}
    return {name: json.dumps(value, indent=1, ensure_ascii=False) + "\n" for name, value in made.items()}


if __name__ == "__main__":
    for name, text in documents().items():
        (HERE.parent / name).write_text(text, encoding="utf-8")
