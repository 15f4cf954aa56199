"""Numbers come out of every door as they went in: the same double to the last digit, and written as people write numbers."""
import csv
import io
import json
import random
import secrets
import struct
import zipfile

import requests

from conftest import OWNER, new_study
from harness import program
from harness.ddm import Project

#: Whose nearest double a careless reader misses, and some that every text of a reader has.
NUMBERS = [1.9855221152778926e-276, 33.333333333333336, 0.1, 72.5, 1e-7, 123456789.987654321, -5e-324, 1.7976931348623157e308]
ROOM = "room-" + secrets.token_hex(4)


def doubles(count):
    dice = random.Random(5)
    any_double = [struct.unpack("d", struct.pack("Q", dice.getrandbits(52) | dice.randint(1, 2040) << 52))[0] for _ in range(count // 2)]
    return NUMBERS + any_double + [dice.random() * 100 for _ in range(count // 2)]


def event(study, n, number):
    return {"id": f"e{n}", "experimentId": study, "roomId": ROOM, "participantId": "ada", "timestamp": "2026-01-01T00:00:00.000Z", "onset": n, "category": "x",
            "eventType": "y", "value": {"x": number, "list": [number]}, "duration": number, "ownKey": number}


def check_events(server, key, study, numbers):
    answer = requests.get(f"{server.url}/api/v3/data/events/experiment/{study}", headers={"X-API-Key": key}, params={"limit": 10000}, timeout=60)
    rows = {row["id"]: row for row in answer.json()["data"]}
    for n, number in enumerate(numbers):
        row = rows[f"e{n}"]
        assert [row["value"]["x"], row["value"]["list"][0], row["duration"], row["ownKey"]] == [number] * 4, row
    assert '"x":0.1,' in answer.text and '"ownKey":72.5' in answer.text
    text = requests.get(f"{server.url}/api/v3/data/events/experiment/{study}", headers={"X-API-Key": key}, params={"limit": 10000, "format": "csv"}, timeout=60).text
    cells = {row["id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert cells["e2"]["value"] == '{"x":0.1,"list":[0.1]}' and json.loads(cells["e2"]["extra"]) == {"ownKey": 0.1}


def test_an_import_from_hyperstudy(server, owner, owner_key, tmp_path):
    study, numbers = f"num-{secrets.token_hex(4)}", doubles(600)
    (tmp_path / "events.json").write_text(json.dumps([event(study, n, number) for n, number in enumerate(numbers)]))
    program.run("import", "--server", server.url, "--key", owner_key, "--study", study, "--from", "hyperstudy", tmp_path)
    check_events(server, owner_key, study, numbers)
    owner.delete(f"/studies/{study}")


def test_a_batch_of_events(server, owner, owner_key):
    study, numbers = new_study(owner), doubles(80)
    body = {"events": [event(study.id, n, number) for n, number in enumerate(numbers)]}
    assert requests.post(f"{server.url}/api/v3/data/events/batch", headers={"X-API-Key": owner_key}, json=body, timeout=60).status_code == 201
    check_events(server, owner_key, study.id, numbers)


def test_people(server, owner, owner_key):
    study = new_study(owner)
    values = {f"n{n}": number for n, number in enumerate(NUMBERS)}
    owner.put(f"{study.path}/participants/ada", {"attributes": {**values, "nested": {"x": 0.1}}})
    dataset = study.dataset("d", [{"id": "x", "type": "double"}])
    dataset.send([{"participant": "ada", "values": {"x": 1}}])
    columns = ",".join(f"participant.{name}" for name in [*values, "nested"])
    text = owner.get(f"{dataset.path}/export", params={"format": "csv", "columns": columns}).text
    (row,) = csv.DictReader(io.StringIO(text))
    assert [float(row[f"participant.{name}"]) for name in values] == NUMBERS
    assert row["participant.n3"] == "72.5" and row["participant.nested"] == '{"x":0.1}'
    answer = requests.get(f"{server.url}/api/v3/data/participants/experiment/{study.id}", headers={"X-API-Key": owner_key}, timeout=60)
    attributes = answer.json()["data"][0]["attributes"]
    assert [attributes[name] for name in values] == NUMBERS and '"n3":72.5' in answer.text


def test_answers_of_a_donation_project(server, owner):
    study = new_study(owner)
    project = Project(server, study, OWNER)
    project.take_part(responses={f"question-{n}": number for n, number in enumerate(NUMBERS, 12)}, config=[{"x": NUMBERS[0]}], donations={
        "1": {"consent": True, "status": "success", "extractedData": NUMBERS}})
    token = project.new_token()
    answer = project.get("responses", token, params={"include_snapshot": "true"})
    (response,) = answer.json()["responses"]
    assert list(response["questionnaire_snapshot"].values()) == NUMBERS and response["questionnaire_config"] == [{"x": NUMBERS[0]}]
    assert response["response_data"] == {"zsc": NUMBERS[0], "open": NUMBERS[1]} and ':72.5,' in answer.text
    person = response["participant"]
    donated = project.get("donations", token, params={"participants": person}).json()["blueprints"]["1"]["donations"]
    assert donated[0]["data"] == NUMBERS


def test_what_is_told_live(study, owner_key):
    dataset = study.dataset("events", [{"id": "x", "type": "double"}, {"id": "j", "type": "json"}], kind="events")
    dataset.send([{"participant": "ada", "values": {"x": number, "j": {"k": number}}} for number in NUMBERS])
    with requests.get(f"{study.api.url}/api/v1{study.path}/live", headers={"Authorization": f"Bearer {owner_key}"}, stream=True, timeout=60) as answer:
        line = next(line for line in answer.iter_lines() if line.startswith(b"data:"))
    told = json.loads(line[5:])["records"]
    assert [record["values"]["x"] for record in told] == NUMBERS and [record["values"]["j"]["k"] for record in told] == NUMBERS
    assert b'"x":72.5' in line


def test_what_is_reckoned(study):
    survey = study.dataset("s", [{"id": name, "type": "string"} for name in "abcd"], kind="survey", mode="keyed")
    survey.send([{"id": "r", "participant": "ada", "values": {"a": "x", "b": "y", "c": None}}])
    assert '"fraction":0.75' in study.api.get(f"{study.path}/quality").text
    job = study.finished({"format": "zip"})
    text = study.api.get(f"/exports/{job['id']}").text
    assert '"fraction":0.75' in text and '"progress":{' in text and '"fraction":1}' in text
    archive = zipfile.ZipFile(io.BytesIO(study.api.get(f"/exports/{job['id']}/file", validate=False).content))
    assert '"fraction": 0.75\n' in archive.read("metadata.json").decode()
