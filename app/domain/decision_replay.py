"""What another rule pack would have said of a decision: grounds that come, go or weigh otherwise (UNI-36)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.decision import DecisionOutcome
from app.domain.decision_case import judge
from app.domain.decision_text import found_entry, read_case
from app.domain.errors import Severity
from app.domain.rule_pack import RulePack

Entry = Mapping[str, Any]
"""A ground as a decision keeps it (see `decision_text.found_entry`)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes. `weighed`: the same ground before and after, of another severity."""

    outcome: DecisionOutcome
    added: Sequence[Entry]
    removed: Sequence[Entry]
    weighed: Sequence[tuple[Entry, Entry]]

    def changes(self, before: DecisionOutcome) -> bool:
        """Whether anything is said otherwise than it was."""
        return self.outcome is not before or bool(self.added or self.removed or self.weighed)


def replay(inputs: Mapping[str, Any], found: Sequence[Entry], pack: RulePack) -> Difference:
    """Judge again, by `pack`, what was decided on `inputs`; what the pool objected to stands as it did."""
    before = {_key(entry): entry for entry in found if entry["of_pack"]}
    told = [
        found_entry(one.violation, acknowledged=one.acknowledged, of_pack=True)
        for one in judge(read_case(inputs), pack)
    ]
    after = {_key(entry): entry for entry in told}
    beside = [entry for entry in found if not entry["of_pack"]]
    refused = any(_objects(entry) for entry in [*told, *beside])
    return Difference(
        outcome=DecisionOutcome.refused if refused else DecisionOutcome.passed,
        added=[entry for key, entry in after.items() if key not in before],
        removed=[entry for key, entry in before.items() if key not in after],
        weighed=[
            (before[key], entry)
            for key, entry in after.items()
            if key in before and _weight(before[key]) != _weight(entry)
        ],
    )


def _key(entry: Entry) -> tuple[object, ...]:
    """The same ground of the same right; a right may carry several liens, or be unfit for several reasons."""
    facts = entry["facts"]
    return entry["code"], entry["pointer"], facts.get("rank"), facts.get("reason")


def _weight(entry: Entry) -> tuple[object, object]:
    return entry["severity"], entry["acknowledged"]


def _objects(entry: Entry) -> bool:
    return entry["severity"] != Severity.warn and not entry["acknowledged"]
