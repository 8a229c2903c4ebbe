"""Take out of an executed notebook what differs between two equal runs, so that equal runs give equal bytes."""

import re
from typing import Any

ADDRESS = re.compile(r"(?<= at )0x[0-9a-fA-F]{6,}")  # <Figure object at 0x7f...>
STYLER = re.compile(r"\bT_[0-9a-f]{5}(?=[_\"' ])")  # ids that pandas draws for each styled table
WIDGET = "application/vnd.jupyter.widget-view+json"
PAPERMILL_ERROR = "papermill-error-cell-tag"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def normalise_notebook(notebook: Any) -> Any:
    """The notebook without run times, random ids, object addresses, widgets and stderr; changed in place and returned.

    stderr holds progress bars and warnings with paths and times: notebook.py shows them in the terminal instead.
    """
    notebook.cells = [cell for cell in notebook.cells if PAPERMILL_ERROR not in cell.metadata.get("tags", [])]
    notebook.metadata = {"kernelspec": dict(KERNEL), "language_info": _language_info(notebook.metadata)}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = _merge_streams([_normalise_output(output) for output in cell.outputs if _is_kept(output)])
    return type(notebook)(notebook)


def _language_info(metadata: dict[str, Any]) -> dict[str, Any]:
    """What a renderer needs to know of the language; the rest names the interpreter of one machine."""
    info = metadata.get("language_info", {})
    return {key: info[key] for key in ("name", "file_extension", "mimetype", "pygments_lexer") if key in info}


def _is_kept(output: Any) -> bool:
    """Everything but stderr and widgets, whose state is not stored."""
    return output.get("name") != "stderr" and WIDGET not in output.get("data", {})


def _normalise_output(output: Any) -> Any:
    """The output with addresses and drawn ids replaced."""
    if "text" in output:
        output.text = _stable_text(output.text)
    for kind, value in output.get("data", {}).items():
        if isinstance(value, str) and kind.startswith("text/"):
            output.data[kind] = _stable_text(value)
    return output


def _stable_text(text: str) -> str:
    """Addresses become 0x…; Styler ids are numbered in the order in which they come."""
    names: dict[str, str] = {}
    text = ADDRESS.sub("0x…", text)
    return STYLER.sub(lambda found: names.setdefault(found[0], f"T_{len(names):05d}"), text)


def _merge_streams(outputs: list[Any]) -> list[Any]:
    """Pieces of one stream joined: where the kernel cuts them is a matter of timing."""
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last["text"] += output.text
        else:
            merged.append(output)
    return merged
