"""Deny by default: every route asks for a permission, and the documentation knows every route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, get_args
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.config import Settings
from app.infra.certificates import CertificatePress
from app.infra.db import Database
from app.infra.security import TokenIssuer
from app.main import create_app
from app.routers.dependencies import PUBLIC_PATHS
from app.schemas.common import RequestModel

SAFE = frozenset({"GET", "HEAD"})
PARAMETER = re.compile(r"\{[^}]+\}")


@pytest.fixture(scope="module")
def bare(tokens: TokenIssuer, press: CertificatePress) -> FastAPI:
    """The application without a database: it is only looked at."""
    return create_app(Settings(), Database("postgresql://nowhere/none"), tokens, press)


def scopes(dependant: Any) -> Iterator[str]:
    """Names of the unit-of-work dependencies of a route, however deep."""
    for dependency in getattr(dependant, "dependencies", ()):
        if getattr(dependency.call, "permission", None) is not None:
            yield dependency.call.__name__
        yield from scopes(dependency)


def described(route: RouteContext) -> str:
    return f"{','.join(sorted(route.methods or ()))} {route.path}"


def test_every_route_asks_for_a_permission_or_is_public(bare: FastAPI) -> None:
    """Routes are a tree since FastAPI 0.137: a flat walk over `app.routes` would see none of ours."""
    routes = [route for route in iter_route_contexts(bare.routes) if route.path not in PUBLIC_PATHS]
    assert len(routes) >= 3
    wrong = {
        described(route)
        for route in routes
        if list(scopes(route.dependant))
        != ["open_read" if set(route.methods or ()) <= SAFE else "open_write"]
    }
    assert wrong == set()


async def test_every_address_is_reached_by_its_first_words(bare: FastAPI) -> None:
    """Routes are looked up by the noun they begin with: none is lost by that, and what no route has is told so."""
    reached = {
        (method, route.path): PARAMETER.sub(str(UUID(int=0)), str(route.path))
        for route in iter_route_contexts(bare.routes)
        if route.path not in PUBLIC_PATHS
        for method in route.methods or ()
    }
    async with AsyncClient(transport=ASGITransport(bare), base_url="http://test") as client:
        answers = {name: await client.request(name[0], path) for name, path in reached.items()}
        unknown = await client.get("/v1/nothing")
    assert len(answers) > 300
    assert {name for name, answer in answers.items() if answer.status_code != 401} == set()
    assert unknown.status_code == 404


def test_nothing_public_opens_a_transaction_for_writing(bare: FastAPI) -> None:
    public = [route for route in iter_route_contexts(bare.routes) if route.path in PUBLIC_PATHS]
    assert len(public) >= 5
    unsafe = {described(route) for route in public if not set(route.methods or ()) <= SAFE}
    assert unsafe == {"POST /v1/oauth/token"}


def test_the_documentation_tells_every_operation(bare: FastAPI) -> None:
    """Each operation has a summary and a description, and an id of its own."""
    operations = [
        (f"{method} {path}", operation)
        for path, methods in bare.openapi()["paths"].items()
        for method, operation in methods.items()
    ]
    routes = [route for route in iter_route_contexts(bare.routes) if route.path != "/openapi.json"]
    assert len(operations) == len(routes)
    untold = [name for name, told in operations if not told.get("summary") or not told.get("description")]
    assert untold == []
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)


def subclasses(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in model.__subclasses__():
        yield child
        yield from subclasses(child)


def mentions_a_day(annotation: object) -> bool:
    return annotation is date or any(mentions_a_day(part) for part in get_args(annotation))


def test_no_request_reads_a_number_as_a_day(bare: FastAPI) -> None:
    """pydantic takes 86400 for 1970-01-02 unless the field is `app.schemas.common.Day`."""
    lenient = set()
    for model in subclasses(RequestModel):
        for name, field in model.model_fields.items():
            if not mentions_a_day(field.annotation):
                continue
            try:
                TypeAdapter(model.__pydantic_fields__[name].rebuild_annotation()).validate_python(86_400)
            except ValidationError:
                continue
            lenient.add(f"{model.__module__}.{model.__name__}.{name}")
    assert lenient == set()
