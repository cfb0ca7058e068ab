"""Checks an export of the chains of seals. Plain Python 3.9, no library, no network, no database.

    python3 -I verify_seals.py FOLDER [--root FILE]... [--key HEX]...

FOLDER: what `python -m app.cli export-seals --to FOLDER` wrote. `--root`: one kept elsewhere (a daily file or
an answer of /v1/roots/{day}); only that finds a chain written anew as a whole. `--key`: a public key that may
sign; without it those in FOLDER are taken at their word. Names the first broken place and ends with 1, or
says what was checked and ends with 0. The format is told in seals.md.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

NOTHING = {"rows": "0", "sha256": ""}
READING = {"roots": "roots"}  # file: the place last read in it
UNREAD = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
MEMBERS = {
    "seals.jsonl": ["contents digest event_id hash position prev_hash sealed_at seq stream"],
    "rows.jsonl": ["event_id row table", "event_id sha256 table"],
    "roots.jsonl": ["body key_id public_key root signature"],
}


class Broken(Exception):  # noqa: N818
    """The place that is broken, and how."""


class Number(str):  # noqa: SLOT000
    """A number in the digits in which it was written."""


def fail(place: str, why: str) -> NoReturn:  # noqa: D103
    raise Broken(f"{place}: {why}")


def canonical(value: Any) -> str:
    """JSON with sorted names, no blanks, numbers as they were."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def digest(value: dict[str, Any]) -> bytes:
    """Row or digest: SHA-256 of the canonical JSON of a row as it was exported, or of the contents."""
    return hashlib.sha256(canonical(value).encode()).digest()


def table(hashes: list[bytes]) -> dict[str, str]:
    """Table: how many rows, and SHA-256 over their hashes in ascending order."""
    return {"rows": Number(len(hashes)), "sha256": hashlib.sha256(b"".join(sorted(hashes))).hexdigest()}


def link(previous: bytes, stream: str, seq: int, event_id: bytes, sealed: bytes) -> bytes:
    """Hash: over the hash before, the stream's name with its length, number, event id, digest."""
    name = stream.encode()
    parts = (previous, len(name).to_bytes(2, "big"), name, seq.to_bytes(8, "big"), event_id, sealed)
    return hashlib.sha256(b"".join(parts)).digest()


# Ed25519 (RFC 8032, section 5.1), verification only; points in extended coordinates.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]


