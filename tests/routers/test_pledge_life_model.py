"""The life of pledges over HTTP against a plain model: filed, corrected, registered, amended, drawn, enforced, ended.

Every command is sent whether or not it can be done. The model, which knows nothing of the service, says yes or no
beforehand, and afterwards both sides show the same states, debts, liens and cover.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from app.infra.security import TokenIssuer
from tests.factories.clock import now
from tests.factories.pledges import filing
from tests.support.instance import instance
from tests.support.plain_pledge import LIMIT, Plain
from tests.support.pledge_desk import PledgeDesk, yuan

pytestmark = pytest.mark.committed
STEPS = (
    *("file", "register", "register", "give_up", "hand_in", "revoke", "draw", "draw", "repay", "deregister"),
    *("extend", "release", "substitute", "decide", "enforce", "realise", "realise", "days_pass"),
)
PART = st.integers(0, 63)
LAST = date(2031, 5, 31)
"""The marks' own terms end the day after."""


class Bank(PledgeDesk):
    """The service on one side, the plain pledges on the other."""

    @initialize(part=PART, steps=st.integers(0, 7))
    def open(self, part: int, steps: int) -> None:
        """Mostly with a pledge that has come some way."""
        self.sit_down()
        if steps:
            self.file(part, 15)
        for step in (self.register, self.draw)[: max(0, steps - 1)]:
            step(self.pledges[0], 30, 0, whole=False)
        if steps > 3:
            self.days_pass(20)
        if steps > 4:
            self.enforce(self.pledges[0], 30, 0, whole=True)
        if steps > 5:
            self.sell(self.pledges[0], 10)
        if steps > 6:
            self.conclude(self.pledges[0], up=False)

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
        allowed = set(chosen) <= set(one.registered)  # enforced or not: the office has spoken
        body = {"asset_ids": chosen, "reason": "示例", "revoked_on": str(self.today)}
        self.send(allowed, f"/v1/pledges/{one.id}/revocations", body)
        if allowed:
            one.items |= dict.fromkeys(chosen, "revoked")
            one.lost("revoke") if one.status == "registered" else one.decided()
            one.unsecured = True

    def draw(self, one: Plain, n: int, part: int, *, whole: bool) -> None:  # noqa: ARG002
        """PL-28: only while every right that is not let go is registered, and within the debt period."""
        units = n // 2 + 1
        awaited = {status for right, status in one.items.items() if right not in one.beside}
        secured = awaited <= {"registered", "deregistered"}
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
        allowed = one.amendable and going[0] in one.registered and self.free(right)
        body = {
            "kind": "substitution",
            "changed_on": str(self.today),
            "asset_ids": going,
            "items": [{"asset_id": right, "pledgor_id": str(self.owner)}],
            "acknowledgements": self.known_stale([right]),
        }
        if allowed and not whole:
            one.items[right] = "filed"
            one.beside.add(right)
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
            one.beside |= {right for right in one.items if right not in one.live}
            one.beside.discard(rights[0])

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
            one.status = "deregistered" if one.status == "registered" else one.status
            one.cover = 0

    def days_pass(self, days: int) -> None:
        """Loans fall due, registrations of marks lapse, amendments of what ended are taken back."""
        if self.after(days) > LAST:
            return
        type(self).today = self.after(days)
        self.touched = list(self.pledges)
        self.run(self.pass_days())
        for one in self.pledges:
            one.settle(self.today)
            over = [right for right in one.registered if one.runs_to.get(right, self.today) < self.today]
            if over:
                one.items |= dict.fromkeys(over, "lapsed")
                owing = one.loan is None or one.owed > 0
                before = one.unsecured
                one.lost("lapse")
                one.unsecured = before or owing
                if not one.registered and not owing:
                    one.cover = 0
            if one.amendment and one.status != "registered":
                _, kind, rights, _ = one.amendment
                if kind == "substitution" and one.items[rights[0]] == "filed":
                    one.items[rights[0]] = "withdrawn"
                one.amendment = None


@pytest.fixture
def stand(server_url: str, tokens: TokenIssuer) -> Iterator[None]:
    """A committed instance and a loop of the machine's own."""
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        scope = instance(server_url, "life_model", tokens)
        Bank.stage = runner.run(scope.__aenter__())
        Bank.run = staticmethod(runner.run)
        Bank.today, Bank.counted = now().today, set()
        yield
        runner.run(scope.__aexit__(None, None, None))


def test_any_sequence_of_calls_agrees_with_plain_pledges(stand: None) -> None:
    """PLG-02, PLG-04, PLG-09, PL-28: every refusal and every state of a pledge's life is the plain model's."""
    run_state_machine_as_test(
        Bank,
        settings=settings(
            max_examples=10,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert {"pledges", "registrations", "drawdowns", "amendments"} <= Bank.counted, Bank.counted
