"""Typesetting: a page from a template and data, the same bytes whenever the same is given.

Data reach the template as JSON and are never markup; the template reads no file but what lies beside it, and
only the font that is part of the package is used.
"""

from __future__ import annotations

import asyncio
import json
import struct
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import segno
import typst

TEMPLATES = Path(__file__).parents[1] / "data"
FONT_FOLDER = TEMPLATES / "fonts"
FONT = FONT_FOLDER / "NotoSansSC-Regular.ttf"
STANDARD: Final = "a-2b"
"""PDF/A-2b (ISO 19005-2): everything needed to show the page is in the file."""


async def pdf(template: str, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """A PDF/A of the template `data/{template}.typ`, which finds `data` under `sys.inputs.data`.

    It works in a thread: a page takes milliseconds, the first one of a process longer.
    """
    return await asyncio.to_thread(_pdf, template, data, made_at)


def _pdf(template: str, data: Mapping[str, Any], made_at: datetime) -> bytes:
    return typst.compile(
        str(TEMPLATES / f"{template}.typ"),
        root=str(TEMPLATES),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(shown(data), ensure_ascii=False)},
        pdf_standards=STANDARD,
        timestamp=int(made_at.timestamp()),
    )


def qr(text: str) -> str:
    """A QR code (ISO/IEC 18004) as SVG."""
    return segno.make(text, error="m", micro=False).svg_inline(border=0)


def shown(value: Any) -> Any:
    """The value with every text made of what the font can show.

    PDF/A permits no missing glyph: a character outside the font is written as its code point, `[U+D55C]`.
    Line breaks and other controls become blanks; what has no shape of its own is left out.
    """
    if isinstance(value, str):
        return "".join(_shown(one) for one in unicodedata.normalize("NFC", value))
    if isinstance(value, Mapping):
        return {key: shown(one) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [shown(one) for one in value]
    return value


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return ""
    return character if ord(character) in _characters() else f"[U+{ord(character):04X}]"


@cache
def _fonts() -> typst.Fonts:
    """Read once: a set of fonts of its own for each page would be kept in memory for each page."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_FOLDER)]
    )


@cache
def _characters() -> frozenset[int]:
    """The code points the font has a glyph for, from its `cmap` table of format 12 (ISO/IEC 14496-22)."""
    data = FONT.read_bytes()
    tables = {
        tag: offset for tag, _, offset, _ in struct.iter_unpack(">4sIII", data[12 : 12 + 16 * _u16(data, 4)])
    }
    cmap = tables[b"cmap"]
    records = struct.iter_unpack(">HHI", data[cmap + 4 : cmap + 4 + 8 * _u16(data, cmap + 2)])
    (start,) = (cmap + offset for platform, encoding, offset in records if (platform, encoding) == (3, 10))
    (groups,) = struct.unpack_from(">I", data, start + 12)
    ranges = struct.iter_unpack(">III", data[start + 16 : start + 16 + 12 * groups])
    return frozenset(point for first, last, _ in ranges for point in range(first, last + 1))


def _u16(data: bytes, offset: int) -> int:
    (value,) = struct.unpack_from(">H", data, offset)
    return int(value)
