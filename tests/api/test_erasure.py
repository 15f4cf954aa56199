"""Erasure: afterwards the participant's bytes are in no file of the data directory, whatever happened on the way."""
import contextlib
import gzip
import io
import json
import threading
import time
import zipfile

import pytest
import requests

from conftest import new_study
from harness import program
from harness.client import Api, ndjson, quote, wait_for

OWNER = "owner@example.org"
FIELDS = [{"id": "mail", "type": "string"}, {"id": "text", "type": "string"}, {"id": "payload", "type": "json"},
          {"id": "ref", "type": "identifier"}, {"id": "mood", "type": "integer"}]
PERSON = "participant-Zx81-unmistakable"
#: Every text that is the participant's own; none may be left. Longer than what a block's header could hold by chance.
SECRETS = {
    "participant": PERSON,
    "record": "record-of-theirs-Kq5",
    "mail": "wilhelmina.q@secret-mail.example",
    "text": "I walked along the canal that nobody else mentions",
    "payload": "donated-payload-value-77e1",
    "session": "session-alone-Vt6",
    "session name": "The session of one person 41b",
    "chat": "a chat line that is only theirs 9af3",
    "code": "their-code-Pw2",
    "attribute": "their-attribute-Hn4",
    "consent": "consent-source-Rm8",
    "reason": "reason-of-withdrawal-Bd3",
    "old version": "an older version of the answer 5c7",
    "deleted record": "record-deleted-before-Xj9",
    "rejected": "refused-value-of-theirs-Lg1",
    "file": "file-chosen-by-them-Qw3",
    "file name": "their-recording-Ub2.webm",
    "file attribute": "attribute-of-a-file-Mc7",
    "file record": "record-with-a-file-Zt4",
    "recording": "what was said into the microphone by them alone",
    "half a recording": "what was said before the connection broke",
}


