"""Calling the service as its users do: over HTTP, each sample organisation with its own token."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

import httpx

TOKEN_MARGIN_SECONDS = 60
JOBS_SECONDS = 60
"""How long the jobs may take to bring the clock on by a day after it was moved."""
DAY_SECONDS = 0.01
"""About what the jobs of a day take, so that asking for them does not slow them down."""
LEAST_SECONDS = 0.05


class Refused(RuntimeError):  # noqa: N818 - an answer
    """The service answered a call of the demonstration otherwise than expected."""


class Caller:
    """The sample organisations of a sandbox, calling its API; counts its calls."""

    def __init__(self, http: httpx.Client, clients: Mapping[str, Mapping[str, str]]) -> None:
        self._http = http
        self._clients = clients
        self._tokens: dict[str, tuple[str, float]] = {}
        self.calls = 0
        self.today = date.min

    def organisation(self, who: str) -> str:
        """The id of a sample organisation."""
        return self._clients[who]["organisation_id"]

    def party(self, who: str) -> str:
        """The id of the party a sample organisation is."""
        return self._clients[who]["party_id"]

    def get(self, who: str, path: str, **params: object) -> Any:
        """GET as `who`; the answer's body."""
        return self._call(who, "GET", path, params=params)

    def post(self, who: str, path: str, body: object, *, version: int | None = None) -> Any:
        """POST as `who` under a fresh key, at a version if one is given; the answer's body."""
        return self._call(who, "POST", path, body=body, version=version)

    def refused(self, who: str, path: str, body: object) -> list[str]:
        """POST as `who` that must be refused with 409; the codes of all violations."""
        answer = self._send(who, "POST", path, body=body)
        if answer.status_code != httpx.codes.CONFLICT:
            raise Refused(f"{who}: POST {path} -> {answer.status_code}, expected 409: {answer.text}")
        return [violation["code"] for violation in answer.json()["violations"]]

    def move_to(self, day: date) -> None:
        """Move the test clock and wait until the jobs of all days in between have run."""
        self._call("operator", "PUT", "/v1/sandbox/clock", body={"business_date": day.isoformat()})
        through, since = "", time.monotonic()
        while (clock := self.get("operator", "/v1/sandbox/clock"))["status"] != "ready":
            if clock["jobs_through"] != through:
                through, since = clock["jobs_through"], time.monotonic()
            elif time.monotonic() > since + JOBS_SECONDS:
                raise Refused(f"the jobs stand still at {through}: is the worker running?")
            left = day - date.fromisoformat(through or day.isoformat())
            time.sleep(max(left.days * DAY_SECONDS, LEAST_SECONDS))
        self.today = day

    def _call(
        self,
        who: str,
        method: str,
        path: str,
        *,
        body: object = None,
        params: Mapping[str, object] | None = None,
        version: int | None = None,
    ) -> Any:
        answer = self._send(who, method, path, body=body, params=params, version=version)
        if not answer.is_success:
            raise Refused(f"{who}: {method} {path} -> {answer.status_code}: {answer.text}")
        return answer.json()

    def _send(
        self,
        who: str,
        method: str,
        path: str,
        *,
        body: object = None,
        params: Mapping[str, object] | None = None,
        version: int | None = None,
    ) -> httpx.Response:
        self.calls += 1
        headers = {"Authorization": f"Bearer {self._token(who)}"}
        if method != "GET":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        query = {name: str(value) for name, value in (params or {}).items()}
        return self._http.request(
            method, path, params=query, headers=headers, json=body if method != "GET" else None
        )

    def _token(self, who: str) -> str:
        token, until = self._tokens.get(who, ("", 0.0))
        if time.monotonic() < until:
            return token
        client = self._clients[who]
        answer = self._http.post(
            "/v1/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
        )
        answer.raise_for_status()
        granted = answer.json()
        lasting = granted["expires_in"] - TOKEN_MARGIN_SECONDS
        self._tokens[who] = granted["access_token"], time.monotonic() + lasting
        return str(granted["access_token"])
