"""Recordings over HyperStudy's protocol: listed, lent, downloaded as the SDK does it."""
import hashlib
import os
import secrets

import pytest
import requests

from conftest import STRANGER, new_study
from harness.hyperstudy import Client, ForbiddenError, NotFoundError

RUN = secrets.token_hex(3)
ROOM = f"rec {RUN}/ä"
MEDIA = {"rec-1": b"\x1aE\xdf\xa3" + os.urandom(300_000), "rec-2": b"", "a b/c": os.urandom(1000)}


@pytest.fixture(scope="module")
def experiment(owner):
    study = new_study(owner)
    fields = [{"id": "participantName", "type": "string"}, {"id": "startTime", "type": "datetime"}, {"id": "fileSize", "type": "integer"},
              {"id": "format", "type": "string"}, {"id": "metadata", "type": "json"}]
    recordings = study.dataset("recordings", fields, kind="recordings")
    recordings.send([{"id": identity, "participant": f"p{n}", "session": ROOM, "time": f"2026-01-01T10:0{n}:00Z",
                      "values": {"participantName": "Ada Ä.", "startTime": f"2026-01-01T10:0{n}:00Z", "format": "webm",
                                 "metadata": {"type": "video"}, **({"fileSize": len(MEDIA[identity])} if identity in MEDIA else {})}}
                     for n, identity in enumerate(["rec-1", "rec-2", "a b/c", "lost", "half"])])
    for number, (identity, content) in enumerate(MEDIA.items()):
        upload(owner, study, f"file-{number}", identity, content)
    owner.post(f"{study.path}/files", {"id": "half", "kind": "recording", "media_type": "video/webm", "dataset": "recordings", "record": "half",
                                       "participant": "p4", "size": 10}, status=201)
    return study


def upload(owner, study, name, record, content):
    owner.post(f"{study.path}/files", {"id": name, "kind": "recording", "media_type": "video/webm", "dataset": "recordings", "record": record,
                                       "size": len(content)}, status=201)
    owner.put(f"{study.path}/files/{name}/content", data=content, headers={"Content-Type": "application/octet-stream"})


@pytest.fixture(scope="module")
def client(server, make_key):
    return Client(make_key(scopes=["read:recordings"])["key"], server.url + "/api/v3")


def test_the_list_says_which_have_files(experiment, client):
    rows = {row["recordingId"]: row for row in client.fetch("recordings", experiment.id)}
    assert list(rows) == ["rec-1", "rec-2", "a b/c", "lost", "half"]
    assert {identity for identity, row in rows.items() if row["downloadPath"]} == set(MEDIA)
    assert all(row["downloadPath"] is None or row["downloadPath"].startswith("/data/recordings/download/") for row in rows.values())
    assert all(row["url"] is None and row["downloadUrl"] is None for row in rows.values())


def test_downloading_as_the_sdk_does(experiment, client, tmp_path):
    done = {row["recordingId"]: row for row in client.download_recordings(str(tmp_path), experiment.id)}
    # A slash in an id is one in the name of the file, where no folder is: the client goes on with the next.
    assert {identity: row["download_status"] for identity, row in done.items()} == {
        "rec-1": "downloaded", "rec-2": "downloaded", "a b/c": "failed", "lost": "failed", "half": "failed"}
    for identity in ("rec-1", "rec-2"):
        with open(done[identity]["local_path"], "rb") as file:
            assert hashlib.sha256(file.read()).digest() == hashlib.sha256(MEDIA[identity]).digest()
    assert os.path.basename(done["rec-1"]["local_path"]) == "Ada____video_rec-1.webm" and not list(tmp_path.glob("*.part"))
    again = client.download_recordings(str(tmp_path), experiment.id)
    assert [row["download_status"] for row in again if row["recordingId"] in ("rec-1", "rec-2")] == ["skipped", "skipped"]


def path_of(client, experiment, identity):
    return next(row["downloadPath"] for row in client.fetch("recordings", experiment.id) if row["recordingId"] == identity)


def test_the_address_needs_no_key_and_takes_ranges(experiment, client, server):
    body = client.get(path_of(client, experiment, "a b/c"))
    assert isinstance(body["data"], dict) and body["data"]["url"].startswith(server.url + "/")
    answer = requests.get(body["data"]["url"], headers={"Accept-Encoding": "gzip, deflate"}, timeout=30)
    assert answer.content == MEDIA["a b/c"] and "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Length"] == "1000" and answer.headers["Content-Disposition"].startswith("attachment")
    part = requests.get(body["data"]["url"], headers={"Range": "bytes=10-19"}, timeout=30)
    assert part.status_code == 206 and part.content == MEDIA["a b/c"][10:20]
    assert requests.get(body["data"]["url"] + "x", timeout=30).status_code == 404


def test_what_has_no_file_has_no_address(experiment, client):
    room = requests.utils.quote(ROOM, safe="")
    for identity in ("lost", "half"):
        assert client.get(f"data/recordings/download/{room}/{identity}")["data"]["url"] is None
    for path in (f"{room}/none", "nowhere/rec-1", f"{room}/x'--"):
        with pytest.raises(NotFoundError):
            client.get(f"data/recordings/download/{path}")


def test_who_gets_no_address(experiment, server, make_key, owner):
    path = path_of(Client(make_key()["key"], server.url + "/api/v3"), experiment, "rec-1")
    with pytest.raises(ForbiddenError):
        Client(make_key(scopes=["read:events"])["key"], server.url + "/api/v3").get(path)
    with pytest.raises(NotFoundError):
        Client(make_key(STRANGER)["key"], server.url + "/api/v3").get(path)
    for rights in ({"rights": ["view"]}, {"rights": ["view", "export"], "identifiers": False}):
        owner.put(f"{experiment.path}/grants/{STRANGER}", rights)
        try:
            client = Client(make_key(STRANGER)["key"], server.url + "/api/v3")
            rows = client.fetch("recordings", experiment.id)
            assert len(rows) == 5
            if "identifiers" in rights:
                assert all(row["downloadPath"] is None and row["participantName"] in (None, "Ada Ä.") for row in rows)
            with pytest.raises((ForbiddenError, NotFoundError)):
                client.get(path)
        finally:
            owner.delete(f"{experiment.path}/grants/{STRANGER}")


def test_a_withdrawn_participants_recording_is_gone(owner, client):
    study = new_study(owner)
    room = f"gone-{secrets.token_hex(3)}"
    study.dataset("recordings", [{"id": "format", "type": "string"}], kind="recordings").send(
        [{"id": "r", "participant": "ada", "session": room, "values": {}}])
    owner.post(f"{study.path}/files", {"id": "f", "kind": "recording", "media_type": "video/mp4", "dataset": "recordings", "record": "r",
                                       "participant": "ada", "size": 3}, status=201)
    owner.put(f"{study.path}/files/f/content", data=b"abc", headers={"Content-Type": "application/octet-stream"})
    (row,) = client.fetch("recordings", study.id)
    address = client.get(row["downloadPath"])["data"]["url"]
    assert requests.get(address, timeout=30).content == b"abc"
    owner.post(f"{study.path}/participants/ada/withdrawal", {})
    assert client.fetch("recordings", study.id) == []
    assert requests.get(address, timeout=30).status_code == 404
    with pytest.raises(NotFoundError):
        client.get(row["downloadPath"])
