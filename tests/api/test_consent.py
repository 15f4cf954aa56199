"""Consent and withdrawal: who is in what is read, and from when."""
import json

import pytest

from conftest import new_study
from harness.client import Api, ndjson, quote

FIELDS = [{"id": "mood", "type": "integer"}, {"id": "note", "type": "string"}]


def consent(study, participant, given=True, purpose="research", **members):
    return study.api.put(f"{study.path}/participants/{quote(participant)}/consents/{purpose}", {"given": given, **members}).json()


def withdraw(study, participant, **body):
    return study.api.post(f"{study.path}/participants/{quote(participant)}/withdrawal", body).json()


@pytest.fixture
def diary(study):
    dataset = study.dataset("diary", FIELDS, kind="survey")
    dataset.send([{"id": f"{who}-{day}", "participant": who, "session": f"s-{who}", "time": f"2026-01-{day:02}T08:00:00Z",
                   "values": {"mood": day, "note": f"day {day}"}} for day in range(1, 4) for who in ("ada", "ben", "cleo")])
    return dataset


def people(records):
    return sorted({record["participant"] for record in records})


# ---------------------------------------------------------------------------------------------------- consent

def test_the_history_is_kept(study):
    first = consent(study, "ada", version="1", source="paper", at="2026-01-01T00:00:00Z")
    assert first["given"] and first["at"] == "2026-01-01T00:00:00.000Z" and first["purpose"] == "research"
    consent(study, "ada", given=False, version="2")
    consent(study, "ada", purpose="teaching")
    listed = study.api.get(f"{study.path}/participants/ada/consents").json()
    assert [(entry["purpose"], entry["given"], entry["version"]) for entry in listed["consents"]] == [
        ("research", True, "1"), ("research", False, "2"), ("teaching", True, "")]
    assert listed["total"] == 3


def test_consent_creates_the_participant(study):
    consent(study, "new one")
    assert study.api.get(f"{study.path}/participants/new%20one").json()["id"] == "new one"


@pytest.mark.parametrize("body, place", [({}, "/given"), ({"given": "yes"}, "/given"), ({"given": True, "at": "soon"}, "/at"),
                                         ({"given": True, "at": "2999-01-01"}, "/at"), ({"given": True, "more": 1}, "/more")])
def test_what_is_no_consent(study, body, place):
    answer = study.api.put(f"{study.path}/participants/ada/consents/research", body, status=400).json()
    assert answer["place"] == place


def test_of_an_unknown_participant(study):
    study.api.get(f"{study.path}/participants/nobody/consents", error="not-found")
    study.api.get(f"{study.path}/participants/nobody/withdrawal", error="not-found")
    study.api.post(f"{study.path}/participants/nobody/withdrawal", {}, error="not-found")


def test_only_who_consents(study, diary):
    consent(study, "ada")
    consent(study, "ben")
    consent(study, "ben", given=False)
    consent(study, "cleo", purpose="teaching")
    assert people(diary.page(consented_only="true")["records"]) == ["ada"]
    assert diary.page(consented_only="true")["total"] == 3
    assert diary.count(consented_only="true") == 3 and diary.count() == 9
    assert people(diary.page(consented_only="true", consent_purpose="teaching")["records"]) == ["cleo"]
    csv = diary.stream("csv", consented_only="true", columns="participant").text.split()
    assert csv == ["participant", "ada", "ada", "ada"]
    # Order of arrival is kept, and the pages of it go on.
    records, last = diary.walk(consented_only="true", limit=2)
    assert [record["id"] for record in records] == ["ada-1", "ada-2", "ada-3"] and last["total"] == 3


def test_the_latest_by_time_counts(study, diary):
    consent(study, "ada", given=False, at="2026-02-01T00:00:00Z")
    consent(study, "ada", given=True, at="2026-01-01T00:00:00Z")
    assert diary.count(consented_only="true") == 0
    consent(study, "ada", given=True, at="2026-02-01T00:00:00Z")
    assert diary.count(consented_only="true") == 3


