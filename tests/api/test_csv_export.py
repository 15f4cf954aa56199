"""CSV to the byte, by data: api/data/csv.yaml."""
import pathlib

import pytest
import yaml

DATA = yaml.safe_load((pathlib.Path(__file__).parent / "data" / "csv.yaml").read_text(encoding="utf-8"))


def expected(case):
    text = case["raw"] if "raw" in case else case["text"].replace("\n", "\r\n")
    return (b"\xef\xbb\xbf" if case.get("bom") else b"") + text.encode()


@pytest.fixture(scope="module")
def filled(module_study):
    """One dataset for each set of records that a case asks for."""
    made = {}

    def get(names):
        key = tuple(names)
        if key not in made:
            made[key] = module_study.dataset(f"d{len(made)}", DATA["fields"])
            made[key].send([DATA["records"][name] for name in names])
        return made[key]

    return get


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case["name"])
def test_csv(filled, case):
    dataset = filled(case["records"])
    params = dict(case.get("params", {}))
    if case.get("since"):
        params["since"] = dataset.page()["cursor"]
    response = dataset.stream("csv", **params)
    assert response.content.decode() == expected(case).decode()
    assert response.headers["Content-Type"].startswith("text/csv")


@pytest.mark.parametrize("case", [case for case in DATA["cases"] if not case.get("since")], ids=lambda case: case["name"])
def test_a_job_writes_the_same(filled, case):
    dataset = filled(case["records"])
    params = dict(case.get("params", {}))
    if "filter" in params:
        params["filter"] = yaml.safe_load(params["filter"])
    if "missing" in params:
        params["missing"] = dict(part.split("=", 1) for part in params["missing"].split(","))
    job = dataset.study.finished({"datasets": [dataset.id], "format": "csv", **params})
    assert job["state"] == "succeeded", job
    assert dataset.api.get(f"/exports/{job['id']}/file").content.decode() == expected(case).decode()


def test_what_was_exported_can_be_imported(filled, study):
    """rfc4180 with <skipped> spelled out loses nothing that has a column."""
    names = [name for name in DATA["records"]]
    dataset = filled(names)
    columns = "id,participant,session,time,time_offset,onset_ms,t,n,x,b,when,e,s,j"
    text = dataset.stream("csv", columns=columns, missing="skipped=<skipped>").content
    copy = study.dataset("copy", DATA["fields"])
    assert copy.send_raw(text, "text/csv").json()["accepted"] == len(names)
    assert copy.stream("csv", columns=columns, missing="skipped=<skipped>").content == text

    def plain(records):
        return [{name: member for name, member in record.items() if name not in ("seq", "updated_at", "received_at")} for record in records]

    assert plain(copy.page()["records"]) == plain(dataset.page()["records"])
