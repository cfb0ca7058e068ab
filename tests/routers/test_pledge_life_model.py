"""The life of pledges over HTTP against a plain model: filed, corrected, registered, amended, drawn, enforced, ended.

Every command is sent whether or not it can be done. The model, which knows nothing of the service, says yes or no
beforehand, and afterwards both sides show the same states, debts, liens and cover.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.domain.asset import AssetKind
from app.domain.permission import system_actor
from app.infra.security import TokenIssuer
from app.queries import integrity
from app.services import jobs
from tests.factories.assets import make_asset
from tests.factories.claims import document, money
from tests.factories.clock import now
from tests.factories.pledges import filing, make_pool
from tests.support.instance import Instance, instance

pytestmark = pytest.mark.committed
LIMIT = 50
"""What every pledge secures; amounts here are in units of ten thousand yuan."""
LIVE = {"filed", "correction", "registered"}
ENDS = {"revoke": "revoked", "lapse": "lapsed"}
PROMPT = {"npl_warn_bp": 10_000, "npl_suspend_bp": 10_000, "paid_ratio_suspend_bp": 10_000}
DAILY = ("follow_loans", "watch_pledges")


def yuan(units: int) -> dict[str, str]:
    return money(f"{units * 10_000}.00")


@dataclass
class Plain:
    """A pledge as common sense has it; `items` by right, `runs_to` the last days of registrations of marks."""

    id: str
    debt_to: date
    items: dict[str, str]
    status: str = "filed"
    unsecured: bool = False
    drawn: int = 0
    repaid: int = 0
    loan: str | None = None
    cover: int = LIMIT
    runs_to: dict[str, date] = field(default_factory=dict)
    filings: dict[str, tuple[str, str]] = field(default_factory=dict)
    amendment: tuple[str, str, list[str], date] | None = None
    enforcement: tuple[str, str, list[str]] | None = None
    price: int = 0

    @property
    def owed(self) -> int:
        return self.drawn - self.repaid

    @property
    def registered(self) -> list[str]:
        return [one for one, status in self.items.items() if status == "registered"]

    @property
    def undecided(self) -> list[str]:
        """Of the filing itself: what an amendment is to add is not recorded with it."""
        of_amendment = self.amendment[2][:1] if self.amendment and self.amendment[1] == "substitution" else []
        known = self.items.items()
        return [one for one, status in known if status in {"filed", "correction"} and one not in of_amendment]

    @property
    def live(self) -> list[str]:
        return [one for one, status in self.items.items() if status in LIVE]

    @property
    def amendable(self) -> bool:
        return self.status == "registered" and not self.amendment and not self.enforcement

    def decided(self) -> None:
        """The office's word on all that was filed adds up."""
        states = set(self.items.values())
        order = ("correction", "filed", "registered", "refused", "withdrawn")
        self.status = next(one for one in order if one in states)
        if self.status in {"refused", "withdrawn"}:
            self.cover = 0

    def lost(self, event: str) -> None:
        """A registration is gone against the bank's will."""
        self.unsecured = True
        if not self.live:
            self.status = ENDS[event]

    def settle(self, today: date) -> None:
        """Where the loan stands once something was booked, or a day has passed; its cover follows."""
        if self.loan in {None, "repaid"}:
            return
        late = today > self.debt_to
        if not self.owed:
            self.loan = "repaid"
        elif self.loan != "enforcing":
            self.loan = "overdue" if late else "disbursed"
        over = late or self.loan == "repaid"
        self.cover = min(self.cover, self.owed + (0 if over else LIMIT - self.drawn))


STEPS = (
    *("file", "register", "register", "give_up", "hand_in", "revoke", "draw", "draw", "repay", "deregister"),
    *("extend", "release", "substitute", "decide", "enforce", "realise", "realise", "days_pass"),
)
PART = st.integers(0, 63)


