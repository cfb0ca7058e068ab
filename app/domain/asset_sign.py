"""The sign of a mark: by which words marks are the same mark, and which marks of one owner go together.

商标法第42条第2款: whoever passes a registered mark passes with it its similar marks on the same goods, and
its identical or similar marks on similar goods. The same holds for pledging them (公告第358号第3条).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from app.domain.asset import IN_FORCE, PENDING, AssetStatus, MarkKind
from app.domain.errors import ErrorKind, define
from app.domain.text import name_key, normalise

NO_WORDS = "（无文字商标）"
"""The name of a mark that is a picture only."""

_PICTURES = frozenset(name_key(name) for name in (NO_WORDS, "图形", "图形商标", "图"))
"""What registers write where a mark has no words."""

BOUND_KINDS = frozenset({MarkKind.collective, MarkKind.certification})
"""Marks that only a qualified organisation may own: they do not move by contract alone (LS-16)."""
COLLECTIVE_MARK = define(
    "asset.collective_mark",
    ErrorKind.conflict,
    "{number} 为集体商标或证明商标，转让、出质须先经人工审批（受让人须具备相应主体资格）",
    "{number} is a collective or certification mark: it is transferred or pledged after an approval by hand "
    "only (its owner must be a qualified organisation).",
    basis="商标法第3条, 集体商标、证明商标注册和管理规定; LS-16",
)


ALIVE = IN_FORCE | PENDING
"""Only marks in force or pending go together with others."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A mark as far as it decides which marks it goes together with.

    `goods`: each of its classes that is not struck out, with the similarity groups (类似群) of its items;
    None where an item or its group is not known. `similar`: the marks it is linked to as `similar_mark`.
    """

    asset_id: uuid.UUID
    number: str
    name: str
    status: AssetStatus
    sign_key: str | None
    owners: tuple[uuid.UUID, ...]
    goods: Mapping[int, frozenset[str] | None]
    similar: frozenset[uuid.UUID] = frozenset()


class Signs:
    """Marks filed by what holds them together, so that nobody compares each with each."""

    def __init__(self, known: Collection[Sign]) -> None:
        self._known = {sign.asset_id: sign for sign in known}
        self._places: dict[object, list[Sign]] = defaultdict(list)
        for sign in known:
            if sign.status in ALIVE:
                for place in _stands_at(sign):
                    self._places[place].append(sign)

    def closures(self) -> dict[uuid.UUID, list[Sign]]:
        """For each mark those that go together with it, by number (TR-11, PL-15).

        Two marks do that when they have the same owners, when their words are the same or an office holds
        them to be similar, and when their goods overlap: a similarity group in common, or the class where
        the groups of one of them are not known. What goes with such a mark goes with this one as well.
        """
        closed: dict[uuid.UUID, list[Sign]] = {}
        for start in self._known.values():
            if start.asset_id not in closed:
                found = self._reached(start)
                in_order = sorted(found.values(), key=lambda one: (one.number, one.asset_id))
                whole = found if start.status in ALIVE else (start.asset_id,)
                closed |= dict.fromkeys(whole, in_order)
        return {key: [one for one in found if one.asset_id != key] for key, found in closed.items()}

    def _reached(self, start: Sign) -> dict[uuid.UUID, Sign]:
        """Every mark that a chain leads to from this one, and itself."""
        found, todo = {start.asset_id: start}, [start]
        looked_at: set[object] = set()
        while todo:
            one = todo.pop()
            fellows = [self._known[key] for key in one.similar & self._known.keys()]
            near = [fellow for fellow in fellows if fellow.status in ALIVE and _overlap(one, fellow)]
            for place in _looks_at(one):
                if place not in looked_at:
                    looked_at.add(place)
                    near += self._places.get(place, ())
            for fellow in near:
                if fellow.asset_id not in found:
                    found[fellow.asset_id] = fellow
                    todo.append(fellow)
        return found


_ANY = "any"
_VAGUE = "vague"


def _stands_at(sign: Sign) -> Iterator[object]:
    """Where others of the same words find a mark: in its classes, and there by its groups or as vague."""
    if sign.sign_key is not None:
        for nice_class, groups in sign.goods.items():
            for group in (_ANY, *((_VAGUE,) if groups is None else groups)):
                yield (sign.owners, sign.sign_key, nice_class, group)


def _looks_at(sign: Sign) -> Iterator[object]:
    """Where a mark finds others of the same words."""
    if sign.sign_key is not None:
        for nice_class, groups in sign.goods.items():
            for group in (_ANY,) if groups is None else (_VAGUE, *groups):
                yield (sign.owners, sign.sign_key, nice_class, group)


def _overlap(one: Sign, other: Sign) -> bool:
    """Whether two marks of the same owners are registered for the same or similar goods."""
    return one.owners == other.owners and any(
        mine is None or theirs is None or not mine.isdisjoint(theirs)
        for mine, theirs in (
            (one.goods[nice_class], other.goods[nice_class])
            for nice_class in one.goods.keys() & other.goods.keys()
        )
    )


@dataclass(frozen=True, slots=True)
class AssociatedMark:
    """A mark that goes together with another; `identical`: by the same words, else by a link of likeness."""

    asset_id: uuid.UUID
    number: str
    name: str
    status: AssetStatus
    identical: bool


def associated(
    known: Collection[Sign], marks: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[AssociatedMark]]:
    """For each of `marks` those of `known` that go together with it; none for a right that is no mark."""
    own = {sign.asset_id: sign.sign_key for sign in known}
    closures = Signs(known).closures()
    return {
        key: [
            AssociatedMark(
                one.asset_id,
                one.number,
                one.name,
                one.status,
                one.sign_key is not None and one.sign_key == own[key],
            )
            for one in closures.get(key, ())
        ]
        for key in marks
    }


def sign_key(name: str) -> str | None:
    """The words of a mark in the form in which identical marks have the same; None: it has no words.

    As `name_key`: width, case, white space and punctuation do not make another sign (`示例·智装` and
    `示例 智装`). Simplified and traditional characters do, and so do words that only sound alike: that such
    marks are similar is the offices' judgment and is told by a link `similar_mark`. A mark that is a picture
    only has no words, whatever the register calls it (`图形`).
    """
    if name_key(name) in _PICTURES:
        return None
    return name_key(name) if any(char.isalnum() for char in normalise(name)) else None
