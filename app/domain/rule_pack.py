"""Rule packs (规则包): the rules on pledges as data, each in force from a day (UNI-36).

A national pack says which grounds refuse a pledge, how severely and on what basis; a place's pack says what
a financing counts there for (PLG-13). How a ground is found is code: `app.domain.pledge_ground_check`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from app.domain.asset import AssetKind
from app.domain.blocker_remedy import WORDS, RemedyAction
from app.domain.errors import ErrorKind, Ruling, Severity, define
from app.domain.patent_number import PatentType

NOT_FOUND = define("rule_pack.not_found", ErrorKind.not_found, "未找到规则包 {code}", "No rule pack {code}.")
NOT_OF_GROUNDS = define(
    "rule_pack.not_of_grounds",
    ErrorKind.conflict,
    "规则包 {code} 只规定如何计数，不能据以重新审查",
    "Rule pack {code} says what counts only: nothing can be judged again by it.",
)
PERIOD_INVALID = define(
    "rule_pack.period_invalid",
    ErrorKind.invalid,
    "起止日期颠倒：{first} 晚于 {last}",
    "The period ends before it begins: {first} is after {last}.",
)
FULL_BP = 10_000


class Certainty(StrEnum):
    """How a rule is known: read in its source, from memory of it, or chosen by this house."""

    confirmed = "confirmed"
    memory = "memory"
    chosen = "chosen"


@dataclass(frozen=True, slots=True)
class Source:
    """What a pack is taken from."""

    title: str
    number: str
    in_force_from: date
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class GroundRule:
    """What a pack makes of one ground: the code it is told by, how severe it is, and what helps."""

    code: str
    ruling: Ruling
    certainty: Certainty
    remedies: tuple[RemedyAction, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the grounds are measured by.

    `status_fresh_days`: for how long a legal status that was looked up is taken for current (LS-11).
    `valuation_valid_years`: for how long from its base date a valuation is used (PL-26). `ltv_cap_bp`: how
    much is lent on a value, by kind of right, in parts of 10,000 (PL-27). `second_pledge_of_marks`: a mark
    that is pledged may be pledged again (PL-20).
    """

    status_fresh_days: int
    valuation_valid_years: int
    ltv_cap_bp: Mapping[str, int]
    second_pledge_of_marks: bool

    def cap_bp(self, kind: AssetKind, patent_type: PatentType | None) -> int:
        """How much is lent on the value of such a right; a patent of unknown type takes the lowest cap."""
        if kind is AssetKind.trademark:
            return self.ltv_cap_bp[kind.value]
        if patent_type is None:
            return min(self.ltv_cap_bp[one.value] for one in PatentType)
        return self.ltv_cap_bp[patent_type.value]


@dataclass(frozen=True, slots=True)
class RulePack:
    """The grounds of pledges from a day on, by kind of right, in the order they are told."""

    code: str
    name_zh: str
    name_en: str
    note: str
    effective_from: date
    sources: tuple[Source, ...]
    limits: Limits
    grounds: Mapping[AssetKind, tuple[GroundRule, ...]]

    def ruling(self, code: str, kinds: Collection[AssetKind]) -> Ruling | None:
        """The strictest ruling on a ground for rights of these kinds; None: it is no ground for them.

        Where the rules of more than one kind are as strict, it rests on each of them.
        """
        rules = [rule for kind in AssetKind if kind in kinds for rule in self.grounds[kind]]
        found = [rule.ruling for rule in rules if rule.code == code]
        if not found:
            return None
        strictest = min(found, key=lambda ruling: SEVERITIES.index(ruling.severity))
        bases = dict.fromkeys(one.basis for one in found if one.severity is strictest.severity)
        return replace(strictest, basis="; ".join(bases))


SEVERITIES = (Severity.block, Severity.acknowledge, Severity.warn)
"""From the gravest on; objections are told in this order."""


