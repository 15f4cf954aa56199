"""`sheaf import --from hyperstudy`: what went in comes out the same."""
import json
import secrets
import zipfile

import pytest

from conftest import new_study
from harness import program
from harness.hyperstudy import TYPES, Client

RUN = secrets.token_hex(3)


def run_import(server, key, study, *paths, check=True, **options):
    return program.run("import", "--server", server.url, "--key", key, "--study", study, "--from", "hyperstudy", *paths, check=check, **options)


@pytest.fixture(scope="module")
def reader(server, make_key):
    return Client(make_key()["key"], server.url + "/api/v3")


def common(study, n, onset, identity="id"):
    return {identity: f"{identity}-{n}", "experimentId": study, "roomId": f"room-{RUN}", "sessionId": f"room-{RUN}", "deploymentId": f"dep-{RUN}",
            "participantId": f"p{n % 2}", "timestamp": f"2024-10-20T14:{30 + n:02d}:00.125Z", "onset": onset}


def everything(study):
    """A record or two of each type, as the API and its documents show them."""
    value = {"questionId": "q1", "questionText": "How?", "answer": ["a", 1, None], "responseTime": 812}
    return {
        "events": [{**common(study, 0, -5000), "category": "pre_experiment", "eventType": "consent.accepted", "componentType": "unknown", "content": "",
                    "value": value},
                   {**common(study, 1, 60125), "category": "component", "eventType": "component.response", "componentType": None, "content": "x",
                    "response": {"value": 0.1, "responseTime": 5}, "duration": 1500, "componentId": "c1", "stateId": "s", "stateName": "S",
                    "participantRole": "viewer", "futureKey": [1, {"a": None}], "value": 7},
                   {**common(study, 2, 1.5), "participantId": None, "category": "scanner", "eventType": "scanner_pulse", "componentType": "unknown",
                    "content": "", "data": {"pulseNumber": 3}}],
        "recordings": [{**common(study, 0, 0, "recordingId"), "egressId": "EG_1", "participantName": "Ada", "startTime": "2024-10-20T14:30:00.125Z",
                        "endTime": "2024-10-20T14:40:00.000Z", "duration": 599875, "videoOffset": 0, "fileSize": None, "format": "mp4",
                        "resolution": "1280x720", "status": "complete", "fileName": "ada.mp4",
                        "metadata": {"type": "video", "recordingType": "individual", "roomName": "r", "experimentId": study}}],
        "chat": [{**common(study, 1, 60125, "messageId"), "senderId": "p1", "senderName": "Bo", "content": 'say "hi"\n<b>\u00fc\u2028</b>',
                  "recipientIds": ["p0"], "messageType": "text", "deleted": False}],
        "videochat": [{**common(study, 0, 3), "eventType": "track.published", "duration": 3.25, "metadata": {"quality": "good"}}],
        "ratings/continuous": [{**common(study, n, n * 100, "ratingId"), "componentId": "c1", "value": 55.5, "normalizedValue": 0.555, "rawValue": 55.5,
                                "scaleMin": 0, "scaleMax": 100} for n in range(5)],
        "ratings/sparse": [{**common(study, 0, 24980, "ratingId"), "rawOnset": 25000, "clockOffsetApplied": 20, "value": 75.0, "rawValue": 4,
                            "scale": {"min": 1, "max": 5}, "type": "sparse", "stateId": "s2", "stimulusId": "clip", "stimulusTime": 12.5,
                            "responseTime": 2100, "confidence": None, "labels": {"min": "no", "max": "yes"}, "componentId": "c2",
                            "metadata": {"question": "?", "sampleIndex": 0}, "ratingEndOnset": 27000,
                            "sparseRatingData": {"videoId": "v", "pauseTimestamp": 1729434625000, "previousRatings": None},
                            "stateStartTime": 1729434600000, "stateDuration": 30000, "scaleMin": 1, "scaleMax": 5}],
        "sync": [{**common(study, 0, 100, "metricId"), "timeDrift": -12.5, "playbackRate": 1.0, "syncQuality": 0.98, "latency": 45, "bufferHealth": 0.9}],
        "components": [{**common(study, 0, 100), "componentId": "c1", "componentType": "ShowVideo", "stateId": "s", "config": {"url": "x", "loop": False},
                        "variableSnapshot": {}, "response": {"value": "a"}, "completed": True, "content": "[+stimulus]", "stimulusUrl": "https://x/y",
                        "stimulusCaption": "cap"}],
        "eyetracking": [{**common(study, 0, 100), "eventType": "calibration", "mode": "5-point", "targetCount": 5, "points": [{"x": 0.1}], "rmsError": 3.2}],
    }


