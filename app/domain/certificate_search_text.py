"""Search certificates in the words of people: what the page and the web page show of a signed text."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from app.domain.certificate_text import ENCUMBRANCES, NO, NOT_RECORDED, SAMPLE, YES, Words, local
from app.domain.hold import HoldKind

ENDS: Mapping[str, Words] = MappingProxyType(
    {
        "pledge.deregistered": ("已注销登记", "registration cancelled"),
        "pledge.refused": ("登记机构不予登记", "refused by the office"),
        "pledge.withdrawn": ("撤回登记申请", "application withdrawn"),
        "pledge.revoked": ("登记被撤销，自始无效", "registration revoked: void from the beginning"),
        "pledge.lapsed": ("登记期限届满失效", "registration period over"),
        "stay.lifted": ("已解除", "lifted"),
        "stay.expired": ("期限届满", "period over"),
    }
)
ENDED: Words = ("已结束", "ended")
UNTIL_RELEASED: Words = ("至注销", "until released")


def search_sheet(told: Mapping[str, Any]) -> dict[str, Any]:
    """The signed text as lines and tables: each label a pair of words, each cell a text or such a pair."""
    state, rights = told["state"], told["rights"]
    return {
        "number": told["number"],
        "description": told["subject"],
        "verify_url": told["verify_url"],
        "state_sha256": told["state_sha256"],
        "sample": list(SAMPLE) if told["sample"] else None,
        "subject": _subject(told),
        "times": [
            ["查询日", "As of", told["on"]],
            ["知悉时点", "As known at", local(told["known_at"])],
            ["出具时间", "Issued at", local(told["issued_at"])],
            ["出具机构", "Issued by", told["issuer"]["name"]],
        ],
        "rights": [
            [f"{rights[one]['office']} {rights[one]['number']}", rights[one]["name"]]
            for one in state["rights"]
        ],
        "encumbrances": [_lain(one, rights) for one in state["encumbrances"]],
        "not_covered": [told["not_covered"]["zh"], told["not_covered"]["en"]],
        "seal": [f"{told['seal']['stream']} / {told['seal']['seq']}", told["seal"]["hash"]]
        if told["seal"]
        else None,
    }


def _subject(told: Mapping[str, Any]) -> list[list[Any]]:
    state = told["state"]
    of_party = "party_id" in state
    return [
        [
            "查询对象",
            "Searched",
            ["权利人名下全部权利", "all rights of a party"] if of_party else ["权利", "a right"],
        ],
        ["名称", "Name", told["subject"]],
        ["标识", "Id in the register", state["party_id"] if of_party else state["asset_id"]],
        ["权利数", "Rights searched", str(len(state["rights"]))],
        ["包括已结束的负担", "With ended ones", list(YES if state["include_discharged"] else NO)],
    ]


def _lain(one: Mapping[str, Any], rights: Mapping[str, Any]) -> list[Any]:
    right = rights.get(one["asset_id"])
    return [
        f"{right['office']} {right['number']}" if right else one["asset_id"],
        list(ENCUMBRANCES[HoldKind(one["kind"])]),
        str(one["rank"]),
        one["since"] or one["placed_on"] or list(NOT_RECORDED),
        _end(one),
    ]


def _end(one: Mapping[str, Any]) -> str | list[str]:
    """When it ends, or ended and how."""
    if one["end_reason"] is None:
        return str(one["last_day"]) if one["last_day"] else list(UNTIL_RELEASED)
    zh, en = ENDS.get(one["end_reason"], ENDED)
    return [f"{one['ended_on'] or ''} {zh}".strip(), en]
