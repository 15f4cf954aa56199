"""Quality: every rule, on data that breaks it and data that does not; what was checked is not read again and stays true."""
import datetime
import json
import pathlib
import time

import pytest
import yaml

from conftest import OWNER, new_study
from harness import program
from harness.client import Api

CASES = yaml.safe_load((pathlib.Path(__file__).parent / "data" / "quality.yaml").read_text(encoding="utf-8"))
BASE = datetime.datetime(2026, 1, 31, 8, tzinfo=datetime.timezone.utc)


def at(seconds):
    return (BASE + datetime.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def record(row):
    made = {"participant": row["p"], "values": row.get("v", {})}
    for short, member in (("id", "id"), ("s", "session"), ("o", "onset_ms"), ("skip", "skipped"), ("at", "time")):
        if short in row:
            made[member] = row[short]
    if "t" in row:
        made["time"] = at(row["t"])
    return made


def rows_of(case):
    rows = list(case.get("records", []))
    for series in case.get("series", []):
        moment, step = series["from"], series["step"]
        for number in range(series["count"]):
            rows.append({"p": series["p"], "t": round(moment, 3), "v": {case["fields"][0]["id"]: number},
                         **({"s": series["s"]} if "s" in series else {}), **({"later": True} if series.get("later") and number == 0 else {})})
            moment += step
            step *= series.get("growth", 1)
    return rows


def send_all(dataset, rows):
    """In requests that begin wherever a row is `later`."""
    request = []
    for row in rows:
        if row.get("later") and request:
            dataset.send(request)
            request = []
        request.append(record(row))
    dataset.send(request)


def furnish(study, case):
    definition = {key: case[key] for key in ("mode", "attributes") if key in case}
    dataset = study.dataset("data", case["fields"], kind=case["kind"], **definition)
    for name, times in case.get("sessions", {}).items():
        study.api.put(f"{study.path}/sessions/{name}", {key: at(value) for key, value in times.items()})
    for person in case.get("people", []):
        study.api.put(f"{study.path}/participants/{person}", {})
    send_all(dataset, rows_of(case))
    if "then_fields" in case:
        study.dataset("data", case["then_fields"], kind=case["kind"], **definition)
    return dataset


def quality(dataset, **params):
    return dataset.api.get(f"{dataset.path}/quality", params=params).json()


def study_quality(study, **params):
    return study.api.get(f"{study.path}/quality", params=params).json()


#: Found beside the records, not in them: tests/api/test_quality_beside.py.
BESIDE = {"refused", "recording_missing", "payload_missing", "incomplete"}


def counts(report):
    return {(finding["check"], finding["field"]): finding["count"] for finding in report["findings"] if finding["check"] not in BESIDE}


def missing(report):
    """What completeness says, as a finding says it."""
    completeness = report["completeness"]
    short = completeness["expected"] - completeness["received"] if completeness else 0
    return [(short, completeness["basis"])] if short > 0 else []


def expected(case):
    found = {}
    for check, what in case["found"].items():
        for one in what if isinstance(what, list) else [what]:
            one = one if isinstance(one, dict) else {"count": one}
            found[(check, one.get("field"))] = one
    return found


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_rule(study, case):
    dataset = furnish(study, case)
    report = quality(dataset)
    wanted = expected(case)
    assert counts(report) == {key: one["count"] for key, one in wanted.items()}
    seqs = [entry["seq"] for entry in dataset.page(limit=1000, columns="seq")["records"]]
    assert [(finding["count"], finding["reason"]) for finding in report["findings"] if finding["check"] == "incomplete"] == missing(report)
    for finding in report["findings"]:
        if finding["check"] in BESIDE:
            continue
        one = wanted[(finding["check"], finding["field"])]
        if "records" in one:
            assert [seqs.index(sample["seq"]) + 1 for sample in finding["samples"]] == one["records"]
    if "completeness" in case:
        wanted = case["completeness"]
        assert (report["completeness"] is None) == (wanted is None)
        assert {key: report["completeness"][key] for key in wanted or {}} == (wanted or {})
    if "interval_ms" in case:
        assert report["interval_ms"] == case["interval_ms"]
    assert report["complete"] and report["records"] == dataset.count()
    whole = study_quality(study)
    assert whole["datasets"] == [{**report, "seq": whole["datasets"][0]["seq"]}]
    assert whole["findings"] == []


def test_samples_have_ids(study):
    dataset = study.dataset("scores", [{"id": "n", "type": "integer", "max": 5}])
    dataset.send([{"id": f"r{i}", "participant": "ada", "values": {"n": i}} for i in range(30)] + [{"participant": "ada", "values": {"n": 99}}])
    finding, = quality(dataset)["findings"]
    assert finding["count"] == 25 and len(finding["samples"]) <= 10
    assert finding["samples"][0]["id"] == "r6" and finding["severity"] == "error"


@pytest.mark.parametrize("quality, error, place", [
    ({"interval_ms": "1s"}, "bad-member", "/attributes/quality/interval_ms"), ({"interval_ms": 0}, "bad-member", "/attributes/quality/interval_ms"),
    ({"expected_records": 1.5}, "bad-member", "/attributes/quality/expected_records"), ({"intervals": [["n"]]}, "bad-member", "/attributes/quality/intervals"),
    ({"intervals": [["n", "text"]]}, "bad-member", "/attributes/quality/intervals"), ({"component_field": "none"}, "bad-member", "/attributes/quality/component_field"),
    ({"event_field": "n"}, "bad-member", "/attributes/quality/event_field"),
    ({"completeness": "much"}, "bad-member", "/attributes/quality/completeness"), ({"ignore": ["everything"]}, "bad-member", "/attributes/quality/ignore"),
    ({"sampling": 1}, "unknown-member", "/attributes/quality/sampling"), ([], "bad-member", "/attributes/quality")])
def test_what_is_no_design(study, quality, error, place):
    definition = {"fields": [{"id": "n", "type": "integer"}, {"id": "text", "type": "string"}], "attributes": {"quality": quality}}
    study.api.put(f"{study.path}/datasets/wrong", definition, error=error, place=place)


# ---------------------------------------------------------------------------------------- by whom, where

@pytest.fixture
def scores(study):
    dataset = study.dataset("scores", [{"id": "n", "type": "integer", "min": 0, "max": 5}], kind="custom")
    rows = [(who, session, n) for who, session, n in (("ada", "s1", 1), ("ada", "s1", 9), ("ada", "s2", 7), ("ben", "s1", 2), ("ben", "s2", 8), ("cleo", None, 3))]
    dataset.send([{"id": f"r{i}", "participant": who, "values": {"n": n}, "time": at(i), **({"session": session} if session else {})}
                  for i, (who, session, n) in enumerate(rows)])
    return dataset


def test_by_participant_and_session(study, scores):
    assert counts(quality(scores)) == {("range", "n"): 3}
    assert counts(quality(scores, participant="ada")) == {("range", "n"): 2}
    assert counts(quality(scores, session="s2")) == {("range", "n"): 2}
    one = quality(scores, participant="ben", session="s2")
    assert one["records"] == 1 and one["sessions"] == 1 and counts(one) == {("range", "n"): 1}
    assert one["first_time"] == one["last_time"] == "2026-01-31T08:00:04.000Z"
    assert quality(scores, participant="cleo")["findings"] == []
    assert study_quality(study, participant="ada")["counts"] == {"error": 2, "warning": 0, "info": 0}
    study.api.get(f"{scores.path}/quality", params={"participant": "nobody"}, error="not-found")
    study.api.get(f"{scores.path}/quality", params={"session": "nowhere"}, error="not-found")
    study.api.get(f"{scores.path}/quality", params={"sesion": "s1"}, error="unknown-parameter")
    study.api.get(f"{study.path}/datasets/none/quality", error="not-found")


def test_lists(study, scores):
    listed = study.api.get(f"{scores.path}/quality/participants").json()
    assert [(one["participant"], one["records"], one["counts"]["error"]) for one in listed["participants"]] == [("ada", 3, 2), ("ben", 2, 1), ("cleo", 1, 0)]
    assert listed["total"] == 3 and not listed["has_more"]
    sessions = study.api.get(f"{scores.path}/quality/sessions").json()["sessions"]
    assert [(one["session"], one["records"], one["counts"]["error"]) for one in sessions] == [(None, 1, 0), ("s1", 3, 1), ("s2", 2, 2)]
    first = study.api.get(f"{scores.path}/quality/participants", params={"limit": 2}).json()
    rest = study.api.get(f"{scores.path}/quality/participants", params={"limit": 2, "cursor": first["cursor"]}).json()
    assert [one["participant"] for one in first["participants"] + rest["participants"]] == ["ada", "ben", "cleo"] and not rest["has_more"]
    study.api.get(f"{scores.path}/quality/participants", params={"cursor": "x"}, error="bad-cursor")


# ---------------------------------------------------------------------------------------- what changes

def test_deleting_and_replacing(study, scores):
    assert counts(quality(scores)) == {("range", "n"): 3}
    study.api.delete(f"{scores.path}/records/r1", status=204)
    after = quality(scores)
    assert counts(after) == {("range", "n"): 2} and after["records"] == 5
    scores.send([{"id": "r6", "participant": "ada", "session": "s1", "values": {"n": 77}, "time": at(50)}])
    assert counts(quality(scores, participant="ada", session="s1")) == {("range", "n"): 1}
    keyed = study.dataset("profiles", [{"id": "age", "type": "integer", "max": 120}], kind="profile")
    keyed.send([{"id": "ada", "participant": "ada", "values": {"age": 999}}, {"id": "ben", "participant": "ben", "values": {"age": 40}}])
    assert counts(quality(keyed)) == {("range", "age"): 1}
    keyed.send([{"id": "ada", "participant": "ada", "values": {"age": 99}}])
    mended = quality(keyed)
    assert counts(mended) == {} and mended["records"] == 2


def test_a_deleted_record_that_is_sent_again_is_no_duplicate(study):
    dataset = study.dataset("events", [{"id": "type", "type": "string"}], kind="events")
    row = {"participant": "ada", "time": at(1), "values": {"type": "a"}}
    dataset.send([{"id": "one", **row}])
    assert quality(dataset)["findings"] == []
    study.api.delete(f"{dataset.path}/records/one", status=204)
    dataset.send([{"id": "two", **row}])
    assert quality(dataset)["findings"] == []
    dataset.send([{"id": "three", **row}])
    assert counts(quality(dataset)) == {("duplicate", None): 1}


def test_the_definition_changes(study, scores):
    assert counts(quality(scores)) == {("range", "n"): 3}
    study.dataset("scores", [{"id": "n", "type": "integer", "min": 0, "max": 8}], kind="custom")
    assert counts(quality(scores)) == {("range", "n"): 1}
    study.dataset("scores", [{"id": "n", "type": "integer", "min": 0, "max": 8}, {"id": "more", "type": "string"}], kind="custom")
    assert counts(quality(scores)) == {("range", "n"): 1}


def test_the_sessions_start_changes(study):
    dataset = study.dataset("events", [{"id": "type", "type": "string"}], kind="events")
    study.api.put(f"{study.path}/sessions/s1", {"start": at(0)})
    dataset.send([{"participant": "ada", "session": "s1", "time": at(10), "onset_ms": 10000, "values": {"type": "a"}}])
    assert quality(dataset)["findings"] == []
    study.api.put(f"{study.path}/sessions/s1", {"start": at(5)})
    assert counts(quality(dataset)) == {("onset", None): 1}
    study.api.put(f"{study.path}/sessions/s1", {"start": at(0)})
    assert quality(dataset)["findings"] == []


def test_who_withdrew_is_in_no_result(study, scores):
    assert quality(scores)["records"] == 6
    study.api.post(f"{study.path}/participants/ada/withdrawal", {})
    after = quality(scores)
    assert after["records"] == 3 and after["participants"] == 2 and counts(after) == {("range", "n"): 1}
    names = [one["participant"] for one in study.api.get(f"{scores.path}/quality/participants").json()["participants"]]
    assert names == ["ben", "cleo"]
    study.api.get(f"{scores.path}/quality", params={"participant": "ada"}, error="not-found")
    study.api.delete(f"{study.path}/participants/ada/withdrawal", status=204)
    back = quality(scores)
    assert back["records"] == 6 and counts(back) == {("range", "n"): 3}


def test_erasure(study, scores):
    quality(scores)
    study.api.post(f"{study.path}/participants/ada/erasure")
    after = quality(scores)
    assert after["records"] == 3 and counts(after) == {("range", "n"): 1}


# ---------------------------------------------------------------------------------------- who may see what

def grant(study, make_key, server, name, **members):
    email = f"{name}@example.org"
    server.add_user(email)
    study.api.put(f"{study.path}/grants/{email}", {"rights": ["view"], **members})
    return Api(server.url, make_key(email)["key"])


def test_without_identifiers(study, scores, server, make_key):
    masked = grant(study, make_key, server, "quality-masked", identifiers=False)
    report = masked.get(f"{scores.path}/quality").json()
    assert counts(report) == {("range", "n"): 3}
    assert all(set(sample) == {"seq"} for finding in report["findings"] for sample in finding["samples"])
    text = masked.get(f"{study.path}/quality").text + masked.get(f"{scores.path}/quality/participants").text + masked.get(f"{scores.path}/quality/sessions").text
    assert not any(word in text for word in ('"ada"', '"ben"', '"s1"', '"r1"'))
    code = masked.get(f"{scores.path}/quality/participants").json()["participants"][0]["participant"]
    assert masked.get(f"{scores.path}/quality", params={"participant": code}).json()["records"] == 3
    masked.get(f"{scores.path}/quality", params={"participant": "ada"}, error="not-found")


def test_of_one_site(study, scores, server, make_key):
    study.api.put(f"{study.path}/participants/ben", {"attributes": {"site": "north"}})
    north = grant(study, make_key, server, "quality-north", sites=["north"])
    report = north.get(f"{scores.path}/quality").json()
    assert report["records"] == 2 and report["participants"] == 1 and counts(report) == {("range", "n"): 1}
    north.get(f"{scores.path}/quality", params={"participant": "ada"}, error="not-found")
    assert len(north.get(f"{scores.path}/quality/participants").json()["participants"]) == 1


def test_of_one_dataset(study, scores, server, make_key):
    study.dataset("other", [{"id": "n", "type": "integer"}])
    few = grant(study, make_key, server, "quality-few", datasets=["scores"])
    assert [one["dataset"] for one in few.get(f"{study.path}/quality").json()["datasets"]] == ["scores"]
    few.get(f"{study.path}/datasets/other/quality", error="not-found")


# ---------------------------------------------------------------------------------------- exports, command line

def test_every_export_tells(study, scores):
    job = study.finished({"datasets": ["scores"], "format": "csv"})
    summary = job["quality"]
    assert summary["counts"] == {"error": 3, "warning": 0, "info": 0} and summary["complete"]
    assert summary["datasets"][0]["findings"] == [{"check": "range", "severity": "error", "field": "n", "count": 3}]
    manifest = study.api.get(f"/exports/{job['id']}/manifest").json()
    assert manifest["quality"] == summary
    assert "ada" not in json.dumps(summary)


def run_quality(server, key, *options):
    return program.run("quality", *options, "--server", server.url, "--key", key, check=False)


def test_command(server, owner_key, study, scores):
    shown = run_quality(server, owner_key, study.id)
    assert shown.returncode == 1 and "range" in shown.stdout and "r1" in shown.stdout, shown.stdout + shown.stderr
    assert run_quality(server, owner_key, study.id, "--fail-on", "never").returncode == 0
    told = run_quality(server, owner_key, study.id, "--json", "--dataset", "scores", "--participant", "cleo")
    assert told.returncode == 0 and json.loads(told.stdout)["records"] == 1
    assert run_quality(server, owner_key, "not-there").returncode == 1
    assert run_quality(server, owner_key).returncode == 2


# ---------------------------------------------------------------------------------------- what is kept

def test_what_was_checked_is_kept(own_server):
    api = Api(own_server.url, own_server.create_key(OWNER)["key"])
    study = new_study(api)
    dataset = study.dataset("events", [{"id": "n", "type": "integer", "max": 90}], kind="events")
    rows = [{"participant": f"p{i % 7}", "session": f"s{i % 3}", "time": at(i), "values": {"n": i % 100}} for i in range(5000)]
    dataset.send(rows)
    before = quality(dataset)
    states = own_server.data / "studies" / study.id / "quality"
    assert own_server.stop() == 0
    kept = sorted(path.name for path in states.iterdir())
    assert "d1.state" in kept
    own_server.start()
    study.api.url = dataset.api.url = own_server.url
    assert quality(dataset) == before
    # The same again: all of it was there before, also after the restart.
    dataset.send(rows)
    assert counts(quality(dataset))[("duplicate", None)] == 5000
    # A state that is damaged, or gone, is made anew.
    for damage in (lambda path: path.write_bytes(path.read_bytes()[:-9]), lambda path: path.write_bytes(b"\0" * 5000), lambda path: path.unlink(),
                   lambda path: path.write_bytes(path.read_bytes()[:200] + b"\xff" * 8 + path.read_bytes()[208:])):
        expected_report = quality(dataset)
        assert own_server.stop() == 0
        damage(states / "d1.state")
        own_server.start()
        study.api.url = dataset.api.url = own_server.url
        assert quality(dataset) == expected_report


def test_killed_while_it_checks(own_server):
    api = Api(own_server.url, own_server.create_key(OWNER)["key"])
    study = new_study(api)
    dataset = study.dataset("events", [{"id": "n", "type": "integer", "max": 90}], kind="events")
    rows = [{"participant": f"p{i % 7}", "time": at(i), "values": {"n": i % 100}} for i in range(3000)]
    for turn in range(3):
        dataset.send(rows)
        time.sleep(0.1 * turn)
        own_server.kill()
        own_server.start()
        study.api.url = dataset.api.url = own_server.url
        report = quality(dataset)
        assert report["complete"] and report["records"] == 3000 * (turn + 1) == dataset.count()
        assert counts(report)[("range", "n")] == 270 * (turn + 1)
        assert counts(report).get(("duplicate", None), 0) == 3000 * turn


def test_a_study_of_the_same_name_begins_anew(owner):
    study = new_study(owner)
    dataset = study.dataset("events", [{"id": "n", "type": "integer", "max": 1}], kind="events")
    dataset.send([{"participant": "ada", "time": at(i), "values": {"n": 5}} for i in range(10)])
    assert quality(dataset)["records"] == 10
    owner.delete(study.path, status=204)
    owner.post("/studies", {"id": study.id, "name": "again"}, status=201)
    dataset = study.dataset("events", [{"id": "n", "type": "integer", "max": 1}], kind="events")
    dataset.send([{"participant": "ben", "time": at(1), "values": {"n": 1}}])
    report = quality(dataset)
    assert report["records"] == 1 and report["findings"] == []


def test_four_thousand_fields(study):
    fields = [{"id": f"f{i}", "type": "integer", "min": 0, "max": 9} for i in range(4000)]
    dataset = study.dataset("wide", fields, kind="survey")
    dataset.send([{"id": f"r{row}", "participant": f"p{row}", "values": {f"f{i}": (99 if i == row else 1) for i in range(4000)}} for row in range(3)])
    report = quality(dataset)
    assert report["counts"]["error"] == 3 and report["completeness"]["received"] == 12000 == report["completeness"]["expected"]
    assert [finding["field"] for finding in report["findings"]] == ["f0", "f1", "f2"]
