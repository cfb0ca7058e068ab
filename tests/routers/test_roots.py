"""`/v1/roots`: signed once a day by the worker, read and kept by anybody (POL-10)."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError

from app.domain import root as rules
from app.domain.clock import Moment
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.domain.seal import Reason
from app.infra.db import Unit
from app.infra.roots import RootSigner
from app.infra.security import new_secret
from app.infra.signing import Use, derived_key, verified
from app.queries import roots as queries
from app.services import events, jobs, roots
from tests.support.api import Api
from tests.support.tampering import as_role, seal_all, tamper

ACTOR = system_actor("test")
SEED = new_secret()
SIGNER = RootSigner(SEED)
DAY = date(2031, 3, 1)
PATH = "/v1/roots"


async def happen(unit: Unit, *streams: str) -> None:
    """Events of these streams, sealed."""
    happened = [
        events.NewEvent(type="test.happened", noun="test", subject_id=new_id(), stream=stream, payload={})
        for stream in streams
    ]
    await events.record(unit.session, actor=ACTOR, moment=unit.moment, events=happened)
    await seal_all(unit)


async def sign(unit: Unit, day: date) -> rules.Kept | None:
    """Sign the root of a day, as the worker's job of the next one."""
    async with as_role(unit, "ipops_worker"):
        moment = Moment(unit.moment.now, day + timedelta(days=1))
        root = await roots.sign(unit.session, actor=ACTOR, moment=moment, signer=SIGNER)
    return None if root is None else roots.kept(root)


async def test_anybody_reads_a_root_and_can_check_it_with_the_published_key(api: Api, unit: Unit) -> None:
    """POL-10: hash, signature and chain of roots hold from what is public alone."""
    await happen(unit, "120110", "120116")
    await sign(unit, DAY)
    await happen(unit, "120110")
    await sign(unit, DAY + timedelta(days=1))
    listed = (await api.http.get(PATH)).json()["items"]
    assert [one["root_on"] for one in listed] == ["2031-03-01", "2031-03-02"]
    (key,) = (await api.http.get(f"{PATH}/keys")).json()["keys"]
    public_key = base64.urlsafe_b64decode(key["x"] + "=")
    for one in listed:
        shown: dict[str, Any] = (await api.http.get(f"{PATH}/{one['root_on']}")).json()
        assert shown == one
        assert hashlib.sha256(shown["body"].encode()).hexdigest() == shown["root"]
        assert verified(public_key, shown["body"].encode(), bytes.fromhex(shown["signature"]))
        assert (shown["key_id"], shown["public_key"]) == (key["kid"], public_key.hex())
        body = json.loads(shown["body"])
        assert body["heads"] == {
            head["stream"]: {"seq": head["seq"], "hash": head["hash"]} for head in shown["heads"]
        }
        assert rules.read(json.dumps(shown)).root_on.isoformat() == shown["root_on"]
    assert listed[0]["previous"] == "00" * 32
    assert listed[1]["previous"] == listed[0]["root"]
    heads = [{head["stream"]: head["seq"] for head in one["heads"]} for one in listed]
    assert heads[1]["120110"] == heads[0]["120110"] + 1
    assert heads[1]["120116"] == heads[0]["120116"]


