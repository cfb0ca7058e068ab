"""A right in some situation, what speaks against an action on it, and the action itself, all over the API."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx

from app.domain.asset import AssetKind, AssetStatus
from app.models.asset import Asset
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.deals import licence, transfer
from tests.factories.pledges import filing
from tests.support.api import Api
from tests.support.database import SavepointDatabase

TODAY = now().today
NEXT_YEAR = TODAY + timedelta(days=365)
DOERS = {
    "owner": "sme",
    "co_owner": "sme_b",
    "pledgee": "bank_b",
    "drafter": "sme",
    "lister": "sme",
    "payer": "sme",
    "registrar": "ip_office",
}
"""Which sample organisation takes whose steps: `sme` owns the right, `bank_b` lent on it."""


@dataclass
class Situation:
    """A right of the sample enterprise; `asker` is who wants to do something with it."""

    api: Api
    database: SavepointDatabase
    kind: AssetKind = AssetKind.patent
    co_owned: bool = False
    asker: str = "sme"
    said: dict[str, Any] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    """By remedy, the id that who takes it knows."""
    right: uuid.UUID = field(init=False)

    def party(self, role: str) -> str:
        return str(self.api.samples[role].organisation.party_id)

    async def begin(self) -> Situation:
        owners = [uuid.UUID(self.party(role)) for role in ("sme", "sme_b")[: 1 + self.co_owned]]
        async with self.database.write() as unit:
            self.right = (await make_asset(unit.session, owners=owners, kind=self.kind)).id
        return self

    @property
    def path(self) -> str:
        return f"/v1/assets/{self.right}"

    @property
    def in_force(self) -> str:
        return "granted" if self.kind is AssetKind.patent else "registered"

    async def versioned(self, role: str, method: str, path: str, body: Any) -> httpx.Response:
        """A request that names the right's current version."""
        etag = (await self.api.get(role, self.path)).headers["ETag"]
        headers = self.api.headers(role) | {"If-Match": etag}
        return await self.api.http.request(method, path, json=body, headers=headers)

    # What can be the matter with it.

    async def was(self, **columns: Any) -> None:
        """What has been on the row since it was entered."""
        async with self.database.write() as unit:
            asset = await unit.session.get(Asset, self.right)
            assert asset is not None
            for name, value in columns.items():
                setattr(asset, name, value)

    async def in_status(self, status: AssetStatus) -> None:
        if status is AssetStatus.grace:
            day = TODAY - timedelta(days=30)
            begun = day.replace(year=day.year - 10) + timedelta(days=1)
            await self.was(last_day_in_force=day, registered_on=begun, filed_on=begun)
        await self.news(status, TODAY - timedelta(days=5))

    async def news(self, status: AssetStatus, effective_on: date) -> None:
        """The office's news of a status."""
        days = {"effective_on": str(effective_on), "as_of": str(TODAY)}
        body = {"status": status.value, "source": "登记簿副本"} | days
        answer = await self.versioned("ip_office", "POST", f"{self.path}/statuses", body)
        assert answer.is_success, answer.text

    async def stale(self) -> None:
        await self.was(status_as_of=TODAY - timedelta(days=40))

    async def stayed(self, kind: str) -> None:
        order = {
            "kind": kind,
            "authority": "示例人民法院",
            "reference": f"（2026）示例{uuid.uuid4().hex[:8]}号",
            "begins_on": str(TODAY - timedelta(days=10)),
            "ends_on": str(TODAY + timedelta(days=60)),
        }
        await self.api.made("ip_office", f"{self.path}/stays", order)

    async def preserved(self) -> None:
        await self.stayed("preservation")

    async def suspended(self) -> None:
        await self.stayed("suspension")

    async def challenged(self) -> None:
        body = {"invalidation_pending": True}
        answer = await self.versioned("ip_office", "PUT", f"{self.path}/flags", body)
        assert answer.is_success, answer.text

    async def twin(self) -> None:
        async with self.database.write() as unit:
            other = await make_asset(unit.session, owners=[uuid.UUID(self.party("sme"))])
            other.patent_type = "utility_model"
        body = {"other_asset_id": str(other.id), "kind": "same_day_twin"}
        await self.api.made("ip_office", f"{self.path}/links", body)

    async def alike(self) -> None:
        """Another mark of the same owners has the same words."""
        owners = [uuid.UUID(self.party(role)) for role in ("sme", "sme_b")[: 1 + self.co_owned]]
        words = f"示例{self.right}"
        await self.was(sign_key=words)
        async with self.database.write() as unit:
            await make_asset(unit.session, owners=owners, kind=self.kind, sign_key=words)

    async def listed(self) -> None:
        await self.listing("transfer")

    async def reserved(self) -> None:
        deal = await self.api.made("sme", "/v1/deals", self.transfer())
        await self.api.made("sme", f"/v1/deals/{deal['id']}/agreement", None)
        self.own["release_reservation"] = deal["id"]

    async def licensed(self) -> None:
        if self.co_owned:
            await self.consented("licence")
        deal = await self.api.made("sme", "/v1/deals", self.licence("exclusive"))
        await self.api.made("sme", f"/v1/deals/{deal['id']}/agreement", None)
        await self.api.made("sme", f"/v1/deals/{deal['id']}/signature", {"signed_on": str(TODAY)})
        self.own["end_licence"] = deal["id"]

    async def filed(self) -> dict[str, Any]:
        more = {"consents": [self.written_consent()]} if self.co_owned else {}
        pledge = await self.api.made("bank_b", "/v1/pledges", self.filing() | more)
        self.own["release_lien"] = pledge["id"]
        return pledge

    async def pledged(self) -> None:
        pledge = await self.filed()
        registration = {
            "asset_id": str(self.right),
            "registration_no": f"Y-{self.right}",
            "registered_on": str(TODAY),
            "expires_on": "2030-01-01" if self.kind is AssetKind.trademark else None,
        }
        path = f"/v1/pledges/{pledge['id']}/registrations"
        await self.api.made("bank_b", path, {"registrations": [registration]})

    async def asked(self) -> None:
        """The pledgee, or else the co-owner, has been asked for its consent to a transfer."""
        body: dict[str, Any] = {"kind": "pledgee", "action": "transfer", "asset_ids": [str(self.right)]}
        asked = await self.api.post("sme", "/v1/consents/requests", body)
        if asked.is_error and self.co_owned:
            body |= {"kind": "co_owner", "grantor_id": self.party("sme_b")}
            await self.api.made("sme", "/v1/consents/requests", body)

    async def consented(self, action: str = "transfer") -> None:
        """The co-owner allows one deal."""
        body = {"kind": "co_owner", "action": action, "asset_ids": [str(self.right)]}
        await self.api.made("sme_b", "/v1/consents", body)

    async def late(self) -> None:
        """Its annuity is watched and late."""
        due = TODAY - timedelta(days=75)
        filed = due.replace(year=due.year - 6)
        await self.was(filed_on=filed, granted_on=filed.replace(year=filed.year + 2))
        watch = {"paid_through_ordinal": 6, "source": "缴费凭证"}
        await self.api.made("sme", f"{self.path}/fees/watch", watch)
        await self.news(AssetStatus.late_fee, due + timedelta(days=1))

    def written_consent(self) -> dict[str, str]:
        return {
            "asset_id": str(self.right),
            "party_id": self.party("sme_b"),
            "consented_on": str(TODAY),
            "document_sha256": "0" * 64,
        }

    # What somebody wants to do with it.

    def transfer(self) -> dict[str, Any]:
        return transfer(uuid.UUID(self.party(self.asker)), uuid.UUID(self.party("agency")), [self.right])

    def licence(self, licence_type: str = "ordinary") -> dict[str, Any]:
        term = {"term_from": str(TODAY), "term_to": str(NEXT_YEAR), "licence_type": licence_type}
        body = licence(uuid.UUID(self.party(self.asker)), uuid.UUID(self.party("agency")), [self.right])
        return body | term

    def filing(self) -> dict[str, Any]:
        return filing(self.party(self.asker), [self.right], debt_to=str(NEXT_YEAR))

    async def listing(self, mode: str, **more: Any) -> None:
        body = {
            "direction": "offer",
            "mode": mode,
            "name": "示例挂牌",
            "description": "示例",
            "expires_on": "2099-12-31",
            "asset_ids": [str(self.right)],
        } | more
        made = await self._step(self.asker, "/v1/listings", body)
        await self._step(self.asker, f"/v1/listings/{made['id']}/submission", None)
        await self._step("operator", f"/v1/listings/{made['id']}/approval", None)

    async def to_list(self) -> None:
        await self.listing("transfer", **self.said)

    async def to_license(self) -> None:
        await self._deal(self.licence(self.said.get("licence_type", "ordinary")))

    async def to_transfer(self) -> None:
        await self._deal(self.transfer())

    async def to_pledge(self) -> None:
        await self._step("bank_a", "/v1/pledges", self._with(self.filing()))

    def _with(self, body: dict[str, Any]) -> dict[str, Any]:
        """The request with what is to be said in it besides: lists grow, the rest is replaced."""
        more = {
            name: [*body.get(name, []), *value] if isinstance(value, list) else value
            for name, value in self.said.items()
        }
        return body | more

    async def _deal(self, body: dict[str, Any]) -> None:
        deal = await self._step(self.asker, "/v1/deals", self._with(body))
        await self._step(self.asker, f"/v1/deals/{deal['id']}/agreement", None)
        await self._step(self.asker, f"/v1/deals/{deal['id']}/signature", {"signed_on": str(TODAY)})

    async def _step(self, role: str, path: str, body: Any) -> dict[str, Any]:
        answer = await self.api.post(role, path, body)
        assert answer.status_code < 500, answer.text
        if answer.is_error:
            raise RefusedError(answer.json())
        made: dict[str, Any] = answer.json()
        return made

    async def attempt(self, action: str) -> set[str]:
        """The codes with which the action is refused, empty when it goes; nothing stays of it."""
        acts: Mapping[str, Callable[[], Awaitable[None]]] = {
            "list": self.to_list,
            "license": self.to_license,
            "transfer": self.to_transfer,
            "pledge": self.to_pledge,
        }
        assert self.database.connection is not None
        savepoint = await self.database.connection.begin_nested()
        try:
            await acts[action]()
        except RefusedError as refused:
            return refused.codes
        else:
            return set()
        finally:
            await savepoint.rollback()

    # What is said against it, and what helps.

    async def blockers(self, action: str) -> dict[str, Any]:
        known: dict[str, str] = {}
        if action == "license":
            known = {"term_to": str(NEXT_YEAR), "licence_type": self.said.get("licence_type", "ordinary")}
        if action == "pledge":
            known = {"debt_to": str(NEXT_YEAR), "party_id": self.party(self.asker)}
        if action == "transfer":
            known = {"grantee_id": self.party("agency"), "price": "300000.00"}
        answer = await self.api.get(self.asker, f"{self.path}/blockers", action=action, **known)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def remedy(self, found: dict[str, Any]) -> None:
        """Take every step that is listed, once, in order."""
        taken: list[dict[str, Any]] = []
        answer: dict[str, Any] = {}
        for step in (step for blocker in found["blockers"] for step in blocker["remedies"]):
            repeated = step in taken and step["step"] != "grant_consent"
            if repeated or (step in taken and "{" not in step["path"]):
                continue
            if step["step"] == "grant_consent" and "{" in step["path"] and "asked_now" not in answer:
                continue
            taken.append(step)
            if step["in_request"]:
                self._say(step)
                continue
            known = self.own.get(step["step"], str(answer.get("id")))
            path = re.sub(r"\{\w+\}", known, step["path"])
            send = self.versioned if step["if_match"] else self._send
            sent = await send(DOERS[step["by"]], step["method"], path, self._filled(path, step["body"]))
            assert sent.is_success, (step, sent.text)
            answer = sent.json() | ({"asked_now": True} if step["step"] == "ask_consent" else {})

    async def _send(self, role: str, method: str, path: str, body: Any) -> httpx.Response:
        return await self.api.http.request(method, path, json=body, headers=self.api.headers(role))

    def _say(self, step: dict[str, Any]) -> None:
        if step["step"] == "act_for_owner":
            self.asker = "sme"
            return
        for name, value in self._filled("", step["body"]).items():
            self.said[name] = self.said.get(name, []) + value if isinstance(value, list) else value

    def _filled(self, path: str, body: Any) -> Any:
        """The template with what its nulls stand for."""
        if isinstance(body, list):
            return [self._filled(path, one) for one in body]
        if not isinstance(body, dict):
            return body
        return {
            name: self._known(path, name) if value is None else self._filled(path, value)
            for name, value in body.items()
        }

    def _known(self, path: str, name: str) -> str:
        if name == "status":
            return self.in_force
        if name == "document_sha256":
            return "0" * 64
        if name == "reason" and path.endswith("deregistrations"):
            return "debt_paid"
        if name.endswith("_on") or name == "as_of":
            return date.isoformat(TODAY)
        return "示例"


class RefusedError(Exception):
    """A step of an action was refused."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["code"])
        self.codes = {violation["code"] for violation in problem["violations"]}
