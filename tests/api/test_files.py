"""Bytes that belong to records: received at once and in parts, given out, lent, deleted; and everything that goes wrong on the way."""
import hashlib
import http.client
import os
import socket
import time

import pytest
import requests

from conftest import new_study
from harness import program
from harness.client import Api

MIB = 1 << 20


def begin(study, error=None, place=None, **members):
    response = study.api.post(f"{study.path}/files", {"kind": "recording", **members}, error=error, place=place)
    return response.json()


def content(study, identity):
    return f"{study.path}/files/{identity}/content"


def put(study, identity, data, **options):
    return study.api.put(content(study, identity), data=data, **options)


def append(study, identity, offset, data, **options):
    return study.api.patch(content(study, identity), data=data, headers={"Upload-Offset": str(offset)}, **options)


def download(study, identity, **options):
    return study.api.get(content(study, identity), **options)


def offset(study, identity):
    response = study.api.call("HEAD", content(study, identity))
    return int(response.headers["Upload-Offset"])


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_at_once(study):
    data = os.urandom(3 * MIB + 17)
    file = begin(study, name="Gespräch 1.webm", media_type="video/webm", participant="p1", session="s1", duration_ms=1500, width=640, height=480,
                 started_at="2026-01-31T08:15:00Z", ended_at="2026-01-31T08:16:00Z", attributes={"camera": 2})
    assert file["state"] == "uploading" and file["received"] == 0 and file["size"] is None
    kept = put(study, file["id"], data).json()
    assert kept["state"] == "complete" and kept["size"] == kept["received"] == len(data) and kept["sha256"] == sha256(data)
    assert {**kept, "state": 0, "size": 0, "received": 0, "sha256": 0, "completed_at": 0} == {**file, "state": 0, "size": 0, "received": 0, "sha256": 0, "completed_at": 0}
    response = download(study, file["id"])
    assert response.content == data
    assert response.headers["Content-Type"] == "video/webm" and response.headers["ETag"] == f'"{sha256(data)}"'
    assert "Content-Encoding" not in response.headers
    assert response.headers["Content-Disposition"] == "attachment; filename=\"Gespr_ch 1.webm\"; filename*=UTF-8''Gespr%C3%A4ch%201.webm"
    # The participant is known by it.
    assert study.api.get(f"{study.path}/participants/p1").json()["id"] == "p1"


def test_an_empty_file(study):
    file = begin(study)["id"]
    assert put(study, file, b"").json()["size"] == 0
    assert download(study, file).content == b""
    other = begin(study)["id"]
    assert study.api.post(f"{study.path}/files/{other}/complete", {}).json()["sha256"] == sha256(b"")


def test_in_parts(study):
    data = os.urandom(2 * MIB)
    file = begin(study, id="rec-1", size=len(data), sha256=sha256(data))["id"]
    at = 0
    for size in (1, 63, 64, 65, 300_000, 1_000_000):
        assert offset(study, file) == at
        state = append(study, file, at, data[at:at + size])
        at += size
        assert state.headers["Upload-Offset"] == str(at) and state.json()["state"] == "uploading"
    done = append(study, file, at, data[at:]).json()
    assert done["state"] == "complete" and done["sha256"] == sha256(data)
    assert download(study, file).content == data
    # The last answer was lost: asked again, nothing changes.
    assert offset(study, file) == len(data)
    assert append(study, file, len(data), b"").json() == done
    assert study.api.post(f"{study.path}/files/{file}/complete", {"size": len(data)}).json() == done


def test_a_wrong_offset(study):
    file = begin(study)["id"]
    append(study, file, 0, b"abc")
    for wrong in (0, 2, 4):
        response = append(study, file, wrong, b"x", error="upload-offset")
        assert response.headers["Upload-Offset"] == "3"
    assert offset(study, file) == 3
    for header in ("", "-1", "three", "1.0"):
        study.api.call("PATCH", content(study, file), data=b"x", headers={"Upload-Offset": header}, error="bad-parameter", place="Upload-Offset")


