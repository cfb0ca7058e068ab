"""Row keys and business numbers."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from app.domain import identifiers
from app.domain.identifiers import business_number, new_id, new_ids


def test_an_id_is_an_rfc_9562_version_7_uuid_of_the_current_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    made = identifiers._Uuid7().next()
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= made.int >> 80 <= after


def test_ids_of_one_process_ascend_strictly_also_within_a_millisecond() -> None:
    made = [new_id() for _ in range(5000)]
    assert made == sorted(set(made))
    assert len({i.int >> 80 for i in made}) < len(made)


def test_ids_made_at_once_ascend_among_those_made_one_by_one() -> None:
    made = [found for count in (1, 0, 500, 3) for found in (*new_ids(count), new_id())]
    assert len(made) == 508
    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}


def test_ids_keep_ascending_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    source = identifiers._Uuid7()
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)
    first = source.next()
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    assert source.next() > first


def test_an_exhausted_counter_moves_on_to_the_next_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)
    source = identifiers._Uuid7()
    source.next()
    source._counter = identifiers._COUNTER_LIMIT - 1
    assert source.next().int >> 80 == 1_800_000_000_001


def test_threads_never_share_an_id() -> None:
    made: list[list[uuid.UUID]] = []

    def work() -> None:
        made.append([new_id() for _ in range(2000)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({i for ids in made for i in ids}) == 8000
    assert all(ids == sorted(ids) for ids in made)


def test_a_forked_child_makes_ids_of_its_own_even_if_the_parent_was_making_one() -> None:
    program = """if True:
        import os
        from app.domain import identifiers
        source = identifiers._source
        source.next()
        source._counter = 0
        with source._lock:
            child = os.fork()
            if not child:
                identifiers.new_id()
                os._exit(0 if source._counter >> 40 else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    """
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize(
    ("serial", "number"), [(123, "PL-120110-2026-000123"), (1_234_567, "PL-120110-2026-1234567")]
)
def test_a_business_number_names_noun_district_year_and_serial(serial: int, number: str) -> None:
    assert business_number("PL", "120110", 2026, serial) == number


@pytest.mark.parametrize(
    ("prefix", "district", "year", "serial"),
    [
        ("pl", "120110", 2026, 1),
        ("PL", "12011", 2026, 1),
        ("PL", "１２０１１０", 2026, 1),
        ("PL", "120110", 26, 1),
        ("PL", "120110", 2026, 0),
    ],
)
def test_a_business_number_of_wrong_parts_is_a_program_error(
    prefix: str, district: str, year: int, serial: int
) -> None:
    with pytest.raises(ValueError, match="business number"):
        business_number(prefix, district, year, serial)
