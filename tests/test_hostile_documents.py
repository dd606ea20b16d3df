"""Documents made to harm: one clear sentence, or a sound catalog, within 5 seconds and 1 GB, and nothing touched."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from diaforge_core.catalog.importing import import_bytes
from diaforge_core.catalog.naming import clean_name, unique_names
from diaforge_core.catalog.patterns import is_safe
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Catalog, Tool
from diaforge_core.services.names import safe_file_name

SECONDS = 5.0
"""Most that one hostile document may take, once Python and the package are loaded."""
MEGABYTES = 1_000
EXAMPLES = int(os.environ.get("DIAFORGE_EXAMPLES", "60"))
"""Examples of each property; raise it to search for longer."""
READ = """
import sys, time
from pathlib import Path
from diaforge_core.catalog.importing import import_catalog
from diaforge_core.errors import CatalogError
print("ready", flush=True)
sys.stdin.readline()
try:
    catalog = import_catalog([Path(sys.argv[1])], "x")
    print(len(catalog.tools), "tools", [(each.where[:80], each.why[:300]) for each in catalog.skipped[:3]])
except CatalogError as error:
    print("refused:", error)
"""


def measured(script: str, path: Path) -> tuple[str, float, float]:
    """What the script says in a process of its own, its processor seconds and most megabytes; ended if far too much."""
    arguments = [sys.executable, "-c", script, str(path)]
    child = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    process = psutil.Process(child.pid)
    before, started, seconds, most = cpu_seconds(process), time.monotonic(), 0.0, 0.0
    child.stdin.write(b"\n")
    child.stdin.flush()
    while child.poll() is None and time.monotonic() - started < 6 * SECONDS and most < 2 * MEGABYTES:
        with contextlib.suppress(psutil.Error):
            most = max(most, process.memory_info().rss / 1e6)
            seconds = max(seconds, cpu_seconds(process) - before)
        time.sleep(0.01)
    child.kill()
    return child.communicate()[0].decode(), seconds, most


def cpu_seconds(process: psutil.Process) -> float:
    """Seconds on the processor, which do not grow while other work keeps the machine busy."""
    times = process.cpu_times()
    return times.user + times.system


def written(folder: Path, content: bytes, name: str = "a.yaml") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def tools_of(schema: Any) -> bytes:
    return as_json([{"name": "a", "parameters": {"type": "object", "properties": {"x": schema}}}])


def nested(levels: int) -> Any:
    return reduce(lambda inner, _: {"properties": {"a": inner}}, range(levels), {"type": "string"})


def doubling() -> bytes:
    refs = {
        f"S{i}": {"properties": {name: {"$ref": f"#/components/schemas/S{i + 1}"} for name in "ab"}} for i in range(30)
    }
    return used_by(1, {**refs, "S30": {"type": "string"}})


def used_by(operations: int, schemas: dict[str, Any]) -> bytes:
    """A document of many operations that all take the first schema."""
    body = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{next(iter(schemas))}"}}}}
    paths = {f"/p{i}": {"post": {"requestBody": body}} for i in range(operations)}
    return as_json({"openapi": "3.0.3", "paths": paths, "components": {"schemas": schemas}})


def alias_bomb() -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    return "\n".join(lines).encode()


WIDE = {f"f{i}": {"type": "string"} for i in range(1_400)}

BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "100 MB of JSON": (lambda: b'{"openapi": "3.0.3", "x": "' + b"x" * 100_000_000 + b'"}', "bytes"),
    "lists without end": (lambda: b"[" + b"[]," * 15_000_000 + b"[]]", "mappings and lists"),
    "a million mappings": (lambda: b"[" + b'{"a":1},' * 900_000 + b"1]", "mappings and lists"),
    "lists without end in a mapping": (lambda: b'{"a":[' + b"[]," * 13_000_000 + b"[]]}", "mappings and lists"),
    "two lines of lists": (lambda: (b'{"a":[' + b"[]," * 6_000_000 + b"[]]}\n") * 2, "mappings and lists"),
    "blank lines between two": (lambda: b"{}" + b"\n" * 20_000_000 + b"{}", "of JSON lines"),
    "many pairs": (lambda: b"{" + b",".join(b'"%x":1' % i for i in range(1_400_000)) + b"}", "not a catalog"),
    "YAML list": (lambda: b"- a\n" * 5_000_000, "1,500,000 values"),
    "YAML aliases": (alias_bomb, "aliases"),
    "YAML aliases nested": (
        lambda: b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [*a%d]\n" % (i, i, i - 1) for i in range(1, 1500)),
        "nested deeper than 200",
    ),
    "YAML tag directives": (
        lambda: b"".join(b"%%TAG !%x! tag:x\n" % i for i in range(500_000)) + b"---\na",
        "`%TAG` lines",
    ),
    "YAML of one line": (lambda: b"a: " + b"x " * 11_000_000, "not a catalog"),
    "references that double": (doubling, "1 tools"),
    "references used often": (lambda: used_by(30_000, {"S": {"properties": WIDE}}), "unfold to more than"),
    "1,000 levels of JSON": (lambda: b'{"openapi":' * 1_000 + b"1" + b"}" * 1_000, "nested deeper than 200"),
    "1,000 levels of YAML": (lambda: b"- " * 1_000 + b"x", "nested deeper than 200"),
    "60 levels of schema": (lambda: tools_of(nested(60)), "1 tools"),
    "200,000 allowed values": (lambda: tools_of({"enum": [f"v{i}" for i in range(200_000)]}), "1 tools"),
    "one enum used often": (lambda: used_by(3_000, {"S": {"enum": [f"v{i}" for i in range(2_000)]}}), "tools"),
    "100,000 fields": (lambda: tools_of({"properties": {f"f{i}": {} for i in range(100_000)}}), "100,000 entries"),
    "names of 5 MB": (lambda: tools_of({"properties": {"n" * 5_000_000: {}}}), "5,000,000 characters"),
    "10,000 tools of one name": (
        lambda: as_json([{"name": "a", "description": str(i), "parameters": {}} for i in range(10_000)]),
        "10000 tools",
    ),
    "a default of 50 MB": (lambda: tools_of({"default": ["x" * 100] * 300_000}), "1 tools"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_at_most_5_seconds_and_1_gigabyte(name: str, tmp_path: Path):
    make, part = BOMBS[name]
    said, seconds, megabytes = measured(READ, written(tmp_path, make()))
    assert part in said
    assert "Traceback" not in said
    assert seconds < SECONDS, f"{seconds:.1f} s"
    assert megabytes < MEGABYTES, f"{megabytes:.0f} MB"


def test_the_measurement_notices_a_process_that_takes_too_much(tmp_path: Path):
    start = 'import sys, time\nprint("ready", flush=True)\nsys.stdin.readline()\n'
    assert measured(start + 'x = b"x" * 1_200_000_000\ntime.sleep(0.3)', tmp_path)[2] > MEGABYTES
    assert measured(start + "while time.process_time() < 5.5: pass", tmp_path)[1] > SECONDS


def read(data: bytes) -> Catalog:
    return import_bytes([("a.yaml", data)], "sample")


def refusal(data: bytes) -> str:
    with pytest.raises(CatalogError) as caught:
        read(data)
    return str(caught.value)


def field(schema: Any) -> dict[str, Any]:
    (tool,) = read(tools_of(schema)).tools
    return tool.properties["x"]


def test_references_out_of_the_document_touch_neither_network_nor_disk(tmp_path: Path):
    secret = written(tmp_path, b'{"type": "string", "description": "TOP SECRET"}', "secret.json")
    with socket.socket() as canary:
        canary.bind(("127.0.0.1", 0))
        canary.listen()
        canary.setblocking(False)
        address = f"127.0.0.1:{canary.getsockname()[1]}"
        refs = [f"http://{address}/x", f"//{address}/x", f"file://{secret}", str(secret), f"../{secret.name}#/a"]
        paths = {f"/p{i}": {"get": {"parameters": [{"name": "a", "in": "query", "schema": {"$ref": ref}}]}}
                 for i, ref in enumerate(refs)}  # fmt: skip
        paths |= {f"/q{i}": {"$ref": ref} for i, ref in enumerate(refs)}
        catalog = read(as_json({"openapi": "3.0.3", "paths": {**paths, "/ok": {"get": {}}}}))
        with pytest.raises(BlockingIOError):
            canary.accept()
    assert len(catalog.skipped) == 2 * len(refs)
    assert all("never fetched or opened" in each.why for each in catalog.skipped)
    assert "TOP SECRET" not in catalog.model_dump_json()


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b'{"openapi": "3.0.3", "paths": {"/a": {"get": {}}, "/a": {"post": {}}}}', "key `/a` stands twice"),
        (
            b"openapi: 3.0.3\npaths:\n  /a: {get: {}}\n  /a: {post: {}}",
            "`/a` stands twice in the mapping that begins in",
        ),
        ("a: Straße".encode("latin-1"), "save it as UTF-8"),
        (b'{"a": "x\x00"}', "not valid JSON"),
        (b"a: x\x00", "control characters"),
        (b'{"a": 1' + b"0" * 10_000 + b"}", "digits"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b"{[a]: b}", "as a key"),
        (b"a: &a [*a]", "before, or without"),
        (b"!!python/object/apply:os.system ['echo x > /dev/null']", "not a catalog"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(data: bytes, part: str):
    message = refusal(data)
    assert part in message
    assert message.startswith("a.yaml: ")
    assert len(message) < 700


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_every_unicode_encoding_is_read(encoding: str):
    text = '{"openapi": "3.0.3", "paths": {"/a": {"get": {"summary": "Größe 😀"}}}}'
    assert read(text.encode(encoding)).tools[0].summary == "Größe 😀"


def test_a_key_that_stands_twice_with_the_same_value_does_no_harm():
    assert len(read(b'{"openapi": "3.0.3", "openapi": "3.0.3", "paths": {"/a": {"get": {}}}}').tools) == 1


def test_yaml_tags_make_nothing_but_plain_values():
    data = (
        b"openapi: 3.0.3\npaths:\n  /a:\n    get: !!python/object:os.x\n      summary: !!python/name:os.system Hello\n"
    )
    assert read(data).tools[0].summary == "Hello"


def test_merged_keys_are_read_and_own_keys_win():
    data = b"openapi: 3.0.3\nx: &x {summary: Old, description: Kept.}\npaths: {/a: {get: {<<: *x, summary: New}}}"
    (tool,) = read(data).tools
    assert (tool.summary, tool.description) == ("New", "Kept.")


def test_keys_that_are_no_text_become_text():
    data = b"openapi: 3.0.3\npaths: {/a: {get: {responses: {200: {}, true: {}, null: {}, 1.5: {}}}}}"
    assert len(read(data).tools) == 1


def test_half_characters_are_replaced_and_all_else_kept():
    data = b'{"openapi": "3.0.3", "paths": {"/a": {"get": {"summary": "x\\ud800y", "\\ud800": 1, "description": "Z"}}}}'
    (tool,) = read(data).tools
    assert (tool.summary, tool.description) == ("x?y", "Z")
    assert tool.model_dump_json()


@pytest.mark.parametrize(
    "pattern", [r"^(a+)+$", r"(a|a)*b", r"(x+x+)+y", r"[^A]*[a-z]+?[a-z]*$", r"([a-zA-Z]+)*$", r"(", r"\p{L}+"]
)
def test_a_pattern_that_could_hang_is_not_tried_and_the_field_says_so(pattern: str):
    kept = field({"type": "string", "pattern": pattern, "description": "A code."})
    assert "pattern" not in kept
    assert kept["description"] == f"A code. Not checked here: that it fits the pattern `{pattern}`."


@pytest.mark.parametrize("pattern", [r"^projects/[^/]+/locations/[^/]+/a/[^/]+/b/[^/]+/c/[^/]+$", r"^[A-Z]{2}\d+$"])
def test_patterns_that_stop_in_one_place_are_kept(pattern: str):
    assert is_safe(pattern)


def test_names_by_unsafe_patterns_are_not_refused():
    kept = field({"type": "object", "patternProperties": {"^(a+)+$": {}}, "additionalProperties": False})
    assert "additionalProperties" not in kept
    assert "`^(a+)+$`" in kept["description"]


def test_values_too_many_or_too_long_are_left_out_and_the_field_says_so():
    assert field({"type": "string", "enum": [f"v{i}" for i in range(3_000)]}) == {
        "type": "string",
        "description": "Not listed here: its 3,000 allowed values.",
    }
    assert field({"type": "string", "default": "x" * 100_000})["description"].startswith("Not shown here: its default")


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        ({"minimum": "nan"}, "too large"),
        ({"maximum": 10**390}, "too large"),
        ({"minItems": 10**9}, "more than any call can hold"),
        ({"minLength": 10**12}, "more than any call can hold"),
        ({"const": "x" * 1_000_000}, "`const` is too long"),
        ({"anyOf": [{}] * 5_000}, "5,000 schemas"),
        ({"properties": {"y": "text"}}, "instead of a mapping"),
        ({"type": "strnig"}, "is not a type"),
    ],
)
def test_a_schema_that_is_none_is_named_and_the_rest_imported(schema: Any, part: str):
    good = {"name": "ok", "parameters": {}}
    bad = {"name": "bad", "parameters": {"properties": {"x": schema}}}
    catalog = read(as_json([good, bad]))
    assert [tool.name for tool in catalog.tools] == ["ok"]
    assert [each.where for each in catalog.skipped] == ["bad"]
    assert part in catalog.skipped[0].why


def test_two_tools_of_one_name_stay_apart_and_one_without_a_name_gets_one():
    paths = {f"/{name}": {"get": {"operationId": "same", "summary": name}} for name in "ab"}
    catalog = read(as_json({"openapi": "3.0.3", "paths": {**paths, "/c": {"get": {}}}}))
    assert [tool.name for tool in catalog.tools] == ["same", "same_2", "GET_c"]


def test_a_required_parameter_that_is_not_declared_is_named_and_the_rest_imported():
    body = {"content": {"application/json": {"schema": {"properties": {"a": {}}, "required": ["a", "b"]}}}}
    catalog = read(as_json({"openapi": "3.0.3", "paths": {"/a": {"get": {}, "post": {"requestBody": body}}}}))
    assert len(catalog.tools) == 1
    assert catalog.skipped[0].where == "POST /a"
    assert "`b`, which is not declared" in catalog.skipped[0].why


@pytest.mark.parametrize(
    "raw", ["../../x", "..\\..\\x", "a" * 300, "CON", "con.json", "", "a\x00b", "/etc/passwd", "..."]
)
def test_file_names_from_outside_name_no_path(raw: str, tmp_path: Path):
    name = safe_file_name(raw)
    (tmp_path / name).write_text("x")
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert name.split(".")[0].upper() != "CON"


# Properties

KEYWORDS = (
    "type properties items required enum $ref allOf anyOf oneOf not if then else nullable pattern patternProperties "
    "minimum exclusiveMinimum multipleOf minLength minItems const default examples example format description title "
    "name in schema additionalProperties dependentRequired dependencies dependentSchemas prefixItems readOnly "
    "content application/json"
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6)
    | st.sampled_from(["#", "#/components/schemas/A", "#/paths", "string", "object", "array", "(a+)+$", "query"])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYWORDS.split()) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)


def catalog_or_refusal(data: bytes) -> None:
    """Fails with whatever is neither; every tool's schema must be one of JSON Schema 2020-12."""
    try:
        catalog = read(data)
    except CatalogError as error:
        said = str(error)
    else:
        said = sound(catalog)
    assert "a.yaml" in said


