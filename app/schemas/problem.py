"""The catalogue of problems on the wire."""

from __future__ import annotations

from pydantic import Field

from app.schemas.common import ResponseModel


class ProblemType(ResponseModel):
    """A refusal the service can give. Words in braces are filled in from the case."""

    code: str
    type: str = Field(description="The `type` of problems with this code; its address describes it.")
    status: int
    zh: str
    en: str
    basis: str | None = Field(description="The law, rule or standard behind it.")
    retryable: bool = Field(description="Whether the same request may succeed when sent again.")
    severity: str = Field(
        description="`acknowledge`: the action passes once the objection is accepted; `warn`: it passes. "
        "A rule pack may take a ground otherwise: `/v1/rule-packs`."
    )


class ProblemTypes(ResponseModel):
    """All refusals, ordered by code."""

    items: list[ProblemType]