def test_finished_without_a_size(study):
    file = begin(study)["id"]
    append(study, file, 0, b"hello ")
    study.api.get(content(study, file), error="file-incomplete")
    append(study, file, 6, b"world")
    finish = f"{study.path}/files/{file}/complete"
    study.api.post(finish, {"size": 12}, error="file-incomplete")
    done = study.api.post(finish, {"size": 11, "sha256": sha256(b"hello world")}).json()
    assert done["state"] == "complete"
    study.api.post(finish, {"sha256": sha256(b"other")}, error="conflict")
    append(study, file, 11, b"more", error="conflict")


def test_not_what_was_declared(study):
    wrong = sha256(b"something else")
    file = begin(study, size=5, sha256=wrong)["id"]
    put(study, file, b"12345", error="file-mismatch")
    put(study, file, b"1234", error="file-mismatch")
    assert offset(study, file) == 0
    response = append(study, file, 0, b"12345", error="file-mismatch")
    assert response.headers["Upload-Offset"] == "0"
    assert study.api.get(f"{study.path}/files/{file}").json()["state"] == "uploading"
    study.api.get(content(study, file), error="file-incomplete")
    append(study, file, 0, b"123456", error="payload-too-large")


def test_sent_again(study):
    file = begin(study, id="again", name="a.bin")["id"]
    assert begin(study, id="again", name="a.bin")["id"] == "again"
    begin(study, id="again", name="b.bin", error="conflict")
    first = put(study, file, b"the same").json()
    assert put(study, file, b"the same").json() == first
    put(study, file, b"another", error="conflict")
    put(study, file, b"the same and more", error="conflict")
    assert download(study, file).content == b"the same"


def test_put_takes_the_place_of_parts(server, study):
    file = begin(study)["id"]
    append(study, file, 0, b"first try")
    put(study, file, b"second")
    assert download(study, file).content == b"second"
    blobs = list((server.data / "blobs" / "files" / study.id).iterdir())
    assert len(blobs) == 1


@pytest.mark.parametrize("members, error, place", [
    ({"id": "../x"}, "bad-id", "/id"), ({"id": "a/b"}, "bad-id", "/id"), ({"id": "x" * 65}, "bad-id", "/id"),
    ({"kind": "film"}, "bad-member", "/kind"), ({"name": "../../etc/passwd"}, "bad-member", "/name"), ({"name": "a\\b"}, "bad-member", "/name"),
    ({"name": "a\u0000b"}, "bad-member", "/name"), ({"name": ".."}, "bad-member", "/name"), ({"media_type": "text"}, "bad-member", "/media_type"), ({"media_type": ";x"}, "bad-member", "/media_type"),
    ({"media_type": "text/html\r\nX: y"}, "bad-member", "/media_type"), ({"size": -1}, "bad-member", "/size"), ({"size": 1.5}, "bad-member", "/size"),
    ({"size": 1 << 52}, "payload-too-large", "/size"), ({"sha256": "abc"}, "bad-member", "/sha256"), ({"width": -1}, "bad-member", "/width"),
    ({"started_at": "2026-01-02", "ended_at": "2026-01-01"}, "bad-member", "/ended_at"), ({"started_at": "soon"}, "bad-time", "/started_at"),
    ({"attributes": []}, "bad-member", "/attributes"), ({"dataset": "nowhere"}, "bad-member", "/dataset"), ({"record": "r"}, "bad-member", "/record"),
    ({"field": "f"}, "bad-member", "/field"), ({"participant": "."}, "bad-id", "/participant"), ({"colour": 1}, "unknown-member", "/colour"),
])
def test_bad_words(study, members, error, place):
    begin(study, error=error, place=place, **members)
    assert study.api.get(f"{study.path}/files").json()["total"] == 0


def test_traversal_in_addresses(study):
    for name in ("..%2f..%2fcatalog.sqlite", "%2e%2e", "a%0ab".replace("%0a", ".."), "x" * 300):
        study.api.get(f"{study.path}/files/{name}", error="not-found")
        study.api.get(f"{study.path}/files/{name}/content", error="not-found")
        put(study, name, b"x", error="not-found")


