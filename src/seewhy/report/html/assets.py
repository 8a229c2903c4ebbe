"""Styles and script of the template, joined as a page or an output in JupyterLab needs them."""

from functools import cache
from pathlib import Path

TEMPLATE = Path(__file__).parent / "template"
CONTROLS = ("gallery", "enlarged", "strips")  # what galleries and strips need
PAGE = ("outputs", *CONTROLS, "shell", "figures", "page", "print")
INDEX = ("outputs", "gallery", "strips", "shell", "index", "print")
PARTS = ("address", "tools", "gallery", "enlarged", "strips", "figures")  # in this order: each uses those before it


@cache
def page_styles(*names: str) -> str:
    """Files of template/styles, one after the other."""
    return "".join(_read_asset(f"styles/{name}.css") for name in names)


@cache
def page_script() -> str:
    """The one script: the files of template/script in a scope of their own."""
    return "(() => {\n" + "".join(_read_asset(f"script/{name}.js") for name in PARTS) + "})();\n"


def _read_asset(name: str) -> str:
    return (TEMPLATE / name).read_text(encoding="utf-8")
