"""`/v1/problems`: every refusal the service can give; public, so that a problem's `type` can be opened."""

from __future__ import annotations

from fastapi import APIRouter

from app.domain.errors import ErrorCode, catalogue
from app.domain.problem import NOT_FOUND
from app.errors import STATUS
from app.schemas.problem import ProblemType, ProblemTypes

router = APIRouter(prefix="/v1/problems", tags=["problems"])


def out(code: ErrorCode) -> ProblemType:
    """The code as it is shown."""
    return ProblemType(
        code=code.code,
        type=f"/v1/problems/{code.code}",
        status=STATUS[code.kind],
        zh=code.zh,
        en=code.en,
        basis=code.basis,
        retryable=code.retryable,
        severity=code.severity.value,
    )


@router.get("")
async def catalogue_of_problems() -> ProblemTypes:
    """Every code with its status, words and legal basis."""
    return ProblemTypes(items=[out(code) for _, code in sorted(catalogue().items())])


@router.get("/{code}")
async def get(code: str) -> ProblemType:
    """One code."""
    known = catalogue().get(code)
    if known is None:
        raise NOT_FOUND.error(code=code)
    return out(known)
