"""The lines of docs/seeds.md are lines that params.yaml takes, and their studies those that are tested here."""

import re

import pytest

from seewhy.config.params import Dataset, Study
from seewhy.config.validation import validate_settings
from tests.seeds import nets
from tests.seeds.conftest import BLOCKS, TEXT


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: next(iter(block["datasets"])))
def test_every_block_can_be_pasted(block):
    for name, settings in block["datasets"].items():
        validate_settings(Dataset, settings, name)
    for name, settings in block.get("studies", {}).items():
        study = validate_settings(Study, settings, name)
        assert study.dataset in block["datasets"]
        zoo, _, kind = study.architecture.partition(":")
        assert zoo in ("torchvision", "smp") or hasattr(nets, kind)


def test_each_of_the_five_has_its_section():
    assert len(re.findall(r"^### From the seed to a study$", TEXT, re.MULTILINE)) == 5
    assert {name for block in BLOCKS for name in block["datasets"]} == {
        "waste",
        "solar",
        "one-image",
        "scenes",
        "faces",
    }
    assert all(len(line) <= 150 or line.startswith(("|", "    ")) for line in TEXT.splitlines())
