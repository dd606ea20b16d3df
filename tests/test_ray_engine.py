"""Shards on a real Ray cluster of two workers on this machine; skipped where ray is not installed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diaforge_core.errors import DataError
from diaforge_core.services import ray_engine
from diaforge_core.services.shards import source_of

from .run_folders import PATIENCE_SECONDS, a_run, an_evaluation, done, said, start


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster of two workers with one core each."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    for name, value in ray_engine.QUIET.items():
        monkeypatch.setenv(name, value)
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.add_node(num_cpus=1)
    yield made
    made.shutdown()


def test_a_cluster_that_loses_a_worker_makes_the_bytes_of_one_process(tmp_path: Path, cluster: Any):
    alone = done(a_run(tmp_path / "alone", workers=1))
    folder = a_run(tmp_path / "run", engine="ray", shards=f"file://{tmp_path}/store", workers=0)
    worker = start(folder, environment={ray_engine.ADDRESS: cluster.address})
    store = tmp_path / "store" / "run"
    while worker.poll() is None and not list(store.glob("0*.jsonl")):
        time.sleep(0.01)
    lost = next(node for node in cluster.worker_nodes)
    cluster.remove_node(lost, allow_graceful=False)
    assert worker.wait(PATIENCE_SECONDS) == 0, folder.log()
    assert folder.rows_path.read_bytes() == alone
    assert b"".join(path.read_bytes() for path in sorted(store.iterdir())) == alone
    assert os.listdir(folder.path).count("shards") == 0


def test_a_cluster_plays_the_conversations_of_one_process(tmp_path: Path, cluster: Any, tiny_llama_dir: Path):
    model = f"hf:{tiny_llama_dir}"
    alone = an_evaluation(tmp_path / "alone", model)
    done(alone)
    folder = an_evaluation(tmp_path / "run", model, engine="ray", shards=f"file://{tmp_path}/store")
    done(folder, environment={ray_engine.ADDRESS: cluster.address})
    assert said(folder) == said(alone)
    assert len(list((tmp_path / "store" / "run").iterdir())) == 2


def test_without_ray_the_message_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    source = source_of(a_run(tmp_path / "run", engine="ray"))
    with pytest.raises(DataError, match=r"requirements-ray\.txt"), ray_engine.ray_tasks(source, 2):
        pass
