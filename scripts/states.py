"""The lives of nouns, drawn from the tables the code runs on: docs/states.md, and diagrams in docs/nouns."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.amendment import AMENDMENT, AmendmentEvent
from app.domain.application import APPLICATION, ApplicationEvent
from app.domain.bank_statement import LINE, LineEvent
from app.domain.certificate import CERTIFICATE, CertificateEvent
from app.domain.claim import CLAIM, ClaimEvent
from app.domain.commitment import COMMITMENT, CommitmentEvent
from app.domain.consent import CONSENT, ConsentEvent
from app.domain.deal import DEAL, DealEvent
from app.domain.delegation import DELEGATION, DelegationEvent
from app.domain.demand import DEMAND, DemandEvent
from app.domain.duplicate import DUPLICATE, DuplicateEvent
from app.domain.enforcement import ENFORCEMENT, EnforcementEvent
from app.domain.enrolment import ENROLMENT, EnrolmentEvent
from app.domain.fee import FEE, FeeEvent
from app.domain.filing import FILING, FilingEvent
from app.domain.listing import LISTING, ListingEvent
from app.domain.loan import LOAN, LoanEvent
from app.domain.mandate import MANDATE, MandateEvent
from app.domain.observation import OBSERVATION, ObservationEvent
from app.domain.offer import OFFER, OfferEvent
from app.domain.period import PERIOD, PeriodEvent
from app.domain.pledge import PLEDGE, PledgeEvent
from app.domain.policy import POLICY, PolicyEvent
from app.domain.provider import PROVIDER, ProviderEvent
from app.domain.reconciliation import DIFFERENCE, DifferenceEvent
from app.domain.reservation import RESERVATION, ReservationEvent
from app.domain.state_machine import StateMachine
from app.domain.stay import STAY, StayEvent
from app.domain.valuation import VALUATION, ValuationEvent
from app.services import enrolments, fees, listings, mandates, offers, pledges
from scripts.text import ROOT, table

HEAD = """# States

Generated from the tables in `app/domain` by `make docs`; do not edit.

A life is data: a table of (state, event) → state (`app/domain/state_machine.py`). What enforces it:

- A row's `advance(event)` in `app/models` asks the table; no service sets a state itself. An event the state
  does not permit is refused with 409 `state.illegal_transition`, which names the state and what is permitted
  now. The service has locked the row before it asks.
- Where the calendar moves many rows at once, one UPDATE does it, restricted to the states from which the
  table permits it (marked * on the pages).
- Conditions that need data (owners, dates, holds) are checked by the service before it advances the row; each
  refusal is in [problems.md](problems.md).
- A CHECK made from the enum refuses any other word in the column.
- What must never hold twice (a live lien, a transfer offer, an exclusive licence) is refused by the
  constraints of the table `holds`, whatever the states say.

