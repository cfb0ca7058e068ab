"""Whatever is sent, no route answers with a defect: seeded values, some shaped by the documentation, some not."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import RouteContext, iter_route_contexts

from app.domain.permission import Permission
from tests.factories.assets import make_asset
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api
from tests.support.database import SavepointDatabase

SEED = 20_190_101
WRITES = 30
READS = 12
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 0.5, 1e300),
    *(
        "",
        " ",
        "\0",
        "x\0",
        "\ud800",
        "\u200b",
        "\u202e示例",
        "１２０１１０",
        "𠮷" * 200,
        "x" * 3_000,
        "'; --",
        "%s{0}",
    ),
    *(
        "null",
        "0",
        "-1",
        "1e5",
        "9" * 30,
        "0.00",
        "-1.00",
        "90071992547409.93",
        "00000000-0000-0000-0000-000000000000",
    ),
    *("0001-01-01", "9999-12-31", "2020-02-30", "2020-01-01T00:00:00Z", "0000-00-00", "+002020-01-01"),
    *([], {}, [None], [[]], [{}], {"": None}, {"id": 1}, [1, "a", {}]),
]
PATTERNS = {"^[0-9]{6}$": "120110", "^[A-Z]{3}$": "CNY", "^[A-Z]{2}$": "CN"}


PARTIES = ("owner", "borrower", "pledgor", "counterparty", "licensee", "transferee")
"""Fields that name a party by its part in the matter."""


class Fuzzer:
    """Makes values for JSON schemas; knows ids by noun, so that what it makes meets rows."""

    def __init__(self, schemas: dict[str, Any], ids: dict[str, list[str]]) -> None:
        self.random = random.Random(SEED)
        self.schemas = schemas
        self.ids = ids

    def body(self, schema: dict[str, Any] | None) -> bytes:
        """Something to send: of the documented shape, of that shape but for one place, or anything."""
        draw = self.random.random()
        value = self.value(schema, "") if schema and draw < 0.8 else self.junk()
        return json.dumps(self.spoilt(value) if draw > 0.35 else value).encode()

    def junk(self) -> Any:
        return self.random.choice(JUNK)

    def spoilt(self, value: Any) -> Any:
        """The value with one place of it, however deep, made something else."""
        if not isinstance(value, dict | list) or not value or self.random.random() < 0.05:
            return self.junk()
        made: Any = value.copy()
        place = self.random.choice(list(made) if isinstance(made, dict) else range(len(made)))
        made[place] = self.spoilt(made[place])
        return made

    def value(self, schema: dict[str, Any], name: str) -> Any:
        """A value of the schema for a field of that name."""
        if "$ref" in schema:
            return self.value(self.schemas[schema["$ref"].rsplit("/", 1)[1]], name)
        for choices in ("anyOf", "oneOf"):
            if choices in schema:
                return self.value(self.random.choice(schema[choices]), name)
        given = schema.get("enum") or schema.get("examples") or [schema[k] for k in ("const",) if k in schema]
        if given:
            return self.random.choice(given)
        makers: dict[str, Callable[[dict[str, Any], str], Any]] = {
            "object": self.members,
            "array": self.array,
            "integer": self.integer,
            "boolean": self.boolean,
        }
        kind = schema.get("type", "string")
        if kind == "null":
            return None
        make = makers.get(kind)
        return make(schema, name) if make is not None else self.string(schema, name)

    def members(self, schema: dict[str, Any], _: str) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            name: self.value(child, name)
            for name, child in schema.get("properties", {}).items()
            if name in required or self.random.random() < 0.4
        }

    def array(self, schema: dict[str, Any], name: str) -> list[Any]:
        return [self.value(schema.get("items", {}), name) for _ in range(self.random.choice((1, 1, 1, 2, 0)))]

    def integer(self, schema: dict[str, Any], _: str) -> int:
        low, high = schema.get("minimum", 0), schema.get("maximum", 2**63)
        return self.random.choice((low, low, low + 1, min(9, high), high, 2**31))

    def boolean(self, *_: object) -> bool:
        return self.random.random() < 0.5

    def string(self, schema: dict[str, Any], name: str) -> str:
        match schema.get("format"):
            case "uuid":
                return self.known(name)
            case "date":
                return self.random.choice(
                    ("2019-01-01", "2021-07-01", "2026-06-30", "2035-12-31", "9999-12-31")
                )
            case "date-time":
                return self.random.choice(("2026-01-01T00:00:00Z", "2026-01-01", "0001-01-01T00:00:00+14:00"))
            case _:
                pass
        if schema.get("pattern") in PATTERNS:
            return PATTERNS[schema["pattern"]]
        return self.random.choice(
            ("示例", "cash", "2021100000019", "100000001", f"示例{self.random.random()}")
        )

    def known(self, name: str) -> str:
        """An id of the noun the field names; one time in ten of another noun, or of nothing."""
        noun = name.removesuffix("s").removesuffix("_id")
        noun = "party" if noun in PARTIES else noun
        ids = self.ids.get(noun)
        if ids and self.random.random() < 0.9:
            return self.random.choice(ids[-6:])
        everything = [id_ for ids in self.ids.values() for id_ in ids]
        return self.random.choice([*everything, str(uuid.UUID(int=self.random.getrandbits(128)))])

    def parameter(self, schema: dict[str, Any], name: str) -> str:
        """A path or query value, escaped."""
        value = self.value(schema, name) if self.random.random() < 0.85 else self.junk()
        return quote(str(value).encode("utf-8", "replace")[:2_000], safe="") or "%20"

    def learn(self, path: str, answer: Any) -> None:
        """Remember the id of a row that was made or shown under `path`."""
        noun = {"parties": "party"}.get(path.split("/")[2], path.split("/")[2].removesuffix("s"))
        if isinstance(answer, dict) and isinstance(answer.get("id"), str):
            self.ids.setdefault(noun, []).append(answer["id"])


@pytest.fixture
async def ids(api: Api, database: SavepointDatabase) -> dict[str, list[str]]:
    """Rows to meet: sample parties, rights of one of them, a pool with money, a pledge, a listing."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        assets = [await make_asset(unit.session, owners=[owner]) for _ in range(4)]
    pool = await make_pool(api)
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [assets[0].id], pool_id=pool["id"]))
    offer = {
        "direction": "offer",
        "mode": "ordinary_licence",
        "name": "示例专利许可",
        "description": "一种示例装置的普通许可",
        "price": {"amount": "50000.00"},
        "expires_on": "2099-12-31",
        "asset_ids": [str(assets[1].id)],
    }
    listing = await api.made("sme", "/v1/listings", offer)
    return {
        "party": [str(owner), str(api.samples["sme_b"].organisation.party_id)],
        "asset": [str(asset.id) for asset in assets],
        "pool": [pool["id"]],
        "pledge": [pledge["id"]],
        "listing": [listing["id"]],
    }


