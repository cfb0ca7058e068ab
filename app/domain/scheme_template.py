"""Templates of schemes: what published measures of a place say, what is assumed, what a district fills in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from app.domain.errors import ErrorKind, define
from app.domain.scheme import Terms


class ParameterStatus(StrEnum):
    """How a template knows a parameter."""

    confirmed = "confirmed"
    """As the measures say."""
    assumed = "assumed"
    """Chosen for the template; the district may change it."""
    open = "open"
    """To be filled in: the measures leave it open, or nobody can know it before."""
    default = "default"
    """As in every scheme that says nothing of it."""


NOT_FOUND = define(
    "scheme.template_not_found", ErrorKind.not_found, "未找到该方案模板", "No such template of a scheme."
)

PARAMETERS = tuple(one.name.removesuffix("_fen") for one in fields(Terms))
"""Every parameter of a scheme, by its name on the wire."""


@dataclass(frozen=True, slots=True)
class SchemeTemplate:
    """A named scheme (domain §5.2). `parameters` are as on the wire; amounts are yuan with two decimals."""

    code: str
    name: str
    place: str
    legal_basis: str
    note: str
    size: str | None
    parameters: Mapping[str, Any]
    status: Mapping[str, ParameterStatus]


def read_template(document: Mapping[str, Any]) -> SchemeTemplate:
    """A template as it is kept in its file. Raises ValueError for a parameter that no scheme has."""
    status = dict.fromkeys(PARAMETERS, ParameterStatus.default) | dict.fromkeys(
        ("code", "legal_basis"), ParameterStatus.confirmed
    )
    for word in (ParameterStatus.confirmed, ParameterStatus.assumed, ParameterStatus.open):
        status |= dict.fromkeys(document[word.value], word)
    given = document["parameters"]
    unknown = {*status, *given} - {*PARAMETERS}
    silent = [name for name in given if status.get(name) is ParameterStatus.default]
    if unknown or silent:
        raise ValueError(f"template {document['code']}: unknown {unknown}, without a status {silent}")
    return SchemeTemplate(
        code=document["code"],
        name=document["name"],
        place=document["place"],
        legal_basis=document["legal_basis"],
        note=document["note"],
        size=document.get("size"),
        parameters=given,
        status=status,
    )
