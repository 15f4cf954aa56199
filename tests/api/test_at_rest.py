"""Encryption of what lies in blobs: nothing readable on the disk, the same bytes over HTTP, and keys that fit."""
import hashlib
import pathlib
import secrets

import pytest

from conftest import OWNER, new_study
from harness import program
from harness.client import Api, Study

PASSPHRASE = "correct horse battery staple"
MARK = "kingfisher-4711-over-the-weir"
FIELDS = [{"id": "note", "type": "string"}, {"id": "n", "type": "integer"}]


@pytest.fixture
def own(tmp_path):
    """A server of one's own, and its owner."""
    server = program.Server(tmp_path)
    server.add_user(OWNER)
    server.start()
    yield server, Api(server.url, server.create_key(OWNER)["key"])
    if server.process is not None:
        server.stop()


def fill(api, rows=2000):
    study = new_study(api)
    dataset = study.dataset("notes", FIELDS)
    dataset.send([{"participant": f"p{i % 7}", "values": {"note": f"{MARK}-{i}", "n": i}} for i in range(rows)])
    return study


def blobs_of(server):
    return [path for path in (pathlib.Path(server.data) / "blobs").rglob("*") if path.is_file()]


def download(api, job, **options):
    return api.get(f"/exports/{job['id']}/file", **options)


@pytest.mark.parametrize("request_body", [
    {"datasets": ["notes"], "format": "csv"},
    {"datasets": ["notes"], "format": "parquet"},
    {"datasets": ["notes"], "format": "zip"},
], ids=lambda body: body["format"])
def test_no_file_in_blobs_can_be_read(own, request_body):
    server, api = own
    study = fill(api)
    job = study.finished(request_body)
    assert job["state"] == "succeeded"
    content = download(api, job).content
    assert hashlib.sha256(content).hexdigest() == job["sha256"] and len(content) == job["file_size"]
    files = blobs_of(server)
    assert len(files) == 1
    stored = files[0].read_bytes()
    assert stored[:8] == b"\x93Sheaf\x1a\n"
    for known in (MARK.encode(), b"PAR1", b"PK\x03\x04", content[100:132]):
        assert known not in stored
    assert not list((server.data / "tmp").iterdir())


def test_ranges_and_conditions_are_those_of_the_plain_file(own):
    server, api = own
    study = fill(api, 20000)
    job = study.finished({"datasets": ["notes"], "format": "csv"})
    whole = download(api, job)
    content = whole.content
    assert len(content) > 600_000, "more than two segments"
    etag = whole.headers["ETag"]
    segment = 1 << 18
    for begin, end in [(0, 0), (0, 99), (segment - 1, segment), (segment, 2 * segment - 1), (100, 2 * segment + 5), (len(content) - 1, len(content) - 1)]:
        part = download(api, job, headers={"Range": f"bytes={begin}-{end}"}, status=206)
        assert part.content == content[begin:end + 1]
        assert part.headers["Content-Range"] == f"bytes {begin}-{end}/{len(content)}"
    assert download(api, job, headers={"Range": "bytes=-10"}, status=206).content == content[-10:]
    download(api, job, headers={"Range": f"bytes={len(content)}-"}, error="range-not-satisfiable")
    download(api, job, headers={"If-None-Match": etag}, status=304)
    head = api.call("HEAD", f"/exports/{job['id']}/file")
    assert head.headers["Content-Length"] == str(len(content)) and head.headers["ETag"] == etag


def test_a_changed_file_is_never_sent_as_if_it_were_whole(own):
    server, api = own
    study = fill(api, 20000)
    job = study.finished({"datasets": ["notes"], "format": "csv"})
    file = blobs_of(server)[0]
    sound = file.read_bytes()
    for changed in (sound[:-1], sound[:-5000], sound[:200], sound[:60] + bytes([sound[60] ^ 1]) + sound[61:]):
        file.write_bytes(changed)
        download(api, job, error="storage-damaged")
    middle = len(sound) // 2
    file.write_bytes(sound[:middle] + bytes([sound[middle] ^ 1]) + sound[middle + 1:])
    broken = download(api, job)
    got = broken.content
    assert len(got) < int(broken.headers["Content-Length"]), "the connection ends before the part that was changed"
    file.write_bytes(sound)
    assert download(api, job).content.startswith(got)
    file.write_bytes(sound[:middle] + bytes([sound[middle] ^ 1]) + sound[middle + 1:])
    assert program.run("check", "--data", server.data, check=False).returncode == 1
    file.write_bytes(sound)
    download(api, job, status=200)