def test_ranges(study):
    data = bytes(range(256)) * 5000
    file = begin(study)["id"]
    for at in range(0, len(data), 400_000):
        append(study, file, at, data[at:at + 400_000])
    study.api.post(f"{study.path}/files/{file}/complete", {})
    etag = f'"{sha256(data)}"'
    for text, first, last in (("bytes=0-0", 0, 0), ("bytes=399990-400010", 399990, 400010), ("bytes=1279999-", 1279999, 1279999), ("bytes=-7", len(data) - 7, len(data) - 1)):
        response = download(study, file, headers={"Range": text}, status=206)
        assert response.content == data[first:last + 1] and response.headers["Content-Range"] == f"bytes {first}-{last}/{len(data)}"
    response = download(study, file, headers={"Range": f"bytes={len(data)}-"}, error="range-not-satisfiable")
    assert response.headers["Content-Range"] == f"bytes */{len(data)}"
    assert download(study, file, headers={"If-None-Match": etag}, status=304).content == b""
    download(study, file, headers={"If-Match": '"x"'}, error="precondition-failed")
    assert download(study, file, headers={"Range": "bytes=0-1", "If-Range": '"x"'}).content == data
    head = study.api.call("HEAD", content(study, file))
    assert head.headers["Content-Length"] == str(len(data)) and head.headers["ETag"] == etag


def test_what_could_run_is_saved(study):
    for media, shown in (("video/webm", True), ("image/png", True), ("text/html", False), ("image/svg+xml", False), ("application/pdf", False)):
        file = begin(study, media_type=media, name="x")["id"]
        put(study, file, b"<script>alert(1)</script>")
        headers = download(study, file, params={"disposition": "inline"}).headers
        assert headers["Content-Disposition"].startswith("inline" if shown else "attachment"), media
        assert headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in headers["Content-Security-Policy"]


def test_lists(study):
    study.dataset("media", [{"id": "clip", "type": "string", "content": "file"}], kind="recordings")
    assert study.api.get(f"{study.path}/datasets/media").json()["fields"][0]["content"] == "file"
    made = [begin(study, id=f"f{number}", participant=f"p{number % 2}", kind="recording" if number % 3 else "answer")["id"] for number in range(7)]
    begin(study, id="tied", dataset="media", record="r1", field="clip", session="s9")
    put(study, "f3", b"x")

    def listed(**params):
        return [file["id"] for file in study.api.get(f"{study.path}/files", params=params).json()["files"]]
    assert listed() == made + ["tied"]
    assert listed(participant="p1") == ["f1", "f3", "f5"] and listed(kind="answer") == ["f0", "f3", "f6"]
    assert listed(state="complete") == ["f3"] and listed(dataset="media", record="r1") == ["tied"] and listed(session="s9", field="clip") == ["tied"]
    page = study.api.get(f"{study.path}/files", params={"limit": 3}).json()
    assert page["total"] == 8 and page["has_more"] and page["cursor"] == "f2"
    page = study.api.get(f"{study.path}/files", params={"limit": 5, "cursor": "f2"}).json()
    assert [file["id"] for file in page["files"]] == ["f3", "f4", "f5", "f6", "tied"] and not page["has_more"]
    study.api.get(f"{study.path}/files", params={"cursor": "gone"}, error="bad-cursor")
    study.api.get(f"{study.path}/files", params={"kind": "film"}, error="bad-parameter")


