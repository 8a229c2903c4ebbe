"""Our error rates: `python -m trust` trains the networks that benchmarks/trust.json does not have yet, audits each in
every condition, and writes trust.json and the results of docs/trust.md; an interrupted run goes on where it was."""

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import torch

from trust.audit import CONDITIONS, audit_net
from trust.nets import CLEAN, Plan, plan_nets, train_net
from trust.table import write_results
from trust.truth import measure_reliance

ROWS = Path(__file__).parents[1] / "trust.json"
PAGE = Path(__file__).parents[2] / "docs" / "trust.md"
DIGITS = 4


def audit_plan(plan: Plan) -> list[dict[str, Any]]:
    """The rows of a network, one a condition; a clean one has no cue to mark."""
    torch.set_num_threads(1)
    os.environ["TQDM_DISABLE"], os.environ["SEEWHY_PROGRESS"] = "1", "off"
    net = train_net(plan)
    accuracy, reliance = measure_reliance(net)
    ends = (reliance.value, reliance.low, reliance.high)
    facts = {
        "net": plan.name,
        "cue": plan.cue,
        "ground": "plain" if plan.plain else "photo",
        "kind": plan.kind,
        "strength": plan.strength,
        "seed": plan.seed,
        "kept_apart": plan.kept_apart,
        "accuracy": round(accuracy, DIGITS),
        **dict(zip(("reliance", "low", "high"), (round(one, DIGITS) for one in ends), strict=True)),
    }
    rows, candidates = [], None
    for condition in CONDITIONS if plan.kind != CLEAN else CONDITIONS[:2]:
        found, candidates = audit_net(net, condition, candidates)
        rows.append(facts | {"condition": condition, **vars(found), "accused_of": [*found.accused_of]})
    return rows


def read_rows() -> dict[str, list[dict[str, Any]]]:
    """The rows of trust.json, by network."""
    known: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads(ROWS.read_text()) if ROWS.exists() else []:
        known.setdefault(row["net"], []).append(row)
    return known


def audit_plans(plans: list[Plan], jobs: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of each network, as they come."""
    if jobs == 1:
        yield from map(audit_plan, plans)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(audit_plan, plan) for plan in plans]):
            yield done.result()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes, of one thread each")
    parser.add_argument("--nets", type=int, help="how many networks, the first of the plan (all)")
    given = parser.parse_args()
    known, plans = read_rows(), plan_nets()
    missing = [plan for plan in plans[: given.nets] if plan.name not in known]
    for rows in audit_plans(missing, given.jobs):
        known[rows[0]["net"]] = rows
        every = [json.dumps(row) for plan in plans for row in known.get(plan.name, [])]
        ROWS.write_text("[\n" + ",\n".join(every) + "\n]\n")
        sys.stdout.write(f"{len(known)} of {len(plans)}: {rows[0]['net']}: reliance {rows[0]['reliance']:+.1%}; ")
        sys.stdout.write("; ".join(f"{one['condition']}: {one['judged']}" for one in rows) + "\n")
        sys.stdout.flush()
    write_results([row for plan in plans for row in known.get(plan.name, [])], PAGE)


if __name__ == "__main__":
    main()
