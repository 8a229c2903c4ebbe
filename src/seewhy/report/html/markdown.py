"""Markdown cells and code cells of a notebook as HTML."""

import re
from functools import cache
from typing import Any

MOST_WORDS = 30  # of *How to read* that stand open; the rest is folded
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z*`(–])")
READ = "**How to read.**"
GUIDANCE = re.compile(r"<blockquote>(?=\s*<p><strong>(How to read|What this does not))")
CLASSES = {"How to read": "reads", "What this does not": "limits"}
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def markdown_html(source: str) -> str:
    """A Markdown cell as HTML; block quotes of guidance get the class by which they are styled.

    >>> markdown_html("> **How to read.** Up is better.")
    '<blockquote class="reads"><p><strong>How to read.</strong> Up is better.</p>\\n</blockquote>\\n'
    """
    html = str(_markdown_parser()(_fold_guidance(source)))
    html = GUIDANCE.sub(lambda match: f'<blockquote class="{CLASSES[match[1]]}">', html)
    html = re.sub(r"(<blockquote[^>]*>)\s+", r"\1", html)
    return html.replace("<!-- more -->", '<details class="more"><summary>More</summary>').replace(
        "<!-- end -->", "</details>"
    )


def code_html(source: str) -> str:
    """Python source as a highlighted block; its text is the source itself."""
    from pygments import highlight

    return str(highlight(source.rstrip(), *_code_highlighter())).rstrip("\n")


def plain_text(text: str) -> str:
    """What a terminal was sent, without its colours.

    >>> plain_text("\\x1b[31mred\\x1b[0m")
    'red'
    """
    return ANSI.sub("", text)


def _fold_guidance(source: str) -> str:
    """Fold what a paragraph of *How to read* says beyond its first sentences, up to `MOST_WORDS`."""
    return "\n".join(_fold_line(line) if line.startswith(f"> {READ}") else line for line in source.split("\n"))


def _fold_line(line: str) -> str:
    sentences = SENTENCE.split(line.removeprefix(f"> {READ}").strip())
    count, words = 0, 0
    while count < len(sentences) and words + len(sentences[count].split()) <= MOST_WORDS:
        words += len(sentences[count].split())
        count += 1
    count = max(count, 1)
    if count == len(sentences):
        return line
    shown, rest = " ".join(sentences[:count]), " ".join(sentences[count:])
    return f"> {READ} {shown}\n>\n> <!-- more -->\n>\n> {rest}\n>\n> <!-- end -->"


@cache
def _markdown_parser() -> Any:
    import mistune

    return mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])


@cache
def _code_highlighter() -> tuple[Any, Any]:
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers.python import PythonLexer

    return PythonLexer(stripnl=False), HtmlFormatter(cssclass="highlight")
