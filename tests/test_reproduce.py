from pathlib import Path

from tests.reproduce import differences


def project(root: Path, **pages: str) -> Path:
    (root / "reports/one").mkdir(parents=True)
    (root / "dvc.lock").write_text("schema: '2.0'\n")
    for name, text in pages.items():
        (root / "reports/one" / f"{name}.html").write_text(text)
    return root


def test_equal_projects_do_not_differ(tmp_path):
    first, second = (project(tmp_path / name, a="page") for name in "xy")
    (first / "data").mkdir()  # not a result
    assert differences(first, second) == []


def test_what_differs_or_is_missing_is_named(tmp_path):
    first, second = project(tmp_path / "x", a="page", b="same"), project(tmp_path / "y", a="pages, longer", b="same")
    (first / "dvc.lock").unlink()
    assert differences(first, second) == [
        f"dvc.lock: not in {first}",
        "reports/one/a.html: differs from byte 4 on",
    ]