class Bank(RuleBasedStateMachine):
    """The service on one side, the plain pledges on the other."""

    run: ClassVar[Callable[..., Any]]
    stage: ClassVar[Instance]
    today: ClassVar[date]
    counted: ClassVar[dict[str, int]]

    @initialize(part=PART, steps=st.integers(0, 5))
    def open(self, part: int, steps: int) -> None:
        """Mostly with a pledge that has come some way."""
        self.pledges: list[Plain] = []
        self.touched: list[Plain] = []
        self.sold: set[str] = set()
        self.run(self._open())
        if steps:
            self.file(part, 15)
        for step in (self.register, self.draw)[: max(0, steps - 1)]:
            step(self.pledges[0], 30, 0, whole=False)
        if steps > 3:
            self.days_pass(20)

    @rule(
        name=st.sampled_from(STEPS),
        pick=st.integers(0, 2),
        part=PART,
        n=st.integers(1, 60),
        whole=st.booleans(),
    )
    def act(self, name: str, pick: int, part: int, n: int, whole: bool) -> None:
        """One of the calls, on one of the last pledges."""
        if name in {"file", "days_pass"} or not self.pledges:
            self.file(part, n) if name != "days_pass" else self.days_pass(1 + n // 3)
            return
        one = self.pledges[-1 - pick % len(self.pledges)]
        self.touched.append(one)
        getattr(self, name)(one, n, part, whole=whole)

    async def _open(self) -> None:
        self.owner = self.stage.api.samples["sme"].organisation.party_id
        kinds = [AssetKind.patent] * 3 + [AssetKind.trademark] * 2
        async with self.stage.database.write() as unit:
            made = [await make_asset(unit.session, owners=[self.owner], kind=kind) for kind in kinds]
        self.rights = [str(one.id) for one in made]
        self.marks = set(self.rights[3:])
        self.pool = (await make_pool(self.stage.api, **PROMPT))["id"]
        self.paper = await document(self.stage.api, "operator")

    def send(self, allowed: bool, path: str, body: dict[str, Any], by: str = "bank_a") -> dict[str, Any]:
        """Both sides do it, or both refuse; what the service answered."""
        answer = self.run(self.stage.api.post(by, path, body))
        assert answer.is_success == allowed, (path, body, answer.text)
        assert answer.is_success or answer.status_code in {404, 409, 422}, answer.text
        step = path.rsplit("/", maxsplit=1)[-1]
        self.counted[f"{step} {'done' if allowed else 'refused'}"] = (
            self.counted.get(f"{step} {'done' if allowed else 'refused'}", 0) + 1
        )
        shown: dict[str, Any] = answer.json()
        return shown

    def free(self, right: str) -> bool:
        return right not in self.sold and not any(right in one.live for one in self.pledges)

    def some(self, rights: list[str], pick: int) -> list[str]:
        """A part of them, or all."""
        chosen = [one for place, one in enumerate(rights) if pick >> place & 1]
        return chosen or rights

    def known_stale(self, rights: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "asset_id": one,
                "code": "pledge.status_stale",
                "pledgor_on": str(self.today),
                "pledgee_on": str(self.today),
            }
            for one in rights
        ]

    def entry(self, right: str, days: int) -> dict[str, Any]:
        """The office's registration of today, of a mark for so many days."""
        entry = {"asset_id": right, "registration_no": str(uuid.uuid4()), "registered_on": str(self.today)}
        return entry | ({"expires_on": str(self.after(days))} if right in self.marks else {})

    def after(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def file(self, part: int, days: int) -> None:
        chosen = self.some(self.rights, part)[:3]
        pool = self.run(self.stage.api.get("bank_a", f"/v1/pools/{self.pool}")).json()
        allowed = all(map(self.free, chosen)) and pool["status"] == "active"  # its breaker is not this test's
        body = filing(
            self.owner,
            chosen,
            pool_id=self.pool,
            principal=yuan(LIMIT),
            debt_from=str(self.today),
            debt_to=str(self.after(days)),
            acknowledgements=self.known_stale(chosen),
        )
        made = self.send(allowed, "/v1/pledges", body)
        if allowed:
            self.pledges.append(Plain(made["id"], self.after(days), dict.fromkeys(chosen, "filed")))
            self.touched.append(self.pledges[-1])

    def register(self, one: Plain, n: int, part: int, *, whole: bool) -> None:
        chosen, days = self.some((whole and one.undecided) or list(one.items), part), n * 3
        allowed = all(one.items[right] == "filed" and right in one.undecided for right in chosen)
        body = {"registrations": [self.entry(right, days) for right in chosen]}
        self.send(allowed, f"/v1/pledges/{one.id}/registrations", body)
        if allowed:
            one.items |= dict.fromkeys(chosen, "registered")
            one.runs_to |= {right: self.after(days) for right in self.marks & set(chosen)}
            one.decided()

    def give_up(self, one: Plain, n: int, part: int, *, whole: bool) -> None:
        how = "refused" if whole else "withdrawn"
        if n % 3:
            return
        chosen = self.some(list(one.items), part)
        allowed = set(chosen) <= set(one.undecided)
        path = f"/v1/pledges/{one.id}/{'refusals' if how == 'refused' else 'withdrawals'}"
        self.send(allowed, path, {"asset_ids": chosen, "reason": "示例", f"{how}_on": str(self.today)})
        if allowed:
            one.items |= dict.fromkeys(chosen, how)
            one.decided()

    def hand_in(self, one: Plain, n: int, part: int, *, whole: bool) -> None:  # noqa: ARG002
        """PL-05: at the office once; then it asks for corrections, and gets them."""
        if one.amendment:
            return
        kind = "patent" if whole else "trademark"
        rights = [right for right in one.undecided if (right in self.marks) == (kind == "trademark")]
        number, state = one.filings.get(kind, ("", ""))
        if state == "submitted" and rights:
            days = {"requested_on": str(self.today), "respond_by": str(self.after(10))}
            self.send(True, f"/v1/filings/{number}/corrections", {"reason": "示例"} | days)
            one.items |= dict.fromkeys(rights, "correction")
            one.filings[kind] = (number, "correction")
        elif state == "correction" and rights:
            self.send(True, f"/v1/filings/{number}/resubmissions", {"resubmitted_on": str(self.today)})
            one.items |= dict.fromkeys(rights, "filed")
            one.filings[kind] = (number, "submitted")
        else:
            body = {"asset_kind": kind, "application_no": str(uuid.uuid4()), "channel": "online"}
            path = f"/v1/pledges/{one.id}/filings"
            made = self.send(bool(rights), path, body | {"submitted_on": str(self.today)})
            if rights:
                one.filings[kind] = (made["id"], "submitted")
        if rights:
            one.decided()

    def revoke(self, one: Plain, n: int, part: int, *, whole: bool) -> None:  # noqa: ARG002
        if one.amendment or n % 3:
            return
        chosen = self.some(list(one.items), part)
        fought = one.enforcement[2] if one.enforcement and one.enforcement[1] == "opened" else []
        allowed = set(chosen) <= set(one.registered) and not set(chosen) & set(fought)
        body = {"asset_ids": chosen, "reason": "示例", "revoked_on": str(self.today)}
        self.send(allowed, f"/v1/pledges/{one.id}/revocations", body)
        if allowed:
            one.items |= dict.fromkeys(chosen, "revoked")
            one.lost("revoke") if one.status == "registered" else one.decided()
            one.unsecured = True

    def draw(self, one: Plain, n: int, part: int, *, whole: bool) -> None:  # noqa: ARG002
        """PL-28: only while every right that is not let go is registered, and within the debt period."""
        units = n // 2 + 1
        secured = set(one.items.values()) <= {"registered", "deregistered"}
        allowed = (
            one.status == "registered"
            and secured
            and not one.unsecured
            and one.loan in {None, "disbursed"}
            and one.drawn + units <= LIMIT
            and self.today <= one.debt_to
        )
        body = {"amount": yuan(units), "drawn_on": str(self.today), "reference": str(uuid.uuid4())}
        self.send(allowed, f"/v1/pledges/{one.id}/loan/drawdowns", body)
        if allowed:
            one.drawn, one.loan = one.drawn + units, one.loan or "disbursed"
            one.settle(self.today)

    def repay(self, one: Plain, n: int, part: int, *, whole: bool) -> None:  # noqa: ARG002
        units = one.owed if whole and one.owed else n // 2 + 1
        allowed = one.loan is not None and units <= one.owed
        body = {"principal": yuan(units), "received_on": str(self.today), "reference": str(uuid.uuid4())}
        self.send(allowed, f"/v1/pledges/{one.id}/loan/repayments", body)
        if allowed:
            one.repaid += units
            one.settle(self.today)

    def extend(self, one: Plain, n: int, part: int, *, whole: bool) -> None:  # noqa: ARG002
        """PL-19: with marks registered as long as the loan will run."""
        to = one.debt_to + timedelta(days=n - 5)
        allowed = one.amendable and n > 5 and bool(one.live)
        body = {"kind": "extension", "changed_on": str(self.today), "debt_to": str(to)}
        self.amend(one, allowed, body, (one.registered, to), whole)

    def release(self, one: Plain, n: int, part: int, *, whole: bool) -> None:  # noqa: ARG002
        chosen = self.some(list(one.items), part)
        allowed = one.amendable and set(chosen) < set(one.registered)
        body = {"kind": "release", "changed_on": str(self.today), "asset_ids": chosen}
        self.amend(one, allowed, body, (chosen, one.debt_to), whole)

    def substitute(self, one: Plain, n: int, part: int, *, whole: bool) -> None:
        going = [list(one.items)[part % len(one.items)]]
        right = self.rights[n % len(self.rights)]
        allowed = one.amendable and going[0] in one.registered and right not in one.items and self.free(right)
        body = {
            "kind": "substitution",
            "changed_on": str(self.today),
            "asset_ids": going,
            "items": [{"asset_id": right, "pledgor_id": str(self.owner)}],
            "acknowledgements": self.known_stale([right]),
        }
        if allowed and not whole:
            one.items[right] = "filed"
        self.amend(one, allowed, body, ([right, *going], one.debt_to), whole)

    def amend(
        self, one: Plain, allowed: bool, body: dict[str, Any], what: tuple[list[str], date], at_once: bool
    ) -> None:
        kind, (rights, to) = body["kind"], what
        entries = [
            self.amended(kind, right, to) for right in (rights[:1] if kind == "substitution" else rights)
        ]
        given = {"registrations": entries} if at_once and entries else {}
        made = self.send(allowed, f"/v1/pledges/{one.id}/amendments", body | given)
        if allowed:
            one.amendment = (made["id"], kind, rights, to)
            if given:
                self.effect(one)

    def amended(self, kind: str, right: str, to: date) -> dict[str, Any]:
        entry: dict[str, Any] = {"asset_id": right, "registered_on": str(self.today)}
        if kind == "substitution":
            entry |= {"registration_no": str(uuid.uuid4())}
        if right in self.marks and kind != "release":
            entry |= {"expires_on": str(max(to, self.after(1)))}
        return entry

    def effect(self, one: Plain) -> None:
        """The office has registered the amendment."""
        assert one.amendment is not None
        _, kind, rights, to = one.amendment
        one.amendment = None
        extended = rights if kind == "extension" else rights[:1] if kind == "substitution" else []
        one.runs_to |= {right: max(to, self.after(1)) for right in self.marks & set(extended)}
        if kind == "extension":
            one.debt_to = to
        if kind == "release":
            one.items |= dict.fromkeys(rights, "deregistered")
        if kind == "substitution":
            one.items |= {rights[0]: "registered", rights[1]: "deregistered"}
            one.unsecured = False

    def decide(self, one: Plain, n: int, part: int, *, whole: bool) -> None:  # noqa: ARG002
        """The office's word on an amendment that was only filed, or none any more."""
        if one.amendment is None:
            return
        how = "registrations" if whole else ("refusal", "withdrawal")[n % 2]
        number, kind, rights, to = one.amendment
        path = f"/v1/amendments/{number}/{how}"
        if how == "registrations":
            named = rights[:1] if kind == "substitution" else rights
            allowed = (
                one.status == "registered"
                and one.enforcement is None
                and all(one.items[right] in {"registered", "filed"} for right in named)
            )
            entries = [self.amended(kind, right, to) for right in named]
            self.send(allowed, path, {"registrations": entries})
            if allowed:
                self.effect(one)
            return
        body = {"reason": "示例"} | ({"refused_on": str(self.today)} if how == "refusal" else {})
        self.send(True, path, body)
        if kind == "substitution" and one.items[rights[0]] == "filed":
            one.items[rights[0]] = "refused" if how == "refusal" else "withdrawn"
        one.amendment = None

    def deregister(self, one: Plain, n: int, part: int, *, whole: bool) -> None:  # noqa: ARG002
        reason = "waived" if n % 6 == 0 else "debt_paid"
        unpaid = reason == "debt_paid" and one.owed > 0
        allowed = one.status == "registered" and not one.enforcement and not unpaid
        body = {"reason": reason, "deregistered_on": str(self.today)}
        self.send(allowed, f"/v1/pledges/{one.id}/deregistrations", body)
        if allowed:
            one.items |= dict.fromkeys(one.registered, "deregistered")
            one.items |= dict.fromkeys(one.live, "withdrawn")
            one.status, one.cover = "deregistered", 0

    def enforce(self, one: Plain, n: int, part: int, *, whole: bool) -> None:  # noqa: ARG002
        """民法典第436条: on default, of rights that are pledged."""
        chosen = self.some(one.registered if whole and one.registered else list(one.items), part)
        allowed = (
            one.status == "registered"
            and one.enforcement is None
            and one.loan == "overdue"
            and set(chosen) <= set(one.registered)
        )
        body = {"mode": "auction", "opened_on": str(self.today), "reason": "示例", "asset_ids": chosen}
        made = self.send(allowed, f"/v1/pledges/{one.id}/enforcements", body)
        if allowed:
            one.enforcement, one.loan = (made["id"], "opened", chosen), "enforcing"

    def realise(self, one: Plain, n: int, part: int, *, whole: bool) -> None:
        """The next step of an enforcement, at times one that is not next."""
        if one.enforcement is None:
            self.enforce(one, n, part, whole=whole)
        elif (one.enforcement[1] == "opened") is (n % 5 > 0):
            self.sell(one, n)
        else:
            self.conclude(one, up=n % 5 == 0 and whole)

    def sell(self, one: Plain, price: int) -> None:
        """PL-25: the title passes and the lien ends in one; not once the debt is paid."""
        assert one.enforcement is not None
        number, state, chosen = one.enforcement
        allowed = state == "opened" and one.owed > 0 and set(chosen) <= set(one.registered)
        body = {
            "grantee_id": str(self.stage.api.samples["sme_b"].organisation.party_id),
            "price": yuan(price),
            "sold_on": str(self.today),
            "document_id": self.paper,
            "registrations": [
                {"asset_id": right, "registration_no": str(uuid.uuid4()), "registered_on": str(self.today)}
                for right in chosen
            ],
        }
        self.send(allowed, f"/v1/enforcements/{number}/sales", body, by="operator")
        if allowed:
            one.enforcement, one.price = (number, "sold", chosen), price
            one.items |= dict.fromkeys(chosen, "deregistered")
            self.sold |= set(chosen)

    def conclude(self, one: Plain, *, up: bool) -> None:
        """The price is shared by law, or the enforcement given up."""
        assert one.enforcement is not None
        number, state, _ = one.enforcement
        if up:
            self.send(state == "opened", f"/v1/enforcements/{number}/abandonment", {"reason": "示例"})
        else:
            body = {"received_on": str(self.today)}
            self.send(state == "sold", f"/v1/enforcements/{number}/distribution", body)
        if up is not (state == "opened"):
            return
        one.enforcement = None
        if not up:
            one.repaid += min(one.price, one.owed)
        if one.loan == "enforcing":
            one.loan = "overdue"
        was = one.cover
        one.settle(self.today)
        if up:
            one.cover = was  # nothing was booked
        elif not one.live and not (one.cover and one.owed):
            one.status, one.cover = "deregistered", 0

    def days_pass(self, days: int) -> None:
        """Loans fall due, registrations of marks lapse, amendments of what ended are taken back."""
        type(self).today = self.after(days)
        self.touched = list(self.pledges)
        self.run(self._pass())
        for one in self.pledges:
            one.settle(self.today)
            over = [right for right in one.registered if one.runs_to.get(right, self.today) < self.today]
            if over:
                one.items |= dict.fromkeys(over, "lapsed")
                owing = one.loan is None or one.owed > 0
                before = one.unsecured
                one.lost("lapse")
                one.unsecured = before or owing
                if not one.live and not owing:
                    one.cover = 0
            if one.amendment and self.moot(one):
                _, kind, rights, _ = one.amendment
                if kind == "substitution" and one.items[rights[0]] == "filed":
                    one.items[rights[0]] = "withdrawn"
                one.amendment = None

    def moot(self, one: Plain) -> bool:
        return one.status != "registered"

    async def _pass(self) -> None:
        moved = await self.stage.api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(self.today)})
        assert moved.is_success, moved.text
        for name in DAILY:
            async with self.stage.database.write() as unit:
                moment = replace(unit.moment, today=self.today)
                await jobs.JOBS[name](unit.session, system_actor(f"job:{name}"), moment)

    @invariant()
    def agree(self) -> None:
        """States of pledges and rights, debts, ends, liens and the pool's cover."""
        if not hasattr(self, "pledges"):
            return
        for one in self.touched:
            assert self.run(self._shown(one.id)) == {
                "status": one.status,
                "items": one.items,
                "debt_to": str(one.debt_to),
                "unsecured": one.unsecured,
                "loan": (one.loan, f"{one.owed * 10_000}.00") if one.loan else None,
            }
        self.touched = []
        liens = {(right, one.id) for one in self.pledges for right in one.live}
        covers = {one.id: one.cover * 1_000_000 for one in self.pledges if one.cover}
        assert self.run(self._kept()) == (liens, covers)

    async def _shown(self, pledge_id: str) -> dict[str, Any]:
        api = self.stage.api
        pledge = (await api.get("bank_a", f"/v1/pledges/{pledge_id}")).json()
        loan = await api.get("bank_a", f"/v1/pledges/{pledge_id}/loan")
        known = loan.json() if loan.is_success else None
        return {
            "status": pledge["status"],
            "items": {item["asset_id"]: item["status"] for item in pledge["items"]},
            "debt_to": pledge["debt_to"],
            "unsecured": pledge["unsecured_since"] is not None,
            "loan": (known["status"], known["outstanding"]["amount"]) if known else None,
        }

    async def _kept(self) -> tuple[set[tuple[str, str]], dict[str, int]]:
        """Live liens on the rights, and what the pool covers of each pledge, in fen."""
        liens = await self.stage.owner.fetch(_LIENS, [uuid.UUID(one) for one in self.rights])
        covers = await self.stage.owner.fetch(_COVERS, uuid.UUID(self.pool))
        return (
            {(str(row["asset_id"]), str(row["source_id"])) for row in liens},
            {str(row["pledge_id"]): row["outstanding_fen"] for row in covers},
        )

    def teardown(self) -> None:
        if hasattr(self, "pledges"):
            assert self.run(self._amiss()) == []

    async def _amiss(self) -> list[integrity.Finding]:
        async with self.stage.database.read() as unit:
            return await integrity.findings(unit.session)


