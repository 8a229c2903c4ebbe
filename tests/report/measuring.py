"""A family measured on a study as it is in memory: nothing is read from a store, and nothing written."""

from seewhy.measure.family import find_family, tidy_table
from seewhy.measure.measurement import Measurement
from seewhy.study import Study


def measured(study: Study, name: str) -> Measurement:
    """The family of that name with the settings of params.yaml."""
    family = find_family(name)
    result = family.measure(study, family.settings_of(study))
    return Measurement(study, name, tidy_table([result.table]), result.arrays)
