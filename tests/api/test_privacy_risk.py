"""How well people hide: the risk check as a report and as a gate, and aggregates with their small cells left out."""
import csv
import io
import json

import pytest

from harness import program

FIELDS = [
    {"id": "age", "type": "integer", "privacy": "quasi"},
    {"id": "sex", "type": "enum", "privacy": "quasi", "options": [{"id": "f"}, {"id": "m"}, {"id": "x"}]},
    {"id": "score", "type": "double", "privacy": "sensitive"},
    {"id": "mail", "type": "string", "privacy": "direct"},
    {"id": "likes", "type": "set", "options": [{"id": "tea"}, {"id": "milk"}]},
    {"id": "done", "type": "boolean"},
]


def people():
    """20 people: 12 f in their twenties, 7 m in their thirties, and one m of 91. Two of the f skipped the score."""
    records = []
    for number in range(20):
        age, sex = (20 + number % 10, "f") if number < 12 else (30 + number % 10, "m") if number < 19 else (91, "m")
        record = {"participant": f"person-{number}", "time": "2026-01-01T00:00:00Z",
                  "values": {"age": age, "sex": sex, "score": float(number), "mail": f"p{number}@example.org", "likes": ["tea"] if number % 2 else ["tea", "milk"], "done": number < 12}}
        if number in (3, 4):
            del record["values"]["score"]
            record["skipped"] = ["score"]
        records.append(record)
    return records


@pytest.fixture(scope="module")
def dataset(module_study):
    dataset = module_study.dataset("d", FIELDS)
    dataset.send(people())
    dataset.send(people())  # everybody twice: classes count people, not records
    return dataset


def risk(dataset, **params):
    return dataset.api.get(f"{dataset.path}/risk", params=params).json()


def lines(response):
    return [json.loads(line) for line in response.content.decode().split("\n") if line]


BANDS = '{"age":{"band":10,"top":60}}'


def test_the_report(dataset):
    report = risk(dataset)
    assert report["records"] == 40 and report["participants"] == 20 and report["k"] == 1 and report["quasi_identifiers"] == ["age", "sex"]
    assert report["least_allowed"] == 5 and report["small_cells"] == report["classes"] == 18
    coarse = risk(dataset, generalise=BANDS)
    assert (coarse["k"], coarse["classes"], coarse["small_cells"]) == (1, 3, 1)
    assert coarse["l"] == {"least": 1, "fields": {"score": 1}}
    assert risk(dataset, generalise='{"age":{"band":100}}')["k"] == 8
    assert risk(dataset, columns="participant,sex")["quasi_identifiers"] == ["sex"]
    assert risk(dataset, filter='{"field":"sex","op":"=","value":"f"}', generalise=BANDS) == {
        "dataset": "d", "k": 12, "l": {"least": 10, "fields": {"score": 10}}, "classes": 1, "small_cells": 0, "least_allowed": 5, "records": 24, "participants": 12, "quasi_identifiers": ["age", "sex"]}
    assert risk(dataset, require_k="20", columns="score")["small_cells"] == 0
    nothing = risk(dataset, filter='{"field":"age","op":">","value":200}')
    assert nothing["k"] == 0 and nothing["classes"] == 0 and nothing["l"]["least"] is None


def test_attributes_of_participants_count(study):
    dataset = study.dataset("d", [{"id": "n", "type": "integer"}])
    for number in range(6):
        study.api.put(f"{study.path}/participants/p{number}", {"attributes": {"country": "DE" if number else "IS", "nickname": f"n{number}", "age": 20 + number}})
    dataset.send([{"participant": f"p{number}", "values": {"n": 1}} for number in range(6)])
    assert risk(dataset)["k"] == 6
    study.api.patch(study.path, {"settings": {"attributes": {"country": "quasi", "age": "quasi"}}})
    report = risk(dataset, generalise='{"participant.age":{"band":100}}')
    assert report["k"] == 1 and report["classes"] == 2 and report["quasi_identifiers"] == ["participant.age", "participant.country"]
    dataset.stream("csv", require_k=2, error="risk-too-high")


def test_the_gate_fails(dataset, module_study):
    for get in (dataset.stream, lambda **params: dataset.page(**{name: value for name, value in params.items() if name != "format"})):
        get(require_k=5, generalise=BANDS, error="risk-too-high")
    problem = dataset.stream("csv", require_k=5, generalise=BANDS, error="risk-too-high").json()
    assert "k is 1" in problem["detail"] and "age, sex" in problem["detail"]
    assert dataset.stream("csv", require_k=5, columns="participant,score").status_code == 200
    job = module_study.finished({"datasets": ["d"], "require_k": 5, "generalise": json.loads(BANDS)})
    assert job["state"] == "failed" and "k is 1" in job["error"]


@pytest.mark.parametrize("format", ["csv", "ndjson", "json", "parquet", "zip"])
def test_the_gate_suppresses(dataset, module_study, format):
    options = {"require_k": 5, "on_risk": "suppress", "generalise": json.loads(BANDS)}
    job = module_study.finished({"datasets": ["d"], "format": format, **options})
    assert job["state"] == "succeeded" and job["progress"]["rows"] == 38, job
    [report] = job["privacy"]["risk"]
    assert report["suppressed"] == {"records": 2} and report["small_cells"] == 1
    if format in ("csv", "ndjson"):
        content = module_study.api.get(f"/exports/{job['id']}/file").content
        assert b"person-18" in content and b"person-19" not in content
        assert content == dataset.stream(format, **{**options, "generalise": BANDS}).content
    dataset.page(require_k=5, on_risk="suppress", error="unknown-parameter")


