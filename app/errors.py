"""From refusals to HTTP: kinds to status codes, constraint names to codes, everything to RFC 9457."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.domain import (
    amendment,
    application,
    approval,
    asset,
    bank_statement,
    certificate,
    claim,
    client,
    commitment_ground,
    consent,
    deal,
    demand,
    district,
    document,
    duplicate,
    enforcement,
    enrolment,
    filing,
    fund,
    hold,
    ledger,
    loan,
    offer,
    organisation,
    party,
    period,
    plan,
    pledge,
    policy,
    pool,
    portfolio,
    provider,
    recordal_row,
    request,
)
from app.domain.errors import DomainError, ErrorCode, ErrorKind, Reason, Violation, fill_in
from app.schemas.common import UNION_TAG, Problem, ViolationOut

STATUS: dict[ErrorKind, HTTPStatus] = {
    ErrorKind.unauthenticated: HTTPStatus.UNAUTHORIZED,
    ErrorKind.denied: HTTPStatus.FORBIDDEN,
    ErrorKind.not_found: HTTPStatus.NOT_FOUND,
    ErrorKind.conflict: HTTPStatus.CONFLICT,
    ErrorKind.invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorKind.malformed: HTTPStatus.BAD_REQUEST,
    ErrorKind.precondition_failed: HTTPStatus.PRECONDITION_FAILED,
    ErrorKind.precondition_required: HTTPStatus.PRECONDITION_REQUIRED,
    ErrorKind.too_large: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorKind.unsupported: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ErrorKind.method_not_allowed: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorKind.unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorKind.internal: HTTPStatus.INTERNAL_SERVER_ERROR,
}

CONSTRAINTS: dict[str, ErrorCode] = {
    "uq_demands_open": demand.ALREADY_OPEN,
    "uq_holds_live_lien": pledge.ALREADY_PLEDGED,
    "uq_amendments_open": amendment.ALREADY_OPEN,
    "uq_holds_live_transfer_offer": hold.TRANSFER_OFFERED,
    "uq_holds_live_reservation": hold.RESERVED,
    "ex_holds_licence": hold.LICENCE_CONFLICT,
    "ex_holds_preservation": hold.PRESERVED,
    "ck_holds_encumbered": hold.ENCUMBERED,
    "ck_titles_encumbered": hold.ENCUMBERED,
    "ck_consent_uses_granted": consent.NOT_USABLE,
    "ck_consent_uses_scope": consent.NOT_USABLE,
    "ck_consent_uses_validity": consent.NOT_USABLE,
    "ck_consent_uses_exhausted": consent.NOT_USABLE,
    "ck_consents_revoked_unused": consent.ALREADY_USED,
    "uq_party_identifiers_scheme_value": party.DUPLICATE,
    "uq_party_successions_predecessor_id_successor_id_kind": party.SUCCESSION_EXISTS,
    "uq_duplicates_open": duplicate.ALREADY_OPEN,
    "ck_duplicates_one_code": duplicate.CODES_DIFFER,
    "uq_asset_identifiers_key_office_kind_scheme": asset.NUMBER_TAKEN,
    "ck_titles_shares_whole": asset.SHARES_INCOMPLETE,
    "uq_recordals_office_reference": recordal_row.DUPLICATE,
    "uq_asset_links_asset_id": asset.LINK_EXISTS,
    "ck_commitments_capacity": pool.CAPACITY_EXCEEDED,
    "ck_commitments_pool_open": pool.SUSPENDED,
    "ck_commitments_bank_open": commitment_ground.BANK_SUSPENDED,
    "ck_ledger_transfers_commitment_live": ledger.COMMITMENT_LIVE,
    "ck_ledger_accounts_debits_within_credits": ledger.INSUFFICIENT,
    "ck_ledger_accounts_credits_within_debits": ledger.INSUFFICIENT,
    "uq_ledger_transfers_resolves": ledger.ALREADY_RESOLVED,
    "ck_ledger_transfers_resolves_pending": ledger.NOT_PENDING,
    "ck_ledger_transfers_within_pending": ledger.AMOUNT_EXCEEDS_PENDING,
    "ck_fund_tranches_remaining_fen": fund.SPENT,
    "ck_fund_sources_committed": fund.OVER_COMMITTED,
    "ck_fund_sources_cash": fund.MOVES_WITH_CASH,
    "uq_fund_sources_pool_id_type_name": fund.EXISTS,
    "ck_ledger_transfers_expired": ledger.EXPIRED,
    "ck_ledger_transfers_reverses_whole": ledger.REVERSES_WHOLE,
    "uq_ledger_transfers_reverses": ledger.ALREADY_REVERSED,
    "ck_ledger_accounts_frozen": ledger.FROZEN,
    "ck_ledger_transfers_second_person": ledger.SECOND_PERSON_NEEDED,
    "ck_ledger_transfers_same_person": ledger.SAME_PERSON,
    "ck_ledger_accounts_limit_then": ledger.LIMIT_THEN,
    "fk_ledger_transfers_resolves": ledger.TRANSFER_NOT_FOUND,
    "uq_ledger_accounts_ledger_id_code": ledger.ACCOUNT_CODE_TAKEN,
    "ck_ledger_transfers_period_closed": period.CLOSED,
    "ck_ledger_transfers_period_held": period.HELD,
    "ck_bank_statement_lines_period_closed": period.CLOSED,
    "ck_bank_statement_lines_same_money": bank_statement.TRANSFER_DIFFERS,
    "ck_bank_statement_lines_second_client": approval.SAME_PERSON,
    "uq_bank_statement_lines_transfer": bank_statement.TRANSFER_TAKEN,
    "uq_pledge_items_registration_no": pledge.REGISTRATION_NO_TAKEN,
    "uq_enforcements_open": enforcement.ALREADY_OPEN,
    "ck_enforcements_reserve_kept": enforcement.BELOW_RESERVE,
    "ck_enforcements_sold_clean": enforcement.UNSOLD,
    "ck_deals_disposal_sold": enforcement.UNSOLD,
    "ck_pledge_items_expires_on": pledge.EXPIRY_OF_PATENT,
    "ck_pledge_items_enforced": enforcement.RIGHT_ENFORCED,
    "uq_filings_asset_kind_application_no": filing.NUMBER_TAKEN,
    "uq_filings_open": filing.ALREADY_OPEN,
    "uq_deals_record_no": deal.RECORD_NO_TAKEN,
    "uq_deals_registration_no": deal.REGISTRATION_NO_TAKEN,
    "uq_organisations_party_id": organisation.ENROLLED,
    "uq_clients_client_id": client.TAKEN,
    "uq_claims_live_default": claim.ALREADY_CLAIMED,
    "ck_claims_backed": claim.NOT_BACKED,
    "ck_claims_paid_for_good": claim.NOT_BACKED,
    "ck_claims_four_hands": claim.NOT_BACKED,
    "ck_claims_set_aside": claim.SET_ASIDE,
    "ck_clawbacks_backed": claim.CLAWBACK_UNBACKED,
    "ck_ledger_transfers_claim_public": claim.SET_ASIDE,
    "uq_offers_open_buyer": offer.ALREADY_OPEN,
    "uq_portfolio_members_live": portfolio.MEMBER_ELSEWHERE,
    "uq_approvals_subject_id_round_client_id": approval.SAME_PERSON,
    "uq_approvals_subject_id_round_step": approval.STEP_TAKEN,
    "uq_plans_code": plan.CODE_TAKEN,
    "uq_enrolments_live_party": enrolment.ALREADY_ENROLLED,
    "uq_enrolments_unconfirmed_entry": enrolment.ALREADY_ENROLLED,
    "ck_enrolments_within_quota": enrolment.QUOTA_EXCEEDED,
    "uq_providers_programme_id_organisation_id": provider.ALREADY_APPLIED,
    "uq_documents_series_id_version": document.VERSION_TAKEN,
    "uq_policies_organisation_id_policy_no": policy.NUMBER_TAKEN,
    "uq_policy_endorsements_policy_id_endorsement_no": policy.ENDORSEMENT_TAKEN,
    "uq_applications_pledge_id": application.PLEDGE_TAKEN,
    "uq_loan_entries_loan_id_reference": loan.REFERENCE_TAKEN,
    "uq_loan_entries_reverses_id": loan.ALREADY_REVERSED,
    "ck_loans_drawn_fen": loan.LIMIT_EXCEEDED,
    "ck_loans_limit_fen": loan.LIMIT_EXCEEDED,
    "ck_loans_outstanding_fen": loan.EXCEEDS_OUTSTANDING,
    "ck_certificates_revoked_for_good": certificate.REVOKED_FOR_GOOD,
}
"""Constraints that a race or a bad request can meet. The rest are defects and answer 500."""

RETRYABLE_SQLSTATES = frozenset(
    {
        "40001",
        "40P01",
        "55P03",
        "57014",
        "53300",
        "57P01",
        "57P02",
        "57P03",
        "08000",
        "08001",
        "08003",
        "08006",
    }
)
"""Lost races, time-outs, and a database that is starting, stopping or out of reach."""

UNSTORABLE_SQLSTATES = frozenset({"22003", "22008", "22021", "22P05", "54001"})
"""Values of a request that no column can keep: out of range, NUL, too deeply nested."""

FOREIGN_KEY = "23503"
MAX_VIOLATIONS = 100
"""Of one request; a body of a thousand faults is answered as one of a hundred."""

HTTP_CODES: dict[int, ErrorCode] = {
    404: request.NOT_FOUND,
    405: request.METHOD_NOT_ALLOWED,
    413: request.TOO_LARGE,
    415: request.UNSUPPORTED_MEDIA_TYPE,
}

REASONS: dict[str, str] = {
    "missing": "缺少该项",
    "extra_forbidden": "不允许该项",
    "string_type": "应为字符串",
    "string_unicode": "含有无法识别的字符",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "至多 {max_length} 个字符",
    "text_invisible": "至少一个可见字符",
    "string_pattern_mismatch": "应符合格式 {pattern}",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "整数过大",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "enum": "应为 {expected}",
    "literal_error": "应为 {expected}",
    "uuid_type": "应为 UUID",
    "uuid_parsing": "应为 UUID",
    "date_type": "应为 YYYY-MM-DD 格式的日期",
    "date_parsing": "应为 YYYY-MM-DD 格式的日期",
    "date_from_datetime_parsing": "应为 YYYY-MM-DD 格式的日期",
    "date_from_datetime_inexact": "应为 YYYY-MM-DD 格式的日期",
    "datetime_type": "应为 RFC 3339 格式的时间",
    "datetime_parsing": "应为 RFC 3339 格式的时间",
    "datetime_from_date_parsing": "应为 RFC 3339 格式的时间",
    "timezone_aware": "时间应带时区",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "不得小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "不得大于 {le}",
    "amount_range": "金额至多 {maximum}",
    "too_short": "至少 {min_length} 项",
    "too_long": "至多 {max_length} 项",
    "model_type": "应为 JSON 对象",
    "model_attributes_type": "应为 JSON 对象",
    "dict_type": "应为 JSON 对象",
    "list_type": "应为 JSON 数组",
    "json_invalid": "第 {position} 个字符处不是有效的 JSON",
}
"""Faults of a request body in Chinese, by the type pydantic gives them; it brings the English itself."""

_KEY_DETAIL = re.compile(
    r"Key \((?P<columns>.+?)\)=\((?P<values>.*)\) (already exists|is not present)", re.DOTALL
)

log = structlog.get_logger()


def problem(refused: DomainError, *, request_id: str) -> Problem:
    """The problem body of a refusal."""
    shown = [violation_out(violation) for violation in refused.violations]
    leading = refused.code
    return Problem(
        type=f"/v1/problems/{leading.code}",
        title=shown[0].message_zh,
        title_en=shown[0].message_en,
        status=STATUS[leading.kind],
        detail=refused.zh,
        code=leading.code,
        retryable=leading.retryable,
        request_id=request_id,
        violations=shown,
    )


def violation_out(violation: Violation) -> ViolationOut:
    """An objection as it is written on the wire."""
    return ViolationOut(
        code=violation.code.code,
        pointer=violation.pointer,
        message_zh=violation.zh,
        message_en=violation.en,
        basis=violation.basis,
        severity=violation.severity,
        remedy_zh=violation.ruling.remedy_zh if violation.ruling else None,
        remedy_en=violation.ruling.remedy_en if violation.ruling else None,
        facts=violation.plain_facts,
    )


def respond(error: DomainError, request: Request, *, headers: Mapping[str, str] | None = None) -> Response:
    """The problem response of a refusal."""
    body = problem(error, request_id=request.state.request_id)
    headers = dict(headers or {})
    if body.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="ipops"'
    if body.retryable:
        headers["Retry-After"] = "1"
    return Response(body.model_dump_json(), body.status, headers, media_type="application/problem+json")


def from_database(error: BaseException) -> DomainError | None:
    """The refusal a database error means, or None when it is a defect."""
    sqlstate, constraint = database_fault(error)
    if sqlstate in RETRYABLE_SQLSTATES:
        return request.BUSY.error()
    if sqlstate in UNSTORABLE_SQLSTATES:
        return request.MALFORMED.error(
            reason=Reason("it holds a value that cannot be stored", "含有无法保存的值")
        )
    code = CONSTRAINTS.get(constraint or "")
    if sqlstate == FOREIGN_KEY and (constraint or "").endswith("_district_code"):
        code = district.UNKNOWN
    return code.error(**_values(code, error)) if code is not None else None


def database_fault(error: BaseException) -> tuple[str | None, str | None]:
    """SQLSTATE and constraint name, from SQLAlchemy's wrapping or from asyncpg's own error."""
    seen: BaseException | None = error
    sqlstate = constraint = None
    while seen is not None:
        sqlstate = sqlstate or getattr(seen, "sqlstate", None)
        constraint = constraint or getattr(seen, "constraint_name", None)
        seen = getattr(seen, "orig", None) or seen.__cause__
    return sqlstate, constraint


def _values(code: ErrorCode, error: BaseException) -> dict[str, str]:
    """The values a key constraint stumbled over, as far as the code's words name their columns."""
    seen: BaseException | None = error
    while seen is not None:
        detail = getattr(seen, "detail", None)  # SQLAlchemy's own errors carry a list under that name
        found = _KEY_DETAIL.match(detail) if isinstance(detail, str) else None
        if found:
            columns, values = found["columns"].split(", "), found["values"].split(", ")
            pairs = zip(columns, values, strict=True) if len(columns) == len(values) else ()
            return {column: value for column, value in pairs if f"{{{column}}}" in code.zh}
        seen = getattr(seen, "orig", None) or seen.__cause__
    return {}


