"""docs/nouns: the pages by hand, their states and routes generated, and the index of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fastapi.routing import RouteContext, iter_route_contexts

from app.config import Settings
from app.infra.certificates import CertificatePress
from app.infra.db import Database
from app.infra.security import TokenIssuer, new_secret
from app.main import create_app
from scripts import map as house, states
from scripts.text import ROOT, between, table

FOLDER = ROOT / "docs" / "nouns"
INDEX = FOLDER / "README.md"
SECTIONS = ("What it is", "States", "Invariants", "Routes")
PARTS = {
    "fund": ("source",),
    "ledger": ("account", "transfer", "entry"),
    "indicator": ("target",),
}
"""Nouns without a module of their own, told on the page of what they belong to."""

ROUTERS = {"oauth": "client"}
"""Routers that are named after what they speak, not after their noun."""


def nouns() -> list[str]:
    """Every noun that has a module, in the order of the map."""
    present = {house.noun_of(stem) for layer in house.LAYERS for stem, _ in house.modules(layer)}
    return [noun for noun in house.NOUNS if noun in present]


def page(noun: str) -> Path:
    """Where a noun is told."""
    return FOLDER / f"{noun}.md"


def routes() -> list[RouteContext]:
    """Every route of the service that has a function; nothing is connected to."""
    tokens = TokenIssuer(new_secret(), issuer="ipops", seconds=1)
    press = CertificatePress(new_secret(), public_url="https://nowhere", sample=True)
    service = create_app(Settings.model_construct(), Database("postgresql:///"), tokens, press)
    return [route for route in iter_route_contexts(service.routes) if route.path != "/openapi.json"]


def nouns_of(route: RouteContext) -> set[str]:
    """The nouns a route belongs to: that of its module, and that which its path ends in."""
    stem = route.endpoint.__module__.rpartition(".")[2]
    words = [part for part in str(route.path).split("/") if part and not part.startswith("{")]
    named = house.singular(words[-1].replace("-", "_"))
    owners = {noun: whole for whole, parts in PARTS.items() for noun in parts}
    found = {ROUTERS.get(stem) or house.noun_of(stem), owners.get(named, named)}
    return {noun for noun in found if noun in house.NOUNS}


def permissions(dependant: Any) -> Iterator[str]:
    """What a route asks its caller for, however deep."""
    for dependency in getattr(dependant, "dependencies", ()):
        permission = getattr(dependency.call, "permission", None)
        if permission is not None:
            yield f"`{permission.value}`"
        yield from permissions(dependency)


def _routes_of(noun: str, known: Iterable[RouteContext]) -> str:
    rows = [
        [
            f"`{' '.join(sorted(route.methods or ()))}`",
            f"`{route.path}`",
            " ".join(permissions(route.dependant)) or "public",
            (route.endpoint.__doc__ or "").strip().splitlines()[0],
        ]
        for route in known
        if noun in nouns_of(route)
    ]
    return table(["method", "path", "permission", "what it does"], rows) if rows else "None of its own."


def _index() -> str:
    """A row per page: the noun, its Chinese word, and the first sentence of what it is."""
    rows = []
    for noun in nouns():
        text = page(noun).read_text(encoding="utf-8")
        chinese = text.splitlines()[0].rpartition(" ")[2]
        told = text.split("## What it is\n\n")[1].split("\n\n")[0].replace("\n", " ")
        rows.append([f"[{noun}]({noun}.md)", chinese, f"{told.split('. ')[0].rstrip('.')}."])
    return table(["noun", "中文", "what it is"], rows)


def documents() -> dict[Path, str]:
    """Every page and the index as they should be. A page that is missing or lacks its places is an error."""
    lives = {life.noun: life for life in states.LIVES}
    known = routes()
    made = {}
    for noun in nouns():
        text = page(noun).read_text(encoding="utf-8")
        if noun in lives:
            text = between(text, "states", states.section(lives[noun]))
        made[page(noun)] = between(text, "routes", _routes_of(noun, known))
    made[INDEX] = between(INDEX.read_text(encoding="utf-8"), "index", _index())
    return made