def participants(study):
    return [{"id": "p0", "roomId": f"room-{RUN}", "email": "ada@example.org", "role": "viewer", "status": "completed", "completionCode": "SUCCESS",
             "joinedAt": "2024-10-20T14:29:00.000Z", "completedAt": "2024-10-20T15:00:00.000Z", "isAgent": False},
            {"id": "p1", "roomId": f"room-{RUN}", "email": None, "role": "partner", "status": "disconnected", "completionCode": "TIMEOUT",
             "joinedAt": "2024-10-20T14:29:30.000Z", "completedAt": None, "isAgent": True}]


def rooms(study):
    return [{"id": f"room-{RUN}", "experimentId": study, "deploymentId": f"dep-{RUN}", "deploymentName": "Autumn", "status": "completed",
             "startTime": "2024-10-20T14:30:00.000Z", "endTime": "2024-10-20T15:00:00.000Z", "participantCount": 2}]


def check_same(reader, study, sent):
    for kind, records in sent.items():
        got = {tuple(sorted((row["onset"], json.dumps(row, sort_keys=True)) for row in [row])): row for row in reader.fetch(kind, study)}.values()
        identity = next(key for key in records[0] if key in ("id", "recordingId", "messageId", "ratingId", "metricId"))
        by_id = {row[identity]: row for row in got}
        assert len(by_id) == len(records), kind
        for record in records:
            row = by_id[record[identity]]
            assert {key: row[key] for key in record} == record, kind
    people = {row["id"]: row for row in reader.fetch("participants", study)}
    for row in participants(study):
        assert {key: people[row["id"]][key] for key in row} == row
    (room,) = reader.fetch("rooms", study)
    assert {key: room[key] for key in rooms(study)[0]} == rooms(study)[0]


def write_files(directory, study, sent):
    for kind, records in sent.items():
        (directory / (kind.replace("/", "_") + ".json")).write_text(json.dumps(records))
    (directory / "participants.json").write_text(json.dumps({"status": "success", "data": participants(study), "metadata": {}}))
    (directory / "rooms.json").write_text(json.dumps(rooms(study)))
    (directory / "metadata.json").write_text("{}")


@pytest.mark.parametrize("form", ["directory", "zip", "nested zip", "ndjson"])
def test_it_comes_out_as_it_went_in(server, owner, owner_key, reader, tmp_path, form):
    study = f"imp-{secrets.token_hex(4)}"
    sent = everything(study)
    source = tmp_path / "export"
    source.mkdir()
    write_files(source, study, sent)
    if form == "ndjson":
        (source / "events.json").unlink()
        (source / "events.ndjson").write_text("".join(json.dumps(record) + "\n" for record in sent["events"]))
    if "zip" in form:
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in source.iterdir():
                folder = f"experiment_1/room_{RUN}/participant_p0/" if "nested" in form and file.stem not in ("participants", "rooms") else ""
                archive.write(file, folder + file.name)
        source = path
    out = run_import(server, owner_key, study, source)
    assert "17 of 17 records kept" in out.stdout or "records kept" in out.stdout
    check_same(reader, study, sent)
    # Again: nothing changes.
    run_import(server, owner_key, study, source)
    check_same(reader, study, sent)
    owner.delete(f"/studies/{study}")


def test_what_the_api_gives_can_be_taken_in(server, owner, owner_key, reader, tmp_path):
    first, second = f"one-{secrets.token_hex(4)}", f"two-{secrets.token_hex(4)}"
    source = tmp_path / "one"
    source.mkdir()
    write_files(source, first, everything(first))
    run_import(server, owner_key, first, source)
    copy = tmp_path / "two"
    copy.mkdir()
    for kind in (*TYPES, "participants", "rooms"):
        body = reader.get(f"data/{kind}/experiment/{first}", limit=1000)
        (copy / f"{'x' + kind.replace('/', '-') if kind in TYPES else kind}.json").write_text(json.dumps(body))
    run_import(server, owner_key, second, copy)
    same = lambda rows: json.loads(json.dumps(rows).replace(second, first))  # noqa: E731
    for kind in TYPES:
        assert same(reader.fetch(kind, second)) == reader.fetch(kind, first), kind
    people = [reader.fetch("participants", study) for study in (first, second)]
    assert [{**row, "experimentId": 0} for row in people[0]] == [{**row, "experimentId": 0} for row in people[1]]
    owner.delete(f"/studies/{first}")
    owner.delete(f"/studies/{second}")


def test_onsets_are_reckoned_where_they_are_missing(server, owner, owner_key, reader, tmp_path):
    study, room = f"ons-{secrets.token_hex(4)}", f"r-{secrets.token_hex(4)}"
    (tmp_path / "rooms.json").write_text(json.dumps([{"id": room, "startTime": "2024-10-20T14:30:00.000Z"}]))
    (tmp_path / "events.json").write_text(json.dumps([{"id": "a", "roomId": room, "participantId": "p", "timestamp": "2024-10-20T14:29:55.000Z"},
                                                      {"id": "b", "roomId": room, "participantId": "p", "timestamp": "2024-10-20T14:30:10.500Z"}]))
    run_import(server, owner_key, study, tmp_path)
    assert [row["onset"] for row in reader.fetch("events", room, scope="room")] == [-5000, 10500]
    assert [row["participantId"] for row in reader.fetch("participants", room, scope="room")] == ["p"]
    owner.delete(f"/studies/{study}")


