"""Decisions (审查结论): what a rule pack said of a pledge, kept to be replayed under another (UNI-36)."""

from __future__ import annotations

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class DecisionKind(StrEnum):
    """What was decided on: a pre-check, a filing, or rights added to a pledge."""

    check = "check"
    filing = "filing"
    substitution = "substitution"


class DecisionOutcome(StrEnum):
    """`passed`: nothing blocks, and what needs to be acknowledged was."""

    passed = "passed"
    refused = "refused"


NOT_FOUND = define("decision.not_found", ErrorKind.not_found, "未找到该审查结论", "No such decision.")