class World:
    """A server of its own, whose log lies inside the data directory, and a study with others beside the participant."""

    def __init__(self, directory, options=()):
        self.server = program.Server(directory, options=["--log-level", "debug", *options])
        self.server.add_user(OWNER)
        self.server.log = self.server.data / "server.log"
        self.server.start()
        self.key = self.server.create_key(OWNER)["key"]
        self.api = Api(self.server.url, self.key)
        self.study = new_study(self.api)

    def fill(self, others=3000):
        study = self.study
        self.diary = study.dataset("diary", FIELDS, kind="survey", mode="keyed")
        self.chat = study.dataset("chat", FIELDS, kind="chat")
        for dataset in (self.diary, self.chat):
            for begin in range(0, others, 1000):
                dataset.send([{"id": f"{dataset.id}-{i}", "participant": f"other-person-{i % 50}", "session": f"common-{i % 7}",
                               "values": {"mail": f"o{i}@example.org", "text": f"text of others {i}", "payload": {"n": i}, "ref": f"r{i}", "mood": i % 7}}
                              for i in range(begin, min(begin + 1000, others))])
        secrets = SECRETS
        own = {"mail": secrets["mail"], "text": secrets["text"], "payload": {"deep": [secrets["payload"]]}, "ref": PERSON, "mood": 3}
        study.api.put(f"{study.path}/participants/{PERSON}", {"code": secrets["code"], "attributes": {"town": secrets["attribute"]}})
        study.api.put(f"{study.path}/sessions/{secrets['session']}", {"name": secrets["session name"], "attendance": [{"participant": PERSON, "role": "host"}]})
        study.api.put(f"{study.path}/sessions/common-1", {"attendance": [{"participant": PERSON}, {"participant": "other-person-1"}], "attributes": {"host": PERSON}})
        study.api.put(f"{study.path}/participants/{PERSON}/consents/research", {"given": True, "source": secrets["consent"]})
        self.diary.send([{"id": secrets["record"], "participant": PERSON, "session": secrets["session"], "values": {**own, "text": secrets["old version"]}}])
        self.diary.send([{"id": secrets["record"], "participant": PERSON, "session": secrets["session"], "values": own}])
        self.diary.send([{"id": secrets["deleted record"], "participant": PERSON, "values": own}])
        study.api.delete(f"{self.diary.path}/records/{secrets['deleted record']}", status=204)
        self.chat.send([{"participant": PERSON, "session": "common-1", "values": {**own, "text": secrets["chat"]}}])
        # An answer to a request is kept with its key, with what was refused.
        self.chat.send([{"id": "fine", "participant": "other-person-1", "values": {"mood": 1}},
                        {"id": "bad", "participant": PERSON, "values": {"mood": secrets["rejected"]}}], key="a key", on_error="skip")
        # Somebody else's record names the participant.
        self.chat.send([{"id": "about", "participant": "other-person-2", "values": {"text": "about somebody", "ref": PERSON, "payload": {"partner": PERSON}}}])
        self.name_them()
        self.rows = {"diary": 3, "chat": 1}
        files = f"{study.path}/files"
        for identity, member, done in ((secrets["file"], "recording", True), ("half", "half a recording", False)):
            study.api.post(files, {"id": identity, "kind": "recording", "name": secrets["file name"], "participant": PERSON, "session": secrets["session"],
                                   "dataset": "diary", "record": secrets["file record"], "attributes": {"note": secrets["file attribute"]}})
            study.api.patch(f"{files}/{identity}/content", data=(secrets[member] * 9000).encode(), headers={"Upload-Offset": "0"})
            if done:
                study.api.post(f"{files}/{identity}/complete", {})
                study.api.get(f"{files}/{identity}/content")
                study.api.post(f"{files}/{identity}/link", {})
                study.api.get(files, params={"participant": PERSON})

    def name_them(self):
        """A session that others were in is called after them, a question offers them for an answer."""
        study = self.study
        self.pair = f"pair-{PERSON}-other"
        study.api.put(f"{study.path}/sessions/{self.pair}", {"name": f"{PERSON} and another", "attributes": {"of": self.pair}, "attendance": [{"participant": PERSON}, {"participant": "other-person-2"}]})
        self.chat.send([{"id": f"pair-{i}", "participant": f"other-person-{i}", "session": self.pair, "values": {"ref": self.pair, "payload": {"room": self.pair, self.pair: [self.pair]}, "mood": i}} for i in (2, 3)])
        self.peers = study.dataset("peers", [{"id": "likes", "type": "enum", "label": f"Is {PERSON} nice?", "group": f"about {PERSON}", "attributes": {"asked": [PERSON]}, "options": [{"id": "yes", "label": f"I like {PERSON}"}, {"id": PERSON, "label": PERSON}, {"id": "other", "code": f"{PERSON}+1"}]}],
                                   name=f"Peers of {PERSON}", attributes={"first": PERSON}, groups=[{"id": f"about {PERSON}", "label": f"About {PERSON}"}])
        self.peers.send([{"id": "peer-1", "participant": "other-person-1", "values": {"likes": PERSON}}])
        study.api.post(f"{study.path}/files", {"id": "of-another", "kind": "recording", "participant": "other-person-2", "session": self.pair})
        study.api.get(f"{study.path}/sessions/{self.pair}")
        study.api.post(f"{study.path}/schedules", {"name": f"only {PERSON}", "cron": "0 3 * * *", "request": {"datasets": ["chat"], "sessions": [self.pair]}}, status=201)

    def exports(self):
        """Finished files in all formats, and some that name the participant."""
        study = self.study
        bodies = [{"datasets": ["diary"], "format": "csv"}, {"format": "zip"}, {"format": "zip", "media": True}, {"format": "zip", "layout": "participant", "files": "parquet"},
                  {"datasets": ["diary"], "format": "parquet"}, {"datasets": ["chat"], "format": "json", "participants": [PERSON]},
                  {"datasets": ["diary"], "format": "ndjson", "filter": {"field": "mail", "op": "=", "value": SECRETS["mail"]}}]
        jobs = [study.finished(body, headers={"Idempotency-Key": f"{number} {PERSON}"}) for number, body in enumerate(bodies)]
        assert all(job["state"] == "succeeded" for job in jobs), jobs
        self.jobs = [job["id"] for job in jobs]
        self.foreign = study.finished({"datasets": ["diary"], "format": "csv", "participants": ["other-person-3"]})["id"]

    def erase(self, **options):
        return self.api.post(f"{self.study.path}/participants/{PERSON}/erasure", **options)


