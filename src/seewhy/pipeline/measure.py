"""The stage `measure`: tables of a study or comparison, and what follows from them: metrics, checks, the verdict."""

from seewhy.config.project import Project


def measure_tables(project: Project, name: str) -> None:
    """Writes data/measurements/<name>, then the files of `checks.summaries` in reports/<name>.

    What is kept of an earlier run is used where it is still right.
    """
    from seewhy.checks.summaries import write_summaries

    if name in project.params.comparisons:
        from seewhy.comparison import open_comparison
        from seewhy.measure.comparisons import store_comparison

        store_comparison(open_comparison(name))
    else:
        from seewhy.measure.driver import measure_study
        from seewhy.study import open_study

        measure_study(open_study(name))
    write_summaries(name, project)
