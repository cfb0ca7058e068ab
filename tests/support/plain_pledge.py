"""A pledge as common sense has it, for tests that hold the service against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

LIMIT = 50
"""What every pledge secures; amounts here are in units of ten thousand yuan."""
LIVE = {"filed", "correction", "registered"}
ENDS = {"revoke": "revoked", "lapse": "lapsed"}


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
    beside: set[str] = field(default_factory=set)
    """Rights that an amendment was to add: no money waits for them before they are registered."""

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
        if self.status == "registered" and not self.registered:
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