def test_lent(study, nobody):
    data = os.urandom(100_000)
    file = begin(study, media_type="video/webm", name="clip.webm", participant="p1")["id"]
    study.api.post(f"{study.path}/files/{file}/link", {}, error="file-incomplete")
    put(study, file, data)
    lent = study.api.post(f"{study.path}/files/{file}/link", {"expires_in_s": 60}).json()
    path = lent["url"].removeprefix("/api/v1")
    response = nobody.get(path)
    assert response.content == data and response.headers["Content-Disposition"].startswith("inline")
    assert nobody.get(path, headers={"Range": "bytes=5-9"}, status=206).content == data[5:10]
    saved = study.api.post(f"{study.path}/files/{file}/link", {"disposition": "attachment"}).json()["url"].removeprefix("/api/v1")
    assert nobody.get(saved).headers["Content-Disposition"].startswith("attachment")
    # A changed word is none, and so is one that has run out.
    word = path.rsplit("/", 1)[1]
    for other in (word[:-1] + ("A" if word[-1] != "A" else "B"), word[:50], "x", word + "A"):
        nobody.get(f"/file-links/{other}", error="not-found")
    short = study.api.post(f"{study.path}/files/{file}/link", {"expires_in_s": 1}).json()["url"].removeprefix("/api/v1")
    time.sleep(1.1)
    nobody.get(short, error="not-found")
    for body in ({"expires_in_s": 0}, {"expires_in_s": 86401}, {"disposition": "x"}):
        study.api.post(f"{study.path}/files/{file}/link", body, error="bad-member")
    # Whoever has withdrawn is not lent any more.
    study.api.post(f"{study.path}/participants/p1/withdrawal", {})
    nobody.get(path, error="not-found")
    study.api.get(f"{study.path}/files/{file}", error="not-found")
    download(study, file, error="not-found")
    assert study.api.get(f"{study.path}/files").json()["total"] == 0
    begin(study, participant="p1", error="participant-withdrawn")
    study.api.delete(f"{study.path}/participants/p1/withdrawal")
    assert nobody.get(path).content == data
    study.api.delete(f"{study.path}/files/{file}")
    nobody.get(path, error="not-found")


def test_deleted(server, study):
    file = begin(study)["id"]
    append(study, file, 0, b"abc")
    append(study, file, 3, b"def")
    folder = server.data / "blobs" / "files" / study.id
    assert len(list(folder.iterdir())) == 2
    study.api.delete(f"{study.path}/files/{file}", status=204)
    assert not list(folder.iterdir())
    study.api.delete(f"{study.path}/files/{file}", error="not-found")
    other = begin(study)["id"]
    put(study, other, b"abc")
    study.api.delete(study.path)
    assert not list(folder.iterdir())


def test_nothing_lies_plain(server, study):
    secret = b"a sentence that nobody but the participant has said " * 20000
    at_once, parts = begin(study)["id"], begin(study)["id"]
    put(study, at_once, secret)
    append(study, parts, 0, secret[:700_001])
    append(study, parts, 700_001, secret[700_001:])
    time.sleep(0.2)
    assert program.holding(server.data, secret[:40]) == []


def test_sites_and_datasets(server, study, make_key):
    study.api.put(f"{study.path}/participants/p1", {"attributes": {"site": "bern"}})
    study.api.put(f"{study.path}/participants/p2", {"attributes": {"site": "basel"}})
    study.dataset("media", [{"id": "clip", "type": "string"}], kind="recordings")
    study.dataset("other", [{"id": "clip", "type": "string"}], kind="recordings")
    for identity, members in (("one", {"participant": "p1"}), ("two", {"participant": "p2"}), ("none", {}), ("tied", {"dataset": "media", "participant": "p2"})):
        begin(study, id=identity, name="Anna.webm", **members)
        put(study, identity, b"x")
    seen = {}
    for name, grant in {"bern": {"sites": ["bern"]}, "media": {"datasets": ["media"]}, "other": {"datasets": ["other"]}, "masked": {"identifiers": False}}.items():
        email = f"files-{name}@example.org"
        server.add_user(email) if email not in server_users else None
        server_users.add(email)
        study.api.put(f"{study.path}/grants/{email}", {"rights": ["view"], **grant})
        seen[name] = Api(server.url, make_key(email)["key"])

    def ids(name):
        return [file["id"] for file in seen[name].get(f"{study.path}/files").json()["files"]]
    assert ids("bern") == ["one"] and ids("media") == ["tied"] and ids("other") == [] and len(ids("masked")) == 4
    seen["bern"].get(f"{study.path}/files/two", error="not-found")
    seen["other"].get(f"{study.path}/files/tied/content", error="not-found")
    assert seen["bern"].get(content(study, "one")).content == b"x"
    masked = seen["masked"].get(f"{study.path}/files/one").json()
    assert masked["participant"].startswith("P-") and masked["name"] is None
    seen["masked"].get(content(study, "one"), error="forbidden")
    seen["masked"].post(f"{study.path}/files/one/link", {}, error="forbidden")
    seen["masked"].get(f"{study.path}/files", params={"participant": "p1"}, error="identifier-removed")


