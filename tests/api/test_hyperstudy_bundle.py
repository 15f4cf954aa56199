"""ZIPs as HyperStudy's downloads have them."""
import csv
import hashlib
import io
import json
import secrets
import zipfile

import pytest

from conftest import new_study
from harness import program
from harness.hyperstudy import Client


def fetch(study, **body):
    job = study.finished({"format": "zip", "layout": "hyperstudy", **body})
    assert job["state"] == "succeeded", job
    return job, zipfile.ZipFile(io.BytesIO(study.api.get(f"/exports/{job['id']}/file", validate=False).content))


@pytest.fixture(scope="module")
def experiment(owner):
    study = new_study(owner, name="Couples")
    owner.put(f"{study.path}/participants/ada", {"status": "completed", "attributes": {"email": "ada@example.org", "completionCode": "SUCCESS"}})
    for number, room in enumerate(("ra", "rb")):
        owner.put(f"{study.path}/sessions/{room}", {"start": f"2026-01-0{number + 1}T10:00:00Z", "name": f"Room {number}", "attributes": {"deploymentId": f"d{number}", "deploymentName": f"Wave {number}"}, "attendance": [{"participant": "ada", "role": "viewer"},
                                                                                                             {"participant": "bo"}]})
    events = study.dataset("events", [{"id": "category", "type": "string"}, {"id": "value", "type": "json"}], kind="events")
    events.send([{"id": f"{room}-{who}-{n}", "participant": who, "session": room, "time": f"2026-01-01T10:00:0{n}Z", "onset_ms": n * 1000 - 1000,
                  "values": {"category": "component", "value": {"n": n}}} for room in ("ra", "rb") for who in ("ada", "bo") for n in range(3)]
                + [{"id": "of-the-room", "participant": "_room", "session": "ra", "time": "2026-01-01T10:00:00Z", "values": {"category": "system"}},
                   {"id": "roomless", "participant": "ada", "values": {}}])
    study.dataset("sparse_ratings", [{"id": "value", "type": "double"}], kind="sparse_ratings").send(
        [{"id": "s1", "participant": "ada", "session": "ra", "onset_ms": 5, "values": {"value": 2.5}}])
    study.dataset("own", [{"id": "answer", "type": "string"}]).send([{"id": "o1", "participant": "bo", "session": "rb", "values": {"answer": "x"}}])
    return study


def test_an_experiment(experiment, server, make_key):
    job, archive = fetch(experiment, files="json")
    assert job["file_name"].startswith(f"experiment_{experiment.id}_20") and job["file_name"].endswith(".zip")
    assert sorted(archive.namelist()) == sorted([
        "metadata.json", "participants.json", "no_room/participant_ada/events.json", "room_ra/events.json", "room_ra/participant_ada/events.json",
        "room_ra/participant_ada/ratings_sparse.json", "room_ra/participant_bo/events.json", "room_rb/participant_ada/events.json",
        "room_rb/participant_bo/events.json", "room_rb/participant_bo/own.json"])
    client = Client(make_key()["key"], server.url + "/api/v3")
    of_api = [row for row in client.fetch("events", "ra", scope="room", experimentId=experiment.id) if row["participantId"] == "ada"]
    assert json.loads(archive.read("room_ra/participant_ada/events.json")) == of_api
    (of_room,) = json.loads(archive.read("room_ra/events.json"))
    assert of_room["id"] == "of-the-room" and of_room["participantId"] is None
    (own,) = json.loads(archive.read("room_rb/participant_bo/own.json"))
    assert own["answer"] == "x" and own["roomId"] == "rb" and own["id"] == "o1"
    people = json.loads(archive.read("participants.json"))
    assert [(row["id"], row["roomId"]) for row in people] == [("ada", None), ("ada", "ra"), ("bo", "ra"), ("ada", "rb"), ("bo", "rb")]
    assert people[1]["email"] == "ada@example.org" and people[1]["role"] == "viewer"
    metadata = json.loads(archive.read("metadata.json"))
    assert metadata["study"]["name"] == "Couples" and metadata["rows"] == 16
    assert (metadata["level"], metadata["files_format"], metadata["anonymisation"]) == ("experiment", "json", "keep")
    assert metadata["software"] == {"name": "Sheaf", "version": program.run("--version").stdout.split()[-1]} and metadata["created_by"].startswith("usr_")
    assert [(room["id"], room["experimentStartedAt"]) for room in metadata["rooms"]] == [("ra", "2026-01-01T10:00:00.000Z"), ("rb", "2026-01-02T10:00:00.000Z")]
    for file in metadata["files"]:
        content = archive.read(file["path"])
        assert hashlib.sha256(content).hexdigest() == file["sha256"] and len(content) == file["bytes"]
    entry = next(file for file in metadata["files"] if file["path"] == "room_ra/participant_ada/events.json")
    assert entry["rows"] == 3 and entry["first_time"] == "2026-01-01T10:00:00.000Z" and entry["last_time"] == "2026-01-01T10:00:02.000Z"


