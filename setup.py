"""Lets the wheel carry the files that `seewhy init` writes: their one copy is at the top of this repository."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PATTERNS = Path("src/seewhy/init/files.txt").read_text(encoding="utf-8").split()
NAMES = sorted(path.as_posix() for pattern in PATTERNS for path in Path().glob(pattern))


class BuildWithFiles(build_py):
    """Copies them into the package; an editable install finds them where they are."""

    def run(self) -> None:
        """Builds the package, then copies."""
        super().run()
        for name in () if self.editable_mode else NAMES:
            place = Path(self.build_lib, "seewhy/init/files", name)
            self.mkpath(str(place.parent))
            self.copy_file(name, str(place))

    def get_source_files(self) -> list[str]:
        """What a source distribution has to hold."""
        return [*super().get_source_files(), *NAMES]


setup(cmdclass={"build_py": BuildWithFiles})
