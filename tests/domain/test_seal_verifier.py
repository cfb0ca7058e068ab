"""The file an auditor carries away, on exports that nobody wrote: it names a place, and never passes (POL-10)."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain import root as rules
from app.infra.roots import RootSigner
from app.infra.security import new_secret

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_seals.py"
RECIPE = runpy.run_path(str(VERIFIER))
SIGNER = RootSigner(new_secret())
EVENTS = (
    ("120110", "01890000-0000-7000-8000-000000000001"),
    ("national", "01890000-0000-7000-8000-000000000002"),
    ("120110", "01890000-0000-7000-8000-000000000003"),
)


def line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export of three events in two streams, with one root over all of them."""
    heads: dict[str, dict[str, Any]] = {}
    seals, rows = [], []
    for position, (stream, event_id) in enumerate(EVENTS, 1):
        row = {"id": event_id, "payload": {"name": '链"\\', "n": [1, -2.5]}}
        rows.append(line({"event_id": event_id, "row": row, "table": "events"}))
        numbered = json.loads(json.dumps(row), parse_int=RECIPE["Number"], parse_float=RECIPE["Number"])
        contents = {"events": RECIPE["table"]([RECIPE["digest"](numbered)])}
        sealed = RECIPE["digest"](contents)
        before = heads.get(stream, {"seq": 0, "hash": bytes(32).hex()})
        seq = before["seq"] + 1
        chained = RECIPE["link"](
            bytes.fromhex(before["hash"]), stream, seq, bytes.fromhex(event_id.replace("-", "")), sealed
        )
        heads[stream] = {"seq": seq, "hash": chained.hex()}
        seal = {
            "stream": stream,
            "seq": seq,
            "position": position,
            "event_id": event_id,
            "contents": {"events": {"rows": 1, "sha256": contents["events"]["sha256"]}},
            "digest": sealed.hex(),
            "prev_hash": before["hash"],
            "hash": chained.hex(),
            "sealed_at": f"2026-03-01T08:00:0{position}.000000Z",
        }
        seals.append(line(seal))
    text = rules.body(date(2026, 3, 1), len(EVENTS), heads, rules.GENESIS)
    signature = SIGNER.sign(text.encode())
    kept = rules.Kept(text, rules.digest(text), SIGNER.key_id, SIGNER.public_key, signature)
    files = {
        "seals.jsonl": "".join(seals),
        "rows.jsonl": "".join(rows),
        "roots.jsonl": kept.file(),
        "keys.json": line({SIGNER.key_id: SIGNER.public_key.hex()}),
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def checked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(folder), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_sound_export_holds_and_says_of_how_many_rows_it_saw_the_hash_alone(folder: Path) -> None:
    """POL-10: what was not seen is not said to be checked; a key may be given in capitals."""
    done = checked(folder, "--key", SIGNER.public_key.hex().upper())
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 seals, 3 rows (0 by hash alone), 2 chains, 1 roots" in done.stdout


def edited(line_number: int, change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def edit(content: bytes) -> bytes:
        lines = content.decode().splitlines(keepends=True)
        value = json.loads(lines[line_number - 1])
        change(value)
        lines[line_number - 1] = line(value)
        return "".join(lines).encode()

    return edit


def with_forged_row(value: dict[str, Any]) -> None:
    """A row that is not the hash beside it."""
    row = json.loads(json.dumps(value["row"]), parse_int=RECIPE["Number"], parse_float=RECIPE["Number"])
    value["sha256"] = RECIPE["digest"](row).hex()
    value["row"]["payload"]["name"] = "another"


MALFORMED: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "a row beside the hash of another": ("rows.jsonl", edited(2, with_forged_row), "rows.jsonl:2"),
    "the last line cut": ("seals.jsonl", lambda content: content[:-40], "seals.jsonl:3"),
    "the last line without its end": ("rows.jsonl", lambda content: content[:-1], "rows.jsonl:3"),
    "a line cut in a character": (
        "rows.jsonl",
        lambda content: content[: content.index("链".encode()) + 1],
        "rows.jsonl:1",
    ),
    "nothing": ("seals.jsonl", lambda _: b"", "rows.jsonl:1"),
    "no keys": ("keys.json", lambda _: b"", "keys.json"),
    "an empty line": ("rows.jsonl", lambda content: b"\n" + content, "rows.jsonl:1"),
    "a byte order mark": ("seals.jsonl", lambda content: b"\xef\xbb\xbf" + content, "seals.jsonl:1"),
    "lines of another system": ("seals.jsonl", lambda c: c.replace(b"\n", b"\r\n"), "seals.jsonl:1"),
    "a line twice": ("seals.jsonl", lambda c: c + c.splitlines(keepends=True)[-1], "seals.jsonl:4"),
    "a root twice": ("roots.jsonl", lambda c: c + c, "roots.jsonl:2"),
    "a name twice": (
        "seals.jsonl",
        lambda c: c.replace(b'"position":1', b'"position":1,"position":1'),
        "seals.jsonl:1",
    ),
    "a number of five thousand digits": (
        "seals.jsonl",
        lambda c: c.replace(b'"seq":1', b'"seq":' + b"9" * 5000, 1),
        "seals.jsonl:1",
    ),
    "a number beyond eight bytes": ("seals.jsonl", edited(1, lambda s: s.update(seq=2**64)), "seals.jsonl:1"),
    "a number below nothing": ("seals.jsonl", edited(1, lambda s: s.update(seq=-1)), "seals.jsonl:1"),
    "a number twice in a stream": ("seals.jsonl", edited(3, lambda s: s.update(seq=1)), "seals.jsonl:3"),
    "a number as text": ("seals.jsonl", edited(1, lambda s: s.update(seq="1")), "seals.jsonl:1"),
    "a number in other digits": ("seals.jsonl", edited(1, lambda s: s.update(seq="\u0661")), "seals.jsonl:1"),
    "a fraction": ("seals.jsonl", edited(1, lambda s: s.update(seq=1.0)), "seals.jsonl:1"),
    "a truth for a number": ("seals.jsonl", edited(1, lambda s: s.update(position=True)), "seals.jsonl:1"),
    "a stream with a name without end": (
        "seals.jsonl",
        edited(1, lambda s: s.update(stream="1" * 70_000)),
        "seals.jsonl:1",
    ),
    "half a character": (
        "seals.jsonl",
        lambda c: c.replace(b'"stream":"120110"', rb'"stream":"\ud800"', 1),
        "seals.jsonl:1",
    ),
    "a member that nobody knows": ("seals.jsonl", edited(1, lambda s: s.update(note="ok")), "seals.jsonl:1"),
    "a row with a member that nobody knows": (
        "rows.jsonl",
        edited(1, lambda row: row.update(note="ok")),
        "rows.jsonl:1",
    ),
    "a list for a line": ("rows.jsonl", lambda c: b"[]\n" + c, "rows.jsonl:1"),
    "brackets without end": ("rows.jsonl", lambda c: b"[" * 200_000 + b"\n" + c, "rows.jsonl:1"),
    "not a number": ("rows.jsonl", lambda c: c.replace(b"[1,", b"[NaN,", 1), "seals.jsonl:1"),
    "a signature cut short": (
        "roots.jsonl",
        edited(1, lambda root: root.update(signature=root["signature"][:64])),
        "roots.jsonl:1",
    ),
    "a count as text": (
        "seals.jsonl",
        edited(1, lambda seal: seal["contents"]["events"].update(rows="1")),
        "seals.jsonl:1",
    ),
    "a key of nothing": ("roots.jsonl", edited(1, lambda r: r.update(public_key="")), "roots.jsonl:1"),
}


@pytest.mark.parametrize(("name", "edit", "place"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_no_export_says_never_passes(
    folder: Path, name: str, edit: Callable[[bytes], bytes], place: str
) -> None:
    """POL-10: cut, doubled, misspelt or beyond all bounds: it ends with 1, a place, and no traceback."""
    file = folder / name
    file.write_bytes(edit(file.read_bytes()))
    done = checked(folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert place in done.stderr, done.stderr[:500]
