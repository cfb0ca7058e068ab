"""Encumbrance certificates: the state of a right on a day as known at a moment, signed (UNI-25).

What is signed is a text: canonical JSON (`canonical` in `seal`), of which `state` is the part that is
certified. Names and numbers stand beside the state: a firm that is renamed supersedes nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Protocol

from app.domain.asset_state import RightState
from app.domain.errors import ErrorKind, Violation, define
from app.domain.hold import LICENCE_KINDS, STAY_KINDS, HoldKind
from app.domain.request import date_faults
from app.domain.seal import canonical
from app.domain.state_machine import StateMachine

FORMAT = "ipops.certificate/1"

CERTIFIED_KINDS = LICENCE_KINDS | STAY_KINDS | {HoldKind.lien}
"""What is certified to be on a right. What the market alone knows of, an offer or a reservation, is not."""

CODE = re.compile(r"[A-Z2-7]{26}")
"""The code by which anybody may verify: 128 random bits in base32, to be read from paper."""

NOT_COVERED = {
    "zh": (
        "本证明依平台登记簿所载出具，不包括：未向平台登记或公告尚未录入的权利变动；"
        "正在审理的无效宣告、权属或者侵权争议；质权人、被许可人、查封申请人的身份以及担保金额、许可费等合同条款。"
        "权利状态以国家知识产权局的登记和公告为准。"
    ),
    "en": (
        "Certified is what the platform's register holds. Not covered: changes that were neither entered nor"
        " taken over from the gazette yet; pending invalidation, ownership and infringement proceedings; who"
        " holds a lien or a licence or asked for a preservation, and their amounts and terms. The register"
        " and gazette of CNIPA prevail."
    ),
}
"""What nobody may read out of a certificate."""


class CertificateStatus(StrEnum):
    """Whether the issuer still stands by it."""

    issued = "issued"
    revoked = "revoked"


class CertificateEvent(StrEnum):
    """What moves a certificate from state to state."""

    revoke = "revoke"


CERTIFICATE = StateMachine[CertificateStatus, CertificateEvent](
    noun="certificate",
    noun_zh="权利状态证明",
    initial=CertificateStatus.issued,
    transitions={(CertificateStatus.issued, CertificateEvent.revoke): CertificateStatus.revoked},
)


class Verdict(StrEnum):
    """What a certificate is worth now.

    `valid`: the register says the same of that day still. `superseded`: it says something else now.
    `revoked`: the issuer withdrew it. `altered`: text and signature do not belong together.
    """

    valid = "valid"
    superseded = "superseded"
    revoked = "revoked"
    altered = "altered"


NOT_FOUND = define("certificate.not_found", ErrorKind.not_found, "未找到该证明", "No such certificate.")
KNOWN_IN_FUTURE = define(
    "certificate.known_in_future",
    ErrorKind.invalid,
    "知悉时点 {known_at} 晚于现在",
    "{known_at}, the moment of knowledge, is later than now.",
)
RIGHT_NOT_YET_KNOWN = define(
    "certificate.right_not_yet_known",
    ErrorKind.conflict,
    "登记簿在 {known_at} 尚未载有权利 {number}，无从证明",
    "The register did not hold right {number} at {known_at} yet: there is nothing to certify.",
)
REVOKED_FOR_GOOD = define(
    "certificate.revoked_for_good",
    ErrorKind.conflict,
    "证明一经撤销不可恢复",
    "A certificate that was revoked stays revoked.",
)


class Press(Protocol):
    """What makes a certificate out of a text: a key to sign with, a page, an address to verify it at."""

    @property
    def key_id(self) -> str:
        """The key's thumbprint (RFC 7638)."""

    @property
    def public_key(self) -> bytes:
        """The raw Ed25519 public key, 32 bytes."""

    @property
    def sample(self) -> bool:
        """Whether what it makes proves nothing: it is a sandbox's."""

    def sign(self, body: bytes) -> bytes:
        """The Ed25519 signature over the bytes."""

    def address(self, code: str) -> str:
        """Where anybody verifies the certificate of that code."""

    async def page(self, body: str, *, signature: bytes, issued_at: datetime) -> bytes:
        """The certificate as a PDF; the same bytes for the same text."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What is said of a certificate itself. `seal`: the end of the register's chain, if there is one."""

    number: str
    issued_at: datetime
    organisation_id: uuid.UUID
    organisation_name: str
    district_code: str
    verify_url: str
    sample: bool
    seal: Mapping[str, str | int] | None