def add(a: Point, b: Point) -> Point:
    """The sum of two points."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(factor: int, point: Point) -> Point:
    """A multiple of a point."""
    result = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = add(result, point)
        point, factor = add(point, point), factor >> 1
    return result


def unpacked(data: bytes) -> Point:
    """The point of 32 bytes. Raises `Broken`: there is none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        fail(READING["roots"], "a key or a signature that is no point of the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


BASE = unpacked((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verified(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature over the message was made with the key."""
    a, r, s = unpacked(key), unpacked(signature[:32]), int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add(r, times(h, a))
    same = (left[0] * right[2] - right[0] * left[2]) % P == 0 == (left[1] * right[2] - right[1] * left[2]) % P
    return len(signature) == 64 and s < ORDER and same


def lines(file: Path) -> Iterator[tuple[str, Any]]:
    """Every line of a file with its place; a line can be written in one way only."""
    with file.open("rb") as opened:
        for number, line in enumerate(opened, 1):
            place = READING[file.name] = f"{file.name}:{number}"
            value = json.loads(line.decode(), parse_int=Number, parse_float=Number)
            known = " ".join(sorted(value)) in MEMBERS.get(file.name, [" ".join(sorted(value))])
            if not known or (canonical(value) + "\n").encode() != line:
                fail(place, "not written as an export is")
            yield place, value


class Root:
    """A root: its text, hash and signature hold by themselves."""

    def __init__(self, place: str, given: dict[str, Any], keys: set[str]) -> None:
        READING["roots"] = self.place = place
        text, self.root, self.key = given["body"], given["root"], given["public_key"]
        said = json.loads(text)
        self.day, self.previous = said["root_on"], said["previous"]
        self.position, self.heads = int(said["position"]), said["heads"]
        signature, key = bytes.fromhex(given["signature"]), bytes.fromhex(self.key)
        if hashlib.sha256(text.encode()).hexdigest() != self.root:
            fail(place, f"the root of {self.day} is not the hash of its text")
        if keys and self.key not in keys:
            fail(place, f"the root of {self.day} is signed with a key that is not among those given")
        if given["signature"] != signature.hex() or not verified(key, text.encode(), signature):
            fail(place, f"the signature of the root of {self.day} does not hold")


def exported_roots(folder: Path, keys: set[str]) -> list[Root]:
    """The roots of the export, chained to one another, and signed with the keys it names."""
    roots: list[Root] = []
    used: set[tuple[str, str]] = set()
    for place, given in lines(folder / "roots.jsonl"):
        root = Root(place, given, keys)
        if root.previous != (roots[-1].root if roots else bytes(32).hex()):
            fail(place, f"the root of {root.day} is not chained to the one before")
        roots.append(root)
        used.add((given["key_id"], root.key))
    if [sorted(published.items()) for _, published in lines(folder / "keys.json")] != [sorted(used)]:
        fail("keys.json", "not the keys that have signed the roots")
    return roots


class Chains:
    """The chains as far as they were read: the last seal of each, and the rows that come next."""

    def __init__(self, rows: Iterator[tuple[str, Any]]) -> None:
        self.heads: dict[str, dict[str, Any]] = {}
        self.position, self.count, self.unseen, self.time = 0, 0, 0, ""
        self.rows = rows
        self.row: Any = None
        self.place, self.row = next(rows, ("", None))

    def contents(self, event_id: str) -> dict[str, Any]:
        """Contents: what the rows under an event come to, table by table."""
        found: dict[str, list[bytes]] = {}
        while self.row is not None and self.row["event_id"] == event_id:
            known = bytes.fromhex(self.row["sha256"]) if "sha256" in self.row else digest(self.row["row"])
            found.setdefault(self.row["table"], []).append(known)
            self.count, self.unseen = self.count + 1, self.unseen + ("sha256" in self.row)
            self.place, self.row = next(self.rows, ("", None))
        return {name: table(hashes) for name, hashes in found.items()}

    def add(self, place: str, seal: dict[str, Any]) -> None:
        """Recompute the next seal from its rows and the seal before."""
        stream = str(seal["stream"])
        place = f"{place} ({stream}/{seal['seq']}, event {seal['event_id']})"
        before = self.heads.get(stream, {"seq": 0, "hash": bytes(32).hex()})
        self.position, seq = self.position + 1, before["seq"] + 1
        if canonical([seal["position"], seal["seq"]]) != f"[{self.position},{seq}]":
            fail(place, f"a seal is missing before it: {stream}/{seq} or position {self.position}")
        contents = self.contents(seal["event_id"])
        for name in sorted({*contents, *seal["contents"]}):
            now, then = contents.get(name, NOTHING), seal["contents"].get(name, NOTHING)
            if now != then or not isinstance(then["rows"], type(now["rows"])):
                fail(place, f"{name}: {now['rows']} rows, sealed {then['rows']}; not what was sealed")
        sealed = digest(contents)
        chained = (seal["digest"], seal["prev_hash"]) == (sealed.hex(), before["hash"])
        if not chained or seal["sealed_at"] < self.time:
            fail(place, "not chained to its rows, or to the seal before it")
        event_id = bytes.fromhex(seal["event_id"].replace("-", ""))
        if seal["hash"] != link(bytes.fromhex(before["hash"]), stream, seq, event_id, sealed).hex():
            fail(place, "its hash is another")
        self.heads[stream], self.time = {"seq": seq, "hash": seal["hash"]}, seal["sealed_at"]

    def hold(self, root: Root) -> None:
        """Hold the chains against a root of this position."""
        wrong = [name for name in {*root.heads, *self.heads} if root.heads.get(name) != self.heads.get(name)]
        if wrong:
            names = ", ".join(sorted(wrong))
            fail(root.place, f"not the root of {names}: rewritten by position {root.position}")


def check(folder: Path, kept: list[Path], keys: set[str]) -> str:
    """Everything, from the rows up to the roots; how much there was. Raises `Broken` at the first fault."""
    roots = exported_roots(folder, keys)
    outside = [Root(str(file), json.loads(file.read_bytes()), keys) for file in kept]
    waiting = sorted([*outside, *roots], key=lambda root: root.position)
    chains = Chains(lines(folder / "rows.jsonl"))
    for place, seal in lines(folder / "seals.jsonl"):
        chains.add(place, seal)
        while waiting and waiting[0].position <= chains.position:
            chains.hold(waiting.pop(0))
    if chains.row is not None:
        fail(chains.place, f"a row under no seal, or out of order (event {chains.row['event_id']})")
    if waiting:
        fail(waiting[0].place, f"names seals that are missing after position {chains.position}")
    for root in outside:
        if root.root not in {one.root for one in roots}:
            fail(root.place, f"the root of {root.day} is not among those exported")
    rows = f"{chains.count} rows ({chains.unseen} by hash alone)"
    sums = f"{chains.position} seals, {rows}, {len(chains.heads)} chains, {len(roots)} roots"
    return f"{sums}, {len(kept)} kept elsewhere: all hold"


def main() -> None:
    """Check what the arguments name."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--root", type=Path, action="append", default=[], help="a root kept elsewhere")
    parser.add_argument("--key", action="append", default=[], help="a public key that may sign, in hex")
    given = parser.parse_args()
    try:
        print(check(given.folder, given.root, {key.lower() for key in given.key}))
    except (Broken, *UNREAD) as error:
        place = f"{', '.join(READING.values())}: cannot be read "
        sys.exit(str(error) if isinstance(error, Broken) else f"{place}({error!r})")


if __name__ == "__main__":
    main()
