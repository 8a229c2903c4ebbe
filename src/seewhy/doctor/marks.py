"""How a thing that the doctor looked at stands."""

from typing import Literal

Mark = Literal["ok", "warning", "problem"]