server_users = set()


def test_keys_of_one_kind(server, study, make_key):
    study.dataset("media", [{"id": "clip", "type": "string"}], kind="survey")
    for identity, members in (("rec", {}), ("don", {"kind": "donation"}), ("tied", {"dataset": "media"})):
        begin(study, id=identity, **members)
        put(study, identity, b"x")
    recordings = Api(server.url, make_key(scopes=["read:recordings"])["key"])
    assert [file["id"] for file in recordings.get(f"{study.path}/files").json()["files"]] == ["rec"]
    assert recordings.get(content(study, "rec")).content == b"x"
    for other in ("don", "tied"):
        recordings.get(content(study, other), error="forbidden")
    survey = Api(server.url, make_key(scopes=["read:survey"])["key"])
    assert [file["id"] for file in survey.get(f"{study.path}/files").json()["files"]] == ["tied"]
    writer = Api(server.url, make_key(scopes=["write:records"])["key"])
    file = writer.post(f"{study.path}/files", {"kind": "recording"}).json()["id"]
    writer.patch(content(study, file), data=b"abc", headers={"Upload-Offset": "0"})
    # Sending is no reading.
    assert writer.call("HEAD", content(study, file)).headers["Upload-Offset"] == "3"
    writer.get(content(study, file), error="forbidden")
    writer.get(content(study, "rec"), error="forbidden")


def test_audited(study):
    file = begin(study, participant="p1")["id"]
    put(study, file, b"x")
    download(study, file)
    url = study.api.post(f"{study.path}/files/{file}/link", {}).json()["url"]
    requests.get(study.api.url + url, timeout=10)
    study.api.delete(f"{study.path}/files/{file}")
    entries = study.api.get(f"{study.path}/audit", params={"action": "file."}).json()["entries"]
    assert {entry["action"] for entry in entries} == {"file.begin", "file.upload", "file.download", "file.lend", "file.delete"}
    assert all(entry["target"] == file and entry["participant"] == "p1" for entry in entries)
    assert sum(entry["action"] == "file.download" for entry in entries) == 2