def test_files_of_earlier_servers_are_still_sent(own):
    server, api = own
    study = fill(api)
    job = study.finished({"datasets": ["notes"], "format": "csv"})
    content = download(api, job).content
    blobs_of(server)[0].write_bytes(content)
    assert download(api, job).content == content
    assert download(api, job, headers={"Range": "bytes=5-9"}).content == content[5:10]


def test_check_reads_encrypted_files(own):
    server, api = own
    study = fill(api)
    job = study.finished({"datasets": ["notes"], "format": "csv"})
    server.stop()
    checked = program.run("check", "--data", server.data)
    assert "No fault" in checked.stdout
    key = server.directory / "data.key"
    key.rename(server.directory / "elsewhere.key")
    without = program.run("check", "--data", server.data)
    assert "1 encrypted file" in without.stdout, "said, not passed over in silence"
    assert "No fault" in program.run("check", "--data", server.data, "--key-file", server.directory / "elsewhere.key").stdout
    file = blobs_of(server)[0]
    stored = bytearray(file.read_bytes())
    stored[-20] ^= 1
    file.write_bytes(stored)
    broken = program.run("check", "--data", server.data, "--key-file", server.directory / "elsewhere.key", check=False)
    assert broken.returncode == 1 and job["id"] in broken.stdout


def test_the_server_refuses_another_key_file(own):
    server, api = own
    study = fill(api)
    study.finished({"datasets": ["notes"], "format": "csv"})
    server.stop()
    key = server.directory / "data.key"
    sound = key.read_text()
    key.write_text("ab" * 32 + "\n")
    other = program.run("serve", "--data", server.data, "--listen", "127.0.0.1:0", check=False)
    assert other.returncode == 1 and "wrong-key-file" in other.stderr and "fingerprint" in other.stderr
    key.unlink()
    missing = program.run("serve", "--data", server.data, "--listen", "127.0.0.1:0", check=False)
    assert missing.returncode == 1 and "missing" in missing.stderr and "--key-file" in missing.stderr
    assert not key.exists(), "a new one would open nothing"
    key.write_text(sound)
    key.chmod(0o600)
    server.start()


def test_a_locked_study_opens_with_its_passphrase_alone(own):
    server, api = own
    study = fill(api)
    before = study.finished({"datasets": ["notes"], "format": "csv"})
    content = download(api, before).content
    assert api.get(study.path).json()["locked"] is False
    api.put(f"{study.path}/lock", {"passphrase": "too short"}, error="bad-parameter")
    api.put(f"{study.path}/lock", {"passphrase": PASSPHRASE}, status=204)
    assert api.get(study.path).json()["locked"] is True
    assert [entry["locked"] for entry in api.get("/studies").json()["studies"]] == [True]
    api.put(f"{study.path}/lock", {"passphrase": PASSPHRASE}, error="conflict")

    for headers in ({}, {"X-Study-Passphrase": "another passphrase"}):
        download(api, before, headers=headers, error="study-locked")
    assert download(api, before, headers={"X-Study-Passphrase": PASSPHRASE}).content == content
    part = download(api, before, headers={"X-Study-Passphrase": PASSPHRASE, "Range": "bytes=10-19"}, status=206)
    assert part.content == content[10:20]

    # Data come in and files are made without it, and cannot be read without it.
    study.dataset("notes", FIELDS).send([{"participant": "late", "values": {"note": "late", "n": 1}}])
    during = study.finished({"datasets": ["notes"], "format": "csv"})
    assert during["state"] == "succeeded" and during["id"] != before["id"]
    download(api, during, error="study-locked")
    assert b"late" in download(api, during, headers={"X-Study-Passphrase": PASSPHRASE}).content

    # Not after a restart either, and nothing in the directory, the log included, has the passphrase.
    server.stop()
    server.start()
    api = Api(server.url, api.key)
    download(api, before, error="study-locked")
    assert "locked" in program.run("check", "--data", server.data).stdout
    assert program.holding(server.directory, PASSPHRASE.encode()) == []

    api.delete(f"{study.path}/lock", **body({"passphrase": "another passphrase"}), error="study-locked")
    api.delete(f"{study.path}/lock", **body({"passphrase": PASSPHRASE}), status=204)
    api.delete(f"{study.path}/lock", **body({"passphrase": PASSPHRASE}), error="conflict")
    assert download(api, before).content == content


