"""Refusals in words."""

from __future__ import annotations

from app.domain.errors import DomainError, ErrorCode, ErrorKind, Reason, Violation

CODE = ErrorCode("test.words", ErrorKind.invalid, "号码 {number}：{reason}", "Number {number}: {reason}")


def test_an_objection_says_its_facts_in_each_language_and_shows_what_is_missing() -> None:
    """API-08: a fact may bring its Chinese along; one that is missing is no reason to say nothing."""
    full = Violation(CODE, None, {"number": 7, "reason": Reason("too short", "太短")})
    bare = Violation(CODE, None, {"number": 8})
    assert (full.zh, full.en) == ("号码 7：太短", "Number 7: too short")
    assert (bare.zh, bare.en) == ("号码 8：?", "Number 8: ?")
    refused = DomainError([full, bare])
    assert (refused.zh, refused.en) == ("号码 7：太短；号码 8：?", "Number 7: too short Number 8: ?")
