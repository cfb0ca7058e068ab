"""The web application: wires settings, database, tokens, routes and error rendering together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from asyncpg import PostgresError
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError, TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from app import __version__, errors
from app.config import Settings
from app.domain.errors import DomainError
from app.infra.certificates import CertificatePress
from app.infra.db import Database
from app.infra.security import TokenIssuer
from app.middleware import BodyLimit, RequestContext
from app.routers import ROUTERS
from app.routers.dependencies import Finished
from app.routers.refusals import audit_refusal

DESCRIPTION = (
    "知识产权运营服务后台 · IP operations backend: register, market, pledges, pool ledger, statistics."
)


def create_app(
    settings: Settings, database: Database, tokens: TokenIssuer, press: CertificatePress
) -> FastAPI:
    """The application on an open database."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await database.close()

    app = FastAPI(
        title="ipops",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.tokens = tokens
    app.state.press = press
    app.state.filling = False
    for router in ROUTERS:
        app.include_router(router)
    _route_by_word(app)
    _install_error_handlers(app)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes, batch_limit=settings.max_batch_bytes)
    app.add_middleware(RequestContext)
    return app


def _word(path: str) -> str:
    """What an address begins with: its noun under /v1, else its first word."""
    first, _, rest = path.removeprefix("/").partition("/")
    return f"v1/{rest.partition('/')[0]}" if first == "v1" else first


def _route_by_word(app: FastAPI) -> None:
    """Ask the routes of an address's first words alone, not hundreds of others before them.

    What begins with no known word goes to the application's own router, which refuses it.
    """
    every = app.router.middleware_stack
    known: dict[str, APIRouter] = {}
    # FastAPI keeps each router that is included as one route of its own, in the order of inclusion.
    for included, router in zip(app.router.routes[-len(ROUTERS) :], ROUTERS, strict=True):
        for word in {_word(route.path) for route in router.routes if isinstance(route, Route | Mount)}:
            known.setdefault(word, APIRouter(redirect_slashes=False)).routes.append(included)

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        own = known.get(_word(scope["path"])) if scope["type"] == "http" else None
        await (own.app if own is not None else every)(scope, receive, send)

    app.router.middleware_stack = routed


def _methods(app: FastAPI, path: str) -> list[str]:
    """Every method of an address; Starlette names those of the first route there only."""
    matching = [route for route in iter_route_contexts(app.routes) if route.path_regex.match(path)]
    return sorted({method for route in matching for method in route.methods or ()})


def _install_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(DomainError)
    async def refused(request: Request, error: DomainError) -> Response:
        await audit_refusal(request, error)
        return errors.respond(error, request)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        refusal = errors.from_validation(error)
        await audit_refusal(request, refusal)
        return errors.respond(refusal, request)

    @app.exception_handler(HTTPException)
    async def unrouted(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(_methods(app, request.scope["path"]))
        return errors.respond(errors.from_http(error), request, headers=headers)

    @app.exception_handler(PostgresError)
    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeout)
    async def database_refused(request: Request, error: Exception) -> Response:
        refusal = errors.from_unexpected(error)
        await audit_refusal(request, refusal)
        return errors.respond(refusal, request)

    @app.exception_handler(Finished)
    async def finished(_: Request, error: Finished) -> Response:
        return error.response
