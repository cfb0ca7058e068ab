"""The demonstration: told once by its command, then judged from the rows it leaves behind.

The oracles read exported rows only: the facts and returns that scoreboards are summed from, and, below
them, the rows of the operations themselves.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.cli import database, sandbox
from app.cli.demo.telling import SAMPLE_DATA
from app.infra.db import Database, Unit
from app.infra.postgres import EmbeddedPostgres
from tests.support.operations import counted, operations
from tests.support.recomputed import Row, answers, exported
from tests.support.serving import PATIENCE_SECONDS, Running, command, serving, told

TELLING_SECONDS = 600
pytestmark = [pytest.mark.committed, pytest.mark.timeout(2 * TELLING_SECONDS)]

TODAY = date(2023, 1, 10)
"""Where the story leaves the sandbox's clock."""
DAYS = (date(2020, 2, 1), date(2021, 6, 30), date(2022, 12, 31), TODAY)
CODES = [f"DL-{number:02d}" for number in range(1, 19)] + [f"BH-{number:02d}" for number in range(1, 28)]
OPERATIONAL = {
    *("DL-04", "DL-07", "DL-09", "DL-10", "DL-11", "DL-12", "DL-13"),
    *("BH-06", "BH-13", "BH-21", "BH-22"),
}
MISSED = {
    *("DL-04", "DL-06", "DL-07", "DL-18"),
    *("BH-06", "BH-13", "BH-14", "BH-16", "BH-21"),
}
"""The story ends with successes and failures, always the same ones."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan's rows as exported, what the operations of its district come to, and the route's answers by day."""

    indicators: list[Row]
    facts: list[Row]
    observations: list[Row]
    operations: list[Row]
    boards: dict[date, dict[str, Any]]

    def answered(self, on: date) -> dict[str, tuple[str, str | None]]:
        """Status and value of every indicator by the route."""
        return {one["code"]: (one["status"], one["value"]) for one in self.boards[on]["indicators"]}


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What the command printed and logged, telling and showing, and what the kept sandbox holds."""

    folder: Path
    printed: str
    progress: str
    log: str
    shown: str
    shown_progress: str
    plans: dict[str, Plan]
    counts: dict[str, int]


@pytest.fixture(scope="module")
async def demonstration(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demonstration]:
    """The one telling of the story, by the command as a user runs it."""
    folder = tmp_path_factory.mktemp("demo")
    first = run_demo(folder, "--json")
    log = (folder / "serve.log").read_text(encoding="utf-8")
    second = run_demo(folder)
    with serving(folder, story=True) as running, EmbeddedPostgres(folder / "postgres") as postgres:
        assert running.sandbox["story"] == "told"
        opened = Database(postgres.url(database.NAME), pool_size=1, read_pool_size=1)
        async with opened.read() as unit:
            plans = await export_plans(unit, running)
            counts = await export_counts(unit)
        await opened.close()
    yield Demonstration(folder, first.stdout, first.stderr, log, second.stdout, second.stderr, plans, counts)
    with EmbeddedPostgres(folder / "postgres"):
        pass  # the last to leave stops what a failed run may have left behind


def run_demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The command, which must go well, with a keeper's settings around that are none of its business."""
    begun = command(folder / "other", "demo", "--keep", str(folder), *options, IPOPS_MODE="live")
    done = subprocess.run(**begun, capture_output=True, timeout=TELLING_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done


async def export_plans(unit: Unit, running: Running) -> dict[str, Plan]:
    """Both plans' rows and scoreboards."""
    rows = await operations(unit)
    plans = {}
    async with running.client(running.sandbox["clients"]["auditor"]) as api:
        for code, plan_id in running.sandbox["plan"].items():
            path = f"/v1/plans/{plan_id}/scoreboard"
            boards = {day: (await api.get(path, params={"on": day.isoformat()})).json() for day in DAYS}
            assert (await api.get(path)).json()["on"] == TODAY.isoformat()
            place = boards[TODAY]["plan"]
            indicators, facts, observations = await exported(unit, plan_id, place["district_code"])
            named = next(row["plan_id"] for row in indicators)
            plans[code] = Plan(
                indicators, facts, observations, counted(rows, named, place["district_code"]), boards
            )
    return plans


COUNTS = {
    "mixed": """SELECT count(*) FROM (SELECT pledge_id FROM pledge_items WHERE registered_on IS NOT NULL
        GROUP BY pledge_id HAVING count(DISTINCT asset_kind) = 2) AS mixed""",
    "paid and recovered": """SELECT count(*) FROM claims c JOIN recoveries r ON r.claim_id = c.id
        WHERE c.paid_fen > 0""",
    "licensed with consent": """SELECT count(*) FROM consents c JOIN consent_uses u ON u.consent_id = c.id
        JOIN deals d ON d.id = u.deal_id AND d.kind = 'licence' AND d.contract_on IS NOT NULL
        JOIN consent_items i ON i.consent_id = c.id JOIN holds h ON h.id = i.hold_id AND h.kind = 'lien'
        WHERE c.status = 'used'""",
    "across districts": "SELECT count(*) FROM facts WHERE measure = 'transfer_count' AND role = 'in'",
    "endorsed": "SELECT count(*) FROM policy_endorsements",
    "enrolled again": """SELECT count(*) FROM (SELECT party_id FROM enrolments
        WHERE status = 'counted' GROUP BY party_id HAVING count(*) > 1) AS again""",
}


async def export_counts(unit: Unit) -> dict[str, int]:
    """How many there are of what the story must contain."""
    found = {}
    for name, statement in COUNTS.items():
        found[name] = int((await unit.session.execute(text(statement))).scalar_one())
    return found


def test_the_command_prints_one_json_object_with_every_indicator(demonstration: Demonstration) -> None:
    """STA-05: 18 and 27 indicators, each with code, value, target and status."""
    told_of = json.loads(demonstration.printed)["indicators"]
    assert [one["code"] for one in told_of] == CODES
    for one in told_of:
        assert one["value"] is not None
        assert one["target"]["text"]
    assert {one["code"] for one in told_of if one["status"] == "missed"} == MISSED
    assert {one["status"] for one in told_of} == {"met", "missed"}
    assert "Traceback" not in demonstration.log + demonstration.progress
    assert '"level": "error"' not in demonstration.log
    assert demonstration.progress.count(SAMPLE_DATA) == 6


def test_a_kept_sandbox_is_shown_again_without_telling_the_story_again(demonstration: Demonstration) -> None:
    """The table form has a line for each indicator, with the figures of the telling."""
    lines = [line for line in demonstration.shown.splitlines() if re.match(r"(DL|BH)-\d\d ", line)]
    assert [line.split()[0] for line in lines] == CODES
    for line, one in zip(lines, json.loads(demonstration.printed)["indicators"], strict=True):
        assert f" {one['display']} " in line
        assert line.endswith(f" {one['status']}")
    assert SAMPLE_DATA not in demonstration.shown_progress


@pytest.mark.parametrize("on", DAYS, ids=str)
@pytest.mark.parametrize("code", ["DL", "BH"])
def test_every_value_and_status_is_what_facts_and_returns_come_to(
    demonstration: Demonstration, code: str, on: date
) -> None:
    """STA-05, STA-06, ST-01 to ST-06: recomputed in fractions from exported rows."""
    plan = demonstration.plans[code]
    assert len(plan.answered(on)) == (18 if code == "DL" else 27)
    assert plan.answered(on) == answers(plan.indicators, plan.facts, plan.observations, on)


@pytest.mark.parametrize("on", DAYS, ids=str)
@pytest.mark.parametrize("code", ["DL", "BH"])
def test_operational_indicators_are_what_the_operations_come_to(
    demonstration: Demonstration, code: str, on: date
) -> None:
    """ST-08 to ST-10, PL-28, TG-06: the same values from pledges, deals, policies, enrolments, portfolios."""
    plan = demonstration.plans[code]
    indicators = [one for one in plan.indicators if one["code"] in OPERATIONAL]
    expected = answers(indicators, plan.operations, plan.observations, on)
    assert set(expected) == {one for one in OPERATIONAL if one.startswith(code)}
    assert {one: plan.answered(on)[one] for one in expected} == expected


@pytest.mark.parametrize("code", ["DL", "BH"])
def test_facts_are_what_the_operations_come_to_on_every_day(demonstration: Demonstration, code: str) -> None:
    """ST-12: not only in sum, but measure by measure and day by day."""
    plan = demonstration.plans[code]
    worked_out = by_day(plan.operations)
    measures = {measure for measure, _ in worked_out}
    assert len(measures) >= 8, measures
    assert by_day([row for row in plan.facts if row["measure"] in measures]) == worked_out


def by_day(rows: Sequence[Row]) -> dict[tuple[str, date], int]:
    """What is counted on each day of each measure."""
    sums: Counter[tuple[str, date]] = Counter()
    for row in rows:
        sums[row["measure"], row["occurred_on"]] += row["value"]
    return {place: value for place, value in sums.items() if value}


def test_the_story_leaves_a_whole_sandbox_with_all_it_promises(demonstration: Demonstration) -> None:
    """STA-09, PL-28, RP-14, RB-04: seals and invariants hold over mixed pledges, a loss and a consent."""
    assert "national" in told(demonstration.folder, "verify")
    counts = demonstration.counts
    assert counts["mixed"] >= 10
    assert counts["paid and recovered"] == 1
    assert counts["licensed with consent"] == 1
    assert counts["across districts"] >= 1
    assert counts["endorsed"] == 2
    assert counts["enrolled again"] >= 1
    assert not EmbeddedPostgres(demonstration.folder / "postgres").is_running()


def test_a_demonstration_told_to_end_leaves_nothing_running(tmp_path: Path) -> None:
    begun = command(tmp_path, "demo", "--keep", str(tmp_path / "kept"))
    with subprocess.Popen(**begun, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(SAMPLE_DATA)
        began = time.monotonic()
        process.terminate()
        rest = process.stderr.read()
        assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
        assert time.monotonic() < began + PATIENCE_SECONDS / 2
    assert "Traceback" not in rest + (tmp_path / "kept" / "serve.log").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "kept" / sandbox.FILE).read_text())["story"] == "pending"
    assert not EmbeddedPostgres(tmp_path / "kept" / "postgres").is_running()