def unpacked(path, data):
    """A file's bytes, and what is packed in them."""
    yield str(path), data
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield f"{path}!{name}", name.encode() + archive.read(name)
    if data[:2] == b"\x1f\x8b":
        yield f"{path}!", gzip.decompress(data)


def leftovers(directory):
    found = []
    for path, content in program.contents(directory):
        if any(secret in str(path) for secret in SECRETS.values()):
            found.append((str(path), "its name"))
        for name, data in unpacked(path, content):
            found += [(name, what) for what, secret in SECRETS.items() if secret.encode() in data]
    return found


def unfinished(world):
    """Erasures that are not over, as the catalog has them."""
    import sqlite3
    with sqlite3.connect(f"file:{world.server.data}/catalog.sqlite?mode=ro", uri=True) as catalog:
        return catalog.execute("SELECT count(*) FROM erasure WHERE state <> 'done'").fetchone()[0]


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    assert world.server.stop() == 0, world.server.tail(100)


def test_the_search_finds_what_is_there(world):
    """The test below can fail."""
    world.fill(others=100)
    world.exports()
    assert world.server.stop() == 0
    world.server.start()
    found = {what for _, what in leftovers(world.server.data)}
    assert {"participant", "record", "mail", "session", "deleted record"} <= found


def test_nothing_is_left(world):
    world.fill()
    world.exports()
    study = world.study
    cursor = world.diary.walk()[1]["cursor"]
    live = {record["seq"] for record in world.diary.page(participant=PERSON)["records"]}
    study.api.post(f"{study.path}/participants/{PERSON}/withdrawal", {"reason": SECRETS["reason"]})
    study.api.delete(f"{study.path}/participants/{PERSON}/withdrawal", status=204)
    live |= {record["seq"] for record in world.diary.page(participant=PERSON)["records"]}
    before = {dataset.id: dataset.summary() for dataset in (world.diary, world.chat)}

    report = world.erase().json()
    assert leftovers(world.server.data) == []
    assert set(report["rows"]) == {"diary", "chat"} and report["rows"]["diary"] >= 3
    # The files expired when the withdrawal came; those made since are none.
    assert report["sessions"] == 1 and report["consents"] == 1

    for dataset in (world.diary, world.chat):
        summary, was = dataset.summary(), before[dataset.id]
        assert summary["records"] == was["records"] - 1 == dataset.count()
        assert summary["participants"] == was["participants"] - 1
        assert len(dataset.walk(limit=1000)[0]) == summary["records"]
    study.api.get(f"{study.path}/participants/{PERSON}", error="not-found")
    study.api.get(f"{study.path}/sessions/{quote(SECRETS['session'])}", error="not-found")
    assert [entry["participant"] for entry in study.api.get(f"{study.path}/sessions/common-1").json()["attendance"]] == ["other-person-1"]
    world.erase(error="not-found")
    # Incremental readers learn of it, without an id.
    page = world.diary.page(since=cursor, tombstones="true")
    assert {entry["record_seq"] for entry in page["deleted"]} >= live and all(not entry.get("id") for entry in page["deleted"])
    about = next(record for record in world.chat.walk(limit=1000)[0] if record.get("id") == "about")
    assert about["values"]["ref"] == "[erased]" and about["values"]["payload"] == {"partner": "[erased]"}
    assert report["sessions_renamed"] == 1 and report["definitions"] == 1
    study.api.get(f"{study.path}/sessions/{world.pair}", error="not-found")
    # The key of the request still works.
    again = world.chat.send([{"id": "fine", "participant": "other-person-1", "values": {"mood": 1}},
                             {"id": "bad", "participant": PERSON, "values": {"mood": SECRETS["rejected"]}}], key="a key", on_error="skip").json()
    assert again["repeated"] and again["accepted"] == 1 and again["rejected_total"] == 1 and again["rejected"] == []
    assert study.api.get(f"/exports/{world.foreign}").json()["state"] == "expired"
    for job in world.jobs:
        assert study.api.get(f"/exports/{job}").json()["state"] == "expired"

    # And after everything was written out and opened again.
    world.diary.send([{"id": "diary-1", "participant": "other-person-1", "values": {"mood": 6}}])
    assert world.server.stop() == 0
    assert leftovers(world.server.data) == []
    assert program.run("check", "--data", world.server.data).returncode == 0
    world.server.start()
    assert world.diary.summary()["records"] == before["diary"]["records"] - 1
    # The id is free: who comes back is somebody new.
    world.diary.send([{"id": SECRETS["record"], "participant": PERSON, "values": {"mood": 1}}])
    assert world.diary.count(participant=PERSON) == 1 and len(world.diary.page(participant=PERSON)["records"]) == 1


