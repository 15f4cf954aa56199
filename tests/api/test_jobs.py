"""Export jobs: life cycle, files, manifests, ZIPs, sharing, limits."""
import csv
import hashlib
import io
import json
import secrets
import threading
import time
import zipfile

import pytest

from conftest import STRANGER, new_study
from harness import program
from harness.client import Api, wait_for

FIELDS = [{"id": "n", "type": "integer", "label": "Number"}, {"id": "t", "type": "string"},
          {"id": "e", "type": "enum", "options": [{"id": "red", "code": "1", "label": "Red"}, {"id": "blue", "code": "2"}]}]


def fill(study, identity="d", rows=20):
    dataset = study.dataset(identity, FIELDS)
    dataset.send([{"participant": f"p{row % 3}", "session": f"s{row % 2}", "time": f"2026-01-01T00:00:{row % 60:02}Z", "values": {"n": row, "t": "text", "e": "red"}} for row in range(rows)])
    return dataset


def fetch(api, job, **options):
    return api.get(f"/exports/{job['id']}/file", **options)


def archive_of(api, job):
    archive = zipfile.ZipFile(io.BytesIO(fetch(api, job).content))
    assert archive.testzip() is None
    return archive


def test_life_cycle(study):
    fill(study)
    api = study.api
    response = study.export({"datasets": ["d"], "format": "csv"}, status=202)
    job = response.json()
    assert response.headers["Location"] == f"/api/v1/exports/{job['id']}" and job["state"] in ("pending", "executing", "succeeded") and job["study"] == study.id
    job = wait_for(api, job["id"])
    assert job["state"] == "succeeded" and job["progress"] == {"rows": 20, "rows_total": 20, "bytes": job["file_size"], "fraction": 1.0}
    assert job["started_at"] and job["finished_at"] >= job["created_at"] and job["expires_at"] > job["finished_at"] and job["cursor"]
    file = fetch(api, job)
    assert hashlib.sha256(file.content).hexdigest() == job["sha256"] and len(file.content) == job["file_size"]
    assert file.headers["ETag"] == f'"{job["sha256"]}"' and job["file_name"] in file.headers["Content-Disposition"]
    assert file.content == api.get(f"{study.path}/datasets/d/export").content
    listed = api.get(f"{study.path}/exports").json()
    assert [entry["id"] for entry in listed["exports"]] == [job["id"]] and listed["total"] == 1
    api.delete(f"/exports/{job['id']}", status=204)
    for path in ("", "/file", "/manifest"):
        api.get(f"/exports/{job['id']}{path}", error="not-found")
    assert api.get(f"{study.path}/exports").json()["exports"] == []


