"""`/v1/notices` and `/v1/approvals` over HTTP: own notices only, words in both languages, who decided."""

from __future__ import annotations

import re
import uuid
from string import Formatter

import pytest

from app.domain import notice as rules
from app.domain.approval import ApprovalStep, Decision
from app.domain.notice import TEXTS, NoticeKind
from app.services import approvals, events, notices
from app.services.events import NewEvent
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told


async def send(
    api: Api, database: SavepointDatabase, *roles: str, kind: NoticeKind = NoticeKind.application_decided
) -> NewEvent:
    """An event of the bank's that these organisations are told of."""
    event = NewEvent("示例.decided", "application", uuid.uuid4(), "120110", {})
    async with database.write() as unit:
        await events.record(unit.session, actor=api.actor("bank_a"), moment=unit.moment, events=[event])
        await notices.send(
            unit.session,
            moment=unit.moment,
            event=event,
            kind=kind,
            recipients=[api.samples[role].organisation.id for role in roles],
            facts={"number": "AP-120110-2026-000001", "decision": "approved"},
        )
    return event


async def test_a_notice_is_told_to_its_recipient_alone_in_both_languages(
    api: Api, database: SavepointDatabase
) -> None:
    event = await send(api, database, "sme", "sme")
    [one] = (await api.get("sme", "/v1/notices", unread=True)).json()["items"]
    assert (one["kind"], one["noun"], one["subject_id"]) == (
        "application_decided",
        "application",
        str(event.subject_id),
    )
    assert one["message_zh"] == "融资申请 AP-120110-2026-000001 的审批结果：批准"
    assert one["message_en"] == "Application AP-120110-2026-000001 was decided: approved."
    for role in ("bank_a", "ip_office"):
        assert (await api.get(role, "/v1/notices")).json()["items"] == []


async def test_reading_a_notice_is_noted_once(api: Api, database: SavepointDatabase) -> None:
    await send(api, database, "sme")
    [one] = (await api.get("sme", "/v1/notices")).json()["items"]
    path = f"/v1/notices/{one['id']}/reading"
    first = await api.made("sme", path, None)
    again = await api.made("sme", path, None)
    assert first["read_at"] is not None
    assert again["read_at"] == first["read_at"]
    assert (await api.get("sme", "/v1/notices", unread=True)).json()["items"] == []
    assert len((await api.get("sme", "/v1/notices", unread=False)).json()["items"]) == 1


async def test_nobody_reads_for_another(api: Api, database: SavepointDatabase) -> None:
    await send(api, database, "sme")
    [one] = (await api.get("sme", "/v1/notices")).json()["items"]
    refused = await api.post("ip_office", f"/v1/notices/{one['id']}/reading", None)
    assert told(refused) == (404, "notice.not_found")
    assert len((await api.get("sme", "/v1/notices", unread=True)).json()["items"]) == 1


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_of_notice_has_its_words_whatever_its_facts(kind: NoticeKind) -> None:
    """Chinese and English name the same facts, and a fact that its sender left out stops nobody."""
    words = TEXTS[kind]
    named = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (words, words.zh)]
    assert named[0] == named[1] != set()
    assert re.search(r"[\u4e00-\u9fff]", words.zh)
    assert not re.search(r"[\u4e00-\u9fff]", words)
    assert "?" in rules.told(kind, {}).zh
    full = rules.told(kind, dict.fromkeys(named[0], "示例"))
    assert "?" not in full + full.zh


async def test_decisions_are_seen_by_the_district_and_by_who_took_them(
    api: Api, database: SavepointDatabase
) -> None:
    """RB-02: who decided a step can be asked by its case."""
    event = NewEvent("示例.decided", "claim", uuid.uuid4(), "120110", {})
    actor = api.actor("department")
    async with database.write() as unit:
        await events.record(unit.session, actor=actor, moment=unit.moment, events=[event])
        await approvals.decide(
            unit.session,
            actor=actor,
            moment=unit.moment,
            event=event,
            step=ApprovalStep.check,
            decision=Decision.rejected,
            reason="材料不全",
        )
    seen = {}
    for role in ("department", "auditor", "pool_manager", "bank_a"):
        answer = await api.get(role, "/v1/approvals", subject_id=str(event.subject_id))
        seen[role] = [(one["step"], one["decision"], one["reason"]) for one in answer.json()["items"]]
    decision = [("check", "rejected", "材料不全")]
    assert seen == {"department": decision, "auditor": decision, "pool_manager": decision, "bank_a": []}
    assert (await api.get("auditor", "/v1/approvals", noun="observation")).json()["items"] == []
