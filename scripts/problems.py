"""docs/problems.md: every refusal the service can give."""

from __future__ import annotations

import importlib
import pkgutil
from itertools import groupby

import app.domain
from app.domain.errors import ErrorCode, catalogue
from app.errors import STATUS
from scripts.text import table

HEAD = """# Problems

Generated from the catalogue in `app/domain` by `make docs`; do not edit. The service lists those it can
give at `/v1/problems`; some are given by the command line only.

A refusal is an RFC 9457 problem (`application/problem+json`) with the HTTP status and `code` of its first
violation, and all violations found, not only the first, in `violations`: code, JSON pointer into the
request, Chinese and English text, legal basis, facts. Braces in a text are facts. A code never
changes its meaning.

- **retry**: the same request with the same `Idempotency-Key` may succeed shortly; the answer has
  `Retry-After`.
- **acknowledge**: the objection passes once both parties have stated, dated, that they know of it
  (`acknowledgements` of the request). All others refuse.

Statuses: 400 a header is missing or wrong · 401 no valid token · 403 not permitted · 404 not there or not
visible · 409 refused by state or by law · 412 changed since you read it · 422 the content is wrong · 428
`If-Match` is missing · 503 busy.
"""


def codes() -> list[ErrorCode]:
    """All codes in the order of their names."""
    for module in pkgutil.iter_modules(app.domain.__path__, "app.domain."):
        importlib.import_module(module.name)
    return sorted(catalogue().values(), key=lambda code: code.code)


def _row(code: ErrorCode) -> list[str]:
    remarks = [code.severity.value] if code.severity.value != "block" else []
    remarks += ["retry"] if code.retryable else []
    return [
        f"`{code.code}`",
        str(STATUS[code.kind].value),
        code.zh,
        code.en,
        code.basis or "",
        ", ".join(remarks),
    ]


def render() -> str:
    """The whole page, a section per noun."""
    head = ["code", "status", "中文", "English", "basis", ""]
    parts = [HEAD.rstrip()]
    for noun, group in groupby(codes(), key=lambda code: code.code.split(".")[0]):
        parts.append(f"## {noun}\n\n{table(head, map(_row, group))}")
    return "\n\n".join(parts) + "\n"
