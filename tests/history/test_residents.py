"""One resident's data: all of it and nobody else's, given out or emptied, told in a report."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from router.core import commands as c
from router.core import commands_text as t
from router.core.model import DAY, AgentId, ItemId
from router.errors import StorageFailed, WrongPlace
from router.history import tables
from router.history.audit import Audit
from router.history.drafts import Drafts
from router.history.residents import Left
from router.history.traces import sought, stands_in
from router.ports import Words

from .conftest import on_sqlite
from .written_past import (
    PAT,
    PHONE,
    SAM,
    SECRET,
    Past,
    contact,
    email_key,
    machines_mail,
    phone_key,
    said,
)


def make_old(tmp_path: Path, age: int = DAY) -> None:
    for path in (tmp_path / "blobs").glob("*/*/*"):
        now = path.stat().st_mtime_ns
        os.utime(path, ns=(now - age, now - age))


async def two_who_wrote(past: Past) -> None:
    """Sam and Pat each write a mail with the same photo; Sam's is answered and noted upon."""
    desk = past.desk
    desk.sign_in("amina")
    await past.mail("A", SAM, "a hole", files=[b"photo", b"sam's own"])
    desk.answer("amina")
    desk.do(t.AddNote(ItemId("A"), AgentId("amina"), "n", "w-note"))
    desk.reply(ItemId("A"), "amina", then="close", code="answered")
    await past.store_words(said("w-note", "he was rude"), said("w-r1", "it is repaired"))
    await past.mail("B", PAT, "a lamp", files=[b"photo"])
    await past.feed()