def test_a_study_that_records_consent(study, diary):
    consent(study, "ada")
    consent(study, "ben", purpose="teaching")
    study.api.patch(study.path, {"settings": {"records_consent": True}})
    assert diary.count() == 3 and diary.count(consented_only="false") == 9
    assert people(diary.page()["records"]) == ["ada"]
    assert diary.stream("ndjson").text.count("\n") == 3
    assert "Sheaf-Rows" not in diary.stream("ndjson").headers
    job = study.finished({"datasets": ["diary"], "format": "csv"})
    assert job["request"]["consented_only"] is True and job["request"]["consent_purpose"] == "research"
    assert job["progress"]["rows"] == 3
    every = study.finished({"datasets": ["diary"], "format": "csv", "consented_only": False})
    assert every["progress"]["rows"] == 9
    study.api.patch(study.path, {"settings": {"consent_purpose": "teaching"}})
    assert people(diary.page()["records"]) == ["ben"]
    # Taken back: the same export is another one now.
    consent(study, "ben", given=False, purpose="teaching")
    assert study.finished({"datasets": ["diary"], "format": "csv"})["progress"]["rows"] == 0


def test_parquet_and_zip_of_who_consents(study, diary):
    consent(study, "cleo")
    job = study.finished({"format": "zip", "files": "parquet", "consented_only": True})
    assert job["state"] == "succeeded" and job["progress"]["rows"] == 3, job


# ------------------------------------------------------------------------------------------------- withdrawal

def test_withdrawal_takes_effect_everywhere(study, diary):
    study.api.put(f"{study.path}/sessions/shared", {"attendance": [{"participant": "ada"}, {"participant": "ben"}]})
    before = diary.summary()
    assert before["records"] == 9 and before["participants"] == 3
    answer = withdraw(study, "ben", reason="moved away")
    assert answer["withdrawn"] and answer["reason"] == "moved away"
    assert study.api.get(f"{study.path}/participants/ben/withdrawal").json() == answer
    assert people(diary.page()["records"]) == ["ada", "cleo"] and diary.page()["total"] == 6
    assert diary.count() == 6 and diary.count(participant="ben") == 0 and diary.page(participant="ben")["records"] == []
    assert diary.count(filter=json.dumps({"field": "mood", "op": "=", "value": 1})) == 2
    after = diary.summary()
    assert (after["records"], after["participants"], after["sessions"]) == (6, 2, 2)
    assert [field["answered"] for field in after["fields"]] == [6, 6]
    for format in ("csv", "json", "ndjson"):
        assert b"ben" not in diary.stream(format).content
        assert b"ben" not in diary.stream(format, sort="-time").content
    assert b"ben" not in diary.stream("parquet").content
    listed = study.api.get(f"{study.path}/participants").json()
    assert [entry["id"] for entry in listed["participants"]] == ["ada", "cleo"] and listed["total"] == 2
    study.api.get(f"{study.path}/participants/ben", error="not-found")
    shared = study.api.get(f"{study.path}/sessions/shared").json()
    assert [entry["participant"] for entry in shared["attendance"]] == ["ada"]
    job = study.finished({"format": "zip", "layout": "participant"})
    assert job["state"] == "succeeded" and job["progress"]["rows"] == 6


def test_the_range_of_times_follows(study, diary):
    diary.send([{"id": "late", "participant": "zoe", "time": "2026-06-01T00:00:00Z"}])
    withdraw(study, "zoe")
    assert diary.summary()["last_time"] == "2026-01-03T08:00:00.000Z"


def test_withdrawing_twice_is_once(study, diary):
    first = withdraw(study, "ben", reason="one")
    assert withdraw(study, "ben", reason="two") == first


def test_new_records_are_refused(study, diary):
    withdraw(study, "ben")
    rows = [{"id": "new-1", "participant": "ada", "values": {"mood": 1}}, {"id": "new-2", "participant": "ben", "values": {"mood": 1}}]
    problem = diary.send(rows, error="records-rejected").json()
    assert [(entry["line"], entry["slug"]) for entry in problem["rejected"]] == [(2, "participant-withdrawn")]
    kept = diary.send(rows, on_error="skip").json()
    assert kept["accepted"] == 1 and kept["rejected"][0]["slug"] == "participant-withdrawn"
    csv = diary.send_raw(b"id,participant,mood\nc1,ben,1\nc2,cleo,1\n", media="text/csv", params={"on_error": "skip"}).json()
    assert csv["accepted"] == 1 and csv["rejected_total"] == 1
    array = diary.send_raw(json.dumps(rows).encode(), media="application/json", params={"on_error": "skip"}).json()
    assert array["rejected_total"] == 1
    study.api.put(f"{study.path}/participants/ben", {"code": "B"}, error="participant-withdrawn")
    study.api.put(f"{study.path}/participants/ben/consents/research", {"given": True}, error="participant-withdrawn")
    study.api.put(f"{study.path}/sessions/s9", {"attendance": [{"participant": "ben"}]}, error="participant-withdrawn")


def test_a_hidden_record_cannot_be_deleted(study, diary):
    withdraw(study, "ben")
    study.api.delete(f"{diary.path}/records/ben-1", error="not-found")
    assert diary.summary()["records"] == 6


def test_incremental_readers_learn_of_it_and_of_its_end(study, diary):
    cursor = diary.walk()[1]["cursor"]
    seqs = {record["seq"] for record in diary.page(participant="ben")["records"]}
    withdraw(study, "ben")
    page = diary.page(since=cursor, tombstones="true")
    assert page["records"] == [] and {entry["record_seq"] for entry in page["deleted"]} == seqs
    assert {entry["id"] for entry in page["deleted"]} == {"ben-1", "ben-2", "ben-3"}
    study.api.delete(f"{study.path}/participants/ben/withdrawal", status=204)
    back = diary.page(since=page["cursor"], tombstones="true")
    assert [record["id"] for record in back["records"]] == ["ben-1", "ben-2", "ben-3"]
    assert min(record["seq"] for record in back["records"]) > max(seqs)
    assert diary.count() == 9 and diary.summary()["records"] == 9 and diary.summary()["participants"] == 3
    assert diary.count(participant="ben") == 3
    study.api.delete(f"{study.path}/participants/ben/withdrawal", error="conflict")
    # They are taken again, and a record of theirs can be sent again without becoming two.
    assert diary.send([{"id": "ben-1", "participant": "ben", "values": {"mood": 1}}]).json()["accepted"] == 1
    assert diary.count(participant="ben") == 3


def test_keyed_records_come_back_replaceable(study):
    dataset = study.dataset("profile", FIELDS, kind="profile", mode="keyed")
    dataset.send([{"id": "k1", "participant": "ben", "values": {"mood": 1}}])
    withdraw(study, "ben")
    study.api.delete(f"{study.path}/participants/ben/withdrawal", status=204)
    dataset.send([{"id": "k1", "participant": "ben", "values": {"mood": 2}}])
    assert [record["values"]["mood"] for record in dataset.page()["records"]] == [2]
    assert dataset.summary()["records"] == 1


def test_files_made_before_expire(study, diary):
    holds = study.finished({"datasets": ["diary"], "format": "csv"})
    others = study.finished({"datasets": ["diary"], "format": "csv", "participants": ["ada"]})
    withdraw(study, "ben")
    gone = study.api.get(f"/exports/{holds['id']}").json()
    assert gone["state"] == "expired" and "withdrew" in gone["error"]
    study.api.get(f"/exports/{holds['id']}/file", error="export-gone")
    assert study.api.get(f"/exports/{others['id']}").json()["state"] == "succeeded"
    again = study.finished({"datasets": ["diary"], "format": "csv"})
    assert again["id"] != holds["id"] and again["progress"]["rows"] == 6


def test_withdrawal_survives_a_crash(tmp_path):
    """Statistics that were saved before, after, and not at all."""
    from harness import program
    server = program.Server(tmp_path)
    server.add_user("owner@example.org")
    server.start()
    api = Api(server.url, server.create_key("owner@example.org")["key"])
    study = new_study(api)
    dataset = study.dataset("diary", FIELDS)
    dataset.send([{"id": f"{who}{i}", "participant": who, "values": {"mood": i}} for i in range(5) for who in ("ada", "ben", "cleo")])
    withdraw(study, "ben")
    withdraw(study, "cleo")
    study.api.delete(f"{study.path}/participants/cleo/withdrawal", status=204)
    server.kill()
    server.start()
    api.session.headers["Authorization"] = f"Bearer {api.key}"
    summary = dataset.summary()
    assert (summary["records"], summary["participants"]) == (10, 2) and dataset.count() == 10
    assert study.api.get(f"{study.path}/participants/ben/withdrawal").json()["withdrawn"]
    dataset.send([{"participant": "ben"}], error="records-rejected")
    assert server.stop() == 0
    server.start()
    assert dataset.summary()["records"] == 10 and dataset.count() == 10
    study.api.delete(f"{study.path}/participants/ben/withdrawal", status=204)
    server.kill()
    server.start()
    assert dataset.summary()["records"] == 15 and dataset.count(participant="ben") == 5
    assert server.stop() == 0
    assert program.run("check", "--data", server.data).returncode == 0


def test_parquet_names_nobody_whose_rows_it_lacks(study, diary):
    """Its dictionaries are written from the rows, not from the list of participants."""
    assert b"ben" not in diary.stream("parquet", participant="ada").content
    consent(study, "cleo")
    content = diary.stream("parquet", consented_only="true").content
    assert b"cleo" in content and b"ben" not in content and b"s-ben" not in content
