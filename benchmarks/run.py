"""Ours and the peers side by side: `python benchmarks/run.py [row ...]` writes results.json and results.md."""

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from measure import THREADS, Result, measure_peak, run
from rows import ROWS
from table import table

HERE = Path(__file__).parent


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], help="all if none is given")
    parser.add_argument("--peak", nargs=2, metavar=("ROW", "SIDE"), help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, help="timings of each side (as the row has it)")
    parser.add_argument("--no-memory", action="store_true", help="times only")
    given = parser.parse_args()
    if given.peak:
        sys.stdout.write(f"{measure_peak(*given.peak)}\n")
        return
    os.environ["TQDM_DISABLE"] = "1"
    torch.set_num_threads(THREADS)
    stored = HERE / "results.json"
    known = {entry["name"]: entry for entry in json.loads(stored.read_text())} if stored.exists() else {}
    for name in given.rows or ROWS:
        known[name] = asdict(run(ROWS[name], repeats=given.repeats, memory=not given.no_memory))
        sys.stdout.write(json.dumps(known[name]) + "\n")
        sys.stdout.flush()
        stored.write_text(json.dumps([known[row] for row in ROWS if row in known], indent=1) + "\n")
    results = [Result(**known[row]) for row in ROWS if row in known]
    (HERE / "results.md").write_text(table(results))
    sys.stdout.write(table(results))


if __name__ == "__main__":
    main()
