"""`python peer_data_designer.py BASE_URL IN_FLIGHT RECORDS`: one LLM column by data-designer, as its guide shows it.

Run by the Python of an environment that has data-designer (measured with 0.9.6 from PyPI); needs nothing of ours.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import os
import sys
import tempfile


def main(base_url: str, in_flight: int, records: int) -> None:
    """Make so many records, each from one request, with so many requests allowed at once."""
    import data_designer.config as dd
    from data_designer.interface import DataDesigner

    provider = dd.ModelProvider(name="stub", endpoint=base_url, provider_type="openai", api_key="STUB_KEY")
    parameters = dd.ChatCompletionInferenceParams(max_parallel_requests=in_flight, max_tokens=256, timeout=120)
    model = dd.ModelConfig(alias="m", model="m", provider="stub", inference_parameters=parameters)
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    thing = dd.CategorySamplerParams(values=["lead", "order", "invoice", "shipment"])
    builder.add_column(dd.SamplerColumnConfig(name="thing", sampler_type=dd.SamplerType.CATEGORY, params=thing))
    system = "Tools: " + "CRM_CreateLead(email*, name*, phone): adds a lead. " * 80
    asked = "I need something done about {{ thing }}."
    builder.add_column(dd.LLMTextColumnConfig(name="reply", model_alias="m", system_prompt=system, prompt=asked))
    with tempfile.TemporaryDirectory() as folder:
        designer = DataDesigner(artifact_path=folder, model_providers=[provider])
        # No metrics server, and groups large enough to keep all requests busy.
        designer.set_run_config(dd.RunConfig(otel_metrics_port=None, buffer_size=records))
        designer.create(builder, num_records=records, dataset_name="peer")


if __name__ == "__main__":
    os.environ.setdefault("STUB_KEY", "none")
    os.environ["NEMO_TELEMETRY_ENABLED"] = "false"
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
