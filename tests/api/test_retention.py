"""Retention: what falls due, notices, dry runs, holds, and data that is gone."""
import contextlib
import datetime
import json
import threading
import time

import pytest
import requests

from conftest import new_study
from harness import program
from harness.client import Api

ADMIN, OWNER = "admin@example.org", "owner@example.org"
FIELDS = [{"id": "note", "type": "string"}]


def day(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).date().isoformat()


class World:
    def __init__(self, directory):
        self.server = program.Server(directory)
        self.server.add_user(ADMIN, admin=True)
        self.server.add_user(OWNER)
        self.server.start()
        self.admin = Api(self.server.url, self.server.create_key(ADMIN)["key"])
        self.key = self.server.create_key(OWNER)["key"]
        self.owner = Api(self.server.url, self.key)
        self.study = new_study(self.owner)
        self.diary = self.study.dataset("diary", FIELDS)
        self.walks = self.study.dataset("walks", FIELDS)
        self.diary.send([{"id": f"r{i}", "participant": "ada", "values": {"note": f"unmistakable diary note {i}"}} for i in range(5)])
        self.walks.send([{"id": "w1", "participant": "ada", "values": {"note": "unmistakable walk"}}])

    def on(self, days):
        """The same data, so many days later."""
        assert self.server.stop() == 0
        self.server.options = ["--today", day(days)]
        self.server.start()

    def run(self, **body):
        return self.admin.post("/retention/run", body).json()["steps"]

    def found(self, text):
        return [str(path) for path in program.holding(self.server.data, text)]


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    assert world.server.stop() == 0, world.server.tail(100)


def test_a_rule_is_kept(study):
    study.dataset("diary", FIELDS)
    for path in (study.path, f"{study.path}/datasets/diary"):
        nothing = study.api.get(f"{path}/retention").json()
        assert nothing["delete_on"] is None and nothing["delete_after_days"] is None and nothing["notice_days"] == 30
        rule = {"archive_after_days": 10, "delete_on": "2040-01-31T00:00:00.000Z", "delete_after_days": 20, "counted_from": "study_end",
                "notice_days": 5, "hold": True, "hold_reason": "a court asked"}
        assert study.api.put(f"{path}/retention", rule).json() == rule == study.api.get(f"{path}/retention").json()
        study.api.delete(f"{path}/retention", status=204)
        study.api.delete(f"{path}/retention", status=204)
        assert study.api.get(f"{path}/retention").json() == nothing
    study.api.put(f"{study.path}/datasets/nothing/retention", {}, error="not-found")


@pytest.mark.parametrize("body, place", [({"archive_after_days": -1}, "/archive_after_days"), ({"delete_after_days": 0}, "/delete_after_days"),
                                         ({"delete_on": "soon"}, "/delete_on"), ({"counted_from": "now"}, "/counted_from"),
                                         ({"hold": "yes"}, "/hold"), ({"more": 1}, "/more"), ({"notice_days": 1.5}, "/notice_days")])
def test_what_is_no_rule(study, body, place):
    assert study.api.put(f"{study.path}/retention", body, status=400).json()["place"] == place


def test_only_administrators_run_it(owner, admin):
    owner.post("/retention/run", {"dry_run": True}, error="forbidden")
    assert admin.post("/retention/run", {"dry_run": True}).json()["dry_run"] is True


def test_a_dataset_is_archived_then_deleted(world):
    rule = {"archive_after_days": 10, "delete_after_days": 40, "notice_days": 7}
    world.owner.put(f"{world.diary.path}/retention", rule)
    notices = f"{world.study.path}/retention/notices"
    assert world.run() == [] and world.owner.get(notices).json()["notices"] == []
    job = world.study.finished({"datasets": ["diary"], "format": "csv"})

    world.on(5)
    assert [(step["action"], step["dataset"]) for step in world.owner.get(notices).json()["notices"]] == [("archive", "diary")]
    assert world.run() == []

    world.on(11)
    dry = world.run(dry_run=True)
    assert [(step["action"], step["done"]) for step in dry] == [("archive", False)]
    assert world.diary.send([{"id": "r9", "participant": "ada"}]).json()["accepted"] == 1
    world.owner.delete(f"{world.diary.path}/records/r9", status=204)
    assert [(step["action"], step["done"]) for step in world.run()] == [("archive", True)]
    world.diary.send([{"participant": "ada"}], error="study-read-only")
    world.owner.delete(f"{world.diary.path}/records/r1", error="study-read-only")
    world.walks.send([{"participant": "ada"}])
    assert world.diary.count() == 5 and world.run() == []

    world.on(41)
    world.diary.send([{"participant": "ada"}], error="study-read-only")
    finished = program.run("retention", "run", "--server", world.server.url, "--key", world.admin.key, "--dry-run")
    assert f"delete {world.study.id}/diary" in finished.stdout and "due" in finished.stdout.splitlines()[0]
    assert world.diary.count() == 5
    finished = program.run("retention", "run", "--server", world.server.url, "--key", world.admin.key, "--json")
    assert [(step["action"], step["done"]) for step in json.loads(finished.stdout)["steps"]] == [("delete", True)]
    assert world.diary.count() == 0 and world.diary.summary()["records"] == 0 and world.walks.count() == 2
    assert world.found(b"unmistakable diary note") == []
    assert world.found(b"unmistakable walk") != []
    assert world.owner.get(f"/exports/{job['id']}").json()["state"] == "expired"
    assert world.run() == []


