"""Pages: the same bytes for the same data, rare characters shown, and nothing that PDF/A forbids."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain import certificate as rules
from app.infra import typesetting
from app.infra.certificates import CertificatePress
from app.infra.security import new_secret
from tests.domain.test_certificate import ISSUE, RIGHT

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


@pytest.fixture
def press() -> CertificatePress:
    return CertificatePress(new_secret(), public_url="https://ipops.example/", sample=False)


async def test_a_page_is_the_same_bytes_for_the_same_text(press: CertificatePress) -> None:
    """UNI-25."""
    body = rules.body(RIGHT, ISSUE)
    one, two = [await press.page(body, signature=b"s" * 64, issued_at=NOW) for _ in range(2)]
    other = await press.page(
        rules.body(replace(RIGHT, name="另一装置"), ISSUE), signature=b"s" * 64, issued_at=NOW
    )
    assert one == two
    assert one != other


@pytest.mark.parametrize(
    "name",
    ["䶮㛃𬭎", "한국어 ไทย عربى", "😀👨‍👩‍👧", "e\u0301\ufe0f\u200b\n\t\x07", "#set page()*_$x$", "\\u0000"],
)
async def test_any_name_can_be_printed(press: CertificatePress, name: str) -> None:
    """What the font lacks is written as its code point: a page that cannot be made is no answer."""
    body = rules.body(replace(RIGHT, name=f"示例{name}"), ISSUE)
    assert (await press.page(body, signature=b"s" * 64, issued_at=NOW)).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("示例䶮㛃𬭎", "示例䶮㛃𬭎"),
        ("한", "[U+D55C]"),
        ("a\u200bb\ufe0fc\nd\u3000e", "abc d e"),
        ("e\u0301", "é"),
        ("#[x]*$", "#[x]*$"),
    ],
)
def test_what_the_font_lacks_is_written_as_its_code_point(text: str, shown: str) -> None:
    assert typesetting.shown({"a": [text, 1, None]}) == {"a": [shown, 1, None]}


def test_the_font_has_the_characters_of_names() -> None:
    """Every character of the basic block (GB 18030), and those for which subsets are known to fail."""
    basic = {chr(point) for point in range(0x4E00, 0x9FA6)} | set("䶮㛃𬭎")
    assert {one for one in basic if typesetting.shown(one) != unicodedata.normalize("NFC", one)} == set()


def test_an_address_has_one_slash(press: CertificatePress) -> None:
    assert press.address("ABC") == "https://ipops.example/verify/ABC"
