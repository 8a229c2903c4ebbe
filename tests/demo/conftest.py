"""Recipes as a test runs them: no bars, and torch's threads and random state as they were."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setenv("SEEWHY_PROGRESS", "off")
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    yield
    torch.set_num_threads(threads)
    torch.set_rng_state(state)