def test_a_job_reports_the_risk_when_asked(dataset, module_study):
    job = module_study.finished({"datasets": ["d"], "risk": True, "identifiers": "remove"})
    assert job["privacy"]["risk"][0]["k"] == 1 and job["progress"]["rows"] == 40


# -------------------------------------------------------------------------------------- aggregates

def table(dataset, **params):
    return list(csv.DictReader(io.StringIO(dataset.stream("csv", identifiers="aggregate", **params).content.decode())))


def test_moments_and_counts(dataset):
    rows = table(dataset)
    by_name = {(row["field"], row["option"]): row for row in rows}
    assert "mail" not in {row["field"] for row in rows} and {row["dataset"] for row in rows} == {"d"}
    score = by_name[("score", "")]
    assert (score["n"], score["participants"], score["skipped"], score["absent"]) == ("36", "18", "", "") and score["suppressed"] == "true"
    values = sorted(2 * [float(number) for number in range(20) if number not in (3, 4)])
    mean = sum(values) / len(values)
    assert float(score["mean"]) == pytest.approx(mean) and float(score["min"]) == 0 and float(score["max"]) == 19
    assert float(score["sd"]) == pytest.approx((sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5)
    assert float(score["median"]) == pytest.approx((values[17] + values[18]) / 2)
    assert by_name[("age", "")]["skipped"] == "0" and by_name[("age", "")]["suppressed"] == "false"
    assert by_name[("sex", "f")]["n"] == "24" and by_name[("sex", "f")]["participants"] == "12" and by_name[("sex", "m")]["participants"] == "8"
    assert by_name[("likes", "tea")]["participants"] == "20" and by_name[("likes", "milk")]["participants"] == "10"
    assert by_name[("done", "true")]["participants"] == "12" and by_name[("done", "false")]["participants"] == "8"


def test_small_groups_go_with_their_complements(dataset):
    rows = table(dataset, columns="score", group_by="age", generalise=BANDS)
    assert [(row["age"], row["n"], row["suppressed"]) for row in rows] == [("20.0", "20", "true"), ("30.0", "", "true"), ("60.0", "", "true")]
    assert all(row["mean"] == row["max"] == row["participants"] == "" for row in rows[1:]) and rows[0]["mean"] != ""


def test_grouped_by_an_option(dataset):
    rows = table(dataset, columns="age", group_by="sex")
    assert [(row["sex"], row["field"], row["n"]) for row in rows] == [("f", "age", "24"), ("m", "age", "16")]


@pytest.mark.parametrize("format", ["ndjson", "json", "page", "parquet"])
def test_aggregates_in_every_form(dataset, study, format, tmp_path, server, owner_key):
    expected = [(row["field"], row["option"], row["n"]) for row in table(dataset)]
    if format == "parquet":
        path = tmp_path / "aggregate.parquet"
        path.write_bytes(dataset.stream("parquet", identifiers="aggregate").content)
        program.run("import", "--server", server.url, "--key", owner_key, "--study", study.id, "--dataset", "back", "--participant-column", "field", str(path))
        records = study.api.get(f"{study.path}/datasets/back/records").json()["records"]
        assert [(record["participant"], record["values"].get("option", ""), str(record["values"].get("n", ""))) for record in records] == expected
        return
    if format == "page":
        records, last = dataset.walk(identifiers="aggregate", limit=3)
        assert last["total"] == len(expected)
    elif format == "json":
        records = dataset.stream("json", identifiers="aggregate").json()["records"]
    else:
        records = lines(dataset.stream("ndjson", identifiers="aggregate"))
    assert [(record["values"]["field"], record["values"].get("option", ""), str(record["values"].get("n", ""))) for record in records] == expected


def test_an_archive_of_aggregates(dataset, module_study):
    job = module_study.finished({"format": "zip", "datasets": ["d"], "identifiers": "aggregate"})
    assert job["state"] == "succeeded" and job["progress"]["rows"] == len(table(dataset)), job


@pytest.mark.parametrize("group,error", [("mail", "identifier-removed"), ("likes", "bad-parameter"), ("time", "bad-parameter"), ("nobody", "unknown-field"), ("participant.name", "identifier-removed"), ("participant", "bad-parameter")])
def test_groups_that_cannot_be(dataset, group, error):
    dataset.stream("csv", identifiers="aggregate", group_by=group, error=error, place="group_by")


def test_the_least_cell_is_the_study_s(study):
    dataset = study.dataset("d", FIELDS)
    dataset.send(people())
    study.api.patch(study.path, {"settings": {"minimum_cell": 13}})
    rows = {(row["field"], row["option"]): row for row in table(dataset)}
    assert rows[("sex", "f")]["n"] == "" == rows[("sex", "m")]["n"] and rows[("age", "")]["n"] == "20"