def permission(dependant: Any) -> Permission | None:
    """What the route asks for."""
    for dependency in getattr(dependant, "dependencies", ()):
        found = getattr(dependency.call, "permission", None) or permission(dependency)
        if found is not None:
            return Permission(found)
    return None


def operations(api: Api) -> list[tuple[str, str, RouteContext]]:
    """Method, path and route of everything that is documented, in the order of the documentation."""
    return [
        (method, route.path or "", route)
        for route in iter_route_contexts(api.app.routes)
        for method in sorted(route.methods or ())
        if method.lower() in api.app.openapi()["paths"].get(route.path, {})
    ]


@pytest.mark.parametrize("methods", [UNSAFE, frozenset({"GET"})], ids=["writes", "reads"])
async def test_no_request_is_answered_with_a_defect(
    api: Api, ids: dict[str, list[str]], methods: frozenset[str]
) -> None:
    """Every route gets seeded bodies, path and query values from a caller who holds its permission."""
    documentation = api.app.openapi()
    fuzzer = Fuzzer(documentation["components"]["schemas"], ids)
    defects, statuses = [], set()
    for method, path, route in operations(api):
        if method not in methods:
            continue
        told = documentation["paths"][path][method.lower()]
        asked = permission(route.dependant)
        callers = [role for role in api.samples if asked is None or api.actor(role).may(asked)]
        [(media_type, content)] = told.get("requestBody", {}).get("content", {"application/json": {}}).items()
        for _ in range(WRITES if method in UNSAFE else READS):
            address, query = path, []
            for parameter in told.get("parameters", ()):
                if parameter["in"] == "path":
                    text = fuzzer.parameter(parameter["schema"], parameter["name"])
                    address = address.replace("{" + parameter["name"] + "}", text)
                elif parameter["in"] == "query" and fuzzer.random.random() < 0.3:
                    query.append(
                        f"{parameter['name']}={fuzzer.parameter(parameter['schema'], parameter['name'])}"
                    )
            headers = api.headers(
                fuzzer.random.choice(callers), str(uuid.UUID(int=fuzzer.random.getrandbits(128)))
            )
            headers |= {
                "Content-Type": media_type,
                "If-Match": fuzzer.random.choice(('"1"', "*", "x")),
            }
            lines = fuzzer.random.choice((1, 2, 3)) if media_type == "application/x-ndjson" else 1
            bodies = [fuzzer.body(content.get("schema")) for _ in range(lines if method in UNSAFE else 0)]
            body = b"\n".join(bodies)
            address += "?" + "&".join(query) if query else ""
            answer = await api.http.request(method, address, content=body, headers=headers)
            statuses.add(answer.status_code)
            if answer.status_code >= 500:
                defects.append(f"{answer.status_code} {method} {address} {body[:600]!r}")
            elif answer.status_code == 201:
                fuzzer.learn(path, answer.json())
    assert defects == []
    assert statuses >= ({201, 404, 409, 422} if methods is UNSAFE else {200, 404, 422})