def test_bad_records_are_named_and_the_others_kept(server, owner, owner_key, reader, tmp_path):
    study = f"bad-{secrets.token_hex(4)}"
    (tmp_path / "events.json").write_text(json.dumps([{"id": "a", "participantId": "p"}, {"id": {"x": 1}}, {"id": "b", "roomId": "x" * 300},
                                                      {"id": "c", "participantId": "p", "timestamp": "yesterday"}]))
    out = run_import(server, owner_key, study, tmp_path, check=False)
    assert out.returncode == 1 and "events.json:2:" in out.stderr and "events.json:3:" in out.stderr and "2 of 4 records kept" in out.stdout
    rows = {row["id"]: row for row in reader.fetch("events", study)}
    assert set(rows) == {"a", "c"} and rows["c"]["timestamp"] == "yesterday"
    owner.delete(f"/studies/{study}")


@pytest.mark.parametrize("name, content", [("events.json", "[{]"), ("events.json", "[1]"), ("events.json", ""), ("events.json", "\x00"), ("x.zip", "PK no zip"),
                                           ("events.json", '{"data":[{"id":1]')])
def test_broken_files_are_refused(server, owner, owner_key, tmp_path, name, content):
    study = f"brk-{secrets.token_hex(4)}"
    (tmp_path / name).write_text(content)
    out = run_import(server, owner_key, study, tmp_path / name, check=False)
    assert out.returncode != 0 and name in out.stderr
    if name.endswith(".zip"):
        owner.get(f"/studies/{study}", error="not-found")
    else:
        owner.delete(f"/studies/{study}")


def test_a_zip_that_names_other_places_harms_nobody(server, owner, owner_key, reader, tmp_path):
    study = f"zip-{secrets.token_hex(4)}"
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../../../../tmp/events.json", json.dumps([{"id": "a", "participantId": "p"}]))
        archive.writestr("/etc/chat.json", json.dumps([{"messageId": "m", "senderId": "p"}]))
        archive.writestr("readme.txt", "nothing")
    run_import(server, owner_key, study, tmp_path / "evil.zip")
    assert len(reader.fetch("events", study)) == 1 and len(reader.fetch("chat", study)) == 1
    owner.delete(f"/studies/{study}")


def zip_of(path, *files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path.read_bytes()


def test_a_zip_that_was_cut_off_is_no_smaller_export(server, owner, owner_key, tmp_path):
    study, path = f"cut-{secrets.token_hex(4)}", tmp_path / "export.zip"
    whole = zip_of(path, ("events.json", json.dumps([{"id": "a", "participantId": "p"}])), ("chat.json", json.dumps([{"messageId": "m", "senderId": "p"}])))
    # Between two files, where everything before is whole, and within the directory.
    for size in (whole.index(b"PK\x03\x04", 4), len(whole) - 5):
        path.write_bytes(whole[:size])
        out = run_import(server, owner_key, study, path, check=False)
        assert out.returncode == 1 and "export.zip" in out.stderr and "records kept" not in out.stdout
    owner.get(f"/studies/{study}", error="not-found")


def test_a_zip_that_unpacks_to_far_too_much(server, owner, owner_key, tmp_path):
    study = f"big-{secrets.token_hex(4)}"
    zip_of(tmp_path / "export.zip", ("events.json", b"[" + b" " * (64 << 20) + b"]"))
    out = run_import(server, owner_key, study, tmp_path / "export.zip", check=False)
    assert out.returncode == 1 and "far too much" in out.stderr
    owner.delete(f"/studies/{study}")


def test_deployments_of_rooms_that_only_participants_name(server, owner, owner_key, reader, tmp_path):
    study, room = f"dep-{secrets.token_hex(4)}", f"r-{secrets.token_hex(4)}"
    (tmp_path / "participants.json").write_text(json.dumps([{"id": "p", "experimentId": "old", "roomId": room, "deploymentId": "autumn"}]))
    run_import(server, owner_key, study, tmp_path)
    assert [row["deploymentId"] for row in reader.fetch("rooms", study)] == ["autumn"]
    owner.delete(f"/studies/{study}")


def test_usage(server, owner_key, tmp_path):
    (tmp_path / "events.json").write_text("[]")
    out = program.run("import", "--server", server.url, "--key", owner_key, "--study", "x", "--from", "nowhere", tmp_path, check=False)
    assert out.returncode == 2 and "--from" in out.stderr
    out = program.run("import", "--server", server.url, "--key", owner_key, "--study", "x", tmp_path, check=False)
    assert out.returncode == 2 and "--dataset" in out.stderr
