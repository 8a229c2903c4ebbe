"""Time, memory and difference of one row.

Each row runs in one process on the same images, model and threads: one warm-up each, then in turns, medians. Memory is
what a contender adds to the process's peak, each in a process of its own. Nothing here is asserted but equality.
"""

import os
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from rows import ROWS, Row
from sides import Contender, share

RUN = Path(__file__).with_name("run.py")
THREADS = 2


@dataclass(frozen=True)
class Result:
    """One line of results.json; `max_abs_diff` is a share of the map's largest value, for Ablation-CAM of the score."""

    name: str
    ours_s: float
    peer: str
    peer_s: float
    ratio: float
    peak_mb: float
    peer_peak_mb: float
    max_abs_diff: float


def run(row: Row, size: int | None = None, repeats: int | None = None, memory: bool = True) -> Result:
    """Times both sides in turns, compares what they give, and measures the memory of each in a process of its own."""
    sides = row.make(size or row.size)
    sides.ours(), sides.peer()
    difference = sides.difference() if sides.difference else share(sides.ours(), sides.peer())
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats or row.repeats):
        times[1].append(_seconds(sides.peer))
        with sides.within():
            if sides.within is not nullcontext:
                sides.ours()  # the memory that is kept has to be there first
            times[0].append(_seconds(sides.ours))
    ours, peer = median(times[0]), median(times[1])
    measured = memory and Path("/proc/self/clear_refs").exists()
    peaks = [_peak(row.name, side) for side in ("ours", "peer")] if measured else [0.0, 0.0]
    sizes = peaks if row.of_memory else [ours, peer]
    ratio = sizes[1] / sizes[0] if row.over_peer else sizes[0] / max(sizes[1], 1e-9)
    return Result(row.name, round(ours, 4), row.peer, round(peer, 4), round(ratio, 3), *peaks, difference)


def _seconds(call: Contender) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _peak(name: str, side: str) -> float:
    """Megabytes that one call adds to the peak of a process that holds model and images and has run a small pass."""
    command = [sys.executable, str(RUN), "--peak", name, side]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "TQDM_DISABLE": "1"})
    return round(float(done.stdout.split()[-1]), 1)


def measure_peak(name: str, side: str) -> float:
    """In the child: peak resident memory during one call, minus resident memory before it where two methods are held
    against one another."""
    torch.set_num_threads(THREADS)
    row = ROWS[name]
    sides = row.make(row.size)
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten; a child inherits its parent's
    before = 0.0 if row.of_memory else _memory("VmRSS")  # two sizes of one job: the peak of the whole process
    with sides.within() if side == "ours" else nullcontext():
        getattr(sides, side)()
    return (_memory("VmHWM") - before) / 1e3


def _memory(key: str) -> float:
    """Kilobytes, from Linux's own account; `ru_maxrss` counts the parent before the child began."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(key)).split()[1])