def faults(on: date, known_at: datetime, *, today: date, now: datetime) -> list[Violation]:
    """Everything wrong with what is to be certified: nobody knows the future."""
    found = date_faults("/on", on, today=today)
    if known_at > now:
        found.append(KNOWN_IN_FUTURE.violation("/known_at", known_at=instant(known_at)))
    return found


def state(right: RightState) -> dict[str, Any]:
    """What is certified of a right: status, owners and encumbrances, without anything that only names them.

    The end of an encumbrance that ended after the day is no part of the day's state.
    """
    status = right.status
    encumbrances = [
        {
            "kind": one.kind.value,
            "rank": one.rank,
            "placed_on": _day(one.placed_on),
            "since": _day(one.since),
            "last_day": _day(one.last_day),
        }
        for one in right.encumbrances
        if one.kind in CERTIFIED_KINDS
    ]
    return {
        "asset_id": str(right.asset_id),
        "on": right.on.isoformat(),
        "status": status and {"status": status.status.value, "effective_on": _day(status.effective_on)},
        "in_force": right.in_force,
        "owners": [
            {
                "party_id": str(owner.party_id) if owner.party_id else None,
                "share_ppm": owner.share_ppm,
                "acquired_on": _day(owner.acquired_on),
            }
            for owner in right.owners
        ],
        "encumbrances": sorted(encumbrances, key=canonical),
    }


def state_sha256(right: RightState) -> str:
    """The hash of what is certified, to be compared with what is known later."""
    return sha256(canonical(state(right)))


def head(text_format: str, issue: Issue) -> dict[str, Any]:
    """What every text says of itself."""
    return {
        "format": text_format,
        "sample": issue.sample,
        "number": issue.number,
        "issued_at": instant(issue.issued_at),
        "issuer": {
            "organisation_id": str(issue.organisation_id),
            "name": issue.organisation_name,
            "district_code": issue.district_code,
        },
        "verify_url": issue.verify_url,
    }


def body(right: RightState, issue: Issue) -> str:
    """The text that is signed. It names no lender, licensee or amount: nothing here knows one."""
    certified = state(right)
    return canonical(
        head(FORMAT, issue)
        | {
            "on": right.on.isoformat(),
            "known_at": instant(right.known_at),
            "right": {
                "office": right.office,
                "kind": right.kind.value,
                "patent_type": right.patent_type and right.patent_type.value,
                "number": right.number,
                "numbers": [{"scheme": one.scheme.value, "value": one.value} for one in right.numbers],
                "name": right.name,
                "last_day_in_force": _day(right.last_day_in_force),
            },
            "status_source": right.status and right.status.source,
            "names": {str(owner.party_id): owner.name for owner in right.owners if owner.party_id},
            "state": certified,
            "state_sha256": sha256(canonical(certified)),
            "seal": issue.seal,
            "not_covered": NOT_COVERED,
        }
    )


def verdict(status: CertificateStatus, *, genuine: bool, certified: str, now: str) -> Verdict:
    """What a certificate is worth: `certified` and `now` are hashes of the state then and as known now."""
    if not genuine:
        return Verdict.altered
    if status is CertificateStatus.revoked:
        return Verdict.revoked
    return Verdict.valid if certified == now else Verdict.superseded


def file(body: str, *, signature: str, key_id: str) -> str:
    """A certificate as a file for programs: the text as it was signed, and what verifies it."""
    return canonical({"body": body, "signature": signature, "key_id": key_id, "algorithm": "Ed25519"})


def sha256(text: str) -> str:
    """SHA-256 of a text's UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def instant(moment: datetime) -> str:
    """A moment as it is written in a certificate: UTC, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read(body: str) -> dict[str, Any]:
    """What a signed text says."""
    told: dict[str, Any] = json.loads(body)
    return told


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
