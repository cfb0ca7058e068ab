"""A client of the API in a chosen role, over ASGI, with idempotency keys made for it."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
from fastapi import FastAPI

from app.domain.permission import Actor, Permission
from app.infra.security import TokenIssuer
from tests.support.samples import Samples


class Api:
    """Calls the application as one of the sample organisations."""

    def __init__(self, app: FastAPI, tokens: TokenIssuer, samples: Samples) -> None:
        self.app = app
        self.tokens = tokens
        self.samples = samples
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://ipops"
        )

    def actor(self, role: str) -> Actor:
        """The actor that the sample organisation `role` is."""
        return self.samples[role].actor("test")

    def token(self, role: str, scope: list[Permission] | None = None) -> str:
        """An access token of that organisation."""
        actor = self.actor(role)
        granted = scope if scope is not None else sorted(actor.permissions)
        return self.tokens.issue(actor, [permission.value for permission in granted])

    def headers(self, role: str, key: str | None = None) -> dict[str, str]:
        """Authorization and a fresh (or the given) idempotency key."""
        return {
            "Authorization": f"Bearer {self.token(role)}",
            "Idempotency-Key": key or str(uuid.uuid4()),
        }

    async def get(self, role: str, path: str, **params: Any) -> httpx.Response:
        """GET as `role`."""
        return await self.http.get(path, params=params, headers=self.headers(role))

    async def post(
        self,
        role: str,
        path: str,
        body: Any,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """POST JSON as `role`."""
        return await self.http.post(path, json=body, headers=self.headers(role, key) | (headers or {}))

    async def put(self, role: str, path: str, body: Any, *, key: str | None = None) -> httpx.Response:
        """PUT JSON as `role`."""
        return await self.http.put(path, json=body, headers=self.headers(role, key))

    async def made(self, role: str, path: str, body: Any) -> dict[str, Any]:
        """POST that must succeed; returns the body."""
        response = await self.post(role, path, body)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer


def codes(response: httpx.Response) -> list[str]:
    """The codes of a problem's violations."""
    return [violation["code"] for violation in response.json()["violations"]]


def objections(response: httpx.Response) -> list[tuple[str, str | None]]:
    """The violations of a problem, each with the place it is about."""
    return [(violation["code"], violation["pointer"]) for violation in response.json()["violations"]]
