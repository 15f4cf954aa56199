"""Who did what: what is recorded, who may read it, and that nothing can be taken out of it in silence."""
import csv
import io
import json
import sqlite3
import time

import pytest

from conftest import ADMIN, OWNER, STRANGER, new_study
from harness import program
from harness.client import Api, ndjson

FIELDS = [{"id": "a", "type": "integer"}]


def entries(api, study=None, **params):
    """All pages, the newest first; waits for what is written in groups."""
    time.sleep(0.15)
    path = f"{study.path}/audit" if study else "/audit"
    found = []
    while True:
        page = api.get(path, params=params).json()
        found += page["entries"]
        if not page["has_more"]:
            return found
        params["cursor"] = page["cursor"]


def actions(api, study=None, **params):
    return [entry["action"] for entry in entries(api, study, **params)]


@pytest.fixture
def filled(study):
    dataset = study.dataset("notes", FIELDS)
    dataset.send([{"id": f"r{i}", "participant": f"p{i % 5}", "session": "s1", "values": {"a": i}} for i in range(50)])
    return study, dataset


def test_every_read_of_participant_data_is_recorded(owner, filled, make_key):
    study, dataset = filled
    key = make_key()
    api = Api(owner.url, key["key"])
    filter_text = json.dumps({"field": "a", "op": ">=", "value": 40})
    api.get(f"{dataset.path}/records", params={"filter": filter_text, "limit": 7}, headers={"X-Reason": "checking the last day"})
    api.get(f"{dataset.path}/count", params={"participant": "p1"})
    api.get(f"{dataset.path}/summary")
    api.get(f"{study.path}/participants")
    api.get(f"{study.path}/participants/p1")
    api.get(f"{study.path}/sessions")
    api.get(f"{study.path}/sessions/s1")
    found = {entry["action"]: entry for entry in entries(owner, study)}
    page = found["records.read"]
    assert page["rows"] == 7 and page["dataset"] == "notes" and page["study"] == study.id and page["outcome"] == "ok"
    assert page["key"] == key["id"] and page["actor"].startswith("usr_") and page["actor_kind"] == "account"
    assert page["detail"] == {"query": {"filter": filter_text, "limit": "7"}} and page["reason"] == "checking the last day"
    assert page["address"] == "127.0.0.1" and page["request_id"].startswith("req_")
    assert found["records.count"]["detail"]["query"] == {"participant": "p1"}
    assert found["participants.list"]["rows"] == 5
    assert found["participant.read"]["participant"] == "p1"
    assert found["sessions.list"]["rows"] == 1
    assert found["session.read"]["detail"] == {"session": "s1"}
    assert "records.summary" in found


def test_streams_have_a_beginning_and_an_end(owner, filled):
    study, dataset = filled
    dataset.stream("csv")
    begun, ended = [entry for entry in reversed(entries(owner, study, action="export.stream"))]
    assert begun["outcome"] == "started" and ended["outcome"] == "ok" and ended["rows"] == 50
    assert begun["request_id"] == ended["request_id"] and begun["seq"] < ended["seq"]
    dataset.api.call("HEAD", f"{dataset.path}/export")
    assert len(entries(owner, study, action="export.stream")) == 2, "HEAD gives nothing out"


def test_a_stream_that_is_broken_off_says_so(server, owner, owner_key, study):
    import socket
    dataset = study.dataset("long", [{"id": "t", "type": "string"}])
    for _ in range(4):
        dataset.send([{"participant": "p", "values": {"t": "x" * 1000}} for _ in range(10000)])
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"GET /api/v1{dataset.path}/export?format=csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {owner_key}\r\n\r\n".encode())
        assert connection.recv(100)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        outcomes = [entry["outcome"] for entry in entries(owner, study, action="export.stream")]
        if outcomes == ["cancelled", "started"]:
            return
    raise AssertionError(outcomes)


def test_exports_are_recorded_from_asking_to_downloading(owner, filled):
    study, _ = filled
    request = {"datasets": ["notes"], "format": "csv", "filter": {"field": "a", "op": "<", "value": 10}}
    job = study.finished(request, headers={"X-Reason": "for the statistician"})
    owner.get(f"/exports/{job['id']}/file", headers={"X-Reason": "Grüße".encode()})
    owner.get(f"/exports/{job['id']}/manifest")
    owner.delete(f"/exports/{job['id']}", status=204)
    found = {entry["action"]: entry for entry in entries(owner, study, action="export.")}
    assert set(found) == {"export.create", "export.finish", "export.download", "export.manifest", "export.delete"}
    assert all(entry["target"] == job["id"] for entry in found.values())
    assert found["export.create"]["reason"] == "for the statistician"
    assert found["export.create"]["detail"]["options"]["filter"] == request["filter"]
    assert found["export.finish"]["rows"] == 10 and found["export.download"]["rows"] == 10


