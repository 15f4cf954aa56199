"""Quality beside the records: what was refused, files that never came, and what the design expects and did not come."""
import json
import pathlib
import re

import yaml

from conftest import OWNER, new_study
from harness.client import Api


def found(dataset, check, **params):
    report = dataset.api.get(f"{dataset.path}/quality", params=params).json()
    return [finding for finding in report["findings"] if finding["check"] == check], report


def refuse(dataset, rows):
    return dataset.send(rows, error="records-rejected").json()["rejected"]


SECRET = "what-ada-wrote"
BAD = [{"participant": "ada", "values": {"n": SECRET}}, {"participant": "ada", "values": {"n": SECRET}}, {"participant": "ada", "values": {"colour": SECRET}}]


def test_refused_records(server, owner, study, make_key):
    dataset = study.dataset("scores", [{"id": "n", "type": "integer"}, {"id": "p", "type": "string"}])
    assert found(dataset, "refused")[0] == []
    codes = sorted(one["slug"] for one in refuse(dataset, BAD))
    refused, report = found(dataset, "refused")
    assert {finding["reason"]: finding["count"] for finding in refused} == {code: codes.count(code) for code in codes}
    assert all(finding["severity"] == "warning" and finding["samples"] == [] and finding["field"] is None for finding in refused)
    assert report["counts"]["warning"] == 3 and report["records"] == 0
    # Nothing of what was sent is said, or kept.
    assert SECRET not in json.dumps(report) and "ada" not in json.dumps(report)
    (kept,) = (server.data / "studies" / study.id).glob("refused.json*")
    assert SECRET not in kept.read_text()
    # Good ones beside bad ones; and a request that is repeated counts once.
    for _ in range(2):
        dataset.send([BAD[0], {"participant": "ada", "values": {"n": 1}}], key="k1", on_error="skip")
    refused, report = found(dataset, "refused")
    assert sum(finding["count"] for finding in refused) == 4 and report["records"] == 1
    # They are nobody's in particular.
    assert found(dataset, "refused", participant="ada")[0] == []
    owner.put(f"{study.path}/participants/ben", {"attributes": {"site": "north"}})
    whole = study.api.get(f"{study.path}/quality").json()
    assert whole["counts"]["warning"] == 4
    # An erasure of somebody else's records does not forget them; a study of the same name begins anew.
    study.api.post(f"{study.path}/participants/ben/erasure")
    assert sum(finding["count"] for finding in found(dataset, "refused")[0]) == 4
    study.export({"format": "csv", "datasets": ["scores"]})
    owner.delete(study.path)
    owner.post("/studies", {"id": study.id})
    owner.put(f"{study.path}/datasets/scores", {"fields": [{"id": "n", "type": "integer"}]})
    assert found(dataset, "refused")[0] == []


def test_refused_after_a_restart(own_server):
    server = own_server
    study = new_study(Api(server.url, server.create_key(OWNER)["key"]))
    dataset = study.dataset("scores", [{"id": "n", "type": "integer"}])
    refuse(dataset, BAD)
    server.kill()
    server.start()
    assert sum(finding["count"] for finding in found(dataset, "refused")[0]) == 3
    refuse(dataset, BAD)
    assert sum(finding["count"] for finding in found(dataset, "refused")[0]) == 6
    # A count that cannot be read is no reason to answer nothing.
    server.kill()
    (server.data / "studies" / study.id / "refused.json").write_text("{")
    server.start()
    assert found(dataset, "refused")[0] == []
    refuse(dataset, BAD)
    assert sum(finding["count"] for finding in found(dataset, "refused")[0]) == 3


def test_recordings_without_their_file(study, server, make_key):
    recordings = study.dataset("recordings", [{"id": "format", "type": "string"}], kind="recordings", attributes={"quality": {"expected_per_session": 2}})
    recordings.send([{"id": f"r-{who}", "participant": who, "session": "s1", "time": "2026-01-31T08:00:00Z", "values": {"format": "webm"}} for who in ("ada", "ben", "cleo")])
    missing, report = found(recordings, "recording_missing")
    assert missing[0]["count"] == 3 and sorted(sample["id"] for sample in missing[0]["samples"]) == ["r-ada", "r-ben", "r-cleo"]
    files = f"{study.path}/files"
    whole = study.api.post(files, {"kind": "recording", "media_type": "video/webm", "dataset": "recordings", "record": "r-ada", "participant": "ada"}).json()["id"]
    study.api.put(f"{files}/{whole}/content", data=b"video")
    # Half of a file is none.
    half = study.api.post(files, {"kind": "recording", "media_type": "video/webm", "dataset": "recordings", "record": "r-ben", "participant": "ben", "size": 100}).json()["id"]
    study.api.call("PATCH", f"{files}/{half}/content", headers={"Upload-Offset": "0", "Content-Type": "application/octet-stream"}, data=b"vi", validate=False)
    missing, report = found(recordings, "recording_missing")
    assert missing[0]["count"] == 2 and missing[0]["severity"] == "warning" and "camera" in missing[0]["says"]
    assert found(recordings, "recording_missing", participant="ada")[0] == []
    assert found(recordings, "recording_missing", participant="ben")[0][0]["count"] == 1
    assert found(recordings, "recording_missing", session="s1")[0][0]["count"] == 2
    # One recording too few of each, by the design.
    (short,), _ = found(recordings, "incomplete")
    assert (short["count"], short["reason"], short["severity"]) == (3, "sessions", "info") and "camera" in short["says"]
    study.api.delete(f"{files}/{whole}")
    assert found(recordings, "recording_missing")[0][0]["count"] == 3