def test_files_of_exports_go(world):
    world.fill(others=200)
    world.exports()
    report = world.erase().json()
    # Others' records may name the participant, so that no file of the study stays.
    assert report["exports"] == len(world.jobs) + 1 and report["files"] == 2
    for job in [*world.jobs, world.foreign]:
        seen = world.api.get(f"/exports/{job}").json()
        assert seen["state"] == "expired" and "erased" in seen["error"], seen
        world.api.get(f"/exports/{job}/file", error="export-gone")
    assert leftovers(world.server.data) == []


def test_a_session_of_others_is_called_otherwise(world):
    """For everybody, and the same everywhere: its records, its files, texts that were its id."""
    world.fill(others=50)
    study, api = world.study, world.api
    version = api.get(world.peers.path).json()["version"]
    assert world.erase().json()["sessions_renamed"] == 1
    [name] = {record["session"] for record in world.chat.walk()[0] if record["id"].startswith("pair-")}
    assert name.startswith("session-")
    pair = [record for record in world.chat.page(session=name)["records"]]
    assert [record["participant"] for record in pair] == ["other-person-2", "other-person-3"]
    assert all(record["values"]["ref"] == name and record["values"]["payload"] == {"room": name, name: [name]} for record in pair)
    assert world.chat.count(filter=json.dumps({"field": "session", "op": "=", "value": name})) == 2 == world.chat.count(session=name)
    session = api.get(f"{study.path}/sessions/{name}").json()
    assert session["name"] == "[erased] and another" and session["attributes"] == {"of": name} and [one["participant"] for one in session["attendance"]] == ["other-person-2"]
    assert name in {one["id"] for one in api.get(f"{study.path}/sessions").json()["sessions"]}
    assert api.get(f"{study.path}/files/of-another").json()["session"] == name
    [schedule] = api.get(f"{study.path}/schedules").json()["schedules"]
    assert schedule["paused_at"] and PERSON not in json.dumps(schedule)
    definition = api.get(world.peers.path).json()
    assert definition["version"] == version + 1 and definition["name"] == "Peers of [erased]" and definition["attributes"] == {"first": "[erased]"}
    [field] = definition["fields"]
    assert field["label"] == "Is [erased] nice?" and field["group"] == "about [erased]" == definition["groups"][0]["id"] and field["attributes"] == {"asked": ["[erased]"]}
    assert [(option["id"], option.get("code", option["id"]), option["label"]) for option in field["options"]] == [("yes", "yes", "I like [erased]"), ("[erased]", "[erased]", "[erased]"), ("other", "[erased]-2", "other")]
    # Answers keep their meaning.
    assert world.peers.page()["records"][0]["values"] == {"likes": "[erased]"}
    world.server.kill()
    world.server.start()
    assert world.chat.count(session=name) == 2 and api.get(f"{study.path}/sessions/{name}").json()["id"] == name
    assert leftovers(world.server.data) == []
    # The id is free, for whoever comes back.
    world.chat.send([{"id": "back", "participant": "other-person-2", "session": world.pair, "values": {"mood": 1}}])
    assert world.chat.count(session=world.pair) == 1 and world.chat.count(session=name) == 2


