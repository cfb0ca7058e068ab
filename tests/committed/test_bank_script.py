"""The script of a bank's whole life with one loan runs against a fresh sandbox and prints what is recorded."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from scripts.text import ROOT
from tests.support.serving import serving, told

pytestmark = pytest.mark.committed
SCRIPT = ROOT / "docs" / "bank.sh"
RECORDED = ROOT / "docs" / "bank.txt"
STEPS = (
    "POST /v1/pledges -> 201",
    "POST /v1/pledges/{id}/registrations -> 201",
    "POST /v1/pledges/{id}/loan/drawdowns -> 201",
    "POST /v1/pledges/{id}/loan/repayments -> 201",
    "POST /v1/pledges/{id}/amendments -> 201",  # extended
    "POST /v1/pledges/{id}/amendments -> 201",  # released in part
    "POST /v1/pledges/{id}/enforcements -> 201",
    "POST /v1/enforcements/{id}/distribution -> 200",
    "POST /v1/pledges/{id}/deregistrations -> 201",
)


def test_the_record_shows_a_whole_life_in_fewer_than_ten_calls_of_the_bank() -> None:
    """PLG-02: filed, registered, drawn, repaid, extended, released in part, enforced, shared, discharged."""
    recorded = RECORDED.read_text(encoding="utf-8")
    called = re.findall(r"^bank_a: (.+)$", recorded, re.MULTILINE)
    assert tuple(called) == STEPS
    others = re.findall(r"^(?!bank_a)\w+: [A-Z]+ /", recorded, re.MULTILINE)
    assert f"{len(STEPS)} calls by the bank; {len(others)} by the others" in recorded


def test_a_fresh_run_prints_what_is_recorded_and_leaves_sound_books(tmp_path: Path) -> None:
    """PLG-02, UNI-12: every call, status and figure of the record, against the service as users start it."""
    with serving(tmp_path):
        done = subprocess.run(
            ["bash", str(SCRIPT)],  # noqa: S607 - the user's own
            env=os.environ | {"IPOPS_DATA_DIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=240,
            check=False,
        )
        assert done.stdout.splitlines() == RECORDED.read_text(encoding="utf-8").splitlines()
        assert done.returncode == 0
        assert "national" in told(tmp_path, "verify")