def test_changes_and_deletions_are_recorded(owner, filled, admin):
    study, dataset = filled
    owner.patch(study.path, {"name": "Another name"})
    owner.put(dataset.path, {"fields": [{"id": "b", "type": "string"}]})
    owner.delete(f"{dataset.path}/records/r1", status=204)
    owner.put(f"{study.path}/participants/p9", {"code": "X"})
    owner.put(f"{study.path}/lock", {"passphrase": "correct horse battery staple"}, status=204)
    found = {entry["action"]: entry for entry in entries(owner, study)}
    assert {"study.create", "study.change", "definition.change", "record.delete", "participant.change", "study.lock"} <= set(found)
    assert found["record.delete"]["detail"]["record_code"].startswith("R-") and "record" not in found["record.delete"]["detail"] and found["participant.change"]["participant"] == "p9"
    assert "correct horse" not in json.dumps(found)
    owner.delete(study.path, status=204)
    owner.get(f"{study.path}/audit", error="not-found")
    assert admin.get("/audit", params={"study": study.id, "action": "study.delete"}).json()["entries"][0]["outcome"] == "ok"


def test_who_is_denied_is_seen(server, owner, stranger, study, make_key, admin):
    stranger.get(f"{study.path}/participants/p1", error="not-found")
    stranger.delete(study.path, error="not-found")
    Api(server.url, make_key(scopes=["read:studies"])["key"]).get(f"{study.path}/exports", error="forbidden")
    owner.get(f"{study.path}/participants/nobody", error="not-found")
    denied = [entry for entry in entries(owner, study) if entry["outcome"] == "denied"]
    assert sorted(entry["action"] for entry in denied) == ["GET /studies/{study}/exports", "participant.read", "study.delete"]
    assert denied[-1]["participant"] in ("p1", "") and denied[-1]["actor"].startswith("usr_")
    marker = "sheaf_" + "B" * 43
    Api(server.url, marker).get("/studies", error="unauthenticated")
    refused = entries(admin, action="authentication")
    assert refused and refused[0]["outcome"] == "denied" and refused[0]["address"] == "127.0.0.1"
    assert marker not in json.dumps(refused)


def test_signing_in_and_failing_to_is_recorded(own):
    """Who came and who was turned away, by which address; no password."""
    server, api = own
    person = "anna.lovelace@example.org"
    server.add_user(person)
    browser = Api(server.url)
    browser.post("/session", {"email": person, "password": "a wrong password"}, error="sign-in-refused")
    browser.post("/session", {"email": "nobody@example.org", "password": "a wrong password"}, error="sign-in-refused")
    token = browser.post("/session", {"email": person, "password": "a long enough password"}).json()["csrf_token"]
    browser.delete("/session", headers={"X-CSRF-Token": token}, status=204)
    found = entries(api, action="session.")
    assert [(entry["action"], entry["outcome"]) for entry in reversed(found)] in (
        [("session.sign_in", "denied"), ("session.sign_in", "denied"), ("session.sign_in", "ok"), ("session.sign_out", "ok")],
        [("session.sign_in", "denied"), ("session.sign_in", "ok"), ("session.sign_out", "ok")])  # equal ones of a moment are one
    assert sum(entry["times"] for entry in found) == 4 and all(entry["address"] == "127.0.0.1" for entry in found)
    assert found[0]["actor"] == found[1]["actor"] != "" and "password" not in json.dumps(found)
    assert {entry["detail"]["options"]["email"] for entry in found if entry["action"] == "session.sign_in" and entry["outcome"] == "denied"} <= {person, "nobody@example.org"}