def test_the_daily_work_does_it(world):
    world.owner.put(f"{world.diary.path}/retention", {"delete_on": day(3)})
    # The work of today was done at the start: the next one is tomorrow's.
    import sqlite3
    assert world.server.stop() == 0
    with sqlite3.connect(world.server.data / "catalog.sqlite") as catalog:
        assert catalog.execute("UPDATE duty SET done_at = done_at - 86400000000").rowcount == 1
    world.server.options = ["--today", day(4)]
    world.server.start()
    deadline = time.monotonic() + 30
    while world.diary.count() > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert world.diary.count() == 0
    entry = None
    while entry is None and time.monotonic() < deadline:
        entry = next((entry for entry in world.admin.get("/audit").json()["entries"] if entry["action"] == "retention.delete"), None)
    assert entry["actor_kind"] == "server" and entry["dataset"] == world.diary.id


def test_a_hold_stops_everything(world):
    world.owner.put(f"{world.diary.path}/retention", {"delete_on": day(1)})
    world.owner.put(f"{world.study.path}/retention", {"delete_on": day(1), "hold": True, "hold_reason": "a court asked"})
    world.on(2)
    steps = world.run()
    assert [(step["dataset"], step["held"], step["done"]) for step in steps] == [("diary", True, False), (None, True, False)]
    assert world.diary.count() == 5
    # A dataset on hold keeps its study.
    world.owner.put(f"{world.study.path}/retention", {"delete_on": day(1)})
    world.owner.put(f"{world.diary.path}/retention", {"hold": True})
    assert [(step["dataset"], step["held"]) for step in world.run()] == [(None, True)]
    world.owner.get(world.study.path)


def test_a_study_is_archived_and_deleted(world):
    world.owner.patch(world.study.path, {"ends_at": day(1) + "T00:00:00Z"})
    world.owner.put(f"{world.study.path}/retention", {"archive_after_days": 1, "delete_after_days": 10, "counted_from": "study_end"})
    world.on(1)
    assert world.run() == []
    world.on(3)
    assert [(step["action"], step["dataset"], step["done"]) for step in world.run()] == [("archive", None, True)]
    assert world.owner.get(world.study.path).json()["status"] == "archived"
    world.walks.send([{"participant": "ada"}], error="study-read-only")
    world.on(12)
    assert [(step["action"], step["done"]) for step in world.run()] == [("delete", True)]
    world.owner.get(world.study.path, error="not-found")
    assert world.found(b"unmistakable") == [] and world.run() == []


def test_who_may_not_delete_sets_no_rule_that_does(world):
    """Managing a study is not deleting it: neither by a rule that deletes, nor by ending a hold."""
    world.server.add_user("cy@example.org")
    other = Api(world.server.url, world.server.create_key("cy@example.org")["key"])
    grants = f"{world.study.path}/grants/cy@example.org"
    world.owner.put(grants, {"rights": ["manage"]})
    for path in (world.study.path, world.diary.path):
        other.put(f"{path}/retention", {"archive_after_days": 30})
        other.put(f"{path}/retention", {"delete_on": day(3)}, error="forbidden")
        other.put(f"{path}/retention", {"delete_after_days": 1}, error="forbidden")
        world.owner.put(f"{path}/retention", {"delete_on": day(3), "hold": True, "hold_reason": "an inspection"})
        other.put(f"{path}/retention", {"archive_after_days": 30}, error="forbidden")
        other.delete(f"{path}/retention", error="forbidden")
    world.owner.put(grants, {"rights": ["manage", "delete"]})
    other.put(f"{world.diary.path}/retention", {"delete_on": day(3)})
    other.delete(f"{world.diary.path}/retention", status=204)


def test_a_file_of_no_dataset_goes_with_the_study(world):
    """And counts as something that came last, as a record does; a dataset's rule leaves it."""
    files = f"{world.study.path}/files"
    for identity, dataset in (("walked", {"dataset": "walks"}), ("loose", {})):
        world.owner.post(files, {"id": identity, "kind": "recording", "participant": "ada", **dataset})
        world.owner.put(f"{files}/{identity}/content", data=b"unmistakable sound " * 999)
    blobs = lambda: [path for path in (world.server.data / "blobs").rglob("*") if path.is_file()]
    assert len(blobs()) == 2
    world.owner.put(f"{world.walks.path}/retention", {"delete_after_days": 5})
    world.owner.put(f"{world.study.path}/retention", {"delete_after_days": 10})
    world.on(6)
    assert [(step["dataset"], step["done"]) for step in world.run()] == [("walks", True)]
    assert [one["id"] for one in world.owner.get(files).json()["files"]] == ["loose"] and len(blobs()) == 1
    world.on(11)
    assert [(step["dataset"], step["action"], step["done"]) for step in world.run()] == [(None, "delete", True)]
    assert blobs() == [] and world.found(world.study.id.encode() + b"/") == []