def body(value):
    import json
    return {"data": json.dumps(value).encode(), "headers": {"Content-Type": "application/json"}}


def test_only_the_owner_locks(owner, admin, stranger, study):
    admin.put(f"{study.path}/lock", {"passphrase": PASSPHRASE}, error="forbidden")
    stranger.put(f"{study.path}/lock", {"passphrase": PASSPHRASE}, error="not-found")
    owner.put(f"{study.path}/lock", {"passphrase": 7}, error="bad-member", place="/passphrase")
    owner.put(f"{study.path}/lock", {}, error="bad-member", place="/passphrase")
    owner.put(f"{study.path}/lock", {"passphrase": PASSPHRASE, "hint": "horse"}, error="unknown-member")
    owner.put(f"{study.path}/lock", {"passphrase": PASSPHRASE}, status=204)
    admin.delete(f"{study.path}/lock", **body({"passphrase": PASSPHRASE}), error="forbidden")
    owner.delete(f"{study.path}/lock", **body({"passphrase": PASSPHRASE}), status=204)


def test_deleting_a_study_destroys_its_key(own):
    server, api = own
    identity = "t-" + secrets.token_hex(6)
    api.post("/studies", {"id": identity, "name": "first"}, status=201)
    study = Study(api, identity)
    study.dataset("notes", FIELDS).send([{"participant": "p", "values": {"note": MARK, "n": 1}}])
    job = study.finished({"datasets": ["notes"], "format": "csv"})
    stored = blobs_of(server)[0].read_bytes()
    key_id = stored[16:32]
    api.delete(study.path, status=204)
    assert not blobs_of(server)
    api.post("/studies", {"id": identity, "name": "second"}, status=201)
    study.dataset("notes", FIELDS).send([{"participant": "p", "values": {"note": MARK, "n": 1}}])
    again = study.finished({"datasets": ["notes"], "format": "csv"})
    now = blobs_of(server)[0]
    assert now.read_bytes()[16:32] != key_id, "a study of the same name has keys of its own"
    # A copy of the old file, put back, opens with nothing.
    now.write_bytes(stored)
    assert api.get(f"/exports/{again['id']}").json()["state"] == "succeeded" and job["id"] != again["id"]
    download(api, again, error="export-gone")


def test_the_site_key_is_rotated(own):
    server, api = own
    study, locked = fill(api), fill(api)
    job = study.finished({"datasets": ["notes"], "format": "csv"})
    other = locked.finished({"datasets": ["notes"], "format": "csv"})
    content = download(api, job).content
    api.put(f"{locked.path}/lock", {"passphrase": PASSPHRASE}, status=204)
    old, new = server.directory / "data.key", server.directory / "new.key"
    shown = program.run("secrets", "show", "--data", server.data).stdout
    running = program.run("secrets", "rotate", "--data", server.data, "--new-key-file", new, check=False)
    assert running.returncode == 1 and "in use" in running.stderr and not new.exists()
    server.stop()

    done = program.run("secrets", "rotate", "--data", server.data, "--key-file", old, "--new-key-file", new)
    assert "secrets" in done.stdout and new.stat().st_mode & 0o777 == 0o600
    # Once more does no harm: it is done already.
    assert program.run("secrets", "rotate", "--data", server.data, "--key-file", old, "--new-key-file", new).returncode == 0
    assert program.run("secrets", "show", "--data", server.data, "--key-file", new).stdout != shown
    refused = program.run("serve", "--data", server.data, "--listen", "127.0.0.1:0", check=False)
    assert refused.returncode == 1 and "wrong-key-file" in refused.stderr
    server.options = ["--key-file", str(new)]
    server.start()
    assert download(Api(server.url, api.key), job).content == content
    opened = download(Api(server.url, api.key), other, headers={"X-Study-Passphrase": PASSPHRASE})
    assert opened.status_code == 200


def test_the_key_file_lies_outside_the_data(tmp_path):
    """A copy of the data alone opens nothing."""
    refused = program.run("serve", "--data", tmp_path / "data", "--key-file", tmp_path / "data" / "site.key", "--listen", "127.0.0.1:0", check=False)
    assert refused.returncode == 2 and "outside the data directory" in refused.stderr
    assert not (tmp_path / "data" / "site.key").exists()
