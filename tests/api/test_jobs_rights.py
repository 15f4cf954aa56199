"""Whose export jobs and files somebody sees who may not see everything."""
import json

import pytest

from conftest import STRANGER, new_study
from harness.client import Dataset, Study

FIELDS = [{"id": "note", "type": "string"}, {"id": "n", "type": "integer"}]


@pytest.fixture
def study(owner):
    study = new_study(owner)
    study.dataset("d", FIELDS).send([{"participant": f"person-{number}", "session": "room-1", "values": {"note": f"p{number}@example.org", "n": number}}
                                     for number in range(6)])
    return study


def grant(study, stranger, **wanted):
    study.api.put(f"{study.path}/grants/{STRANGER}", {"rights": ["view", "export"], **wanted})
    return Study(stranger, study.id)


@pytest.mark.parametrize("asked", [{"participants": ["person-0"]}, {"sessions": ["room-1"]},
                                   {"filter": {"field": "note", "op": "contains", "value": "p0@example.org"}}], ids=str)
@pytest.mark.parametrize("mode", ["remove", "aggregate"])
def test_what_was_asked_with_ids_is_not_shown_without_them(study, stranger, asked, mode):
    filters_texts = mode == "remove" and "filter" in asked
    body = {"datasets": ["d"], "format": "csv", "identifiers": mode, **asked}
    job = study.finished(body)
    plain = study.finished({"datasets": ["d"], "format": "csv", "identifiers": mode})
    view = grant(study, stranger, identifiers=False)
    listed = view.api.get(f"{view.path}/exports")
    assert [entry["id"] for entry in listed.json()["exports"]] == [plain["id"]], filters_texts
    assert "person-0" not in listed.text and "example.org" not in listed.text and "room-1" not in listed.text
    for path in ("", "/file", "/manifest"):
        view.api.get(f"/exports/{job['id']}{path}", error="not-found")
        view.api.get(f"/exports/{plain['id']}{path}")


def test_a_file_goes_when_its_fields_or_attributes_are_classed_anew(study, stranger):
    job = study.finished({"datasets": ["d"], "format": "csv", "identifiers": "remove"})
    study.api.put(f"{study.path}/datasets/d", {"fields": [{"id": "n", "type": "integer", "label": "a number"}]})
    assert study.api.get(f"/exports/{job['id']}").json()["state"] == "succeeded"
    study.api.put(f"{study.path}/datasets/d", {"fields": [{"id": "note", "type": "string", "privacy": "direct"}]})
    seen = study.api.get(f"/exports/{job['id']}").json()
    assert seen["state"] == "expired" and "rivacy" in seen["error"]
    view = grant(study, stranger, identifiers=False)
    view.api.get(f"/exports/{job['id']}/file", error="export-gone")
    again = study.finished({"datasets": ["d"], "format": "csv", "identifiers": "remove"})
    study.api.patch(study.path, {"settings": {"attributes": {"arm": "plain"}}})
    assert study.api.get(f"/exports/{again['id']}").json()["state"] == "expired"


def test_a_count_is_of_records(study, stranger):
    study.api.put(f"{study.path}/participants/person-0", {"attributes": {"site": "north"}})
    dataset = Dataset(grant(study, stranger, sites=["north"]), "d")
    assert dataset.count() == 1
    dataset.api.get(f"{dataset.path}/count", params={"identifiers": "aggregate"}, error="bad-parameter", place="identifiers")
    own = Dataset(study, "d")
    filtered = {"filter": json.dumps({"field": "n", "op": "=", "value": 1}), "identifiers": "aggregate"}
    own.api.get(f"{own.path}/count", params=filtered, error="bad-parameter", place="identifiers")
