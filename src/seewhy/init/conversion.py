"""Files of this repository as a project of one's own has them: no demonstration, and no code beside the settings.

The stages of the repository name the package's source as dependencies. A project has the package installed, so that its
stages name `data/code/STAGE.json` instead, which `seewhy code` writes at every run: a hash of the same code.
"""

import re

SOURCE = "src/seewhy"
CODE = "data/code"
STAGE = re.compile(r"  (\w+):$")
SECTION = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)
EMPTY = ("datasets", "studies", "comparisons", "checks")  # sections that describe the demonstration
ABSENT = ("demo", "gates")
PARAMS_HEADER = """\
# What is studied. `seewhy new` writes datasets and studies; `dvc repro` (or `seewhy report`) builds what they describe.
"""
STAGES_HEADER = """\
# The flow, top to bottom: predict -> maps -> measure -> pages -> site. A stage is one verb of `python -m seewhy`.
# A stage depends on the settings that it rests on (data/settings) and on the installed code that it runs (data/code).
# `persist` keeps a file until its successor is there: a stage that fails or is stopped takes nothing away.
"""
DATA_HEADER = """\
# What is looked at on every run: the installed code, and each dataset, since its images are named in a manifest only.
# It has a dvc.yaml, and so a lock, of its own: DVC writes the whole lock anew after a look.
"""
CODE_STAGE = f"""
  code:
    desc: the installed code that each stage runs, as hashes
    wdir: ..
    cmd: python -m seewhy code
    always_changed: true
    outs:
      - {CODE}: {{persist: true}}
"""
ENVIRONMENT_HEADER = """\
# For conda users: everything from conda-forge, then the package itself. Not for mixing with pip's torch.
"""


def own_text(name: str, text: str, version: str) -> str:
    """The text of a file of the repository as a project has it that `version` made."""
    match name:
        case "params.yaml":
            return own_params(text)
        case "dvc.yaml":
            return STAGES_HEADER + own_stages(_drop_header(text))
        case "data/dvc.yaml":
            return DATA_HEADER + own_data_stages(_drop_header(text))
        case "environment.yml":
            return ENVIRONMENT_HEADER + re.sub(r"- .*--editable \.", f"- seewhy=={version}", _drop_header(text))
        case ".github/workflows/seewhy.yml":
            return text.replace("pip install seewhy", f"pip install seewhy=={version}")
    return text


def own_params(text: str) -> str:
    """params.yaml with empty sections where the demonstration was; a comment above the next section stays."""
    kept = []
    for section in SECTION.split(_drop_header(text)):
        name = section.partition(":")[0]
        above_next = [line for line in section.splitlines(keepends=True) if line.startswith("#")]
        if name in EMPTY:
            kept.append("".join([f"{name}: {{}}\n\n", *above_next]))
        elif name in ABSENT:
            kept.append("".join([*above_next, "\n"] if above_next else []))
        else:
            kept.append(section)
    return PARAMS_HEADER + "".join(kept)


def own_stages(text: str) -> str:
    """dvc.yaml with one dependency a stage on its code, in place of those on source files."""
    lines: list[str] = []
    stage = ""
    for line in text.splitlines(keepends=True):
        if found := STAGE.match(line):
            stage = found[1]
        if line.strip().startswith(f"- {SOURCE}"):
            line = f"{line.partition('-')[0]}- {CODE}/{stage}.json\n"
            if lines[-1] == line:
                continue
        lines.append(line)
    return "".join(lines)


def own_data_stages(text: str) -> str:
    """data/dvc.yaml without the demonstration's stage, and with the one that looks at the code."""
    kept = [line for line in text.partition("\n  demo:\n")[0].splitlines() if not line.startswith("  - demo:")]
    return "\n".join([*kept, CODE_STAGE])


def _drop_header(text: str) -> str:
    """The text without the comments that it begins with."""
    lines = text.splitlines(keepends=True)
    first = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "".join(lines[first:])
