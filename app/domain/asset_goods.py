"""Goods and services of a mark, item by item, with their similarity groups (类似群, ID-13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.domain.asset_number import attempt
from app.domain.errors import ErrorKind, Violation, define
from app.domain.text import normalise
from app.domain.trademark_number import parse_similar_group

GROUP_OF_OTHER_CLASS = define(
    "asset.group_of_other_class",
    ErrorKind.invalid,
    "类似群 {similar_group} 不属于第 {nice_class} 类",
    "Similarity group {similar_group} is not one of class {nice_class}.",
    basis="类似商品和服务区分表",
)
ITEM_TWICE = define(
    "asset.item_twice",
    ErrorKind.invalid,
    "第 {nice_class} 类的“{item}”重复",
    "“{item}” of class {nice_class} is given twice.",
)
ITEM_EXISTS = define(
    "asset.item_exists",
    ErrorKind.conflict,
    "商标已列有该类的商品服务“{item}”",
    "The mark already lists “{item}” in this class.",
)
CLASS_NOT_REGISTERED = define(
    "asset.class_not_registered",
    ErrorKind.conflict,
    "商标 {number} 没有第 {nice_class} 类；增加类别须另行申请注册",
    "Mark {number} has no class {nice_class}; another class takes an application of its own.",
    basis="商标法第23条",
)
ITEM_NOT_FOUND = define(
    "asset.item_not_found",
    ErrorKind.invalid,
    "该商标没有此项商品服务",
    "The mark has no such item.",
)
ITEM_REMOVED = define(
    "asset.item_removed",
    ErrorKind.conflict,
    "“{item}”已于 {removed_on} 删除",
    "“{item}” was struck out on {removed_on}.",
)


@dataclass(frozen=True, slots=True)
class NewItem:
    """One item of goods or services; `similar_group` None: not known."""

    nice_class: int
    item: str
    similar_group: str | None = None


def read_items(given: Iterable[tuple[str, NewItem]], violations: list[Violation]) -> list[NewItem]:
    """The items in their normal form, each with the place it stands at; objections join `violations`.

    These are a group out of form or of another class (ID-13), and an item given twice. The class itself is
    judged where it is registered.
    """
    found: list[NewItem] = []
    seen: set[tuple[int, str]] = set()
    for at, new in given:
        item, group = normalise(new.item), None
        if new.similar_group is not None:
            pointer = f"{at}/similar_group"
            group = attempt(violations, parse_similar_group, new.similar_group, pointer=pointer)
            if group is not None and int(group[:2]) != new.nice_class:
                facts = {"similar_group": group, "nice_class": new.nice_class}
                violations.append(GROUP_OF_OTHER_CLASS.violation(pointer, **facts))
        if (new.nice_class, item) in seen:
            violations.append(ITEM_TWICE.violation(f"{at}/item", nice_class=new.nice_class, item=item))
        seen.add((new.nice_class, item))
        found.append(replace(new, item=item, similar_group=group))
    return found
