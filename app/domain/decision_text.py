"""A decision as JSON: what it was made on, complete enough to be made again, and what was found."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.domain.asset import AssetKind, AssetStatus, MarkKind, Regime
from app.domain.decision_case import Case, Charged, Judgement
from app.domain.errors import Violation
from app.domain.patent_number import PatentType
from app.domain.pledge_filing import NewPledge
from app.domain.pledge_ground import Acknowledgement, Consent, Contract, Encumbrance, Filing, Right
from app.domain.valuation import Support, ValuationMode, ValuationStatus


def inputs_row(new: NewPledge, case: Case) -> dict[str, Any]:
    """All that was looked at; `borrower_id` to `application_id` say whose filing it was, unjudged."""
    filing, contract = case.filing, case.filing.contract
    return {
        "borrower_id": str(new.borrower_id),
        "debt_from": str(new.debt_from),
        "pool_id": _text(new.pool_id),
        "application_id": _text(new.application_id),
        "filed_on": str(filing.filed_on),
        "debt_to": str(filing.debt_to),
        "principal_fen": case.principal_fen,
        "ip_share_bp": case.ip_share_bp,
        "counted_in": case.counted_in,
        "accepts_expired": case.accepts_expired,
        "contract": {
            "number": contract.number,
            "signed_on": _text(contract.signed_on),
            "claim_kind": contract.claim_kind,
            "security_scope": contract.security_scope,
            "title_transfer_on_default": contract.title_transfer_on_default,
            "self_help_auction": contract.self_help_auction,
        },
        "consents": [
            {
                "asset_id": str(given.asset_id),
                "party_id": str(given.party_id),
                "consented_on": str(given.consented_on),
                "document_sha256": given.document_sha256,
            }
            for given in filing.consents
        ],
        "acknowledgements": [
            {
                "asset_id": str(given.asset_id),
                "code": given.code,
                "pledgor_on": str(given.pledgor_on),
                "pledgee_on": str(given.pledgee_on),
            }
            for given in filing.acknowledgements
        ],
        "items": [_item(one, filing.pledgors[one.right.id]) for one in case.charged],
    }


def _item(one: Charged, pledgor_id: uuid.UUID) -> dict[str, Any]:
    right, told = one.right, one.valuation
    return {
        "asset_id": str(right.id),
        "pledgor_id": str(pledgor_id),
        "secured_fen": one.secured_fen,
        "share_ppm": one.share_ppm,
        "number": right.number,
        "kind": right.kind.value,
        "patent_type": right.patent_type.value if right.patent_type is not None else None,
        "regime": right.regime.value,
        "status": right.status.value,
        "status_as_of": _text(right.status_as_of),
        "last_day_in_force": _text(right.last_day_in_force),
        "invalidation_pending": right.invalidation_pending,
        "stayed": right.stayed,
        "twin": right.twin,
        "reserved": right.reserved,
        "mark_kind": right.mark_kind.value if right.mark_kind is not None else None,
        "owners": [_text(owner) for owner in right.owners],
        "liens": [{"since": _text(lien.since), "rank": lien.rank} for lien in right.liens],
        "associated": [[str(asset_id), number] for asset_id, number in right.associated],
        "valuation": None
        if told is None
        else {
            "asset_id": str(told.asset_id),
            "status": told.status.value,
            "base_on": _text(told.base_on),
            "value_fen": told.value_fen,
            "mode": told.mode.value if told.mode is not None else None,
        },
    }


def read_case(inputs: Mapping[str, Any]) -> Case:
    """The case of a decision, read back from what was kept of it."""
    items: Sequence[Mapping[str, Any]] = inputs["items"]
    contract = dict(inputs["contract"])
    filing = Filing(
        filed_on=date.fromisoformat(inputs["filed_on"]),
        debt_to=date.fromisoformat(inputs["debt_to"]),
        contract=Contract(**contract | {"signed_on": _date(contract["signed_on"])}),
        pledgors={uuid.UUID(item["asset_id"]): uuid.UUID(item["pledgor_id"]) for item in items},
        consents=[
            Consent(
                uuid.UUID(given["asset_id"]),
                uuid.UUID(given["party_id"]),
                date.fromisoformat(given["consented_on"]),
                given["document_sha256"],
            )
            for given in inputs["consents"]
        ],
        acknowledgements=[
            Acknowledgement(
                uuid.UUID(given["asset_id"]),
                given["code"],
                date.fromisoformat(given["pledgor_on"]),
                date.fromisoformat(given["pledgee_on"]),
            )
            for given in inputs["acknowledgements"]
        ],
    )
    return Case(
        filing=filing,
        charged=[
            Charged(_right(item), _support(item["valuation"]), item["secured_fen"], item["share_ppm"])
            for item in items
        ],
        principal_fen=inputs["principal_fen"],
        ip_share_bp=inputs["ip_share_bp"],
        counted_in=inputs["counted_in"],
        accepts_expired=inputs["accepts_expired"],
    )


def _right(item: Mapping[str, Any]) -> Right:
    return Right(
        id=uuid.UUID(item["asset_id"]),
        number=item["number"],
        kind=AssetKind(item["kind"]),
        patent_type=PatentType(item["patent_type"]) if item["patent_type"] else None,
        regime=Regime(item["regime"]),
        status=AssetStatus(item["status"]),
        status_as_of=_date(item["status_as_of"]),
        last_day_in_force=_date(item["last_day_in_force"]),
        invalidation_pending=item["invalidation_pending"],
        stayed=item["stayed"],
        twin=item["twin"],
        owners=[uuid.UUID(owner) if owner else None for owner in item["owners"]],
        liens=[Encumbrance(_date(lien["since"]), lien["rank"]) for lien in item["liens"]],
        reserved=item["reserved"],
        mark_kind=MarkKind(item["mark_kind"]) if item["mark_kind"] else None,
        associated=[(uuid.UUID(asset_id), number) for asset_id, number in item["associated"]],
    )


def _support(told: Mapping[str, Any] | None) -> Support | None:
    if told is None:
        return None
    return Support(
        uuid.UUID(told["asset_id"]),
        ValuationStatus(told["status"]),
        _date(told["base_on"]),
        told["value_fen"],
        ValuationMode(told["mode"]) if told["mode"] else None,
    )


def found_row(judgement: Judgement) -> list[dict[str, Any]]:
    """Everything that was found, in order; `of_pack` false: an objection of the pool or the application."""
    of_pack = [
        found_entry(one.violation, acknowledged=one.acknowledged, of_pack=True) for one in judgement.found
    ]
    return of_pack + [found_entry(one, acknowledged=False, of_pack=False) for one in judgement.beside]


def found_entry(violation: Violation, *, acknowledged: bool, of_pack: bool) -> dict[str, Any]:
    """One objection as it was told."""
    ruling = violation.ruling
    return {
        "code": violation.code.code,
        "pointer": violation.pointer,
        "severity": violation.severity.value,
        "acknowledged": acknowledged,
        "of_pack": of_pack,
        "basis": violation.basis,
        "message_zh": violation.zh,
        "message_en": violation.en,
        "remedy_zh": ruling.remedy_zh if ruling is not None else None,
        "remedy_en": ruling.remedy_en if ruling is not None else None,
        "facts": violation.plain_facts,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