def test_a_study_of_files_alone_falls_due(world):
    study = new_study(world.owner)
    world.owner.post(f"{study.path}/files", {"id": "loose", "kind": "other", "participant": "ada"})
    world.owner.put(f"{study.path}/retention", {"delete_after_days": 10})
    world.on(9)
    assert world.run() == []
    world.on(11)
    assert [(step["study"], step["done"]) for step in world.run()] == [(study.id, True)]
    world.owner.get(study.path, error="not-found")


def asked(world, dataset, value):
    dataset.page(filter=json.dumps({"field": "note", "op": "=", "value": value}))
    world.study.finished({"datasets": [dataset.id], "filter": {"field": "note", "op": "=", "value": value}})


def test_the_audit_quotes_nothing_that_is_gone(world):
    """Who read what of it and when stays, the filters that say what people had said do not."""
    asked(world, world.diary, "unmistakable diary note 1")
    asked(world, world.walks, "unmistakable walk")
    world.study.finished({"format": "zip", "filter": {"field": "note", "op": "!=", "value": "unmistakable diary note 2"}})
    world.owner.put(f"{world.diary.path}/retention", {"delete_on": day(1)}, headers={"X-Reason": "the ethics board says so"})
    audit = f"{world.study.path}/audit"
    world.on(2)
    before = world.owner.get(audit, params={"limit": 1000}).json()["entries"]
    assert [step["done"] for step in world.run()] == [True]
    entries = world.owner.get(audit, params={"limit": 1000}).json()["entries"]
    text = json.dumps(entries)
    assert "unmistakable diary" not in text and "unmistakable walk" in text and "the ethics board says so" in text
    assert {entry["seq"] for entry in before} <= {entry["seq"] for entry in entries}
    redacted = [entry for entry in entries if entry.get("redacted")]
    assert redacted and {entry["dataset"] for entry in redacted} <= {"diary", ""} and any(entry["action"] == "records.read" for entry in redacted)
    world.owner.put(f"{world.study.path}/retention", {"delete_on": day(3)})
    world.on(4)
    assert [step["done"] for step in world.run()] == [True]
    entries = world.admin.get("/audit", params={"limit": 1000, "study": world.study.id}).json()["entries"]
    assert "unmistakable" not in json.dumps(entries) and {"records.read", "retention.delete", "export.create"} <= {entry["action"] for entry in entries}
    assert world.found(b"unmistakable") == []
    assert world.server.stop() == 0
    verified = program.run("audit", "verify", "--data", world.server.data, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    world.server.start()


def test_work_that_was_cut_off_is_taken_up(world):
    """By whoever comes when the lease of the server that died has run out; until then nobody does it twice."""
    import sqlite3
    world.owner.put(f"{world.diary.path}/retention", {"delete_on": day(3)})
    assert world.server.stop() == 0

    def lease(until):
        with sqlite3.connect(world.server.data / "catalog.sqlite") as catalog:
            assert catalog.execute("UPDATE duty SET done_at = done_at - 86400000000, lease_owner = 'srv_dead', lease_until = ?", (int(until.timestamp() * 1e6),)).rowcount == 1
        catalog.close()
    now = datetime.datetime.now(datetime.timezone.utc)
    world.server.options = ["--today", day(4)]
    lease(now + datetime.timedelta(hours=1))
    world.server.start()
    assert world.diary.count() == 5
    assert world.server.stop() == 0
    lease(now - datetime.timedelta(seconds=1))
    world.server.start()
    deadline = time.monotonic() + 60
    while world.diary.count() > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert world.diary.count() == 0


@pytest.mark.parametrize("delay", [0.02, pytest.param(0.1, marks=pytest.mark.slow), pytest.param(0.3, marks=pytest.mark.slow)])
def test_killed_in_the_midst(world, delay):
    for begin in range(0, 6000, 1000):
        world.diary.send([{"id": f"n{i}", "participant": f"p{i % 9}", "values": {"note": f"unmistakable diary note {i}"}} for i in range(begin, begin + 1000)])
    world.owner.put(f"{world.diary.path}/retention", {"delete_on": day(1)})
    world.on(2)

    def run():
        with contextlib.suppress(requests.RequestException):
            world.admin.post("/retention/run", {}, timeout=30)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    time.sleep(delay)
    world.server.kill()
    thread.join(40)
    world.server.start()
    world.run()
    assert world.diary.count() == 0 == world.diary.summary()["records"] and world.walks.count() == 1
    assert world.found(b"unmistakable diary note") == [] and world.run() == []
    assert program.run("check", "--data", world.server.data).returncode == 0