def from_validation(error: RequestValidationError) -> DomainError:
    """Every fault of a request body, path or query as a violation with its JSON pointer."""
    return DomainError(
        [
            request.MALFORMED.violation(_pointer(fault), reason=_reason(fault))
            for fault in error.errors()[:MAX_VIOLATIONS]
        ]
    )


def _pointer(fault: dict[str, Any]) -> str:
    place, *rest = fault["loc"]
    if fault["type"] == "json_invalid":  # its place in the text is no JSON pointer
        rest = []
    rest = [part for part in rest if not str(part).startswith(UNION_TAG)]
    path = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    return path if place == "body" else f"{place}:{path.lstrip('/')}"


def _reason(fault: dict[str, Any]) -> Reason:
    en = str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
    facts = dict(fault.get("ctx") or {})
    if fault["type"] == "json_invalid":
        facts["position"] = fault["loc"][-1]
        en = f"invalid JSON at character {facts['position']}: {facts.get('error')}"
    if fault["type"] in {"enum", "literal_error"}:
        facts["expected"] = str(facts.get("expected")).replace(" or ", " 或 ").replace(", ", "、")
    zh = REASONS.get(fault["type"])
    return Reason(en, fill_in(zh, facts) if zh is not None else en)


def from_http(error: HTTPException) -> DomainError:
    """Starlette's own refusals (no route, wrong method, unreadable body) as problems."""
    if isinstance(error.__cause__, DomainError):
        return error.__cause__
    if error.status_code == HTTPStatus.BAD_REQUEST:
        en = str(error.detail).rstrip(".")
        return request.MALFORMED.error("", reason=Reason(en, "无法读取请求体"))
    return HTTP_CODES.get(error.status_code, request.INTERNAL).error()


def from_unexpected(error: Exception) -> DomainError:
    """Anything else: a known constraint, a busy database, or a defect that is logged and not shown."""
    if isinstance(error, PoolTimeout | ConnectionError | FileNotFoundError):
        return request.BUSY.error()
    known = from_database(error)
    if known is not None:
        return known
    log.error("request.failed", exc_info=error)
    return request.INTERNAL.error()