Each life is drawn on the page of its noun. An event without a function there is in the table, but nothing
in this version causes it.
"""


@dataclass(frozen=True, slots=True)
class Life:
    """The life of a noun: its machine and the enum of its events."""

    noun: str
    machine: StateMachine[Any, Any]
    events: type


LIVES = (
    Life("duplicate", DUPLICATE, DuplicateEvent),
    Life("mandate", MANDATE, MandateEvent),
    Life("listing", LISTING, ListingEvent),
    Life("offer", OFFER, OfferEvent),
    Life("deal", DEAL, DealEvent),
    Life("consent", CONSENT, ConsentEvent),
    Life("application", APPLICATION, ApplicationEvent),
    Life("valuation", VALUATION, ValuationEvent),
    Life("pledge", PLEDGE, PledgeEvent),
    Life("amendment", AMENDMENT, AmendmentEvent),
    Life("filing", FILING, FilingEvent),
    Life("loan", LOAN, LoanEvent),
    Life("enforcement", ENFORCEMENT, EnforcementEvent),
    Life("commitment", COMMITMENT, CommitmentEvent),
    Life("claim", CLAIM, ClaimEvent),
    Life("period", PERIOD, PeriodEvent),
    Life("bank_statement", LINE, LineEvent),
    Life("policy", POLICY, PolicyEvent),
    Life("provider", PROVIDER, ProviderEvent),
    Life("enrolment", ENROLMENT, EnrolmentEvent),
    Life("observation", OBSERVATION, ObservationEvent),
    Life("reservation", RESERVATION, ReservationEvent),
    Life("demand", DEMAND, DemandEvent),
    Life("delegation", DELEGATION, DelegationEvent),
    Life("certificate", CERTIFICATE, CertificateEvent),
    Life("stay", STAY, StayEvent),
    Life("fee", FEE, FeeEvent),
    Life("reconciliation", DIFFERENCE, DifferenceEvent),
)


SET_BASED: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("ListingEvent", "expire"): listings.expire_due,
    ("ListingEvent", "release"): listings.release_all,
    ("EnrolmentEvent", "end"): enrolments.end_due,
    ("MandateEvent", "expire"): mandates.end_due,
    ("OfferEvent", "lapse"): offers.lapse_due,
    ("FeeEvent", "fall_late"): fees.follow,
    ("FeeEvent", "lapse"): fees.follow,
    ("ReservationEvent", "use"): pledges.file,
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
        if layer == "domain":
            continue
        text = file.read_text(encoding="utf-8")
        if enum not in text:  # most modules pass on no event of this life: they need not be parsed
            continue
        tree = ast.parse(text)
        tables = _tables(tree, enum)
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for event in _passed_on(function, enum, tables):
                    name = f"`{_module(file)}.{function.name}`"
                    if name not in found.setdefault(event, []):
                        found[event].append(name)
    return found


def _tables(tree: ast.Module, enum: str) -> dict[str, list[str]]:
    """Tables of a module that choose among events, by name."""
    found: dict[str, list[str]] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            events = list(_members(statement.value, enum))
            if isinstance(target, ast.Name) and events:
                found[target.id] = events
    return found


def _members(tree: ast.AST, enum: str) -> Iterator[str]:
    for one in ast.walk(tree):
        if isinstance(one, ast.Attribute) and getattr(one.value, "id", "") == enum:
            yield one.attr


def _passed_on(function: ast.AST, enum: str, tables: Mapping[str, list[str]]) -> Iterator[str]:
    """Events given to a call that acts, not to one that asks what is permitted."""
    asking = {id(part) for one in ast.walk(function) if _asks(one) for part in ast.walk(one)}
    for one in ast.walk(function):
        if id(one) in asking:
            continue
        if isinstance(one, ast.Name) and one.id in tables:
            yield from tables[one.id]
        if isinstance(one, ast.Call):
            for argument in (*one.args, *(keyword.value for keyword in one.keywords)):
                chosen = (argument.body, argument.orelse) if isinstance(argument, ast.IfExp) else (argument,)
                for event in chosen:
                    if isinstance(event, ast.Attribute) and getattr(event.value, "id", "") == enum:
                        yield event.attr


def _asks(tree: ast.AST) -> bool:
    """A call of `permits`, or one of `next` whose answer nobody takes."""
    if isinstance(tree, ast.Expr):
        return isinstance(tree.value, ast.Call) and _called(tree.value) == "next"
    return isinstance(tree, ast.Call) and _called(tree).endswith("permits")


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
    return "\n\n".join(
        [f"```mermaid\n{life.machine.mermaid()}```", table(["event", "from → to", "caused by"], rows)]
    )


def render() -> str:
    """docs/states.md: what enforces a life, then where each is drawn."""
    rows = []
    for life in LIVES:
        states = dict.fromkeys(
            [life.machine.initial, *life.machine.also_initial, *life.machine.transitions.values()]
        )
        last = life.machine.terminal
        rows.append(
            [
                f"[{life.noun}](nouns/{life.noun}.md#states)",
                ", ".join(str(state) for state in states if state not in last),
                ", ".join(str(state) for state in states if state in last),
            ]
        )
    return f"{HEAD}\n{table(['noun', 'states', 'ends'], rows)}\n"