@pytest.mark.parametrize("format", ["csv", "json", "ndjson", "parquet"])
def test_manifest_of_each_format(study, format):
    fill(study)
    job = study.finished({"datasets": ["d"], "format": format, "filter": {"field": "n", "op": "<", "value": 5}})
    manifest = study.api.get(f"/exports/{job['id']}/manifest").json()
    body = fetch(study.api, job).content
    assert manifest["file"] == {"name": job["file_name"], "format": format, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    assert manifest["rows"] == 5 and manifest["export"] == job["id"] and manifest["study"]["id"] == study.id and manifest["cursor"] == job["cursor"]
    assert manifest["request"]["filter"] == {"field": "n", "op": "<", "value": 5}
    [dataset] = manifest["datasets"]
    assert (dataset["id"], dataset["rows"], dataset["first_time"], dataset["last_time"]) == ("d", 5, "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:04.000Z")


def test_a_zip_by_dataset(study):
    fill(study, "one", 5)
    fill(study, "two", 7)
    job = study.finished({"format": "zip"})
    manifest = study.api.get(f"/exports/{job['id']}/manifest").json()
    archive = archive_of(study.api, job)
    names = archive.namelist()
    assert {"metadata.json", "datapackage.json", "README.txt"} <= set(names)
    metadata = json.loads(archive.read("metadata.json"))
    assert metadata["rows"] == manifest["rows"] == 12
    listed = {entry["path"]: entry for entry in metadata["files"]}
    for path, entry in listed.items():
        body = archive.read(path)
        assert len(body) == entry["bytes"] and hashlib.sha256(body).hexdigest() == entry["sha256"], path
    assert {entry["dataset"]: entry["rows"] for entry in metadata["files"] if "dataset" in entry} == {"one": 5, "two": 7}
    assert set(names) - set(listed) <= {"metadata.json"}
    for path, entry in listed.items():
        if "dataset" in entry:
            assert len(list(csv.reader(io.StringIO(archive.read(path).decode(), newline="")))) == entry["rows"] + 1
            assert archive.read(path) == study.api.get(f"{study.path}/datasets/{entry['dataset']}/export").content


def test_the_data_package(study):
    fill(study)
    job = study.finished({"format": "zip", "missing": {"skipped": "-99", "absent": "-98"}})
    archive = archive_of(study.api, job)
    package = json.loads(archive.read("datapackage.json"))
    assert "v2" in package["$schema"] or "2.0" in package["$schema"]
    [resource] = [entry for entry in package["resources"] if entry["path"].endswith(".csv")]
    assert resource["path"] in archive.namelist() and resource["bytes"] == len(archive.read(resource["path"]))
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    header = archive.read(resource["path"]).decode().splitlines()[0].split(",")
    assert list(fields) == header
    assert fields["n"]["type"] == "integer" and fields["n"]["title"] == "Number" and fields["time"]["type"] == "datetime"
    assert [category["value"] for category in fields["e"]["categories"]] == ["1", "2"] and fields["e"]["categories"][0]["label"] == "Red"
    missing = json.dumps(resource["schema"].get("missingValues", package.get("missingValues")))
    assert "-99" in missing and "-98" in missing


def test_a_zip_by_participant(study):
    fill(study, rows=12)
    study.dataset("loose", FIELDS).send([{"participant": "p0", "values": {"n": 1}}])
    job = study.finished({"format": "zip", "layout": "participant", "files": "ndjson"})
    archive = archive_of(study.api, job)
    metadata = json.loads(archive.read("metadata.json"))
    files = [entry for entry in metadata["files"] if "dataset" in entry]
    assert {(entry["dataset"], entry["session"], entry["participant"]) for entry in files} == {
        ("d", f"s{session}", f"p{participant}") for session in range(2) for participant in range(3)} | {("loose", None, "p0")}
    for entry in files:
        records = [json.loads(line) for line in archive.read(entry["path"]).splitlines()]
        assert len(records) == entry["rows"] > 0
        assert all(record["participant"] == entry["participant"] and record.get("session") == entry["session"] for record in records)
        assert entry["path"].endswith(f"{entry['dataset']}.ndjson")


@pytest.mark.parametrize("files", ["csv", "json", "ndjson", "parquet"])
def test_files_inside_a_zip(study, files):
    fill(study)
    job = study.finished({"format": "zip", "files": files})
    archive = archive_of(study.api, job)
    [name] = [name for name in archive.namelist() if name.endswith("." + files) and name not in ("metadata.json", "datapackage.json")]
    if files != "parquet" and files != "json":
        assert archive.read(name) == study.api.get(f"{study.path}/datasets/d/export", params={"format": files}).content
    elif files == "json":
        assert json.loads(archive.read(name))["count"] == 20
    else:
        assert archive.read(name)[-4:] == b"PAR1"


def test_chosen_people(study):
    fill(study, rows=12)
    job = study.finished({"datasets": ["d"], "participants": ["p0", "p1"], "sessions": ["s0"], "columns": ["participant", "session"]})
    assert sorted(set(fetch(study.api, job).text.split()[1:])) == ["p0,s0", "p1,s0"]


def test_a_study_without_data(study):
    job = study.finished({"format": "zip"})
    assert job["state"] == "succeeded"
    assert json.loads(archive_of(study.api, job).read("metadata.json"))["rows"] == 0
    study.dataset("d", FIELDS)
    assert fetch(study.api, study.finished({"datasets": ["d"]})).text == "participant,session,time,onset_ms,n,t,e\r\n"


@pytest.mark.parametrize("body", [{"datasets": ["one", "two"], "format": "csv"}, {"format": "parquet"}])
def test_several_datasets_need_a_zip(study, body):
    fill(study, "one")
    fill(study, "two")
    response = study.export(body, status=400)
    assert response.json()["slug"] in ("bad-member", "bad-parameter") and response.json()["place"].strip("/") in ("format", "datasets")


# ------------------------------------------------------------------------------------- ranges and conditions

@pytest.fixture(scope="module")
def finished(owner):
    study = new_study(owner)
    fill(study, rows=500)
    job = study.finished({"datasets": ["d"], "format": "ndjson"})
    return job, fetch(owner, job).content


@pytest.mark.parametrize("text,first,last", [
    ("bytes=0-9", 0, 9), ("bytes=10-", 10, -1), ("bytes=-7", -7, -1), ("bytes=0-0", 0, 0), ("bytes=100-99999999", 100, -1), ("bytes=-99999999", 0, -1),
])
def test_range(owner, finished, text, first, last):
    job, body = finished
    size = len(body)
    first, last = (first + size if first < 0 else first), (last + size if last < 0 else last)
    response = fetch(owner, job, headers={"Range": text}, status=206)
    assert response.content == body[first:last + 1] and response.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    assert response.headers["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("text", ["bytes=99999999-", "bytes=-0"])
def test_range_outside(owner, finished, text):
    job, body = finished
    response = fetch(owner, job, headers={"Range": text}, error="range-not-satisfiable")
    assert response.headers["Content-Range"] == f"bytes */{len(body)}"


@pytest.mark.parametrize("text", ["lines=0-5", "bytes=5-2", "bytes=x", "bytes=0-1,5-6", "bytes"])
def test_ranges_that_are_ignored(owner, finished, text):
    job, body = finished
    assert fetch(owner, job, headers={"Range": text}, status=200).content == body


def test_resuming(owner, finished):
    job, body = finished
    etag = fetch(owner, job).headers["ETag"]
    assert fetch(owner, job, headers={"Range": "bytes=1000-", "If-Range": etag}, status=206).content == body[1000:]
    assert fetch(owner, job, headers={"Range": "bytes=1000-", "If-Range": '"another"'}, status=200).content == body
    assert fetch(owner, job, headers={"If-None-Match": etag}, status=304).content == b""
    assert fetch(owner, job, headers={"If-None-Match": '"another"'}, status=200).content == body
    fetch(owner, job, headers={"If-Match": '"another"'}, error="precondition-failed")
    assert fetch(owner, job, headers={"If-Match": etag}, status=200).content == body
    head = owner.call("HEAD", f"/exports/{job['id']}/file")
    assert head.headers["Content-Length"] == str(len(body)) and head.headers["ETag"] == etag and head.headers["Accept-Ranges"] == "bytes"


# ------------------------------------------------------------------------------------- finding a job again

def test_idempotency_key(study):
    fill(study)
    key = secrets.token_hex(8)
    first = study.export({"datasets": ["d"]}, headers={"Idempotency-Key": key}, status=202).json()
    study.api.post(f"{study.path}/datasets/d/records", [{"participant": "new", "values": {}}])
    again = study.export({"datasets": ["d"]}, headers={"Idempotency-Key": key}, status=200)
    assert again.json()["id"] == first["id"] and again.headers["Location"].endswith(first["id"])
    study.export({"datasets": ["d"], "format": "json"}, headers={"Idempotency-Key": key}, error="idempotency-mismatch")
    other = study.export({"datasets": ["d"]}, headers={"Idempotency-Key": key + "x"}).json()
    assert other["id"] != first["id"]


def test_equal_requests_on_unchanged_data_share(study):
    dataset = fill(study)
    first = study.finished({"datasets": ["d"], "filter": {"field": "n", "op": "<", "value": 9}, "format": "csv"})
    again = study.export({"format": "csv", "filter": {"op": "<", "value": 9, "field": "n"}, "datasets": ["d"]}).json()
    assert again["sha256"] == first["sha256"] and again["state"] == "succeeded"
    assert fetch(study.api, again).content == fetch(study.api, first).content
    for other in ({"datasets": ["d"], "format": "ndjson", "filter": {"field": "n", "op": "<", "value": 9}}, {"datasets": ["d"], "filter": {"field": "n", "op": "<", "value": 8}}):
        assert study.finished(other)["id"] not in (first["id"], again["id"])
    dataset.send([{"participant": "p", "values": {"n": 1}}])
    later = study.finished({"datasets": ["d"], "filter": {"field": "n", "op": "<", "value": 9}, "format": "csv"})
    assert later["id"] != first["id"] and later["progress"]["rows"] == first["progress"]["rows"] + 1


def test_a_changed_definition_is_changed_data(study):
    fill(study)
    first = study.finished({"datasets": ["d"], "header": "labels"})
    study.api.put(f"{study.path}/datasets/d", {"fields": [{"id": "n", "type": "integer", "label": "Another label"}]})
    later = study.finished({"datasets": ["d"], "header": "labels"})
    assert "Another label" in fetch(study.api, later).text and "Another label" not in fetch(study.api, first).text


def test_removing_one_of_two_that_share(study, admin):
    fill(study)
    first = study.finished({"datasets": ["d"]})
    second = wait_for(admin, admin.post(f"{study.path}/exports", {"datasets": ["d"]}).json()["id"])
    study.api.delete(f"/exports/{first['id']}")
    if second["id"] != first["id"]:
        assert hashlib.sha256(fetch(admin, second).content).hexdigest() == second["sha256"]


def test_a_strangers_export_does_not_exist(study, stranger):
    fill(study)
    job = study.finished({"datasets": ["d"]})
    for path in ("", "/file", "/manifest"):
        stranger.get(f"/exports/{job['id']}{path}", error="not-found")
    stranger.delete(f"/exports/{job['id']}", error="not-found")
    assert study.api.get(f"/exports/{job['id']}").json()["state"] == "succeeded"


def test_incremental_jobs(study):
    dataset = fill(study, rows=10)
    first = study.finished({"datasets": ["d"], "columns": ["n"]})
    dataset.send([{"participant": "p", "values": {"n": 100}}, {"participant": "p", "values": {"n": 101}}])
    second = study.finished({"datasets": ["d"], "columns": ["n"], "since": first["cursor"]})
    assert fetch(study.api, second).text == "n\r\n100\r\n101\r\n"


# ------------------------------------------------------------------------------------- many, long, cancelled

@pytest.fixture(scope="module")
def big(owner):
    """Large enough that a job over it takes a while."""
    study = new_study(owner)
    dataset = study.dataset("d", FIELDS)
    body = b"".join(b'{"participant":"p%d","session":"s%d","values":{"n":%d,"t":"%s"}}\n' % (row % 100, row % 10, row * 7919 % 100_003, b"text" * 12) for row in range(100_000))
    for _ in range(4):
        dataset.send_raw(body)
    return study


def slow(big, number):
    """Different requests, each with a sort over everything and a ZIP."""
    return {"datasets": ["d"], "format": "zip", "sort": "t,-n", "filter": {"field": "n", "op": ">", "value": number}}


def test_cancel(big):
    api = big.api
    jobs = [big.export(slow(big, -number - 1)).json()["id"] for number in range(4)]
    last = jobs[-1]
    api.delete(f"/exports/{last}", status=204)
    assert api.get(f"/exports/{last}").json()["state"] == "cancelled"
    api.get(f"/exports/{last}/file", error="cancelled")
    deadline = time.monotonic() + 60
    while api.get(f"/exports/{jobs[0]}").json()["state"] == "pending" and time.monotonic() < deadline:
        time.sleep(0.01)
    running = api.get(f"/exports/{jobs[0]}").json()
    if running["state"] == "executing":
        api.get(f"/exports/{jobs[0]}/file", error="export-not-ready")
        api.get(f"/exports/{jobs[0]}/manifest", error="export-not-ready")
        assert 0 <= running["progress"]["fraction"] <= 1 and running["activity"]
        api.delete(f"/exports/{jobs[0]}", status=204)
        time.sleep(0.3)
        assert api.get(f"/exports/{jobs[0]}").json()["state"] == "cancelled", "a cancelled job stays cancelled"
    api.delete(f"/exports/{last}", status=204)
    api.get(f"/exports/{last}", error="not-found")
    for job in jobs[1:3]:
        api.delete(f"/exports/{job}")


def test_progress_moves_on(big):
    job = big.export(slow(big, -50)).json()["id"]
    seen = []
    while True:
        state = big.api.get(f"/exports/{job}").json()
        seen.append(state["progress"]["fraction"])
        if state["state"] not in ("pending", "executing"):
            break
        time.sleep(0.02)
    assert state["state"] == "succeeded" and seen == sorted(seen) and seen[-1] == 1.0
    assert state["progress"]["rows"] == 400_000


def test_small_requests_stay_quick_meanwhile(big):
    job = big.export(slow(big, -60)).json()["id"]
    longest = 0.0
    while True:
        started = time.monotonic()
        state = big.api.get(f"/exports/{job}").json()["state"]
        big.api.get("/healthz", root=True)
        longest = max(longest, time.monotonic() - started)
        if state not in ("pending", "executing"):
            break
    assert state == "succeeded" and longest < 5


def test_too_many_unfinished(server, make_key, big):
    """The limit is the account's; another account is served meanwhile."""
    api = Api(server.url, make_key(STRANGER)["key"])
    study = new_study(api)
    dataset = study.dataset("d", FIELDS)
    body = b"".join(b'{"participant":"p%d","values":{"n":%d,"t":"%s"}}\n' % (row % 100, row, b"text" * 12) for row in range(100_000))
    dataset.send_raw(body)
    dataset.send_raw(body)
    accepted, refused = [], None
    for number in range(60):
        response = api.session.post(f"{api.url}/api/v1{study.path}/exports", json={**slow(study, -1000 - number)})
        if response.status_code == 429:
            refused = response
            break
        accepted.append(response.json()["id"])
    assert refused is not None and len(accepted) >= 16
    assert refused.json()["slug"] == "too-many-exports" and int(refused.headers["Retry-After"]) >= 1
    quick = new_study(big.api)
    fill(quick)
    started = time.monotonic()
    job = quick.finished({"datasets": ["d"]}, wait_s=60)
    assert job["state"] == "succeeded"
    still = sum(1 for identity in accepted if api.get(f"/exports/{identity}").json()["state"] in ("pending", "executing"))
    assert still > 0 or time.monotonic() - started < 2, "the queue is fair: one account's many jobs do not come first"
    for identity in accepted:
        api.delete(f"/exports/{identity}")
    assert wait_for(api, study.export({"datasets": ["d"]}).json()["id"])["state"] == "succeeded"


def test_equal_requests_at_once(study):
    fill(study, rows=300)
    found = []
    threads = [threading.Thread(target=lambda: found.append(study.finished({"datasets": ["d"], "format": "ndjson"}))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job["sha256"] for job in found}) == 1 and {job["state"] for job in found} == {"succeeded"}


# ------------------------------------------------------------------------------------- sheaf verify

def test_verify(study, tmp_path):
    fill(study)
    for body in ({"datasets": ["d"], "format": "csv"}, {"format": "zip"}):
        job = study.finished(body)
        path = tmp_path / job["file_name"]
        path.write_bytes(fetch(study.api, job).content)
        manifest = tmp_path / (job["file_name"] + ".manifest.json")
        manifest.write_bytes(study.api.get(f"/exports/{job['id']}/manifest").content)
        assert program.run("verify", path, cwd=tmp_path).returncode == 0
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        assert program.run("verify", path, check=False, cwd=tmp_path).returncode == 1
        path.write_bytes(bytes(data[: len(data) // 2]))
        assert program.run("verify", path, check=False, cwd=tmp_path).returncode == 1
