"""What an attribute, an index or arithmetic in a text makes of the picture."""

import ast
from typing import Any

from seewhy.inputs.picture_flow import (
    Flow,
    add_numbers,
    divide_picture,
    refusal_error,
)
from seewhy.inputs.transform_calls import Reference

TURNED = ("[2,1,0]", "::-1,...", "[2,1,0],...", "[2,1,0],:,:", ":,:,::-1", "...,::-1", ":,:,[2,1,0]", "...,[2,1,0]")


WHOLE = ("'image'", "'pixel_values'", "None", "0,...", "None,...", "...", "None,:", "None,:,:,:", ":3,...", ":3")


def picture_shape(flow: Flow) -> tuple[Any, ...]:
    """What is known of a picture's shape: how many channels, and where they stand."""
    unknown = Reference("unknown")
    return (flow.channels, unknown, unknown) if flow.form == "tensor" else (unknown, unknown, flow.channels)


def indexed_picture(flow: Flow, text: str) -> Flow | None:
    """The picture with its channels turned round, or itself out of a batch or a dict; None for any other part."""
    clean = text.strip("()")
    if clean in TURNED:
        return flow.reverse_colours()
    if clean in WHOLE:
        return flow
    first = clean in ("0", "0:1", "0:1,...", "[0]", ":1", "0,:,:") and flow.channels == 1
    channel_last = clean in (":,:,:3", "...,:3", ":,:,None", "...,None")
    return flow if first or channel_last else None


def picture_arithmetic(kind: ast.operator, left: Any, right: Any, text: str) -> Any:
    """The picture, or its spread, after `left` and `right` are added, subtracted, multiplied or divided."""
    if isinstance(kind, ast.Sub | ast.Add):
        return add_numbers(left, right, -1 if isinstance(kind, ast.Sub) else 1, text)
    if isinstance(kind, ast.Div):
        return divide_picture(left, right, text)
    if isinstance(kind, ast.Mult) and isinstance(right, int | float) and right and isinstance(left, Flow):
        return left.divided_by(1 / right)
    raise refusal_error(text, "adding, subtracting, multiplying or dividing by numbers")
