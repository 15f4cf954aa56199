"""docs/avicenna.md as written, and the requests of NiDB, a client that is in use, as its curl sends them."""
import csv
import json
import os
import subprocess

import pytest

from conftest import OWNER
from harness.avicenna import fill, new_study
from test_guides import blocks

GUIDE = "guide-avicenna@example.org"


@pytest.fixture(scope="module")
def bash(server, tmp_path_factory):
    directory = tmp_path_factory.mktemp("avicenna")
    server.add_user(GUIDE, admin=True)
    # NiDB's curl does not fail on refusals; the guide's reader is told of them.
    (directory / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    environment = {**os.environ, "SHEAF": server.url, "EMAIL": GUIDE, "KEY": server.create_key(GUIDE)["key"], "CURL_HOME": str(directory)}

    def run(text):
        return subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=directory, env=environment, capture_output=True, text=True, timeout=120)

    return run, directory


def test_the_guide_works_as_written(bash):
    run, directory = bash
    for block in blocks("avicenna.md"):
        finished = run(block)
        assert finished.returncode == 0, f"{block}\n{finished.stdout}\n{finished.stderr}"
    exports = {export["kind"]: export for export in json.loads((directory / "exports.json").read_text())}
    assert set(exports) == {"SENSOR", "ACTIVITY_RESPONSE", "PARTICIPATION"}
    read = lambda kind: list(csv.reader((directory / exports[kind]["content"].rsplit("/", 1)[1]).open(newline="")))
    assert read("SENSOR") == [["study_id", "user_id", "device_id", "record_time", "x_axis", "y_axis", "z_axis", "accu"],
                              ["1234", "71", "a1", "2025-03-01 08:00:00.250000+00:00", "0.1", "0.2", "9.8", "3"]]
    assert read("ACTIVITY_RESPONSE") == [
        ["session.uuid", "prompt_time", "record_time", "status_id", "device.id", "device.model", "participant.start_time", "participant.status_id", "Q1", "mQ1_metadata", "Q2", "mQ2_metadata"],
        ["5f2c", "2025-02-10 18:30:00.000000+00:00", "2025-02-10 19:00:00.000000+00:00", "1", "a1", "", "2025-01-01 09:00:00.000000+00:00", "1", "1", '{"response_time":"2025-02-10T18:59:00Z"}', "62", ""]]
    assert read("PARTICIPATION") == [["ID", "Start Time", "End Time", "Status"], ["71", "2025-01-01 09:00:00.000000+00:00", "", "1"]]


def test_the_four_requests_of_nidb(owner, server, make_key, tmp_path):
    study = fill(new_study(owner))
    key = make_key()["key"]
    header = f"Authorization: ApiKey {OWNER}:{key}"

    def curl(*words):
        # Its curl: no -f, no -L, no Content-Type.
        return subprocess.run(["curl", "-s", "--header", header, *words], capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path, env={**os.environ, "CURL_HOME": str(tmp_path)}).stdout

    body = {"study_id": int(study.id), "site_ssid": None, "filter": "PARTICIPATION",
            "rule_set": {"query": {}, "sort_by": [], "columns": ["participant_id", "start_time", "end_time", "status_id"]}}
    made = json.loads(curl("-X", "POST", f"{server.url}/api/v1/filter/export/", "--data-raw", json.dumps(body, sort_keys=True)))
    number = made["study_specific_id"]
    assert isinstance(number, int) and number > 0
    for _ in range(3 * 100):  # it polls three times, 20 seconds apart
        (export,) = [one for one in json.loads(curl(f"{server.url}/api/v1/filter/export/?study_id={study.id}")) if one["study_specific_id"] == number]
        if export["status"]["label"] == "Success":
            break
    assert export["status"]["label"] == "Success"
    curl("--output", "participants.csv", export["content"])
    rows = list(csv.reader((tmp_path / "participants.csv").open(newline="")))
    heading = [name.strip().lower() for name in rows[0]]
    assert {len(row) for row in rows} == {4} and len(rows) > 1
    assert sorted(int(row[heading.index("id")]) for row in rows[1:])[:2] == [101, 102]
