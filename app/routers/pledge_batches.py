"""`/v1/pledges:batch`: up to ten thousand filings in one request, a line each, with a result for each."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import Response

from app.domain import pledge_batch as rules
from app.domain.errors import DomainError, Violation
from app.domain.permission import Permission
from app.domain.pledge_batch import LineOutcome
from app.domain.pledge_filing import HistoricRegistration, History
from app.errors import from_validation, violation_out
from app.queries.pledge_batches import Wanted
from app.routers.dependencies import JSON_LINES, WriteUnit, strict, writes
from app.routers.pledges import new_pledge
from app.schemas.ledger import BatchMode
from app.schemas.pledge_batch import HistoryIn, PledgeBatchOut, PledgeLineIn, PledgeLineOut, line_schema
from app.services import pledges

router = APIRouter(prefix="/v1", tags=["pledges"])

_BODY = {"requestBody": {"required": True, "content": {"application/x-ndjson": {"schema": line_schema()}}}}
_TURN = 100
"""Lines that are read before other requests get their turn."""
_TOLD = 10
"""Faults that are told of a line which cannot be read: a few bytes may have a thousand."""


@router.post("/pledges:batch", response_model=PledgeBatchOut, openapi_extra=_BODY)
async def post_batch(
    unit: Annotated[WriteUnit, writes(Permission.pledge_file, media_type=JSON_LINES)],
    mode: Annotated[
        BatchMode, Query(description="`atomic`: all or none; `continue`: each line by itself.")
    ] = BatchMode.atomic,
) -> Response:
    """File up to ten thousand pledges at once: JSON Lines, each `{"key", "pledge", "history"?}`.

    `pledge` is what `POST /v1/pledges` takes. `key` is the line's own idempotency key: a line that was filed
    before answers as it did then, and a batch may be sent again. `history` enters a pledge that was
    registered elsewhere, with its original dates: it moves no pool unless asked to, and one event tells of
    all of them. Of one line a hundred objections are told at most, ten if it cannot be read.
    """
    body = _Body(await unit.request.body(), unit.actor.organisation_id)
    lines = await body.lines()
    items = await pledges.file_all(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        lines=lines,
        read=body.wanted,
        atomic=mode is BatchMode.atomic,
    )
    return await unit.reply_bytes(200, _rendered(items))


def _rendered(items: Sequence[pledges.Item]) -> bytes:
    """The answer, a result at a time."""
    counted = Counter(item.outcome for item in items)
    results = b",".join(
        PledgeLineOut(
            key=item.key,
            outcome=item.outcome,
            pledge_id=item.pledge_id,
            number=item.number,
            violations=[violation_out(violation) for violation in item.violations],
        )
        .model_dump_json()
        .encode()
        for item in items
    )
    counts = ",".join(f'"{outcome}":{counted[outcome]}' for outcome in LineOutcome)
    return b'{%s,"results":[%s]}' % (counts.encode(), results)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line stands in the body."""

    start: int
    end: int


class _Body:
    """A body of JSON Lines: each line is read twice, for what it must lock and when its turn comes.

    So that no more than a chunk of filings is in memory at once.
    """

    def __init__(self, body: bytes, organisation_id: uuid.UUID) -> None:
        self._body, self._organisation_id = body, organisation_id
        self._places = list(_places(body))

    async def lines(self) -> list[pledges.Line]:
        """What each line must lock, or what is wrong with it. Raises: `pledge.batch_empty`, `…_too_long`."""
        if not self._places:
            raise rules.BATCH_EMPTY.error("")
        if len(self._places) > rules.MAX_LINES:
            raise rules.BATCH_TOO_LONG.error("", limit=rules.MAX_LINES)
        found = []
        for position in range(len(self._places)):
            if position % _TURN == 0:
                await asyncio.sleep(0)
            found.append(self._line(position))
        return found

    def _line(self, position: int) -> pledges.Line:
        value: Any = None
        try:
            value, line = self._read(position)
        except DomainError as refused:
            key = value.get("key") if isinstance(value, dict) else None
            return pledges.Line(
                position,
                key if isinstance(key, str) else None,
                b"",
                violations=[_within(position, violation) for violation in refused.violations[:_TOLD]],
            )
        body = line.pledge
        return pledges.Line(
            position,
            line.key,
            self._fingerprint(value),
            asset_ids=[item.asset_id for item in body.items],
            pool_id=body.pool_id,
            application_id=body.application_id,
            historic=line.history is not None,
        )

    def _read(self, position: int) -> tuple[dict[str, Any], PledgeLineIn]:
        place = self._places[position]
        text = self._body[place.start : place.end]
        value = strict(text)
        try:
            return value, PledgeLineIn.model_validate_json(text)
        except ValidationError as error:
            told = error.errors(include_url=False, include_input=False)[:_TOLD]
            faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in told]
            raise from_validation(RequestValidationError(faults)) from error

    def _fingerprint(self, value: dict[str, Any]) -> bytes:
        """What a line says, however it is written, and for whom it is filed."""
        said = {name: content for name, content in value.items() if name != "key"}
        written = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(b"pledges:batch\0" + self._organisation_id.bytes + written.encode()).digest()

    def wanted(self, line: pledges.Line) -> Wanted:
        """The filing of a line that could be read."""
        _, given = self._read(line.position)
        new = replace(new_pledge(given.pledge), history=_history(given.history))
        return Wanted(line.position, given.key, line.fingerprint, new)


def _places(body: bytes) -> Iterator[_Place]:
    """The lines that are not blank."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        if body[start:end].strip():
            yield _Place(start, end)
        start = end + 1


def _within(position: int, violation: Violation) -> Violation:
    return replace(violation, pointer=f"/{position}{violation.pointer or ''}")


def _history(body: HistoryIn | None) -> History | None:
    if body is None:
        return None
    return History(
        filed_on=body.filed_on,
        registrations=[
            HistoricRegistration(done.asset_id, done.registration_no, done.registered_on, done.expires_on)
            for done in body.registrations
        ],
        deregistered_on=body.deregistered_on,
        with_commitment=body.with_commitment,
    )
