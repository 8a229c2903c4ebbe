"""Paths that a user's table names -> files where they lie: in the project, behind links, on other disks."""

import os
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath

from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.sources import MARK, split_address

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".npy", ".dcm")


@dataclass(frozen=True)
class Lookup:
    """Where paths are looked up: in each of `folders`, first one first; the project is at `root`.

    `hint` ends the message of a path that leads nowhere: the key of params.yaml that says where to look. `notes` is
    filled with what was taken for what: paths of another machine, names without ending or folder.
    """

    root: Path
    folders: tuple[Path, ...]
    hint: str = ""
    notes: dict[str, int] = field(default_factory=dict)
    _moved: list[tuple[str, Path]] = field(default_factory=list)

    def resolve_file(self, name: str, where: str, search: bool = True) -> Path:
        """The file of that name, written with either slash, or the address of a place in one.

        Links and absolute paths are followed wherever they lead. A path that is not there is looked for by its tail,
        with `search` also by its name with an ending, and in the folders below, where that is one file only.
        Raises SeewhyError for one that is not there, or that climbs out of the project by `..`.
        """
        known, _, asked = name.partition(MARK)
        if (
            asked
            and (found := self._file_as_written(name, where)) is None
            and (found := self._file_as_written(known, where))
        ):
            return Path(f"{found}{MARK}{asked}")
        found = (
            self._file_as_written(name, where)
            or self._by_tail(name)
            or (self._by_name(name, where) if search else None)
        )
        if found is None:
            places = list_names(_folder_name(folder, self.root) for folder in self.folders)
            raise SeewhyError(f"{where}: there is no file '{name[:200]}' in {places}{self.hint}")
        return found

    def find_file(self, name: str) -> Path | None:
        """The file of that name, or None: for what looks at files before their rows are checked."""
        try:
            return self.resolve_file(name, "", search=False)
        except SeewhyError:
            return None

    def _file_as_written(self, name: str, where: str) -> Path | None:
        """The file that the name leads to as it is written."""
        spellings = dict.fromkeys((name, name.replace("\\", "/")))
        there = next((folder / one for one in spellings for folder in self.folders if _is_file(folder / one)), None)
        if there is None:
            return None
        absolute = Path(name).is_absolute()
        if not absolute and ".." in there.parts and not self._is_in_project(there):
            raise SeewhyError(
                f"{where}: '{name[:200]}' leads outside the project; allowed: a path inside it, an absolute one, or a "
                f"link{self.hint}"
            )
        if absolute or ".." in there.parts:
            whole, root = there.resolve(), self.root.resolve()
            return self.root / whole.relative_to(root) if whole.is_relative_to(root) else Path(os.path.normpath(there))
        return there

    def _is_in_project(self, path: Path) -> bool:
        """Whether a path is in the project, as it is written or as its links lead."""
        written = Path(os.path.normpath(path)).is_relative_to(self.root)
        return written or path.resolve().is_relative_to(self.root.resolve())

    def _by_tail(self, name: str) -> Path | None:
        """The file of a path of another machine: what follows a folder that is not here, looked for in ours."""
        pure = PureWindowsPath(name) if "\\" in name else PurePosixPath(name)
        parts = [part for part in pure.parts if part not in (pure.anchor, ".", "..")]
        for head, folder in self._moved:
            if name.startswith(head) and _is_file(folder / name[len(head) :].replace("\\", "/")):
                self._note_moved(head, folder)
                return folder / name[len(head) :].replace("\\", "/")
        for start in range(1, len(parts)):
            tail = "/".join(parts[start:])
            for folder in self.folders:
                if _is_file(folder / tail):
                    head = name[: len(name) - len(tail)]
                    self._moved.append((head, folder))
                    self._note_moved(head, folder)
                    return folder / tail
        return None

    def _note_moved(self, head: str, folder: Path) -> None:
        told = f"paths that begin with '{head[:120]}' are read in '{_folder_name(folder, self.root)}'"
        self.notes[told] = self.notes.get(told, 0) + 1

    def _by_name(self, name: str, where: str) -> Path | None:
        """The one file below the folders that has this name, or this name and an ending of images."""
        last = name.replace("\\", "/").rpartition("/")[2]
        if not last or len(last) > 255 or "\0" in last:
            return None
        whole, stems = self._images_below
        places = [one for one in whole.get(last) or stems.get(last, []) if _is_file(one)]
        if len(places) > 1:
            shown = list_names(_folder_name(place, self.root) for place in places[:3])
            raise SeewhyError(f"{where}: '{name[:200]}' could be {len(places)} files: {shown}{self.hint}")
        if not places:
            return None
        kind = "names are looked up in the folders below" if last in whole else "names without ending are completed"
        self.notes[kind] = self.notes.get(kind, 0) + 1
        return places[0]

    @cached_property
    def _images_below(self) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
        """All image files below the folders (but for the project's own), by name and by name without ending."""
        whole: dict[str, list[Path]] = defaultdict(list)
        stems: dict[str, list[Path]] = defaultdict(list)
        seen = set()
        for top in self.folders:
            if top.resolve() == self.root.resolve():
                continue
            for folder, inner, names in os.walk(top, followlinks=True):
                inner[:] = sorted(one for one in inner if not one.startswith("."))
                if (real := os.path.realpath(folder)) in seen:
                    inner.clear()
                    continue
                seen.add(real)
                for one in sorted(names):
                    if one.lower().endswith(SUFFIXES) and not one.startswith("."):
                        whole[one].append(Path(folder, one))
                        stems[one.rpartition(".")[0]].append(Path(folder, one))
        return whole, stems


def path_from_root(path: Path, root: Path) -> str:
    """A path as tables keep it: from the project's root; absolute where it lies elsewhere."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError, RuntimeError):  # a name too long, a NUL in it, a circle of links
        return False


def _folder_name(folder: Path, root: Path) -> str:
    return "the project" if folder == root else path_from_root(folder, root)


def existing_path(given: str, root: Path, key: str) -> Path:
    """The file or folder that a key of params.yaml names; raises SeewhyError where it is not there."""
    path = root / given
    if not path.exists() and not split_address(path)[1]:
        raise SeewhyError(f"{key}: there is no file or folder '{given}' in the project")
    return path