def half_a_body(server, key, path, method, headers, data):
    """Sends the head and a part of the body; answers the open connection."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    head = f"{method} /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(head.encode() + b"\r\n" + data)
    return connection


def wait_until(check, seconds=10):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_connection_that_breaks(server, study, owner_key):
    data = os.urandom(3_000_000)
    file = begin(study, size=len(data))["id"]
    half_a_body(server, owner_key, content(study, file), "PATCH", {"Upload-Offset": 0, "Content-Length": len(data)}, data[:2_000_000]).close()
    # What arrived is there.
    wait_until(lambda: offset(study, file) > 0)
    at = offset(study, file)
    assert 1_000_000 < at <= 2_000_000
    append(study, file, at, data[at:])
    assert download(study, file).content == data
    # At once is all or nothing.
    other = begin(study, size=len(data))["id"]
    half_a_body(server, owner_key, content(study, other), "PUT", {"Content-Length": len(data)}, data[:2_000_000]).close()
    time.sleep(0.3)
    assert offset(study, other) == 0 and len(list((server.data / "blobs" / "files" / study.id).iterdir())) == 2


def test_two_at_once(server, study, owner_key):
    file = begin(study)["id"]
    slow = half_a_body(server, owner_key, content(study, file), "PATCH", {"Upload-Offset": 0, "Content-Length": 2_000_000}, b"a" * 1_000_000)
    time.sleep(0.2)
    append(study, file, 0, b"quick")
    slow.sendall(b"a" * 1_000_000)
    answer = http.client.HTTPResponse(slow)
    answer.begin()
    assert answer.status == 409 and answer.headers["Upload-Offset"] == "5"
    study.api.post(f"{study.path}/files/{file}/complete", {})
    assert download(study, file).content == b"quick"


def test_compressed_bodies_are_refused(study):
    file = begin(study)["id"]
    study.api.put(content(study, file), data=b"x", headers={"Content-Encoding": "gzip"}, error="unsupported-media-type")


@pytest.fixture
def own_server(tmp_path):
    server = program.Server(tmp_path / "own", options=["--max-file-size", "20MB"])
    server.add_user("boss@example.org", admin=True)
    server.start()
    yield server
    server.stop()


def test_killed_in_the_middle(own_server):
    """What was acknowledged is there; what was on its way is not, and its bytes are swept."""
    api = Api(own_server.url, own_server.create_key("boss@example.org")["key"])
    study = new_study(api)
    data = os.urandom(12_000_000)
    file = begin(study, size=len(data), sha256=sha256(data))["id"]
    append(study, file, 0, data[:1_234_567])
    half_a_body(own_server, api.key, content(study, file), "PATCH", {"Upload-Offset": 1_234_567, "Content-Length": len(data)}, data[1_234_567:1_500_000])
    once = begin(study)["id"]
    half_a_body(own_server, api.key, content(study, once), "PUT", {"Content-Length": len(data)}, data[:5_000_000])
    time.sleep(0.5)
    own_server.kill()
    orphan = own_server.data / "blobs" / "files" / study.id / "f_orphan"
    orphan.write_bytes(b"left by a crash")
    own_server.start()
    assert not orphan.exists() and not list((own_server.data / "blobs" / ".writing").iterdir())
    assert offset(study, once) == 0
    at = offset(study, file)
    assert at >= 1_234_567
    append(study, file, at, data[at:])
    assert download(study, file).content == data
    program.run("check", "--data", own_server.data)
    append(study, once, 0, b"x" * 21_000_000, error="payload-too-large")
    put(study, once, b"x" * 21_000_000, error="payload-too-large")
    begin(study, size=21_000_000, error="payload-too-large")


def test_check_finds_what_is_wrong(own_server):
    api = Api(own_server.url, own_server.create_key("boss@example.org")["key"])
    study = new_study(api)
    files = [begin(study, name=f"n{number}")["id"] for number in range(3)]
    for file in files:
        put(study, file, os.urandom(400_000))
    own_server.stop()
    assert "No fault" in program.run("check", "--data", own_server.data).stdout
    blobs = sorted((own_server.data / "blobs" / "files" / study.id).iterdir())
    damaged = bytearray(blobs[0].read_bytes())
    damaged[300_000] ^= 1
    blobs[0].write_bytes(damaged)
    blobs[1].unlink()
    (blobs[0].parent / "f_stranger").write_bytes(b"x")
    found = program.run("check", "--data", own_server.data, check=False)
    assert found.returncode == 1
    lines = [line for line in found.stdout.splitlines() if line.startswith("files: ")]
    assert len(lines) == 3 and any("is missing" in line for line in lines) and any("belongs to no file" in line for line in lines), found.stdout
    own_server.start()
    answers = [requests.get(f"{own_server.url}/api/v1{content(study, file)}", headers={"Authorization": f"Bearer {api.key}"}, timeout=20) for file in files if file]
    assert sorted(answer.status_code for answer in answers if answer.status_code != 200) in ([500], [500, 500])


def test_a_locked_study(own_server):
    api = Api(own_server.url, own_server.create_key("boss@example.org")["key"])
    study = new_study(api)
    file = begin(study)["id"]
    study.api.put(f"{study.path}/lock", {"passphrase": "a long enough passphrase"})
    # Sending needs no secret, in parts neither.
    append(study, file, 0, b"abc")
    own_server.kill()
    own_server.start()
    append(study, file, 3, b"def")
    study.api.post(f"{study.path}/files/{file}/complete", {"sha256": sha256(b"abcdef")})
    download(study, file, error="study-locked")
    download(study, file, headers={"X-Study-Passphrase": "another long passphrase"}, error="study-locked")
    assert download(study, file, headers={"X-Study-Passphrase": "a long enough passphrase"}).content == b"abcdef"


FAKE_PROBE = """#!/bin/sh
echo "$@" > {log}
cat > {copy}
echo '{{"streams":[{{"codec_type":"video","width":640,"height":360}}],"format":{{"duration":"12.345000"}}}}'
"""


def test_measured_where_nobody_says(tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    probe = tools / "ffprobe"
    probe.write_text(FAKE_PROBE.format(log=tmp_path / "words", copy=tmp_path / "copy"))
    probe.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    server = program.Server(tmp_path / "own")
    server.add_user("boss@example.org", admin=True)
    server.start()
    try:
        api = Api(server.url, server.create_key("boss@example.org")["key"])
        study = new_study(api)
        file = begin(study, media_type="video/webm")["id"]
        kept = put(study, file, b"moving pictures").json()
        assert (kept["duration_ms"], kept["width"], kept["height"]) == (12345, 640, 360)
        assert (tmp_path / "copy").read_bytes() == b"moving pictures"
        assert study.api.get(f"{study.path}/files/{file}").json() == kept
        said = begin(study, media_type="video/webm", duration_ms=1, width=2, height=3)["id"]
        assert put(study, said, b"x").json()["width"] == 2
        probe.write_text("#!/bin/sh\nexit 1\n")
        broken = begin(study, media_type="audio/webm")["id"]
        assert put(study, broken, b"no sound").json()["duration_ms"] is None
        assert not list((server.data / "tmp").iterdir())
    finally:
        server.stop()


def zipped(study, job):
    import io
    import json
    import zipfile
    data = study.api.get(f"/exports/{job['id']}/file").content
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return archive, json.loads(archive.read("metadata.json"))


def furnished(study):
    media = study.dataset("media", [{"id": "clip", "type": "string", "content": "file"}], kind="recordings")
    media.send([{"participant": "anna", "session": "s1", "values": {"clip": "one"}}, {"participant": "bo", "values": {"clip": "two"}}])
    for identity, members, data in (("one", {"participant": "anna", "session": "s1", "name": "anna.webm"}, b"A" * 300_000),
                                    ("again", {"participant": "anna", "name": "Anna.webm"}, b"B"), ("two", {"participant": "bo", "name": "bo.txt"}, b"C"),
                                    ("nobody", {"name": "room.webm"}, b"D")):
        begin(study, id=identity, dataset="media", **members)
        put(study, identity, data)
    begin(study, id="half", dataset="media", participant="bo", size=5)
    begin(study, id="loose", name="loose.bin", participant="bo", kind="other")
    put(study, "loose", b"E")


def test_in_a_zip(server, study):
    furnished(study)
    archive, manifest = zipped(study, study.finished({"format": "zip"}))
    assert not [name for name in archive.namelist() if name.startswith("files/")] and "media" not in manifest
    job = study.finished({"format": "zip", "media": True})
    archive, manifest = zipped(study, job)
    names = {name for name in archive.namelist() if name.startswith("files/")}
    assert names == {"files/anna/anna.webm", "files/anna/Anna-2.webm", "files/bo/bo.txt", "files/no-participant/room.webm", "files/bo/loose.bin"}
    assert archive.read("files/anna/anna.webm") == b"A" * 300_000
    states = {entry["id"]: entry["state"] for entry in manifest["media"]}
    assert states == {"one": "included", "again": "included", "two": "included", "nobody": "included", "half": "incomplete", "loose": "included"}
    by_path = {entry["path"]: entry for entry in manifest["files"]}
    assert by_path["files/bo/bo.txt"]["sha256"] == sha256(b"C")
    # Of one participant; of one dataset.
    archive, manifest = zipped(study, study.finished({"format": "zip", "media": True, "participants": ["anna"], "datasets": ["media"]}))
    assert {entry["id"] for entry in manifest["media"]} == {"one", "again"}
    # What is not whole does not stop the export.
    blobs = {path: path.read_bytes() for path in (server.data / "blobs" / "files" / study.id).iterdir()}
    large = max(blobs, key=lambda path: len(blobs[path]))
    damaged = bytearray(blobs[large])
    damaged[290_000] ^= 1
    large.write_bytes(damaged)
    min(blobs, key=lambda path: len(blobs[path])).unlink()
    archive, manifest = zipped(study, study.finished({"format": "zip", "media": True}))
    states = {entry["id"]: entry["state"] for entry in manifest["media"]}
    assert states["one"] == "damaged" and sorted(states.values()).count("included") == 3 and len(set(states.values()) & {"missing", "damaged"}) == 2
    study.export({"format": "csv", "datasets": ["media"], "media": True}, error="bad-parameter")
    study.export({"format": "zip", "identifiers": "aggregate", "media": True}, error="bad-parameter")


def test_in_a_zip_with_codes(study):
    furnished(study)
    archive, manifest = zipped(study, study.finished({"format": "zip", "media": True, "identifiers": "remove"}))
    names = [name for name in archive.namelist() if name.startswith("files/")]
    assert len(names) == 5 and not any("anna" in name.lower() or "bo" in name.split("/")[1:] for name in names), names
    anna = [entry for entry in manifest["media"] if entry["bytes"] == 300_000]
    assert anna[0]["participant"].startswith("P-") and anna[0]["name"] is None and f"files/{anna[0]['participant']}/" in anna[0]["path"]


def test_in_a_zip_of_who_consents(study):
    study.api.patch(study.path, {"settings": {"records_consent": True}})
    furnished(study)
    study.api.put(f"{study.path}/participants/anna/consents/research", {"given": True, "version": "1"})
    _, manifest = zipped(study, study.finished({"format": "zip", "media": True}))
    assert {entry["id"] for entry in manifest["media"]} == {"one", "again"}


def test_a_zip_of_ones_own(server, study):
    import io
    import zipfile
    furnished(study)
    study.api.patch(study.path, {"settings": {"participant_access": True}})
    token = study.api.post(f"{study.path}/participants/anna/links", {}).json()["token"]
    mine = Api(server.url, token)
    archive = zipfile.ZipFile(io.BytesIO(mine.get("/me/export", params={"format": "zip"}).content))
    assert archive.testzip() is None
    assert {name for name in archive.namelist() if name.startswith("files/")} == {"files/anna/anna.webm", "files/anna/Anna-2.webm"}
    assert b"one" in archive.read("media/media.csv") and b"two" not in archive.read("media/media.csv")
    assert mine.get("/me/export").json()["participant"] == "anna"
    mine.get("/me/export", params={"format": "tar"}, error="bad-parameter")


def test_retention_takes_files(study, admin):
    furnished(study)
    study.api.put(f"{study.path}/datasets/media/retention", {"delete_on": "2020-01-01"})
    admin.post("/retention/run", {})
    assert [file["id"] for file in study.api.get(f"{study.path}/files").json()["files"]] == ["loose"]


def test_by_the_command_line(server, study, owner_key, tmp_path):
    data = os.urandom(9_000_000)
    (tmp_path / "clip.webm").write_bytes(data)
    words = ["--server", server.url, "--key", owner_key, "--study", study.id]
    put_out = program.run("file", "put", *words, "--id", "clip", "--participant", "p1", "--media-type", "video/webm", tmp_path / "clip.webm").stdout
    assert put_out.split() == ["clip", sha256(data)]
    program.run("file", "put", *words, "--id", "clip", "--participant", "p1", "--media-type", "video/webm", tmp_path / "clip.webm")
    assert program.run("file", "list", *words).stdout.split("\t")[:4] == ["clip", "recording", "complete", str(len(data))]
    program.run("file", "get", *words, "clip", "-o", tmp_path / "back.webm")
    assert (tmp_path / "back.webm").read_bytes() == data
    assert program.run("file", "get", *words, "none", "-o", tmp_path / "none", check=False).returncode == 1 and not (tmp_path / "none").exists()


@pytest.mark.parametrize("given", ["video/webm;codecs=vp8,opus", "video/webm; codecs=\"vp8\"", "video/webm ;x"])
def test_media_types_of_browsers_recorders(study, given):
    file = begin(study, media_type=given, name="clip.webm")
    assert file["media_type"] == "video/webm"
    study.api.put(f"{study.path}/files/{file['id']}/content", data=b"bytes")
    assert study.api.get(f"{study.path}/files/{file['id']}/content", validate=False).headers["Content-Type"] == "video/webm"