def test_a_short_id_is_a_word_of_a_session_s(world):
    """`ada-bob-1` names ada, `canada` does not, and the 7 of visit-7 is nobody."""
    diary = world.study.dataset("diary", FIELDS)
    diary.send([{"id": f"{person}-{room}", "participant": person, "session": room} for person, room in (("ada", "ada-bob-1"), ("bob", "ada-bob-1"), ("ada", "canada"), ("bob", "canada"), ("7", "visit-7"), ("bob", "visit-7"))])
    assert world.api.post(f"{world.study.path}/participants/ada/erasure").json()["sessions_renamed"] == 1
    assert world.api.post(f"{world.study.path}/participants/7/erasure").json()["sessions_renamed"] == 0
    rooms = {record["session"] for record in diary.page()["records"]}
    assert len(rooms) == 3 and {"canada", "visit-7"} < rooms and "ada-bob-1" not in rooms


def test_by_the_command(world):
    world.fill(others=50)
    words = ["erase", "--server", world.server.url, "--key", world.key, "--study", world.study.id, "--participant", PERSON]
    assert program.run(*words, check=False).returncode == 2
    finished = program.run(*words, "--yes", "--json")
    assert json.loads(finished.stdout)["rows"]["chat"] == 1
    assert leftovers(world.server.data) == []
    assert program.run(*words, "--yes", check=False).returncode == 1


def test_a_mere_number_in_other_records_is_left_alone(world):
    dataset = world.study.dataset("diary", FIELDS)
    dataset.send([{"participant": "7", "values": {"text": "x"}}, {"participant": "8", "values": {"text": "7", "payload": {"answer": "7"}}}])
    world.api.post(f"{world.study.path}/participants/7/erasure")
    [record] = dataset.page()["records"]
    assert record["participant"] == "8" and record["values"] == {"text": "7", "payload": {"answer": "7"}}


def test_while_others_write_and_read(world):
    """Readers of the study end cleanly or go on, and never see the participant again; writers are answered."""
    world.fill(others=20000)
    stop, faults = threading.Event(), []
    sent, answered = [0], [0]

    def write(number):
        while not stop.is_set():
            rows = [{"id": f"w{number}-{sent[0]}-{i}", "participant": f"writer-{number}", "values": {"mood": i % 7}} for i in range(20)]
            sent[0] += 1
            # Asked to send again when somebody was withdrawn in between; the next round does.
            response = requests.post(f"{world.server.url}/api/v1{world.chat.path}/records", data=ndjson(rows), timeout=60,
                                     headers={"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {world.key}"})
            if response.status_code not in (200, 503):
                faults.append(("write", response.status_code, response.text[:200]))
            answered[0] += response.json()["accepted"] if response.status_code == 200 else 0

    def read(format, params):
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {world.key}"
        while not stop.is_set():
            begun = erased.is_set()
            try:
                response = session.get(f"{world.server.url}/api/v1{world.diary.path}/export", params={"format": format, **params}, timeout=60)
                content = response.content
            except requests.RequestException:
                continue
            if response.status_code not in (200, 503):
                faults.append((format, response.status_code, response.text[:200]))
            if begun and PERSON.encode() in content:
                faults.append((format, "still there"))
            if response.status_code == 200 and format == "ndjson" and not params:
                ids = [json.loads(line)["id"] for line in content.splitlines()]
                if len(set(ids)) != len(ids) or len(ids) < 20000:
                    faults.append((format, "rows", len(ids), len(set(ids))))

    def job():
        while not stop.is_set():
            begun = erased.is_set()
            done = wait_for(world.api, world.study.export({"format": "zip", "files": "ndjson"}).json()["id"])
            if done["state"] not in ("succeeded", "expired"):
                faults.append(("job", done["state"], done["error"]))
            if begun and done["state"] != "succeeded":
                faults.append(("job after", done["state"]))

    erased = threading.Event()

    def watched(work, *words):
        try:
            work(*words)
        except Exception as error:  # whatever it was, it is what the test is about
            faults.append((work.__name__, repr(error)[:500]))

    threads = [threading.Thread(target=watched, args=entry) for entry in
               [(write, 1), (write, 2), (read, "ndjson", {}), (read, "csv", {"sort": "-mood"}), (read, "parquet", {}), (job,)]]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    world.erase()
    erased.set()
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join(120)
    assert not faults, faults[:5]
    assert sent[0] > 3 and world.chat.count(filter=json.dumps({"any": [{"field": "participant", "op": "=", "value": f"writer-{n}"} for n in (1, 2)]})) == answered[0]
    assert leftovers(world.server.data) == []