_LIENS = """
SELECT asset_id, source_id FROM holds
WHERE kind = 'lien' AND ended_at IS NULL AND asset_id = ANY($1::uuid[])
"""
_COVERS = """
SELECT pledge_id, outstanding_fen FROM commitments
WHERE pool_id = $1 AND status IN ('committed', 'anomaly')
"""


@pytest.fixture
def stand(server_url: str, tokens: TokenIssuer) -> Iterator[None]:
    """A committed instance and a loop of the machine's own."""
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        scope = instance(server_url, "life_model", tokens)
        Bank.stage = runner.run(scope.__aenter__())
        Bank.run = staticmethod(runner.run)
        Bank.today, Bank.counted = now().today, {}
        yield
        runner.run(scope.__aexit__(None, None, None))


def test_any_sequence_of_calls_agrees_with_plain_pledges(stand: None) -> None:
    """PLG-02, PLG-04, PLG-09, PL-28: every refusal and every state of a pledge's life is the plain model's."""
    run_state_machine_as_test(
        Bank,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    seldom = {
        "registrations",
        "drawdowns",
        "repayments",
        "amendments",
        "enforcements",
        "sales",
        "distribution",
    }
    assert {f"{one} done" for one in seldom} <= Bank.counted.keys(), Bank.counted
