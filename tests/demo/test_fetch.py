import hashlib
import subprocess
import zipfile

import pytest

from demo import fetch
from seewhy.errors import SeewhyError


@pytest.fixture
def parcel(tmp_path, monkeypatch):
    """A package of one file, offered under the name `parcel`: the good bytes of its wheel."""
    made = tmp_path / "made.whl"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("parcel/data.txt", "content")
    package = fetch.Package("1.0", "parcel-1.0-py3-none-any.whl", hashlib.sha256(made.read_bytes()).hexdigest())
    monkeypatch.setitem(fetch.PACKAGES, "parcel", package)
    return made.read_bytes()


@pytest.fixture
def offers(monkeypatch):
    """Sets what the registry answers: bytes of a wheel, an exception in mid-download, or None for no network."""
    asked = []

    def registry(answer):
        def run(command, **_):
            asked.append(command)
            if answer is None:
                return subprocess.CompletedProcess(command, 1, "", "WARNING: retrying\nERROR: no network\n")
            file = fetch.Path(command[command.index("--dest") + 1]) / "parcel-1.0-py3-none-any.whl"
            file.write_bytes(answer if isinstance(answer, bytes) else b"half")
            if not isinstance(answer, bytes):
                raise answer
            return subprocess.CompletedProcess(command, 0, "", "")

        monkeypatch.setattr(fetch.subprocess, "run", run)
        return asked

    return registry


def cache(root):
    folder = root / "data/inputs/packages"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "parcel-1.0-py3-none-any.whl"


def test_fetched_by_exact_version_then_kept(parcel, offers, tmp_path):
    asked = offers(parcel)
    assert fetch.read_member("parcel", "parcel/data.txt", tmp_path) == b"content"
    assert fetch.fetch_wheel("parcel", tmp_path) == cache(tmp_path)
    assert len(asked) == 1
    assert "parcel==1.0" in asked[0]
    assert "--no-deps" in asked[0]


def test_what_is_cached_needs_no_network(parcel, offers, tmp_path):
    asked = offers(None)
    cache(tmp_path).write_bytes(parcel)
    fetch.fetch_wheel("parcel", tmp_path)
    assert not asked


@pytest.mark.parametrize("damage", [lambda wheel: wheel[:-7], lambda wheel: wheel + b"x", lambda _: b""])
def test_a_damaged_file_is_fetched_again(parcel, offers, tmp_path, damage):
    cache(tmp_path).write_bytes(damage(parcel))
    asked = offers(parcel)
    assert fetch.fetch_wheel("parcel", tmp_path).read_bytes() == parcel
    assert len(asked) == 1


@pytest.mark.usefixtures("parcel")
def test_no_network_is_one_line_with_the_way_out(offers, tmp_path):
    offers(None)
    with pytest.raises(SeewhyError) as caught:
        fetch.fetch_wheel("parcel", tmp_path)
    line = str(caught.value)
    assert "\n" not in line
    for part in ("parcel 1.0", "parcel-1.0-py3-none-any.whl", "no network", str(cache(tmp_path).parent)):
        assert part in line


@pytest.mark.usefixtures("parcel")
@pytest.mark.parametrize("answer", [b"another file", KeyboardInterrupt(), OSError("disk full")])
def test_a_bad_or_broken_download_leaves_nothing(offers, tmp_path, answer):
    offers(answer)
    with pytest.raises(SeewhyError if isinstance(answer, bytes) else type(answer)):
        fetch.fetch_wheel("parcel", tmp_path)
    assert list(cache(tmp_path).parent.iterdir()) == []


def test_names_that_do_not_exist(parcel, offers, tmp_path):
    offers(parcel)
    with pytest.raises(SeewhyError, match="did you mean 'deepforest'"):
        fetch.fetch_wheel("deepforrest", tmp_path)
    with pytest.raises(SeewhyError, match=r"did you mean 'parcel/data\.txt'"):
        fetch.read_member("parcel", "parcel/date.txt", tmp_path)
