"""Imports of announcements: what an office said of patents, and the status each left them in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.domain.asset import STATUSES, AssetKind
from app.domain.imports import ImportKind
from app.domain.legal_event import CODES, LegalEventRow, legal_event_row, status_after
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.importing import Importer, patent, read

NUMBER = "201410026192.3"
TODAY = date(2026, 1, 2)


@pytest.fixture
def importer(database: SavepointDatabase, tmp_path: Path) -> Importer:
    """Imports into the test's transaction."""
    return Importer(database, tmp_path)


def announced(code: str, on: str, **changes: str) -> dict[str, str]:
    return {
        "office": "CN",
        "number": NUMBER,
        "code": code,
        "announced_on": on,
        "effective_on": "",
        "text": "",
    } | changes


async def statuses(importer: Importer) -> list[tuple[str, date | None]]:
    return await importer.all(
        "SELECT c.status, c.effective_on FROM asset_status_changes c JOIN assets a ON a.id = c.asset_id"
        " WHERE a.number = :number ORDER BY c.id",
        number=NUMBER,
    )


async def test_announcements_make_the_history_of_a_right_and_its_status_of_today(importer: Importer) -> None:
    """AST-04, AST-13: granted, lapsed, restored, expired by their days of effect, in whatever order they come."""
    await importer.rows(ImportKind.patents, [patent(NUMBER, status_text="")])
    rows = [
        announced("CF01", "2019-03-01", effective_on="2018-01-20", text="未缴年费专利权终止"),
        announced("GR01", "2017-01-04"),
        announced("PP01", "2019-06-01"),
        announced("rr01", "2019-09-03", number="ZL 2014 1 0026192.3"),
    ]
    summary = await importer.rows(ImportKind.legal_events, rows)
    assert (summary.accepted, summary.changes) == (4, {"created": 4})
    assert summary.counts["without_effect"] == 1
    assert (await statuses(importer))[1:] == [
        ("granted", date(2017, 1, 4)),
        ("terminated_fee", date(2018, 1, 20)),
        ("granted", date(2019, 9, 3)),
    ]
    assert await importer.all("SELECT status, granted_on FROM assets WHERE number = :n", n=NUMBER) == [
        ("granted", date(2017, 1, 4))
    ]
    kept = await importer.all(
        "SELECT code, announced_on, effective_on, text FROM legal_events ORDER BY announced_on"
    )
    assert kept[1] == ("CF01", date(2019, 3, 1), date(2018, 1, 20), "未缴年费专利权终止")
    assert len(kept) == 4
    again = await importer.rows(ImportKind.legal_events, [announced("GR01", "2017-01-04", note="x")])
    assert (again.changes, len(await statuses(importer))) == ({"confirmed": 1}, 4)


async def test_a_late_gazette_changes_what_is_known_not_what_was(importer: Importer) -> None:
    """AST-04: news of an earlier day leaves a later status in force."""
    await importer.rows(ImportKind.patents, [patent(NUMBER, status_text="授权", grant_date="2017-01-04")])
    await importer.rows(ImportKind.legal_events, [announced("IW01", "2021-05-06")])
    late = await importer.rows(ImportKind.legal_events, [announced("AV01", "2020-02-03")])
    assert late.differences == []
    assert await importer.all("SELECT status FROM assets WHERE number = :n", n=NUMBER) == [("invalid_full",)]


async def test_a_restoration_is_no_grant_and_one_before_the_grant_restores_the_application(
    importer: Importer,
) -> None:
    """LS-04: the day of grant comes from the grant only."""
    await importer.rows(ImportKind.patents, [patent(NUMBER, status_text="")])
    await importer.rows(ImportKind.legal_events, [announced("RR01", "2019-09-03")])
    granted = "SELECT status, granted_on FROM assets WHERE number = :n"
    assert await importer.all(granted, n=NUMBER) == [("granted", None)]
    rows = [announced("GR01", "2017-01-04"), announced("REIN", "2016-01-04")]
    await importer.rows(ImportKind.legal_events, rows)
    assert await importer.all(granted, n=NUMBER) == [("granted", date(2017, 1, 4))]
    assert ("application", date(2016, 1, 4)) in await statuses(importer)


