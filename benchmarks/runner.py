"""How a measurement is made: windows, pairs, medians, and the file of the last results."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncpg

CONNECTIONS = 16
"""On either side of every comparison of rates."""
WARM_UP = 5
"""First operations per connection, on average, that do not count: they prepare the statements."""
RESULTS = Path(__file__).parent / "results.json"
FULL_RESULTS = Path(__file__).parent / "results-full.json"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is done and on how many rows. `ours`, `reference` and `batch`: operations a round."""

    rounds: int = 3
    ours: int = 400
    reference: int = 1_100
    pools: int = 50
    firms: int = 1_000
    assets: int = 20_000
    pledges: int = 1_000
    batch: int = 2_000
    past: int = 10_000
    transfers: int = 2_000
    facts: int = 100_000
    imported: int = 50_000
    register: int = 20_000
    entries: int = 20_000

    def scaled(self, factor: float) -> Sizes:
        """The same with fewer (or more) rows and operations."""
        kept = {"rounds", "pools"}
        changes = {k: v if k in kept else max(800, int(v * factor)) for k, v in asdict(self).items()}
        return Sizes(**changes)


QUICK = Sizes()
FULL = Sizes(
    rounds=5,
    ours=5_000,
    reference=15_000,
    pools=300,
    firms=100_000,
    assets=5_000_000,
    pledges=100_000,
    batch=10_000,
    past=1_000_000,
    transfers=1_000_000,
    facts=10_000_000,
    imported=1_000_000,
    register=100_000,
    entries=1_000_000,
)
"""The volume of the whole country."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One operation: on which connection, when it was finished (s), and how long it took (s)."""

    connection: int
    finished: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Pass:
    """One side's turn: operations a second while all connections were busy, and latencies in ms."""

    rate: float
    p50: float
    p99: float


def measure(samples: Sequence[Sample]) -> Pass:
    """Rate and latencies from the end of the warm-up until a connection has nothing left to do."""
    last: dict[int, float] = {}
    for sample in samples:
        last[sample.connection] = max(sample.finished, last.get(sample.connection, 0.0))
    begin = sorted(sample.finished for sample in samples)[len(last) * WARM_UP - 1]
    end = min(last.values())
    counted = [sample.seconds * 1000 for sample in samples if begin < sample.finished <= end]
    if len(counted) < CONNECTIONS:
        raise RuntimeError("too few operations to measure: raise the sizes")
    counted.sort()
    return Pass(
        rate=len(counted) / (end - begin),
        p50=statistics.median(counted),
        p99=counted[min(len(counted) - 1, int(len(counted) * 0.99))],
    )


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the results. `ratio` above 1 means faster than the reference; null without one."""

    name: str
    ours: float
    reference: float | None
    ratio: float | None
    unit: str
    sizes: Mapping[str, int]
    notes: str
    latency_ms: Mapping[str, float] = field(default_factory=dict)


Turn = Callable[[int], Awaitable[Pass]]


async def take_turns(rounds: int, sides: Mapping[str, Turn]) -> dict[str, list[Pass]]:
    """Give each side its turn, round after round, so that drift of the machine meets all alike."""
    passes: dict[str, list[Pass]] = {name: [] for name in sides}
    for number in range(rounds):
        for name, turn in sides.items():
            passes[name].append(await turn(number))
    return passes


def compare(
    name: str,
    ours: Sequence[Pass],
    reference: Sequence[Pass],
    *,
    unit: str,
    sizes: Mapping[str, int],
    notes: str,
) -> Result:
    """Medians of both sides; the ratio is the median of the rounds' ratios."""
    pairs = zip(ours, reference, strict=True)
    return Result(
        name=name,
        ours=_round(statistics.median(one.rate for one in ours)),
        reference=_round(statistics.median(one.rate for one in reference)),
        ratio=round(statistics.median(one.rate / other.rate for one, other in pairs), 3),
        unit=unit,
        sizes=sizes,
        notes=notes,
        latency_ms=latencies(ours) | {f"reference_{k}": v for k, v in latencies(reference).items()},
    )


def latencies(passes: Sequence[Pass]) -> dict[str, float]:
    """Medians over the rounds, in ms."""
    return {
        "p50": _round(statistics.median(one.p50 for one in passes)),
        "p99": _round(statistics.median(one.p99 for one in passes)),
    }


def _round(value: float) -> float:
    return float(f"{value:.4g}")


async def machine(owner: asyncpg.Connection[Any]) -> dict[str, Any]:
    """What the figures were measured on; nothing that names the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory": f"{memory / 2**30:.0f} GiB",
        "postgres": (await owner.fetchval("SHOW server_version")).split()[0],
        "python": platform.python_version(),
        "durable": {
            name: await owner.fetchval(f"SHOW {name}")
            for name in ("fsync", "synchronous_commit", "full_page_writes")
        },
    }


def save(path: Path, about: Mapping[str, Any], results: Sequence[Result]) -> None:
    """Put the results in the file; others stay there if they were measured on the like machine."""
    lines: dict[str, Any] = {}
    if path.exists():
        last = json.loads(path.read_text(encoding="utf-8"))
        if last["machine"] == about:
            lines = {one["name"]: one for one in last["results"]}
    lines |= {one.name: asdict(one) for one in results}
    content = {"machine": about, "results": list(lines.values())}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def table(results: Sequence[Result]) -> str:
    """The results as people read them."""
    rows = [("benchmark", "ours", "pgbench", "ratio", "unit", "p50 ms", "p99 ms")]
    rows += [
        (
            one.name,
            f"{one.ours:,.4g}" if one.ours < 1000 else f"{one.ours:,.0f}",
            "-"
            if one.reference is None
            else f"{one.reference:,.4g}"
            if one.reference < 1000
            else f"{one.reference:,.0f}",
            "-" if one.ratio is None else f"{one.ratio:.2f}",
            one.unit,
            f"{one.latency_ms.get('p50', 0):.1f}" if one.latency_ms else "-",
            f"{one.latency_ms.get('p99', 0):.1f}" if one.latency_ms else "-",
        )
        for one in results
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )
