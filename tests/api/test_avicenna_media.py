"""Answers that are files, exported by Avicenna's protocol: a ZIP of the CSV and of `response-files/`."""
import csv
import io
import os
import zipfile

import pytest

from conftest import OWNER
from harness.avicenna import Avicenna, new_study
from harness.client import Api, Dataset

ACTIVITY = "31"
FIELDS = [
    {"id": "Q1", "type": "identifier", "label": "Show us your meal", "question": "media_image", "content": "file"},
    {"id": "Q2", "type": "string", "label": "Tell us", "question": "media_audio", "content": "file"},
    {"id": "Q3", "type": "integer", "label": "How much?"},
]


@pytest.fixture(scope="module")
def client(server, make_key):
    return Avicenna(server.url, OWNER, make_key()["key"])


@pytest.fixture
def study(owner):
    made = new_study(owner)
    made.dataset(ACTIVITY, FIELDS, kind="survey")
    return made


def upload(study, identity, data, **members):
    study.api.post(f"{study.path}/files", {"id": identity, "kind": "answer", "dataset": ACTIVITY, **members})
    if data is not None:
        study.api.put(f"{study.path}/files/{identity}/content", data=data)
    return identity


def answer(study, record, participant, **values):
    Dataset(study, ACTIVITY).send([{"id": record, "participant": participant, "time": "2026-01-31T08:15:00Z", "values": values}])


def export(client, study, columns=("uuid", "Q1", "Q2", "Q3"), query=None, version="v2", sort="uuid"):
    made = client.survey({"study_id": int(study.id), "filter": "ACTIVITY_RESPONSE", "activity_id": int(ACTIVITY), "export_version": version,
                          "rule_set": {"columns": list(columns), "query": query or {}, "sort_by": [{"field_name": sort, "sort_order": "asc"}]}})
    response = client.file(made)
    assert response.status_code == 200
    return client.finished(made)["content"].rsplit("/", 1)[1], response


def opened(name, response):
    """What the ZIP holds: its members, and the CSV as a list of dicts."""
    assert name.endswith(".zip") and response.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        members = {member: archive.read(member) for member in archive.namelist()}
        assert len(members) == len(archive.namelist())
    tables = [member for member in members if "/" not in member]
    assert len(tables) == 1 and tables[0].endswith(".csv")
    return members, table(members.pop(tables[0]))


def table(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def manifest_of(study):
    job = study.api.get(f"{study.path}/exports").json()["exports"][0]
    return study.api.get(f"/exports/{job['id']}/manifest").json()


def test_cells_say_where_the_files_are(client, study):
    meal, voice, large = os.urandom(1000), os.urandom(20), os.urandom(3 << 20)
    upload(study, "f1", meal, name="..My \"meal\".JPG", media_type="image/jpeg", participant="101")
    upload(study, "f2", voice, media_type="audio/webm", participant="101")
    upload(study, "F1", large, name="x", media_type="application/x-unknown", participant="102")
    upload(study, "unused", b"nobody names it", participant="101")
    answer(study, "a", "101", Q1="f1", Q2="f2", Q3=1)
    answer(study, "b", "102", Q1="F1", Q3=2)
    answer(study, "c", "102", Q3=3)
    name, response = export(client, study)
    assert name.startswith(f"{study.id}_survey_{ACTIVITY}_")
    members, rows = opened(name, response)
    assert [members[rows[0]["Q1"]], members[rows[0]["Q2"]], members[rows[1]["Q1"]]] == [meal, voice, large]
    assert len(members) == 3 and rows[1]["Q2"] == rows[2]["Q1"] == "" and [row["Q3"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["Q1"].endswith(".JPG") and rows[0]["Q2"] == "response-files/f2.webm"
    assert all(member.startswith("response-files/") and member.count("/") == 1 and ".." not in member for member in members)
    assert len({member.lower() for member in members}) == 3, "also where upper and lower case are the same"
    # Style v1 says the same below other headings; a rule chooses files by choosing rows.
    members, rows = opened(*export(client, study, ["Q1"], {"field_name": "Q3", "op": "=", "value": 1}, "v1"))
    assert list(members) == [rows[0]["[1_IMG] Show us your meal"]] and list(members.values()) == [meal]


def test_the_manifest_counts_them(client, study):
    upload(study, "f1", b"bytes", name="a.png", participant="101")
    answer(study, "a", "101", Q1="f1")
    export(client, study)
    manifest = manifest_of(study)
    assert manifest["file"]["format"] == "zip" and manifest["file"]["name"].endswith(".zip") and manifest["rows"] == 1
    assert {file["path"] for file in manifest["files"]} == {"response-files/f1.png", f"{study.id}_survey_{ACTIVITY}.csv"}
    assert [(one["id"], one["state"], one["path"]) for one in manifest["media"]] == [("f1", "included", "response-files/f1.png")]


def test_without_media_answers_it_is_a_plain_csv(client, study):
    upload(study, "f1", b"bytes", participant="101")
    answer(study, "a", "101", Q3=7)
    name, response = export(client, study)
    assert name.endswith(".csv") and table(response.content)[0]["Q3"] == "7"
    answer(study, "b", "101", Q1="f1")
    name, response = export(client, study, ["uuid", "Q3"])
    assert name.endswith(".csv"), "the question is not asked for"
    assert export(client, study)[0].endswith(".zip"), "files may have come since"


def test_files_that_cannot_be_had_stop_nothing(client, study):
    upload(study, "whole", b"bytes", name="a.png", participant="101")
    upload(study, "begun", None, name="b.png", participant="101")
    upload(study, "gone", b"bytes", participant="101")
    study.api.delete(f"{study.path}/files/gone")
    answer(study, "a", "101", Q1="whole", Q2="no id but a text")
    answer(study, "b", "101", Q1="begun", Q2="gone")
    members, rows = opened(*export(client, study))
    assert list(members) == ["response-files/whole.png"]
    assert [(row["Q1"], row["Q2"]) for row in rows] == [("response-files/whole.png", "no id but a text"), ("begun", "gone")]
    assert {one["id"]: one["state"] for one in manifest_of(study)["media"]} == {"whole": "included", "begun": "incomplete", "gone": "missing"}
    name, response = export(client, study, query={"field_name": "Q2", "op": "=", "value": "gone"}, columns=["Q2"])
    assert name.endswith(".csv") and table(response.content)[0]["Q2"] == "gone"
    assert {one["id"]: one["state"] for one in manifest_of(study)["media"]} == {"gone": "missing"}


def test_a_record_does_not_make_anothers_file_its_own(client, study):
    upload(study, "theirs", b"secret", name="a.png", participant="102")
    answer(study, "a", "101", Q1="theirs")
    answer(study, "b", "102", Q3=1)
    name, response = export(client, study)
    assert name.endswith(".csv") and b"secret" not in response.content
    upload(study, "nobodys", b"drawn", name="b.png")
    answer(study, "c", "101", Q1="nobodys")
    members, rows = opened(*export(client, study))
    assert list(members.values()) == [b"drawn"] and rows[0]["Q1"] == "theirs"


def test_without_identifiers_no_file_leaves(server, owner, study, make_key):
    upload(study, "f1", b"a face", name="a.png", participant="101")
    answer(study, "a", "101", Q2="f1", Q3=5)
    server.add_user("avicenna-media@example.org")
    owner.put(f"{study.path}/grants/avicenna-media@example.org", {"rights": ["export"], "identifiers": False})
    reader = Avicenna(server.url, "avicenna-media@example.org", make_key("avicenna-media@example.org")["key"])
    name, response = export(reader, study, ["Q2", "Q3"], sort="Q3")
    assert name.endswith(".csv") and b"a face" not in response.content
    assert [(row["Q2"], row["Q3"]) for row in table(response.content)] == [("f1", "5")]
    natively = Api(server.url, make_key("avicenna-media@example.org")["key"])
    natively.post(f"{study.path}/exports", {"datasets": [ACTIVITY], "format": "csv", "file_folder": "answers"}, error="forbidden", place="file_folder")


def test_natively(study):
    data = os.urandom(500)
    upload(study, "f1", data, name="a.png", participant="101")
    answer(study, "a", "101", Q1="f1")
    ask = {"datasets": [ACTIVITY], "format": "csv", "columns": ["Q1"], "file_folder": "answers"}
    for wrong in ({"file_folder": "a/b"}, {"file_folder": ".."}, {"file_folder": ""}, {"file_folder": 1}):
        study.api.post(f"{study.path}/exports", {**ask, **wrong}, error="bad-member", place="/file_folder", validate=False)
    for wrong in ({"format": "json"}, {"format": "zip"}, {"part_size": "1MB"}, {"zip_from": 5}, {"identifiers": "remove"}):
        study.api.post(f"{study.path}/exports", {**ask, **wrong}, error="bad-parameter", place="file_folder")
    job = study.finished(ask)
    response = study.api.get(f"/exports/{job['id']}/file")
    assert '.zip"' in response.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        names = archive.namelist()
        assert archive.read("answers/f1.png") == data
        assert table(archive.read(next(name for name in names if name.endswith(".csv")))) == [{"Q1": "answers/f1.png"}]
