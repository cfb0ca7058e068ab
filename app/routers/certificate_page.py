"""`/verify/{code}`: what a certificate is worth now, as a page for whoever has scanned it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.domain import certificate as rules
from app.domain.certificate_search import FORMAT as SEARCH
from app.domain.certificate_search_text import search_sheet
from app.domain.certificate_text import SAMPLE, VERDICTS, local, sheet
from app.domain.errors import DomainError
from app.infra.signing import base64url
from app.routers.certificates import verification
from app.services.certificates import Verification

router = APIRouter(prefix="/verify", tags=["certificates"])

DATA = Path(__file__).parents[1] / "data"
NONE = ("登记簿未载有", "none in the register")


@router.get(
    "/{code}",
    response_class=Response,
    responses={
        200: {"content": {"text/html": {}}, "description": "The page, in Chinese and English."},
        404: {"content": {"text/html": {}}, "description": "The page that says that there is none."},
    },
)
async def show(code: str, request: Request) -> Response:
    """What a certificate is worth now, to be read by people."""
    style, policy = _style()
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    status, page = 200, ""
    try:
        page = _page(await verification(request, code), style)
    except DomainError as error:
        if error.code is not rules.NOT_FOUND:
            raise
        status, page = 404, _template("certificate_unknown").substitute(style=style)
    return Response(page, status, headers, media_type="text/html; charset=utf-8")


@cache
def _style() -> tuple[str, str]:
    """The style sheet, and a policy that lets a browser use it and nothing else, by its hash."""
    style = (DATA / "certificate.css").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return style, (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )


@cache
def _template(name: str) -> Template:
    return Template((DATA / f"{name}.html").read_text(encoding="utf-8"))


def _page(found: Verification, style: str) -> str:
    certificate = found.certificate
    told = rules.read(certificate.body)
    search = told["format"] == SEARCH
    data = search_sheet(told) if search else sheet(told)
    zh, en = VERDICTS[found.verdict]
    return _template("search_certificate" if search else "certificate").substitute(
        _search_parts(data) if search else _parts(data),
        style=style,
        number=escape(certificate.number),
        code=escape(certificate.code),
        sample=f'<p class="sample">{_words(SAMPLE)}</p>' if data["sample"] else "",
        verdict=found.verdict.value,
        verdict_zh=escape(zh),
        verdict_en=escape(en),
        since=_since(found),
        times=_facts(data["times"]),
        not_covered_zh=escape(data["not_covered"][0]),
        not_covered_en=escape(data["not_covered"][1]),
        body_sha256=escape(certificate.body_sha256),
        signature=escape(base64url(certificate.signature)),
        key_id=escape(certificate.key_id),
    )


def _parts(data: Mapping[str, Any]) -> dict[str, str]:
    return {
        "right": _facts(data["right"]),
        "owners": _rows(data["owners"], 3),
        "encumbrances": _rows(data["encumbrances"], 4),
    }


def _search_parts(data: Mapping[str, Any]) -> dict[str, str]:
    return {
        "subject": _facts(data["subject"]),
        "encumbrances": _rows(data["encumbrances"], 5),
        "rights": _rows(data["rights"], 2),
    }


def _since(found: Verification) -> str:
    moment = found.superseded_at
    since = found.certificate.revoked_on or (moment and local(rules.instant(moment)))
    return f"<small>{escape(f'自 since {since}')}</small>" if since else ""


def _words(value: str | Sequence[str]) -> str:
    """A text, or a pair of words with English small behind."""
    if isinstance(value, str):
        return escape(value)
    return f"{escape(value[0])} <small>{escape(value[1])}</small>"


def _facts(rows: Iterable[Sequence[Any]]) -> str:
    return "".join(f"<dt>{_words(row[:2])}</dt><dd>{_words(row[2])}</dd>" for row in rows)


def _rows(rows: Sequence[Sequence[Any]], columns: int) -> str:
    if not rows:
        return f'<tr><td colspan="{columns}">{_words(NONE)}</td></tr>'
    return "".join("<tr>" + "".join(f"<td>{_words(cell)}</td>" for cell in row) + "</tr>" for row in rows)