def test_rights_and_keys_are_recorded(owner, stranger, admin, filled):
    """What was granted, to whom and by whom; what participants wished, and what was done about it."""
    study, _ = filled
    key = owner.post("/keys", {"name": "phone", "scopes": ["read:records"], "studies": [study.id]}).json()
    owner.delete(f"/keys/{key['id']}", status=204)
    owner.put(f"{study.path}/grants/{STRANGER}", {"rights": ["view"]}, headers={"X-Reason": "she codes the interviews"})
    stranger.get(f"{study.path}/participants/p1")
    owner.delete(f"{study.path}/grants/{STRANGER}", status=204)
    owner.put(f"{study.path}/participants/p1/consents/research", {"given": True})
    owner.post(f"{study.path}/participants/p1/withdrawal", {})
    owner.put(f"{study.path}/retention", {"archive_after_days": 9})
    owner.post(f"{study.path}/participants/p2/erasure", headers={"X-Reason": "by letter"})
    found = {entry["action"]: entry for entry in entries(owner, study)}
    assert {"grant.change", "grant.remove", "consent.change", "participant.withdraw", "retention.change", "participant.erase"} <= set(found)
    assert found["grant.change"]["reason"] == "she codes the interviews" and found["grant.change"]["target"].startswith("usr_") and found["grant.change"]["actor"] != found["participant.read"]["actor"]
    assert found["participant.withdraw"]["participant"] == "p1" and found["participant.erase"]["participant"] in ("", None) and found["participant.erase"]["reason"] == "by letter"
    made = [entry for entry in entries(admin, since=found["study.create"]["time"]) if entry["target"] == key["id"]]
    assert [entry["action"] for entry in made] == ["key.revoke", "key.create"] and key["key"] not in json.dumps(made)


def test_equal_reads_in_a_moment_are_counted(owner, filled):
    study, dataset = filled
    for _ in range(40):
        owner.get(f"{dataset.path}/records", params={"limit": 2})
    found = entries(owner, study, action="records.read")
    assert sum(entry["times"] for entry in found) == 40 and sum(entry["rows"] for entry in found) == 80


def test_the_audit_is_its_owners_and_the_administrators(owner, stranger, admin, study, server, make_key):
    stranger.get(f"{study.path}/audit", error="not-found")
    stranger.get(f"{study.path}/audit/export", error="not-found")
    owner.get("/audit", error="forbidden")
    owner.get("/audit/export", error="forbidden")
    assert admin.get("/audit").json()["entries"]
    Api(server.url, make_key(scopes=["read:records"])["key"]).get(f"{study.path}/audit", error="forbidden")
    assert Api(server.url, make_key(scopes=["read:audit"])["key"]).get(f"{study.path}/audit").json()["entries"]
    assert {entry["study"] for entry in entries(owner, study)} == {study.id}


def test_filters_and_pages(owner, filled):
    study, dataset = filled
    for i in range(5):
        owner.get(f"{study.path}/participants/p{i}")
    assert [entry["participant"] for entry in entries(owner, study, participant="p3")] == ["p3"]
    everything = entries(owner, study, limit=2)
    seqs = [entry["seq"] for entry in everything]
    assert seqs == sorted(set(seqs), reverse=True) and len(seqs) >= 7
    actor = everything[0]["actor"]
    assert entries(owner, study, actor="usr_somebody") == [] and len(entries(owner, study, actor=actor)) >= 7
    middle = everything[3]["time"]
    late, early = entries(owner, study, since=middle), entries(owner, study, until=middle)
    assert all(entry["time"] >= middle for entry in late) and all(entry["time"] < middle for entry in early) and early
    owner.get(f"{study.path}/audit", params={"since": "yesterday"}, error="bad-time", place="since")
    owner.get(f"{study.path}/audit", params={"cursor": "x"}, error="bad-cursor")
    owner.get(f"{study.path}/audit", params={"order": "x"}, error="unknown-parameter")


def test_the_audit_is_exported(owner, admin, filled):
    study, dataset = filled
    owner.get(f"{study.path}/participants/p1", headers={"X-Reason": "=cmd|' /C calc'!A0"})
    time.sleep(0.15)
    lines = [json.loads(line) for line in owner.get(f"{study.path}/audit/export").text.splitlines()]
    assert [line["seq"] for line in lines] == sorted(line["seq"] for line in lines)
    rows = list(csv.DictReader(io.StringIO(owner.get(f"{study.path}/audit/export", params={"format": "csv"}).text)))
    assert [int(row["seq"]) for row in rows][:len(lines)] == [line["seq"] for line in lines]
    read = next(row for row in rows if row["action"] == "participant.read")
    assert read["participant"] == "p1" and read["reason"].startswith("'="), "no spreadsheet runs it"
    owner.get(f"{study.path}/audit/export", params={"format": "xml"}, error="unknown-format")
    assert len(admin.get("/audit/export").text.splitlines()) >= len(lines)
    assert "audit.export" in actions(owner, study)


def test_a_reason_is_a_line(owner, study):
    owner.get(study.path, headers={"X-Reason": "x" * 500})
    owner.get(study.path, headers={"X-Reason": "x" * 501}, error="bad-parameter", place="X-Reason")


