"""Small studies of every task, measured in seconds."""

import pytest

from seewhy import open_study
from seewhy.measure.families import load_families
from tests.report.test_caption_views import scenes  # noqa: F401 (a fixture)
from tests.report.test_regions import opened, town  # noqa: F401 (a fixture)

SMALL = {
    "cam_variants": {"images": 2, "layers": 2, "cells": 8},
    "shap": {"images": 5, "samples": 6, "work": 1, "background": 3, "cells": 4, "checked": 5, "evaluations": 20}
    | {"trials": 20, "grid": 4},
    "features": {"images": 8, "channels": 2, "patches": 3, "layers": 2},
    "grad_cam": {"images": 8, "cards": 4, "rows": 2, "layers": 2, "bins": 4},
    "model": {"samples": 2, "bins": 4},
    "misclassification": {"shown": 2},
}


@pytest.fixture
def small(project):
    """The project with settings that take little time."""
    for section, settings in SMALL.items():
        project.set(section, settings)
    load_families()
    return project


@pytest.fixture
def things(small, study):
    """A classification study with those settings."""
    assert small.root.is_dir()
    return open_study(study.name)


@pytest.fixture
def roofs(small, town, cli):  # noqa: F811
    """A segmentation study with those settings."""
    assert small.root.is_dir()
    return opened(town, cli)


@pytest.fixture
def told(small, scenes):  # noqa: F811
    """A captioning study with those settings."""
    assert small.root.is_dir()
    return open_study(scenes.name)
