"""Paths that a user's table names -> files of the project, links followed, nothing outside it."""

from dataclasses import dataclass
from pathlib import Path

from seewhy.errors import SeewhyError, listing


@dataclass(frozen=True)
class Lookup:
    """Where paths are looked up: in each of `folders`, first one first, all in the project at `root`.

    `hint` ends the message of a path that leads nowhere: the key of params.yaml that says where to look.
    """

    root: Path
    folders: tuple[Path, ...]
    hint: str = ""

    def file(self, name: str, where: str) -> Path:
        """The file of that name, written with either slash; also an absolute one, if it leads into the project.

        Raises SeewhyError for one that is not there, or that lies outside the project.
        """
        tried = [folder / spelt for spelt in dict.fromkeys((name, name.replace("\\", "/"))) for folder in self.folders]
        there = next((path for path in tried if _is_file(path)), None)
        if there is None and any(map(self._holds, tried)):
            places = listing(_named(folder, self.root) for folder in self.folders)
            raise SeewhyError(f"{where}: there is no file '{name[:200]}' in {places}{self.hint}")
        if there is None or not self._holds(there):
            raise SeewhyError(
                f"{where}: '{name[:200]}' leads outside the project; allowed: a path inside it{self.hint}"
            )
        turned = ".." in there.parts or Path(name).is_absolute()
        return self.root / there.resolve().relative_to(self.root.resolve()) if turned else there

    def _holds(self, path: Path) -> bool:
        try:
            return path.resolve().is_relative_to(self.root.resolve())
        except (OSError, ValueError, RuntimeError):  # a name too long, a NUL in it, a circle of links
            return True


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def _named(folder: Path, root: Path) -> str:
    return "the project" if folder == root else folder.relative_to(root).as_posix()
