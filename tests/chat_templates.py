"""Chat templates in the manner of several model families, and tokenizers that carry them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

HERMES = """\
{%- if tools %}
{{- '<|im_start|>system\\n' }}
{%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{% endif %}
{{- '# Tools\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{% endfor %}
{{- '\\n</tools>\\nCall one so: <tool_call>\\n{"name": ..., "arguments": ...}\\n</tool_call><|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- elif message.role == 'assistant' %}
{{- '<|im_start|>assistant\\n' + message.content }}
{%- for call in message.tool_calls or [] %}
{{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- (call.function.arguments | tojson) + '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- elif message.role == 'user' or not loop.first %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}"""
"""Qwen 2.5's way."""

THINKING = HERMES.replace(
    "{{- '<|im_start|>assistant\\n' + message.content }}",
    "{{- '<|im_start|>assistant\\n' }}"
    "{%- if loop.last %}{{- '<think>\\n' + (message.reasoning_content or '') + '\\n</think>\\n\\n' }}{% endif %}"
    "{{- message.content }}",
)
"""Qwen 3's way: the last turn has a thought, if an empty one; earlier thoughts are dropped."""

BARE_JSON = """\
{{- '<|bos|>' }}
{%- set said = messages %}
{%- if messages[0].role == 'system' %}
{{- '<|header|>system<|/header|>\\n\\nToday Date: ' + date_string|default('26 Jul 2024') + '\\n\\n' }}
{{- messages[0].content + '<|eot|>' }}{% set said = messages[1:] %}
{%- endif %}
{%- if tools %}
{%- if said[0].role != 'user' %}{{- raise_exception('Tools need a first user message.') }}{% endif %}
{{- '<|header|>user<|/header|>\\n\\nAnswer with a call of one of these functions, in JSON.\\n\\n' }}
{%- for tool in tools %}{{- (tool | tojson(indent=4)) + '\\n\\n' }}{% endfor %}
{{- said[0].content | trim + '<|eot|>' }}{% set said = said[1:] %}
{%- endif %}
{%- for message in said %}
{{- '<|header|>' + ('ipython' if message.role == 'tool' else message.role) + '<|/header|>\\n\\n' }}
{%- if message.tool_calls %}
{%- if message.tool_calls | length != 1 %}{{- raise_exception('One call at a time.') }}{% endif %}
{%- set call = message.tool_calls[0].function %}
{{- '{"name": "' + call.name + '", "parameters": ' + (call.arguments | tojson) + '}' }}
{%- else %}{{- message.content | trim }}{% endif %}
{{- '<|eot|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|header|>assistant<|/header|>\\n\\n' }}{% endif %}"""
"""Llama 3.1's way: tools stand in the first user message, a call is bare JSON with `parameters`."""

BRACKETS = """\
{{- '<s>' }}
{%- for message in messages %}
{%- if message.role == 'system' %}{{- '[SYSTEM_PROMPT]' + message.content + '[/SYSTEM_PROMPT]' }}
{%- if tools %}{{- '[AVAILABLE_TOOLS]' + (tools | tojson) + '[/AVAILABLE_TOOLS]' }}{% endif %}
{%- elif message.role == 'user' %}{{- '[INST]' + message.content + '[/INST]' }}
{%- elif message.role == 'tool' %}{{- '[TOOL_RESULTS]' + message.content + '[/TOOL_RESULTS]' }}
{%- elif message.tool_calls %}{{- '[TOOL_CALLS][' }}
{%- for call in message.tool_calls %}
{%- if call.id | length != 9 %}{{- raise_exception('Nine characters of id.') }}{% endif %}
{{- '{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) }}
{{- ', "id": "' + call.id + '"}' }}
{%- endfor %}
{{- ']</s>' }}
{%- else %}{{- message.content + '</s>' }}{% endif %}
{%- endfor %}"""
"""Mistral's way."""

DROPS_CALLS = """\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}"""
"""SmolLM2's way."""

OPENS_THOUGHT = HERMES.replace(
    "add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}",
    "add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}",
)
"""The way of models that always think: the header opens the thought, and history has none."""

RENUMBERS = HERMES.replace("message.role + '\\n'", "message.role + ' of ' + (messages | length) | string + '\\n'")
"""Writes the length of the conversation into its beginning."""

XML_CALLS = HERMES.replace(
    "{{- (call.function.arguments | tojson) + '}\\n</tool_call>' }}",
    "{%- for key, value in call.function.arguments.items() %}{{- '<' + key + '>' + value | string }}{% endfor %}"
    "{{- '</tool_call>' }}",
)
"""Calls in a language of its own."""

_SPECIAL = {
    "<|im_end|>": ["<|im_start|>"],
    "<|eot|>": ["<|bos|>", "<|header|>", "<|/header|>"],
    "</s>": ["<s>", "[INST]", "[/INST]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[AVAILABLE_TOOLS]"],
}


def with_template(folder: Path, template: str | None) -> Any:
    """The tokenizer in the folder with this chat template, and the special tokens that such a template needs."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = template
    end = next((end for end in _SPECIAL if template and end in template), "<|im_end|>")
    tokenizer.add_special_tokens({"eos_token": end, "additional_special_tokens": _SPECIAL[end]})
    return tokenizer