async def test_the_list_has_pages_and_a_day_without_a_root_is_not_found(api: Api, unit: Unit) -> None:
    for days in range(3):
        await happen(unit, "120110")
        await sign(unit, DAY + timedelta(days=days))
    first = (await api.http.get(PATH, params={"limit": 2})).json()
    rest = (await api.http.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [len(page["items"]) for page in (first, rest)] == [2, 1]
    assert rest["next_cursor"] is None
    since = (await api.http.get(PATH, params={"since": "2031-03-03"})).json()["items"]
    assert [one["root_on"] for one in since] == ["2031-03-03"]
    answer = await api.http.get(f"{PATH}/2031-03-09")
    assert (answer.status_code, answer.json()["code"]) == (404, "root.not_found")
    assert (await api.http.get(f"{PATH}/yesterday")).status_code == 422


async def test_a_day_on_which_nothing_was_sealed_has_no_root(unit: Unit) -> None:
    """POL-10: the root's own event alone is no news; the job says that it did nothing."""
    await happen(unit, "120110")
    assert await sign(unit, DAY) is not None
    await seal_all(unit)
    assert await sign(unit, DAY + timedelta(days=1)) is None
    await happen(unit, "120110")
    assert await sign(unit, DAY + timedelta(days=2)) is not None


async def test_the_job_signs_one_root_a_day(unit: Unit) -> None:
    """POL-10: a day's run is kept under its key, and its root names the day that was over."""
    await happen(unit, "120110")
    signing = {roots.JOB: roots.job(SIGNER)}
    async with as_role(unit, "ipops_worker"):
        assert await jobs.waiting(unit.session, moment=unit.moment, jobs=signing) == (
            [roots.JOB],
            unit.moment.today,
        )
        run = await jobs.run(
            unit.session, moment=unit.moment, job=roots.JOB, day=unit.moment.today, jobs=signing
        )
        assert await jobs.waiting(unit.session, moment=unit.moment, jobs=signing) is None
    yesterday = unit.moment.today - timedelta(days=1)
    assert run.result["root_on"] == yesterday.isoformat()
    assert (await queries.get(unit.session, yesterday)).key_id == SIGNER.key_id


async def test_the_application_adds_no_root(unit: Unit) -> None:
    """POL-10: as with seals, only the worker's role does."""
    await happen(unit, "120110")
    moment = Moment(unit.moment.now, DAY)
    async with unit.session.begin_nested() as savepoint:
        with pytest.raises(ProgrammingError, match="permission denied for table roots"):
            await roots.sign(unit.session, actor=ACTOR, moment=moment, signer=SIGNER)
        await savepoint.rollback()


async def test_the_key_of_roots_signs_nothing_else() -> None:
    """SEC-05: each use has a key of its own, the same after a restart."""
    assert RootSigner(SEED).public_key == SIGNER.public_key
    others = {derived_key(SEED, use).public_key().public_bytes_raw() for use in Use if use is not Use.roots}
    assert SIGNER.public_key not in others


TAMPERINGS = {
    "a head": (
        "UPDATE roots SET heads = jsonb_set(heads, '{120110,seq}', '1') WHERE root_on = '2031-03-02'",
        Reason.wrong_root,
        "not the hash of what it says",
    ),
    "the signature": (
        "UPDATE roots SET signature = sha256(signature) || sha256(signature) WHERE root_on = '2031-03-02'",
        Reason.wrong_root,
        "its signature does not hold",
    ),
    "a root taken out": (
        "DELETE FROM roots WHERE root_on = '2031-03-01'",
        Reason.wrong_root,
        "not chained to the one before",
    ),
    "a seal under it": (
        (
            "UPDATE seals SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE stream = '120110'"
            " AND seq = (SELECT max(seq) FROM seals WHERE stream = '120110')"
        ),
        Reason.rewritten,
        "not the seal it names",
    ),
    "a stream put under it": (
        "UPDATE seals SET position = 1 WHERE stream = '310115' AND seq = 1",
        Reason.rewritten,
        "a stream it does not know",
    ),
}


@pytest.mark.parametrize(("statement", "reason", "detail"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
async def test_what_does_not_agree_with_a_root_is_named(
    unit: Unit, statement: str, reason: Reason, detail: str
) -> None:
    """POL-10: every stored root is held against the chains."""
    await happen(unit, "120110")
    await sign(unit, DAY)
    await happen(unit, "120110")
    await sign(unit, DAY + timedelta(days=1))
    await happen(unit, "310115")
    assert await roots.verify(unit.session, verified=verified) == []
    if "position = 1" in statement:
        await tamper(unit, "DELETE FROM seals WHERE position = 1")
    await tamper(unit, statement)
    breaches = await roots.verify(unit.session, verified=verified)
    assert len(breaches) == 1
    assert breaches[0].reason is reason
    assert detail in breaches[0].detail


async def test_a_root_kept_outside_must_be_among_the_roots(unit: Unit) -> None:
    """POL-10: taken out or signed anew, even by the same key and over the same chains."""
    await happen(unit, "120110")
    kept = await sign(unit, DAY)
    assert kept is not None
    assert await roots.verify(unit.session, verified=verified, kept_outside=[kept]) == []
    await tamper(unit, "DELETE FROM roots")
    (breach,) = await roots.verify(unit.session, verified=verified, kept_outside=[kept])
    assert (breach.reason, "there is none of that day" in breach.detail) == (Reason.wrong_root, True)
    forged = rules.Kept(kept.text, kept.root, kept.key_id, kept.public_key, bytes(64))
    (breach,) = await roots.verify(unit.session, verified=verified, kept_outside=[forged])
    assert "its signature does not hold" in breach.detail


@pytest.mark.parametrize(
    ("change", "value"),
    [("body", "{}"), ("body", "[]"), ("root", "00"), ("signature", 5), ("public_key", None), ("key_id", ...)],
)
async def test_a_file_that_is_no_root_is_refused(unit: Unit, change: str, value: Any) -> None:
    await happen(unit, "120110")
    kept = await sign(unit, DAY)
    assert kept is not None
    assert rules.read(kept.file()) == kept
    members = json.loads(kept.file())
    if value is ...:
        del members[change]
    else:
        members[change] = value
    with pytest.raises(ValueError, match="not the"):
        rules.read(json.dumps(members))
