"""docs/states.md: the life of listings, deals and pledges, drawn from the tables the code runs on."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.application import APPLICATION, ApplicationEvent
from app.domain.claim import CLAIM, ClaimEvent
from app.domain.consent import CONSENT, ConsentEvent
from app.domain.deal import DEAL, DealEvent
from app.domain.enrolment import ENROLMENT, EnrolmentEvent
from app.domain.listing import LISTING, ListingEvent
from app.domain.mandate import MANDATE, MandateEvent
from app.domain.observation import OBSERVATION, ObservationEvent
from app.domain.offer import OFFER, OfferEvent
from app.domain.pledge import PLEDGE, PledgeEvent
from app.domain.policy import POLICY, PolicyEvent
from app.domain.provider import PROVIDER, ProviderEvent
from app.domain.state_machine import StateMachine
from app.domain.valuation import VALUATION, ValuationEvent
from app.services import listings
from scripts.text import ROOT, table

HEAD = """# States

Generated from the tables in `app/domain` by `make docs`; do not edit.

A life is data: a table of (state, event) → state (`app/domain/state_machine.py`). What enforces it:

- A row's `advance(event)` in `app/models` asks the table; no service sets a state itself. An event the state
  does not permit is refused with 409 `state.illegal_transition`, which names the state and what is permitted
  now. The service has locked the row before it asks.
- Where the calendar moves many rows at once, one UPDATE does it, restricted to the states from which the
  table permits it (marked * below).
- Conditions that need data (owners, dates, holds) are checked by the service before it advances the row; each
  refusal is in [problems.md](problems.md).
- A CHECK made from the enum refuses any other word in the column.
- What must never hold twice (a live lien, a transfer offer, an exclusive licence) is refused by the
  constraints of the table `holds`, whatever the states say.

An event without a function is in the table, but nothing in this version causes it.
"""


@dataclass(frozen=True, slots=True)
class Life:
    """A machine, the enum of its events, and a sentence on what it governs."""

    title: str
    machine: StateMachine[Any, Any]
    events: type
    note: str


LIVES = (
    Life(
        "Listing 挂牌",
        LISTING,
        ListingEvent,
        "From publication on a transfer listing holds the one transfer offer of its rights.",
    ),
    Life(
        "Deal 交易",
        DEAL,
        DealEvent,
        "A licence takes effect by its signature, a transfer by its registration; only licences are recorded "
        "and ended early, only transfers filed, registered and settled.",
    ),
    Life(
        "Pledge 质押",
        PLEDGE,
        PledgeEvent,
        "Each pledged right has its own state and runs through the same table; the pledge follows "
        "when all of its rights have.",
    ),
    Life(
        "Mandate 委托",
        MANDATE,
        MandateEvent,
        "An agency's proposal waits for the owner, or for the operator with the power of attorney.",
    ),
    Life(
        "Offer 报价",
        OFFER,
        OfferEvent,
        "Only the side that did not make the last round accepts it.",
    ),
    Life(
        "Consent 同意",
        CONSENT,
        ConsentEvent,
        "A use is taken in the transaction of the deal that needs it; the last use ends the consent.",
    ),
    Life(
        "Application 融资申请",
        APPLICATION,
        ApplicationEvent,
        "Filing a pledge on it ends an application.",
    ),
    Life(
        "Valuation 评估",
        VALUATION,
        ValuationEvent,
        "Signed, it is never altered.",
    ),
    Life(
        "Claim 补偿申请",
        CLAIM,
        ClaimEvent,
        "Each step is an approval by another client (RB-02).",
    ),
    Life(
        "Policy 保单",
        POLICY,
        PolicyEvent,
        "Voiding undoes what the policy counted for, cancelling does not.",
    ),
    Life(
        "Provider 托管机构",
        PROVIDER,
        ProviderEvent,
        "Only a selected provider is matched.",
    ),
    Life(
        "Enrolment 托管",
        ENROLMENT,
        EnrolmentEvent,
        "A firm has one live enrolment in a programme.",
    ),
    Life(
        "Observation 填报数据",
        OBSERVATION,
        ObservationEvent,
        "An approved value supersedes the one before it.",
    ),
)


SET_BASED: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("ListingEvent", "expire"): listings.expire_due,
    ("ListingEvent", "release"): listings.release_all,
}
"""Functions that move many rows by one UPDATE."""


def causes(enum: str) -> dict[str, list[str]]:
    """For every event of `enum` the functions of the application that pass it on, as `module.function`."""
    found = {
        event: [f"`{function.__module__.removeprefix('app.')}.{function.__name__}` *"]
        for (of, event), function in SET_BASED.items()
        if of == enum
    }
    for file in sorted((ROOT / "app").rglob("*.py")):
        layer = file.relative_to(ROOT / "app").parts[0]
        if layer in {"domain", "models"}:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for event in _passed_on(function, enum):
                    name = f"`{_module(file)}.{function.name}`"
                    if name not in found.setdefault(event, []):
                        found[event].append(name)
    return found


def _passed_on(function: ast.AST, enum: str) -> Iterator[str]:
    """Events given to a call that acts, not to one that asks what is permitted."""
    for call in ast.walk(function):
        if not isinstance(call, ast.Call) or _called(call).endswith("permits"):
            continue
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            if isinstance(argument, ast.Attribute) and getattr(argument.value, "id", "") == enum:
                yield argument.attr


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else str(getattr(function, "id", ""))


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT / "app").with_suffix("").parts)


def section(life: Life) -> str:
    """One life: its diagram, then who causes each event."""
    known = causes(life.events.__name__)
    rows = []
    for event in dict.fromkeys(by for _, by in life.machine.transitions):
        arrows = [f"{one} → {to}" for (one, by), to in life.machine.transitions.items() if by is event]
        rows.append([f"`{event}`", ", ".join(arrows), " ".join(known.get(event.name, [])) or "—"])
    parts = [
        f"## {life.title}",
        life.note,
        f"```mermaid\n{life.machine.mermaid()}```",
        table(["event", "from → to", "caused by"], rows),
    ]
    return "\n\n".join(parts)


def render() -> str:
    """The whole page."""
    return "\n\n".join([HEAD.rstrip(), *(section(life) for life in LIVES)]) + "\n"