@pytest.mark.parametrize("choice, folders", [({"sessions": ["rb"]}, {"room_rb/participant_ada", "room_rb/participant_bo"}),
                                             ({"participants": ["bo"]}, {"room_ra/participant_bo", "room_rb/participant_bo"}),
                                             ({"participants": ["bo"], "sessions": ["ra"]}, {"room_ra/participant_bo"}),
                                             ({"participants": ["nobody"]}, set())])
def test_a_room_and_a_participant(experiment, choice, folders):
    _, archive = fetch(experiment, files="csv", **choice)
    assert {name.rsplit("/", 1)[0] for name in archive.namelist() if "/" in name} == folders
    metadata = json.loads(archive.read("metadata.json"))
    assert metadata["level"] == ("participant" if "participants" in choice else "room") and metadata["files_format"] == "csv"
    assert {key: metadata["request"].get(key) for key in choice} == choice
    people = list(csv.DictReader(io.StringIO(archive.read("participants.csv").decode())))
    assert {f"room_{row['roomId']}/participant_{row['id']}" for row in people} == folders


def test_csv_as_a_spreadsheet_wants_it(experiment):
    _, archive = fetch(experiment, files="csv", sessions=["ra"], participants=["ada"], profile="excel")
    text = archive.read("room_ra/participant_ada/events.csv")
    assert text.startswith(b"\xef\xbb\xbfid,experimentId,roomId")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert len(rows) == 3 and json.loads(rows[1]["value"]) == {"n": 1} and rows[0]["onset"] == "-1000"


def test_without_identifiers(experiment):
    _, archive = fetch(experiment, files="json", identifiers="remove")
    assert json.loads(archive.read("metadata.json"))["anonymisation"] == "remove"
    everything = b"".join(archive.read(name) for name in archive.namelist() if name != "metadata.json") + "".join(archive.namelist()).encode()
    for secret in (b'"ada"', b"_ada/", b'"bo"', b"_bo/", b"example.org", b'"ra"', b"room_ra"):
        assert secret not in everything, secret
    people = json.loads(archive.read("participants.json"))
    assert len(people) == 5 and all(row["email"] is None for row in people)
    codes = {row["participantId"] for name in archive.namelist() if name.endswith("events.json") for row in json.loads(archive.read(name))}
    assert {row["id"] for row in people} == codes - {None}


def test_media(owner, server, make_key):
    study = new_study(owner, name="Filmed")
    recordings = study.dataset("recordings", [{"id": "participantName", "type": "string"}, {"id": "format", "type": "string"}], kind="recordings")
    recordings.send([{"id": "r1", "participant": "ada", "session": "ra", "time": "2026-01-31T08:00:00Z", "values": {"participantName": "Ada Ä. (1)", "format": "mp4"}},
                     {"id": "r2", "participant": "ada", "session": "ra", "time": "2026-01-31T08:01:00Z", "values": {}},
                     {"id": "r3", "participant": "bo", "session": "rb", "time": "2026-01-31T08:00:00Z", "values": {"participantName": "../../bo"}},
                     {"id": "r4", "participant": "bo", "session": "rb", "time": "2026-01-31T08:00:00Z", "values": {}},
                     {"id": "r5", "participant": "bo", "time": "2026-01-31T08:00:00Z", "values": {}}])
    for record, who, session, media, name in (("r1", "ada", "ra", "video/mp4", "a.mp4"), ("r2", "ada", "ra", "audio/webm", None), ("r3", "bo", "rb", "video/webm", "b.webm"),
                                              ("r1", "ada", "ra", "video/mp4", "again.MP4"), ("r5", "bo", None, "video/mp4", None)):
        file = owner.post(f"{study.path}/files", {key: value for key, value in (("kind", "recording"), ("media_type", media), ("name", name), ("participant", who), ("session", session),
                                                                            ("dataset", "recordings"), ("record", record)) if value}).json()["id"]
        owner.put(f"{study.path}/files/{file}/content", data=f"bytes of {record}".encode())
    half = owner.post(f"{study.path}/files", {"kind": "recording", "media_type": "video/mp4", "participant": "bo", "session": "rb", "dataset": "recordings", "record": "r4", "size": 9}).json()["id"]
    _, archive = fetch(study, files="json", media=True)
    media = sorted(name for name in archive.namelist() if "/media/" in name)
    assert media == ["no_room/media/bo_video_r5.mp4", "room_ra/media/Ada_____1__video_r1-2.MP4", "room_ra/media/Ada_____1__video_r1.mp4", "room_ra/media/ada_audio_r2.webm",
                     "room_rb/media/______bo_video_r3.webm"]
    assert archive.read("room_ra/media/Ada_____1__video_r1.mp4") == b"bytes of r1" and not [name for name in archive.namelist() if name.startswith("files/")]
    metadata = json.loads(archive.read("metadata.json"))
    assert metadata["warnings"] == [f"The file {half} is not in the ZIP: incomplete."]
    assert {entry["path"] for entry in metadata["media"] if entry["path"]} == set(media)
    completeness = {dataset["dataset"]: dataset["completeness"] for dataset in metadata["quality"]["datasets"]}
    assert set(completeness) == {"recordings"}
    findings = {finding["check"]: finding["count"] for finding in metadata["quality"]["datasets"][0]["findings"]}
    assert findings["recording_missing"] == 1
    # With codes for people there is no name either.
    _, coded = fetch(study, files="json", media=True, identifiers="remove")
    names = [name for name in coded.namelist() if "/media/" in name]
    assert len(names) == 5 and not [name for name in names for word in ("Ada", "ada", "bo", "room_ra", "r1") if word in name.replace("no_room", "")], names