def sound(catalog: Catalog) -> str:
    assert catalog.tools
    for tool in catalog.tools:
        Draft202012Validator.check_schema(tool.parameters)
        assert Tool.model_validate_json(tool.model_dump_json()) == tool
    return catalog.tools[0].source


@settings(max_examples=EXAMPLES, deadline=None)
@given(values)
def test_any_json_value_gives_a_catalog_or_one_message(value: Any):
    catalog_or_refusal(as_json(value))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_catalog_or_one_message(data: bytes):
    catalog_or_refusal(data)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@#,?<~. \n\t\\\0é\u2028", max_size=60), values)
def test_any_yaml_text_gives_a_catalog_or_one_message(text: str, value: Any):
    catalog_or_refusal(text.encode())
    catalog_or_refusal(b"openapi: 3.0.3\npaths: {/a: {get: {}}}\nx: " + text.encode())


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(["2.0", "3.0.3", "3.1.0", "3.2.0"]), values, values, values, values, values)
def test_any_slots_of_an_openapi_document_give_a_catalog_or_one_message(
    version: str, parameter: Any, body: Any, schema: Any, item: Any, operation: Any
):
    query = {"name": "q", "in": "query", "schema": parameter}
    catalog_or_refusal(
        as_json(
            {
                "openapi" if version[0] == "3" else "swagger": version,
                "paths": {
                    "/ok": {"get": {}},
                    "/a": {"post": {"parameters": [query, item], "requestBody": body, "tags": item}},
                    "/b": {
                        "get": operation,
                        "put": {"requestBody": {"content": {"application/json": {"schema": schema}}}},
                    },
                    "/c": item,
                },
                "components": {"schemas": {"A": schema}},
                "definitions": {"A": schema},
            }
        )
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(values, values)
def test_any_tool_list_gives_a_catalog_or_one_message(schema: Any, entry: Any):
    catalog_or_refusal(
        as_json({"tools": [{"name": "ok", "parameters": schema}, entry, {"name": entry, "inputSchema": entry}]})
    )


names = st.sampled_from(["a" * 64, "a" * 65, "A" * 64, "get", "Get", "get_2", "get__x", "取得", "gét"]) | st.text(
    max_size=5
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(names, st.sampled_from(["x.json", "y/x.json", "z.json"])), max_size=12), st.randoms())
def test_names_are_unique_and_the_same_in_any_order_of_documents(given_names: list[tuple[str, str]], rng: Any):
    tools = [Tool(name=clean_name(name), original_name=name, source=source, position=str(i))
             for i, (name, source) in enumerate(given_names)]  # fmt: skip
    named = {tool.position: tool.name for tool in unique_names(tools)}
    assert len({name.lower() for name in named.values()}) == len(tools)
    sources = ["x.json", "y/x.json", "z.json"]
    rng.shuffle(sources)
    moved = [tool for source in sources for tool in tools if tool.source == source]
    assert {tool.position: tool.name for tool in unique_names(moved)} == named