async def test_unknown_codes_numbers_and_offices_are_refused_by_line_and_column(importer: Importer) -> None:
    """AST-13: the rest goes in."""
    await importer.rows(ImportKind.patents, [patent(NUMBER)])
    summary = await importer.rows(
        ImportKind.legal_events,
        [
            announced("ZZ99", "2020-01-02"),
            announced("GR01", "2020-01-02", number="201210442457.9"),
            announced("GR01", "2020-01-02", number="201210442457.8"),
            announced("GR01", "", office="US"),
            announced("CF01", "2020-01-02", effective_on="2999-01-02"),
            announced("CF01", "2020-01-02", text="字" * 601),
            announced("GR01", "2020-01-02"),
        ],
    )
    assert (summary.accepted, summary.refused) == (1, 6)
    assert summary.errors is not None
    told = {row["error_line"]: (row["error_column"], row["error_code"]) for row in read(summary.errors)}
    assert told == {
        "2": ("code", "legal_event.code_unknown"),
        "3": ("number", "legal_event.right_unknown"),
        "4": ("number", "patent_number.check_digit"),
        "5": ("office announced_on", "import.register_unknown import.value_missing"),
        "6": ("effective_on", "request.date_in_future"),
        "7": ("text", "import.text_too_long"),
    }


def effect(code: str, *, granted: bool = True, last: date | None = None, text: str = "") -> str | None:
    row = announced(code, "2020-02-03", text=text)
    event: LegalEventRow = legal_event_row(row, today=TODAY)
    granted_on = date(2017, 1, 4) if granted else None
    return status_after(event, granted_on=granted_on, last_day_in_force=last)


def test_every_code_leaves_a_patent_in_a_status_it_can_have_or_as_it_is() -> None:
    """LS-04 to LS-08: no code of the list is read as another kind of right's status."""
    found = {effect(code, text=text) for code in CODES for text in ("", "全部", "部分")}
    assert found - {None} <= STATUSES[AssetKind.patent]
    assert len(CODES) == 110


@pytest.mark.parametrize(
    ("code", "given", "status"),
    [
        ("CX01", {}, "expired"),
        ("C19", {}, "terminated_fee"),
        ("CE01", {"last": date(2020, 2, 2)}, "expired"),
        ("CE01", {"last": date(2020, 2, 3)}, "terminated_fee"),
        ("C20", {}, "abandoned"),
        ("WD01", {"granted": False}, "abandoned"),
        ("RJ01", {"granted": False}, "refused"),
        ("IP01", {}, "invalid_part"),
        ("C35", {"text": "宣告专利权全部无效"}, "invalid_full"),
        ("C35", {"text": "宣告专利权部分无效"}, "invalid_part"),
        ("C35", {}, "unknown"),
        ("REIN", {}, "granted"),
        ("REIN", {"granted": False}, "application"),
        ("PE01", {}, None),
        ("PD01", {}, None),
        ("TR01", {}, None),
    ],
)
def test_what_an_announcement_does(code: str, given: dict[str, object], status: str | None) -> None:
    """LS-04 to LS-08 and LS-10: a pledge, a transfer and a preservation change no status."""
    assert effect(code, **given) == status  # type: ignore[arg-type]


async def test_imports_and_announcements_are_shown(importer: Importer, api: Api) -> None:
    """AST-13: progress, counters and manifest of every run; announcements with what their codes mean."""
    await importer.rows(ImportKind.patents, [patent(NUMBER), patent("x")])
    await importer.rows(ImportKind.legal_events, [announced("GR01", "2020-01-02", text="授权")])
    listed = (await api.get("auditor", "/v1/imports", kind="patents")).json()["items"]
    [run] = listed
    assert (run["status"], run["rows_done"], run["rows"], run["refused"]) == ("completed", 2, 2, 1)
    assert run["manifest"]["codes"] == {"patent_number.length": 1}
    assert (await api.get("auditor", f"/v1/imports/{run['id']}")).json() == run
    assert (await api.get("auditor", "/v1/imports", status="running")).json()["items"] == []
    assert (await api.get("bank_a", "/v1/imports")).status_code == 403
    missing = await api.get("auditor", "/v1/imports/01890a5d-ac96-774b-bcce-b302099a8057")
    assert missing.json()["code"] == "import.not_found"
    [(asset_id,)] = await importer.all("SELECT id FROM assets WHERE number = :n", n=NUMBER)
    [event] = (await api.get("bank_a", f"/v1/assets/{asset_id}/legal-events")).json()["items"]
    assert (event["code"], event["description"], event["announced_on"], event["text"]) == (
        *("GR01", "Patent grant", "2020-01-02", "授权"),
    )