@pytest.mark.slow
def test_beside_studies_that_are_made_and_read(world):
    """The file is exchanged while other connections look through all studies' files."""
    stop, faults = threading.Event(), []

    def others():
        while not stop.is_set():
            study = new_study(world.api)
            dataset = study.dataset("data", FIELDS)
            dataset.send([{"id": "1", "participant": "bob", "values": {"text": "x"}}])
            world.api.get(f"{dataset.path}/quality")
            for path in ("/quality", "/records?limit=2", "/summary"):
                answer = requests.get(f"{world.server.url}/api/v1{world.diary.path}{path}", headers={"Authorization": f"Bearer {world.key}"}, timeout=60)
                if answer.status_code not in (200, 503):
                    faults.append((path, answer.status_code, answer.text[:300]))

    world.fill(others=50)
    threads = [threading.Thread(target=others) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(60):
            world.diary.send([{"id": f"g{number}", "participant": f"goes-{number}", "values": {"text": "y"}}])
            world.api.post(f"{world.study.path}/participants/goes-{number}/erasure")
    finally:
        stop.set()
        for thread in threads:
            thread.join(120)
    assert not faults, faults[:3]


@pytest.mark.parametrize("delay", [0.03, *(pytest.param(delay, marks=pytest.mark.slow) for delay in (0.0, 0.01, 0.06, 0.1, 0.2, 0.35))])
def test_killed_in_the_midst(world, delay):
    world.fill(others=6000)
    world.exports()
    def erase():
        with contextlib.suppress(requests.RequestException):
            world.erase(timeout=30)

    thread = threading.Thread(target=erase, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while unfinished(world) == 0 and thread.is_alive() and time.monotonic() < deadline:
        pass
    time.sleep(delay)
    world.server.kill()
    thread.join(30)
    world.server.start()
    assert unfinished(world) == 0
    assert leftovers(world.server.data) == []
    for dataset in (world.diary, world.chat):
        assert dataset.count(participant=PERSON) == 0
        assert dataset.summary()["records"] == dataset.count() == len(dataset.walk(limit=5000)[0]) >= 6000
    assert world.server.stop() == 0
    assert leftovers(world.server.data) == []
    assert program.run("check", "--data", world.server.data).returncode == 0
    world.server.start()


def test_the_audit_forgets_them_and_stays_whole(world):
    world.fill(others=200)
    study, api = world.study, world.api
    api.patch(f"/studies/{study.id}", {"settings": {"participant_access": True}})
    person = f"{study.path}/participants/{PERSON}"
    link = api.post(f"{person}/links", {"expires": "1d"}).json()
    visitor = Api(world.server.url, link["token"])
    visitor.get("/me")
    visitor.post("/me/requests", {"kind": "erasure", "message": f"please, {SECRETS['text']}"})
    for name in ("mail", "text"):
        world.diary.page(filter=json.dumps({"all": [{"field": name, "op": "=", "value": SECRETS[name]}]}))
    world.diary.page(filter=json.dumps({"field": "mail", "op": "starts_with", "value": SECRETS["mail"][:16]}))
    world.diary.page(filter=json.dumps({"field": "mail", "op": "=", "value": "o7@example.org"}))
    world.chat.page(session=SECRETS["session"])
    api.get(f"{study.path}/sessions/{quote(SECRETS['session'])}")
    api.get(f"{study.path}/participants", params={"search": PERSON[:18]}, headers={"X-Reason": f"called by {PERSON}"})
    api.get(person)
    time.sleep(0.3)
    before = study.api.get(f"{study.path}/audit", params={"limit": 1000}).json()["entries"]
    actors = {entry["actor_kind"] for entry in before}
    assert "participant" in actors, before[:3]

    report = world.erase(headers={"X-Reason": f"asked for by {PERSON}"}).json()
    assert report["audit_entries"] >= 8
    assert leftovers(world.server.data) == []
    text = api.get(f"{study.path}/audit", params={"limit": 1000}).text
    assert not any(secret in text for secret in SECRETS.values()) and SECRETS["mail"][:16] not in text
    assert "o7@example.org" in text, "what was asked about others stays"
    assert "participant.erase" in text and "audit.redacted" in text
    assert world.server.stop() == 0
    verified = program.run("audit", "verify", "--data", world.server.data, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    world.server.start()


@pytest.mark.parametrize("person", ["Zoë-Müller-99x", "日本語日本語-1", 'an"na-7791-q', "a\\b-7791-zz", "plain-person-77"])
def test_others_records_name_them_no_more(world, person):
    """However JSON spells the id, and wherever it stands as a text of its own."""
    study, api = world.study, world.api
    notes = study.dataset("notes", [{"id": "text", "type": "string"}, {"id": "data", "type": "json"}], kind="survey", mode="keyed")
    notes.send([{"id": "own", "participant": person, "values": {"text": "x"}}])
    record = {"id": person, "participant": "other-1", "values": {"text": person, "data": {"k": person, person: [1, person], "n": 1.5}}, "metadata": {"text": {"by": person}}}
    for body in (json.dumps([record]), json.dumps([{**record, "id": "second"}], ensure_ascii=False)):
        api.call("POST", f"{notes.path}/records", data=body.encode(), headers={"Content-Type": "application/json"})
    api.put(f"{study.path}/participants/other-1", {"code": person, "status": person, "attributes": {"partner": person}})
    api.put(f"{study.path}/sessions/s1", {"name": person, "status": person, "attendance": [{"participant": "other-1", "role": person}, {"participant": person}]})
    api.put(f"{study.path}/participants/other-1/consents/research", {"given": True, "source": person, "version": person})
    job = study.finished({"datasets": ["notes"], "format": "json", "participants": ["other-1"]})
    api.post(f"{study.path}/participants/{quote(person)}/erasure")
    answers = [notes.stream("json").text, api.get(f"{study.path}/participants/other-1").text, api.get(f"{study.path}/sessions/s1").text,
               api.get(f"{study.path}/participants/other-1/consents").text]
    for answer in answers:
        assert person not in answer and json.dumps(person)[1:-1] not in answer, answer
        assert "[erased]" in answer
    values = next(row["values"] for row in notes.walk()[0] if row["id"] == "second")
    assert values == {"text": "[erased]", "data": {"k": "[erased]", "[erased]": [1, "[erased]"], "n": 1.5}}
    assert api.get(f"/exports/{job['id']}").json()["state"] == "expired"
    spellings = {person.encode(), json.dumps(person)[1:-1].encode(), json.dumps(person, ensure_ascii=False)[1:-1].encode()}
    assert program.holding(world.server.data, *spellings) == []