@dataclass(frozen=True, slots=True)
class CountingPack:
    """What a financing counts for in the districts whose code begins with `district_prefix` (PLG-13).

    Its amount is the part of the principal that rests on its rights, `ip_share_bp`. Below
    `min_ip_share_bp` it is no financing by rights at all: neither it nor its amount counts.
    """

    code: str
    name_zh: str
    name_en: str
    note: str
    effective_from: date
    sources: tuple[Source, ...]
    district_prefix: str
    min_ip_share_bp: int

    def counted_fen(self, principal_fen: int, ip_share_bp: int) -> int | None:
        """What counts of a loan, down to the fen: a figure never claims more; None: nothing counts."""
        if ip_share_bp < self.min_ip_share_bp:
            return None
        return principal_fen * ip_share_bp // FULL_BP


Pack = RulePack | CountingPack


@dataclass(frozen=True, slots=True)
class Chosen:
    """The pack of a day; `assumed`: the day is before the first version, which then stands in (§7)."""

    pack: RulePack
    assumed: bool


class RulePacks:
    """All packs, to be chosen from by day and district."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        """Raises ValueError for a code given twice, or when no pack holds everywhere."""
        self.by_code: Mapping[str, Pack] = {pack.code: pack for pack in packs}
        national = [pack for pack in packs if isinstance(pack, RulePack)]
        self._national = sorted(national, key=_from)
        self._days = [pack.effective_from for pack in self._national]
        self._counting: dict[str, list[CountingPack]] = {}
        for pack in sorted((one for one in packs if isinstance(one, CountingPack)), key=_from):
            self._counting.setdefault(pack.district_prefix, []).append(pack)
        if len(self.by_code) != len(packs) or not self._national or "" not in self._counting:
            raise ValueError("a code is given twice, or no pack holds everywhere")

    def national(self, on: date) -> Chosen:
        """The grounds in force on a day."""
        place = bisect_right(self._days, on)
        return Chosen(self._national[max(place - 1, 0)], assumed=place == 0)

    def counting(self, district_code: str, on: date) -> CountingPack:
        """What a financing counts by in a district on a day: the nearest place's rules that are in force."""
        for length in range(len(district_code), -1, -1):
            in_force = [
                pack for pack in self._counting.get(district_code[:length], ()) if pack.effective_from <= on
            ]
            if in_force:
                return in_force[-1]
        return self._counting[""][0]


def _from(pack: Pack) -> date:
    return pack.effective_from


def read_pack(document: Mapping[str, Any], known_codes: Collection[str]) -> Pack:
    """A pack as it is kept in its file. Raises ValueError for a ground that no code tells."""
    sources = tuple(
        Source(one["title"], one["number"], one["in_force_from"], Certainty(one["certainty"]))
        for one in document["sources"]
    )
    head = {name: document[name] for name in ("code", "name_zh", "name_en", "note", "effective_from")}
    counting = document.get("counting")
    if counting is not None:
        return CountingPack(sources=sources, **head, **counting)
    grounds = {kind: _ground_rules(document["grounds"][kind.value], known_codes) for kind in AssetKind}
    return RulePack(sources=sources, limits=Limits(**document["limits"]), grounds=grounds, **head)


def _ground_rules(
    given: Mapping[str, Mapping[str, Any]], known_codes: Collection[str]
) -> tuple[GroundRule, ...]:
    unknown = given.keys() - set(known_codes)
    if unknown:
        raise ValueError(f"no code tells these grounds: {sorted(unknown)}")
    return tuple(_ground_rule(code, rule) for code, rule in given.items())


def _ground_rule(code: str, rule: Mapping[str, Any]) -> GroundRule:
    remedies = tuple(RemedyAction(action) for action in rule["remedies"])
    ruling = Ruling(
        severity=Severity(rule.get("severity", "block")),
        basis=rule["basis"],
        remedy_zh="；".join(WORDS[action][0] for action in remedies),
        remedy_en=" ".join(WORDS[action][1] for action in remedies),
    )
    return GroundRule(code, ruling, Certainty(rule.get("certainty", "confirmed")), remedies)
