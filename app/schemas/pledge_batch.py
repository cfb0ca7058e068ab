"""Batches of filings on the wire: a line each, in and out."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from app.domain.pledge_batch import LineOutcome
from app.schemas.common import Day, Id, Name, RequestModel, ResponseModel, ViolationOut
from app.schemas.pledge import MAX_ITEMS, PledgeIn


class HistoricRegistrationIn(RequestModel):
    """The office's registration of a right, as its register shows it."""

    asset_id: Id
    registration_no: Name
    registered_on: Day
    expires_on: Day | None = None


class HistoryIn(RequestModel):
    """What became of a pledge before it is entered here, with the registration of each of its rights.

    `with_commitment`: the pool that is named covers it from today on; otherwise it takes no capacity.
    """

    filed_on: Day
    registrations: Annotated[list[HistoricRegistrationIn], Field(min_length=1, max_length=MAX_ITEMS)]
    deregistered_on: Day | None = None
    with_commitment: bool = False


class PledgeLineIn(RequestModel):
    """A line of a batch under its own key: a filing, or one that was registered before (`history`)."""

    key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]
    pledge: PledgeIn
    history: HistoryIn | None = None


def _inlined(schema: Any, shapes: dict[str, Any]) -> Any:
    """A schema with every shape it refers to put in its place."""
    if isinstance(schema, list):
        return [_inlined(part, shapes) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(shapes[schema["$ref"].rsplit("/", 1)[1]], shapes)
    return {name: _inlined(part, shapes) for name, part in schema.items() if name != "$defs"}


def line_schema() -> dict[str, Any]:
    """How a line is documented: shapes that no JSON body has are not among the named ones."""
    schema = PledgeLineIn.model_json_schema()
    made: dict[str, Any] = _inlined(schema, schema["$defs"])
    return made


class PledgeLineOut(ResponseModel):
    """What became of a line; `exists`: it was filed before under its key with the same content."""

    key: str | None
    outcome: LineOutcome
    pledge_id: uuid.UUID | None
    number: str | None
    violations: list[ViolationOut]


class PledgeBatchOut(ResponseModel):
    """A result for each line, in their order."""

    created: int
    exists: int
    refused: int
    results: list[PledgeLineOut]