@pytest.fixture
def own(tmp_path):
    server = program.Server(tmp_path)
    server.add_user(ADMIN, admin=True)
    server.start()
    yield server, Api(server.url, server.create_key(ADMIN)["key"])
    if server.process is not None:
        server.stop()


def verify(server, check=False):
    return program.run("audit", "verify", "--data", server.data, check=check)


def alter(server, statement):
    with sqlite3.connect(server.data / "catalog.sqlite") as database:
        database.execute(statement)
    database.close()


def test_verify_finds_what_was_changed_behind_the_servers_back(own):
    server, api = own
    study = new_study(api)
    dataset = study.dataset("notes", FIELDS)
    for i in range(8):
        api.put(dataset.path, {"fields": [{"id": f"f{i}", "type": "string"}]}, headers={"X-Reason": f"step {i}"})
    time.sleep(0.25)
    assert "each following from the one before" in verify(server, check=True).stdout, "while the server runs"
    server.stop()
    sound = verify(server, check=True).stdout
    saved = {path: path.read_bytes() for path in server.data.glob("catalog.sqlite*")}
    for statement, named in [
        ("UPDATE audit SET actor = 'usr_somebody' WHERE seq = 5", "entry 5"),
        ("DELETE FROM audit WHERE seq = 4", "entry 4"),
        ("UPDATE audit SET seq = CASE seq WHEN 5 THEN -6 ELSE -5 END WHERE seq IN (5, 6)", "entry 5"),
        ("DELETE FROM audit WHERE seq > 7", "entry 8"),
        ("UPDATE audit_detail SET reason = 'another' WHERE seq = 6", "entry 6"),
        ("DELETE FROM audit_detail WHERE seq = 6", "entry 6"),
    ]:
        alter(server, statement)
        if "-6" in statement:
            alter(server, "UPDATE audit SET seq = -seq WHERE seq < 0")
        found = verify(server)
        assert found.returncode == 1 and named in found.stdout, (statement, found.stdout)
        for path in server.data.glob("catalog.sqlite*"):
            path.unlink()
        for path, content in saved.items():
            path.write_bytes(content)
            path.chmod(0o600)
    assert verify(server, check=True).stdout == sound
    (server.data / "audit.head").unlink()
    assert verify(server).returncode == 1
    exported = program.run("audit", "export", "--data", server.data, "--format", "csv").stdout
    assert "step 7" in exported and "step 7" in program.run("audit", "export", "--data", server.data, "--study", study.id).stdout


def test_an_administrator_verifies_over_the_api(own):
    server, api = own
    new_study(api)
    report = api.get("/audit/verify").json()
    assert report["whole"] and report["findings"] == [] and report["entries"] > 0
    again = api.get("/audit/verify").json()
    assert again["entries"] > report["entries"], "verifying is an entry itself"
    assert entries(api, action="audit.verify")[0]["rows"] == again["entries"]
    alter(server, "UPDATE audit SET target = 'another' WHERE seq = 2")
    report = api.get("/audit/verify").json()
    assert not report["whole"] and report["findings"][0]["seq"] == 2
    # The server writes the head anew after every entry, so it may be a moment before what was put in its place is what is read.
    for _ in range(100):
        (server.data / "audit.head").write_text("00ff\n")
        report = api.get("/audit/verify").json()
        if report["findings"][0]["seq"] is None:
            break
    assert report["findings"][0]["seq"] is None, report


def test_the_chain_goes_on_after_kill_and_rotation(own):
    server, api = own
    study = new_study(api)
    study.dataset("notes", FIELDS)
    server.kill()
    server.start()
    api.patch(study.path, {"name": "after the kill"})
    assert "study.change" in actions(api, study) and "definition.change" in actions(api, study), "what was answered is kept"
    server.stop()
    verify(server, check=True)
    new = server.directory / "new.key"
    program.run("secrets", "rotate", "--data", server.data, "--new-key-file", new)
    assert program.run("audit", "verify", "--data", server.data, "--key-file", new).returncode == 0


def test_commands_are_recorded_too(own):
    server, api = own
    server.add_user(OWNER)
    key = server.create_key(OWNER)
    server.revoke_key(key["id"])
    found = entries(api)
    by_command = {entry["action"]: entry for entry in found if entry["actor_kind"] == "command"}
    assert {"account.create", "key.create", "key.revoke"} <= set(by_command)
    assert by_command["key.revoke"]["target"] == key["id"]
    assert OWNER not in json.dumps(found) and key["key"] not in json.dumps(found)
    verify(server, check=True)