def whole(folder: Path) -> bytes:
    """Return the bytes of all files."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def read(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        bodies = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(bodies.pop("data.json")), bodies


# --- who is it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "key"),
    [
        (" Sam@Example.ORG ", email_key(SAM)),
        ("sam@exämple.test", email_key("sam@xn--exmple-cua.test")),
        ("(905) 555-0123", phone_key(PHONE)),
        ("+1 905 555 0123", phone_key(PHONE)),
    ],
)
def test_an_address_is_looked_for_in_its_normal_form(written: str, key: str) -> None:
    assert sought(SECRET, written).key == key


@pytest.mark.parametrize("written", ["", "sam", "@", "sam@", "12", "sam @x.test", "a@b@c"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="write for example"):
        sought(SECRET, written)


@pytest.mark.parametrize(
    ("values", "is_theirs"),
    [
        ({"email": "SAM@example.org"}, True),
        ({"email": "", "other": {"second": SAM}}, True),
        ({"email": "sam@example.org.test"}, False),
        ({"email": "not-sam@example.org"}, False),
        ({"name": "sam"}, False),
    ],
)
def test_an_address_stands_in_a_contact_as_a_whole_or_not_at_all(
    values: dict[str, Any], is_theirs: bool
) -> None:
    assert stands_in(sought(SECRET, SAM), json.dumps(values).encode()) is is_theirs
    assert not stands_in(sought(SECRET, SAM), b"not JSON")


# --- export --------------------------------------------------------------------------------------


async def test_an_export_holds_everything_of_one_and_nothing_of_another(
    past: Past, tmp_path: Path
) -> None:
    await two_who_wrote(past)
    path = tmp_path / "sam.zip"
    done = await past.residents.export("Sam@Example.org", path, by="operator")
    data, files = read(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (data["address"], data["format"]) == ("Sam@Example.org", "townline-resident-1")
    [item] = data["items"]
    assert (item["id"], item["state"], item["outcome"]) == ("A", "closed", "done")
    assert item["received_at"].startswith("2026-11-")
    assert item["story"][0]["event"] == "item-received"
    assert "item-closed" in [told["event"] for told in item["story"]]
    [talk] = data["conversations"]
    written = {m["words"]["text"]: m["by"] for m in talk["messages"] if m.get("words")}
    assert written == {
        "a hole": "resident",
        "he was rude": "agent:amina",
        "it is repaired": "agent:amina",
    }
    assert [c["body"]["email"] for c in data["contacts"]] == [SAM]
    [first] = [m["words"] for m in talk["messages"] if m["by"] == "resident"]
    assert files[first["original"]] == b"original of A"
    assert [files[file["path"]] for file in first["files"]] == [b"photo", b"sam's own"]
    everything = json.dumps(data)
    assert "lamp" not in everything
    assert PAT not in everything
    assert email_key(SAM) not in everything
    assert (done.files, done.missing) == (3, ())
    assert done.found.items == ("A",)
    assert done.found.open_items == ()


async def test_an_export_is_in_the_trail_under_the_key(past: Past, tmp_path: Path) -> None:
    await two_who_wrote(past)
    await past.residents.export(SAM, tmp_path / "x.zip", by="ann")
    [line] = await Audit(past.database, past.clock).recent()
    assert (line.who, line.what, line.target) == ("ann", "resident-exported", email_key(SAM))


async def test_nothing_is_overwritten_and_no_half_file_stays(past: Past, tmp_path: Path) -> None:
    await two_who_wrote(past)
    path = tmp_path / "x.zip"
    path.write_text("other things")
    with pytest.raises(WrongPlace, match="exists already"):
        await past.residents.export(SAM, path, by="ann")
    assert path.read_text() == "other things"
    with pytest.raises(StorageFailed, match="no-folder"):
        await past.residents.export(SAM, tmp_path / "no-folder" / "x.zip", by="ann")
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]


async def test_a_lost_file_is_told_and_a_strange_name_stays_inside(
    past: Past, tmp_path: Path
) -> None:
    past.desk.mail("A", email_key(SAM), contact_ref="c-A")
    name = await past.blobs.put(b"photo")
    files = [
        {"blob": name, "name": "../../etc/pass\nwd", "kind": "x", "size": 5},
        {"blob": "0" * 64, "name": "lost.jpg", "kind": "x", "size": 5},
    ]
    body = json.dumps({"text": "x", "files": files}).encode()
    await past.feed(contact("c-A", email=SAM), Words("w-A", "said", body))
    done = await past.residents.export(SAM, tmp_path / "x.zip", by="ann")
    _, found = read(tmp_path / "x.zip")
    assert done.missing == (f"files/{'0' * 16}/lost.jpg",)
    assert found == {f"files/{name[:16]}/_.._etc_pass_wd": b"photo"}


async def test_words_that_are_still_in_the_spool_are_exported(past: Past, tmp_path: Path) -> None:
    past.desk.mail("A", email_key(SAM), contact_ref="c-A")
    await past.feed()
    past.store.words |= {w.ref: w for w in (contact("c-A", email=SAM), said("w-A", "a hole"))}
    await past.residents.export(SAM, tmp_path / "x.zip", by="ann")
    data, _ = read(tmp_path / "x.zip")
    assert data["conversations"][0]["messages"][0]["words"]["text"] == "a hole"


async def test_forms_calls_and_what_machines_wrote_are_exported(past: Past, tmp_path: Path) -> None:
    """The form is filed under the telephone number; the mail address stands in its contact."""
    desk = past.desk
    desk.form("F")
    desk.do(machines_mail())
    await past.feed(
        contact("c-F", email=SAM, number=PHONE),
        Words("w-F", "form", b'{"what":"deep"}'),
        said("w-K", "I am away"),
        contact("c-K", email=SAM),
    )
    await past.residents.export(SAM, tmp_path / "x.zip", by="ann")
    data, _ = read(tmp_path / "x.zip")
    [item] = data["items"]
    assert {w["ref"]: w.get("body") for w in item["words"]}["w-F"] == {"what": "deep"}
    assert [m["words"]["text"] for m in data["machine_mail"]] == ["I am away"]
    found = await past.residents.find(SAM)
    assert found.also == (PHONE,)
    assert (found.open_items, found.contacts, found.messages) == (("F",), 2, 2)


async def test_a_chat_is_found_by_the_address_given_later(past: Past) -> None:
    past.desk.chat("A")
    past.desk.do(t.GiveContact("v", "c-later", email_key(SAM)))
    past.desk.chat("B", "other")
    await past.feed(
        said("w-v-1", "hello"), said("w-other-1", "hi"), contact("c-later", email=SAM, name="S")
    )
    found = await past.residents.find(SAM)
    assert (found.items, found.conversations, found.messages) == (("A",), 1, 1)
    assert (await past.residents.find(PAT)).items == ()


async def test_what_is_filed_under_a_number_beside_the_address_is_theirs_too(past: Past) -> None:
    desk = past.desk
    desk.do(
        c.SubmitForm(
            item_id=ItemId("F"),
            key="form:F",
            form="report",
            subject="pothole",
            address_key=phone_key(PHONE),
            contact_ref="c-F",
            words_ref="w-F",
            language="en",
        )
    )
    desk.call("CALL", caller=phone_key(PHONE))
    desk.call("OTHER", caller=phone_key("+19055550199"))
    await past.feed(
        contact("c-F", email=SAM, number=PHONE), contact(f"w_{phone_key(PHONE)}", number=PHONE)
    )
    assert (await past.residents.find(SAM)).items == ("CALL", "F")
    assert (await past.residents.find(PHONE)).items == ("CALL", "F")


async def test_every_item_of_a_conversation_is_theirs(past: Past) -> None:
    """The first chat ended before anybody knew whose it was."""
    desk = past.desk
    desk.sign_in("amina")
    desk.chat("A", text="1")
    desk.reply(desk.answer("amina"), "amina", then="close", code="answered")
    desk.chat("B", text="2")
    desk.do(t.GiveContact("v", "c-later", ""))
    await past.feed(
        said("w-v-1", "one"), said("w-v-2", "two"), contact("c-later", email=SAM), said("w-r1", "x")
    )
    found = await past.residents.find(SAM)
    assert (found.items, found.conversations, found.messages) == (("A", "B"), 1, 3)


async def test_what_machines_wrote_into_a_conversation_is_part_of_it(
    past: Past, tmp_path: Path
) -> None:
    await past.mail("A")
    past.desk.do(
        t.KeepMail(
            item_id=ItemId("K"),
            key="mail:K",
            mailbox="info",
            kind="bounce",
            why="by its parts",
            words_ref="w-K",
            contact_ref="c-K",
            threads=("v-A",),
        )
    )
    await past.feed(said("w-K", "could not deliver"), contact("c-K", email="daemon@mx.test"))
    assert [row["conversation"] for row in await past.rows(tables.kept_mail)] == ["v-A"]
    await past.residents.export(SAM, tmp_path / "x.zip", by="operator")
    data, _ = read(tmp_path / "x.zip")
    assert [row["words"]["text"] for row in data["machine_mail"]] == ["could not deliver"]
    await past.residents.redact(SAM, by="operator")
    assert await past.body("w-K") is None


# --- redaction -----------------------------------------------------------------------------------


async def test_redaction_empties_one_and_leaves_another_and_tells_what_it_did(
    past: Past, tmp_path: Path
) -> None:
    await two_who_wrote(past)
    await Drafts(past.database, past.clock).save("A", "amina", "Dear Sam")
    before = [await past.rows(table) for table in (tables.items, tables.item_events)]
    make_old(tmp_path)
    done = await past.residents.redact(SAM, by="operator")
    assert (done.items, done.open_items) == (("A",), ())
    assert (done.contacts, done.messages, done.drafts, done.files) == (1, 3, 1, 2)
    assert done.left == (Left("1 files", "somebody else's messages hold the same files"),)
    for ref in ("w-A", "c-A", "w-note", "w-r1"):
        assert await past.body(ref) is None
    for ref in ("w-B", "c-B"):
        assert await past.body(ref) is not None
    assert await past.blobs.get(await past.blobs.put(b"photo")) == b"photo"
    assert await past.rows(tables.drafts) == []
    assert [await past.rows(table) for table in (tables.items, tables.item_events)] == before
    [line] = await Audit(past.database, past.clock).recent()
    assert (line.who, line.what, line.target) == ("operator", "resident-redacted", email_key(SAM))
    again = await past.residents.redact(SAM, by="operator")
    assert (again.contacts, again.messages, again.files, again.left) == (0, 0, 0, ())


@on_sqlite
async def test_nothing_of_the_words_is_left_in_the_file(past: Past, tmp_path: Path) -> None:
    await two_who_wrote(past)
    make_old(tmp_path)
    await past.residents.redact(SAM, by="operator")
    await past.database.close()
    stored = whole(tmp_path)
    for text in (b"a hole", b"he was rude", b"it is repaired", SAM.encode(), b"sam's own"):
        assert text not in stored
    assert b"a lamp" in stored


async def test_open_items_are_emptied_too_and_said(past: Past) -> None:
    await past.mail("A")
    await past.feed()
    done = await past.residents.redact(SAM, by="operator")
    assert (done.items, done.open_items) == (("A",), ("A",))


async def test_words_in_the_spool_go_as_well_and_cannot_come_back(past: Past) -> None:
    past.desk.mail("A", email_key(SAM), contact_ref="c-A")
    await past.feed()
    photo = await past.blobs.put(b"photo")
    waiting = {w.ref: w for w in (contact("c-A", email=SAM), said("w-A", "x", original=photo))}
    past.store.words |= waiting
    done = await past.residents.redact(SAM, by="operator")
    assert (done.contacts, done.messages) == (1, 1)
    assert past.store.words == {}
    past.store.words |= waiting  # a feeder that had read them before stores them now
    await past.feeder()
    assert await past.body("w-A") is None
    assert await past.body("c-A") is None
    assert await past.rows(tables.blob_uses) == []


async def test_a_spool_that_may_only_be_read_is_emptied_by_the_daemon(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past.desk.mail("A", email_key(SAM), contact_ref="c-A")
    await past.feed()
    photo = await past.blobs.put(b"photo")
    past.store.words["w-A"] = said("w-A", "a hole", original=photo)
    make_old(tmp_path)

    async def refused(_: list[str]) -> None:
        raise StorageFailed("opened for reading only")

    with monkeypatch.context() as patched:
        patched.setattr(past.journal, "moved", refused)
        done = await past.residents.redact(SAM, by="operator")
    [left] = done.left
    assert (left.what, "the daemon" in left.why) == ("1 words", True)
    assert (done.files, await past.blobs.get(photo)) == (1, None)
    await past.feeder()
    assert past.store.words == {}
    assert await past.body("w-A") is None


async def test_files_that_just_came_are_left_to_the_sweep_and_said(past: Past) -> None:
    await past.mail("A", files=[b"photo"])
    await past.feed()
    done = await past.residents.redact(SAM, by="operator")
    assert done.files == 0
    [left] = done.left
    assert (left.what, "ten minutes" in left.why) == ("2 files", True)


async def test_files_of_somebody_whose_words_wait_in_the_spool_stay(
    past: Past, tmp_path: Path
) -> None:
    await past.mail("A", SAM, files=[b"photo"])
    await past.feed()
    await past.mail("B", PAT, files=[b"photo"])
    make_old(tmp_path)
    done = await past.residents.redact(SAM, by="operator")
    assert (done.files, [left.what for left in done.left]) == (1, ["1 files"])
    assert b"photo" in [p.read_bytes() for p in (tmp_path / "blobs").glob("*/*/*")]


async def test_a_recording_at_the_carrier_is_said(past: Past) -> None:
    past.desk.form("F")
    url = b'{"url":"https://api.example.com/r","duration_s":3}'
    await past.feed(contact("c-F", number=PHONE), Words("w-F", "recording", url))
    await past.database.write(
        lambda c: c.execute(update(tables.items).values(address_key=phone_key(PHONE))).rowcount
    )
    done = await past.residents.redact("905 555 0123", by="operator")
    assert [left.what for left in done.left] == ["1 recordings"]
    assert await past.body("w-F") is None


async def test_a_merge_with_somebody_elses_item_leaves_what_is_theirs(past: Past) -> None:
    """Pat's item goes on in Sam's; what Pat writes then stands under Sam's item."""
    desk = past.desk
    desk.sign_in("amina")
    await past.mail("A", SAM, "sam's words")
    await past.mail("B", PAT, "pat's words")
    desk.do(t.MergeItems(ItemId("B"), ItemId("A"), AgentId("amina")))
    desk.mail("C", email_key(PAT), threads=("v-B",), contact_ref="c-C")
    await past.feed(said("w-C", "pat's later words"), contact("c-C", email=PAT))
    mentioned = {row["ref"] for row in await past.rows(tables.mentions) if row["item"] == "A"}
    assert "w-C" in mentioned
    done = await past.residents.redact(SAM, by="operator")
    assert done.items == ("A",)
    assert await past.body("w-A") is None
    for ref in ("w-B", "w-C"):
        assert await past.body(ref) is not None
    done = await past.residents.redact(PAT, by="operator")
    assert await past.body("w-C") is None
    assert await past.body("w-B") is None


async def test_who_is_not_known_has_nothing(past: Past) -> None:
    done = await past.residents.redact("nobody@example.com", by="operator")
    assert (done.items, done.contacts, done.messages, done.files, done.left) == ((), 0, 0, 0, ())
    with pytest.raises(ValueError, match="write for example"):
        await past.residents.redact("nobody", by="operator")