def test_media_beside_events(owner):
    """It failed: the files of answers to questionnaires were asked to bring the media, too."""
    study = new_study(owner)
    study.dataset("events", [{"id": "category", "type": "string"}], kind="events").send([
        {"participant": "ada", "session": "ra", "time": "2026-01-31T08:00:00Z", "values": {"category": "questionnaire"}}])
    study.dataset("recordings", [{"id": "format", "type": "string"}], kind="recordings").send([{"id": "r1", "participant": "ada", "session": "ra", "values": {}}])
    file = owner.post(f"{study.path}/files", {"kind": "recording", "media_type": "video/mp4", "participant": "ada", "session": "ra", "dataset": "recordings", "record": "r1"}).json()["id"]
    owner.put(f"{study.path}/files/{file}/content", data=b"film")
    _, archive = fetch(study, files="json", media=True)
    assert archive.read("room_ra/media/ada_video_r1.mp4") == b"film"
    assert [name for name in archive.namelist() if "questionnaire" in name]


def test_what_this_layout_does_not_hold(experiment):
    experiment.export({"format": "zip", "layout": "hyperstudy", "files": "parquet"}, error="unknown-format", place="/files")
    experiment.export({"format": "zip", "layout": "hyperstudy", "identifiers": "aggregate"}, error="bad-parameter")


def test_an_export_can_be_taken_in(experiment, server, owner, owner_key, make_key, tmp_path):
    _, archive = fetch(experiment, files="json")
    copy = f"copy-{secrets.token_hex(4)}"
    (tmp_path / "export.zip").write_bytes(archive.fp.getvalue())
    out = program.run("import", "--server", server.url, "--key", owner_key, "--study", copy, "--from", "hyperstudy", tmp_path / "export.zip")
    assert "own.json" in out.stdout
    client = Client(make_key()["key"], server.url + "/api/v3")
    order = lambda rows: sorted(({**row, "experimentId": 0, "extra": 0} for row in rows), key=lambda row: row["id"])  # noqa: E731
    taken = [{key: row[key] for key in order(client.fetch("events", experiment.id))[0] if key in row} for row in order(client.fetch("events", copy))]
    assert taken == order(client.fetch("events", experiment.id))
    # Rooms and who was in them, too.
    for kind, names in (("rooms", ("id", "name", "startTime", "endTime", "status", "participantCount", "deploymentName")), ("participants", ("id", "roomId", "email", "role", "status", "completionCode"))):
        known = lambda rows: sorted([row[name] or "" for name in names] for row in rows)  # noqa: E731
        assert known(client.fetch(kind, copy)) == known(client.fetch(kind, experiment.id)), kind
    owner.delete(f"/studies/{copy}")


def test_one_type_of_one_participant(experiment, server, make_key):
    client = Client(make_key()["key"], server.url + "/api/v3")
    answer = client.session.get(f"{client.base}/data/events/participant/ada", timeout=30,
                                params={"roomId": "ra", "experimentId": experiment.id, "format": "csv"})
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="events_ada_ra_20') and len(answer.text.splitlines()) == 4
