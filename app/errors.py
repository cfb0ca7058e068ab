"""From refusals to HTTP: kinds to status codes, constraint names to codes, everything to RFC 9457."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.domain import asset, deal, hold, ledger, party, pledge, pool, request
from app.domain.errors import DomainError, ErrorCode, ErrorKind, Violation
from app.schemas.common import Problem, ViolationOut

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
    "uq_holds_live_lien": pledge.ALREADY_PLEDGED,
    "uq_holds_live_transfer_offer": hold.TRANSFER_OFFERED,
    "uq_holds_live_reservation": hold.RESERVED,
    "ex_holds_licence": hold.LICENCE_CONFLICT,
    "ck_holds_encumbered": hold.ENCUMBERED,
    "uq_party_identifiers_scheme_value": party.DUPLICATE,
    "uq_asset_identifiers_office_kind_scheme_key": asset.NUMBER_TAKEN,
    "ck_titles_shares_whole": asset.SHARES_INCOMPLETE,
    "ck_commitments_capacity": pool.CAPACITY_EXCEEDED,
    "ck_ledger_accounts_debits_within_credits": ledger.INSUFFICIENT,
    "ck_ledger_accounts_credits_within_debits": ledger.INSUFFICIENT,
    "uq_ledger_transfers_resolves": ledger.ALREADY_RESOLVED,
    "ck_ledger_transfers_resolves_pending": ledger.NOT_PENDING,
    "ck_ledger_transfers_within_pending": ledger.AMOUNT_EXCEEDS_PENDING,
    "uq_ledger_accounts_ledger_id_code": ledger.ACCOUNT_CODE_TAKEN,
    "uq_pledge_items_registration_no": pledge.REGISTRATION_NO_TAKEN,
    "uq_deals_record_no": deal.RECORD_NO_TAKEN,
}
"""Constraints that a race or a bad request can meet. The rest are defects and answer 500."""

RETRYABLE_SQLSTATES = frozenset({"40001", "40P01", "55P03", "57014", "53300"})

HTTP_CODES: dict[int, ErrorCode] = {
    404: request.NOT_FOUND,
    405: request.METHOD_NOT_ALLOWED,
    413: request.TOO_LARGE,
    415: request.UNSUPPORTED_MEDIA_TYPE,
}

log = structlog.get_logger()


def render(text: str, facts: dict[str, Any]) -> str:
    """The text with its facts filled in; a fact that is missing shows as `?`."""
    return text.format_map(_Facts(facts))


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def problem(violations: tuple[Violation, ...], *, request_id: str) -> Problem:
    """The problem body of a refusal."""
    shown = [_violation(violation) for violation in violations]
    leading = violations[0].code
    return Problem(
        type=f"/v1/problems/{leading.code}",
        title=shown[0].message_zh,
        title_en=shown[0].message_en,
        status=STATUS[leading.kind],
        detail="；".join(violation.message_zh for violation in shown),
        code=leading.code,
        retryable=leading.retryable,
        request_id=request_id,
        violations=shown,
    )


def _violation(violation: Violation) -> ViolationOut:
    facts = dict(violation.facts)
    return ViolationOut(
        code=violation.code.code,
        pointer=violation.pointer,
        message_zh=render(violation.code.zh, facts),
        message_en=render(violation.code.en, facts),
        basis=violation.code.basis,
        severity=violation.code.severity,
        facts={name: _plain(value) for name, value in facts.items()},
    )


def _plain(value: object) -> object:
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int) else str(value)


def respond(error: DomainError, request: Request) -> Response:
    """The problem response of a refusal."""
    body = problem(error.violations, request_id=request.state.request_id)
    headers = {}
    if body.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="ipops"'
    if body.retryable:
        headers["Retry-After"] = "1"
    return Response(
        body.model_dump_json(), body.status, headers, media_type="application/problem+json"
    )


def from_database(error: BaseException) -> DomainError | None:
    """The refusal a database error means, or None when it is a defect."""
    sqlstate, constraint = database_fault(error)
    if sqlstate in RETRYABLE_SQLSTATES:
        return request.BUSY.error()
    code = CONSTRAINTS.get(constraint or "")
    return code.error() if code is not None else None


def database_fault(error: BaseException) -> tuple[str | None, str | None]:
    """SQLSTATE and constraint name, from SQLAlchemy's wrapping or from asyncpg's own error."""
    seen: BaseException | None = error
    sqlstate = constraint = None
    while seen is not None:
        sqlstate = sqlstate or getattr(seen, "sqlstate", None)
        constraint = constraint or getattr(seen, "constraint_name", None)
        seen = getattr(seen, "orig", None) or seen.__cause__
    return sqlstate, constraint


def from_validation(error: RequestValidationError) -> DomainError:
    """Every fault of a request body, path or query as a violation with its JSON pointer."""
    return DomainError(
        [
            request.MALFORMED.violation(_pointer(fault["loc"]), reason=_reason(fault))
            for fault in error.errors()
        ]
    )


def _pointer(location: tuple[str | int, ...]) -> str:
    place, *rest = location
    path = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    return path if place == "body" else f"{place}:{path.lstrip('/')}"


def _reason(fault: dict[str, Any]) -> str:
    return str(fault["msg"]).removeprefix("Value error, ").rstrip(".")


def from_http(error: HTTPException) -> DomainError:
    """Starlette's own refusals (no route, wrong method, unreadable body) as problems."""
    if isinstance(error.__cause__, DomainError):
        return error.__cause__
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return request.MALFORMED.error(reason=str(error.detail))
    return HTTP_CODES.get(error.status_code, request.INTERNAL).error()


def from_unexpected(error: Exception) -> DomainError:
    """Anything else: a known constraint, a busy database, or a defect that is logged and not shown."""
    if isinstance(error, PoolTimeout):
        return request.BUSY.error()
    known = from_database(error)
    if known is not None:
        return known
    log.error("request.failed", exc_info=error)
    return request.INTERNAL.error()