def test_donations_without_their_payload(study):
    study.api.put(f"{study.path}/donation-project", {"blueprints": [{"id": 1, "name": "History"}]})
    blueprint = study.dataset("blueprint-1", [{"id": "status", "type": "string"}], kind="donation", mode="keyed")
    file = study.api.post(f"{study.path}/files", {"kind": "donation", "media_type": "application/json", "dataset": "blueprint-1", "participant": "ada"}).json()["id"]
    study.api.put(f"{study.path}/files/{file}/content", data=b"[1]")
    blueprint.send([{"id": "d1", "participant": "ada", "values": {"payload": file}}, {"id": "d2", "participant": "ben", "values": {"payload": "fil_gone"}},
                    {"id": "d3", "participant": "cleo", "values": {"status": "pending"}}])
    (missing,), _ = found(blueprint, "payload_missing")
    assert missing["count"] == 1 and [sample["id"] for sample in missing["samples"]] == ["d2"]


def test_components_that_did_not_come(study):
    components = study.dataset("components", [{"id": "componentId", "type": "string"}, {"id": "stateId", "type": "string"}], kind="components",
                               attributes={"quality": {"expected_components": 2, "expected_states": 2}})
    components.send([{"participant": who, "session": "s1", "time": "2026-01-31T08:00:00Z", "values": {"componentId": component, "stateId": state}}
                     for who, pairs in (("ada", "11 12 21 22"), ("ben", "11 12")) for component, state in map(tuple, pairs.split())])
    (short,), report = found(components, "incomplete")
    assert report["completeness"] == {"basis": "components", "received": 6, "expected": 8, "fraction": 0.75}
    assert (short["count"], short["reason"]) == (2, "components") and "disconnects" in short["says"]
    assert found(components, "incomplete", participant="ada")[0] == []
    summary = study.finished({"format": "csv", "datasets": ["components"]})["quality"]
    assert {"check": "incomplete", "severity": "info", "field": None, "count": 2, "reason": "components"} in summary["datasets"][0]["findings"]


def checks_of_the_guide():
    guide = (pathlib.Path(__file__).parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `(\w+)` \| (?:error|warning|info) \|", guide, re.MULTILINE))


def test_every_check_can_be_ignored(study):
    contract = yaml.safe_load((pathlib.Path(__file__).parents[2] / "openapi" / "sheaf.yaml").read_text(encoding="utf-8"))
    checks = contract["components"]["schemas"]["Check"]["enum"]
    assert checks_of_the_guide() == set(checks) and len(checks) == 18
    for check in checks:
        dataset = study.dataset(f"d-{check}", [], attributes={"quality": {"ignore": [check]}})
        assert dataset.api.get(dataset.path).json()["attributes"] == {"quality": {"ignore": [check]}}
    refused = study.api.put(f"{study.path}/datasets/other", {"kind": "custom", "fields": [], "attributes": {"quality": {"ignore": ["refused", "everything"]}}}, error="bad-member",
                            place="/attributes/quality/ignore").json()
    assert all(check in refused["detail"] for check in checks), refused["detail"]


def ignoring(dataset, *checks):
    definition = dataset.api.get(dataset.path).json()
    quality = {**definition.get("attributes", {}).get("quality", {}), "ignore": list(checks)}
    dataset.api.put(dataset.path, {**definition, "attributes": {"quality": quality}})


def counted(dataset):
    report = dataset.api.get(f"{dataset.path}/quality").json()
    job = dataset.study.finished({"format": "csv", "datasets": [dataset.id]})
    (summary,) = job["quality"]["datasets"]
    found = {finding["check"]: finding["count"] for finding in report["findings"]}
    assert {finding["check"]: finding["count"] for finding in summary["findings"]} == found and summary["counts"] == report["counts"]
    assert sum(report["counts"].values()) == sum(found.values())
    return found


def test_what_is_ignored_is_not_told(study):
    recordings = study.dataset("recordings", [{"id": "format", "type": "string"}, {"id": "n", "type": "integer", "max": 1}], kind="recordings",
                               attributes={"quality": {"expected_per_session": 3}})
    recordings.send([{"id": "r1", "participant": "ada", "session": "s1", "time": "2026-01-31T08:00:00Z", "values": {"n": 5}}])
    refuse(recordings, [{"participant": "ada", "values": {"n": "many"}}])
    everything = {"range": 1, "refused": 1, "recording_missing": 1, "incomplete": 2}
    assert counted(recordings) == everything
    completeness = recordings.api.get(f"{recordings.path}/quality").json()["completeness"]
    for check in everything:
        ignoring(recordings, check)
        assert counted(recordings) == {other: count for other, count in everything.items() if other != check}
        # Ignoring that something is missing does not make it whole.
        assert recordings.api.get(f"{recordings.path}/quality").json()["completeness"] == completeness
    ignoring(recordings, *everything)
    assert counted(recordings) == {}
    # Nothing was forgotten meanwhile.
    ignoring(recordings)
    assert counted(recordings) == everything


def test_missing_payloads_ignored(study):
    study.api.put(f"{study.path}/donation-project", {"blueprints": [{"id": 1, "name": "History"}]})
    blueprint = study.dataset("blueprint-1", [{"id": "status", "type": "string"}], kind="donation", mode="keyed")
    blueprint.send([{"id": "d1", "participant": "ada", "values": {"status": "success", "payload": "fil_gone"}}])
    assert counted(blueprint)["payload_missing"] == 1
    ignoring(blueprint, "payload_missing")
    assert "payload_missing" not in counted(blueprint)
