"""The story's loss: a covered loan defaults, the pool pays, and part of it is recovered."""

from __future__ import annotations

from app.cli.demo.financing import Filed
from app.cli.demo.world import World, wan


class Loss:
    """A default from the bank's classification to the recovery."""

    def __init__(self, world: World, loan: Filed) -> None:
        self._world = world
        self._caller = world.caller
        self.loan = loan
        self.claim = ""

    def default(self, outstanding_wan: int) -> None:
        """The bank classes the loan substandard and claims on the pool; manager and offices agree."""
        caller = self._caller
        day = caller.today.isoformat()
        overdue = caller.today - self.loan.due_on
        caller.post(
            "bank_a",
            f"/v1/pledges/{self.loan.id}/classifications",
            {
                "loan_class": "substandard",
                "outstanding": wan(outstanding_wan),
                "overdue_days": overdue.days,
                "occurred_on": day,
            },
        )
        body = {"pledge_id": self.loan.id, "default_on": day, "trigger": "overdue"}
        self.claim = str(caller.post("bank_a", "/v1/claims", body)["id"])
        path = f"/v1/claims/{self.claim}"
        caller.post("pool_manager", f"{path}/check", {"decision": "approved"})
        caller.post("ip_office", f"{path}/approval", {"decision": "approved"})
        caller.post("finance_office", f"{path}/approval", {"decision": "approved"})

    def pay(self) -> None:
        """After its time in public the treasury releases the money."""
        self._caller.post("treasury", f"/v1/claims/{self.claim}/payment", {})

    def recover(self, gross_wan: int, cost_wan: int) -> None:
        """The bank brings in money from the pledge; it is shared by who bore the loss."""
        body = {
            "source": "pledge_realisation",
            "gross": wan(gross_wan),
            "cost": wan(cost_wan),
            "occurred_on": self._caller.today.isoformat(),
        }
        self._caller.post("bank_a", f"/v1/claims/{self.claim}/recoveries", body)
