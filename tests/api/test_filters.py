"""The filter language, by data: api/data/filters.yaml. The same language in pages, counts, streams and jobs."""
import json
import pathlib

import pytest
import yaml

DATA = yaml.safe_load((pathlib.Path(__file__).parent / "data" / "filters.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def dataset(module_study):
    for identity, body in DATA["study"]["participants"].items():
        module_study.api.put(f"{module_study.path}/participants/{identity}", body)
    for identity, body in DATA["study"]["sessions"].items():
        module_study.api.put(f"{module_study.path}/sessions/{identity}", body)
    dataset = module_study.dataset("d", DATA["fields"])
    dataset.send(DATA["records"])
    return dataset


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: json.dumps(case["filter"], ensure_ascii=False)[:80])
def test_found(dataset, case):
    text = json.dumps(case["filter"])
    page = dataset.page(filter=text)
    assert [record["id"] for record in page["records"]] == case["ids"] and page["total"] == len(case["ids"])
    assert dataset.count(filter=text) == len(case["ids"])
    assert dataset.stream("csv", filter=text, columns="id").text.split() == ["id", *case["ids"]]


@pytest.mark.parametrize("case", DATA["bad"], ids=lambda case: json.dumps(case["filter"])[:80])
def test_refused(dataset, case):
    text = json.dumps(case["filter"])
    for path in ("records", "count", "export"):
        response = dataset.api.get(f"{dataset.path}/{path}", params={"filter": text}, status=400)
        check_refusal(response.json(), case)
    response = dataset.api.call("POST", f"{dataset.study.path}/exports", status=400, data=json.dumps({"datasets": ["d"], "filter": case["filter"]}).encode(),
                                headers={"Content-Type": "application/json"})
    check_refusal(response.json(), case, job=True)


def check_refusal(problem, case, job=False):
    if "error" in case:
        assert problem["slug"] == case["error"], problem
    else:
        assert problem["slug"] in ("bad-filter", "wrong-type", "unknown-operator") + (("bad-member",) if job else ()), problem
    assert problem["place"].startswith("/filter"), problem
    if case.get("place") is not None:
        assert problem["place"] == case["place"], problem


@pytest.mark.parametrize("text", ["", "{", "nonsense", '{"field":"n","op":"=","value":NaN}', '{"field":"n","field":"n","op":"=","value":1}', "\ufeff{}"])
def test_no_json(dataset, text):
    response = dataset.api.get(f"{dataset.path}/records", params={"filter": text})if text == "" else dataset.api.get(f"{dataset.path}/records", params={"filter": text}, status=400)
    if text != "":
        assert response.json()["slug"] in ("bad-json", "bad-filter", "bad-member") and response.json()["place"].startswith("/filter")


def test_too_deep(dataset):
    tree = {"field": "n", "op": "=", "value": 1}
    for _ in range(30):
        tree = {"not": tree}
    assert dataset.count(filter=json.dumps(tree)) == 1
    for _ in range(5):
        tree = {"not": tree}
    dataset.page(filter=json.dumps(tree), error="bad-filter")


def test_a_long_list(dataset):
    """A filter may be too long for an address; a job takes it in its body."""
    ids = [f"nobody-{number}" for number in range(5000)] + ["r2"]
    job = dataset.study.finished({"datasets": ["d"], "filter": {"field": "id", "op": "in", "value": ids}, "format": "csv", "columns": ["id"]})
    assert job["state"] == "succeeded"
    assert dataset.api.get(f"/exports/{job['id']}/file").text == "id\r\nr2\r\n"


def test_by_participant_and_session(dataset):
    assert [record["id"] for record in dataset.page(participant="p1")["records"]] == ["r1", "r2"]
    assert [record["id"] for record in dataset.page(participant=["p1", "p3"])["records"]] == ["r1", "r2", "r5"]
    assert [record["id"] for record in dataset.page(session="s1", participant="p2")["records"]] == ["r3"]
    assert dataset.count(session=["s1", "s2"]) == 3
    assert dataset.count(participant="nobody") == 0


def test_since_and_until_as_times(dataset):
    assert dataset.count(since="2026-01-01T10:05:00Z") == 3
    assert dataset.count(since="2026-01-01T10:00:00Z", until="2026-01-01T10:05:00Z") == 1
    assert dataset.count(until="2026-12-31") == 3
