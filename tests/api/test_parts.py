"""Exports cut into parts of a size."""
import csv
import hashlib
import io
import json
import random
import zipfile

import pytest

from harness import program

FIELDS = [{"id": "n", "type": "integer"}, {"id": "t", "type": "string"}]
csv.field_size_limit(1 << 20)
NASTY = ['plain', 'a,b', 'a "quoted" word', 'two\nlines', 'cr\r\nlf', ',\n{"x":1}', '"', '""', ' \t', 'ü€😀', '\n\n\n', '],"count":3', ';']


@pytest.fixture(scope="module")
def filled(module_study):
    dataset = module_study.dataset("d", FIELDS)
    chance = random.Random(2)
    rows = [{"participant": f"p{n % 5}", "values": {"n": n, "t": chance.choice(NASTY) * chance.randint(1, 30)}} for n in range(30000)]
    for begin in range(0, len(rows), 10000):
        dataset.send(rows[begin:begin + 10000])
    dataset.rows = rows
    return dataset


def read(format, body):
    if format == "csv":
        return [(int(row["n"]), row["t"]) for row in csv.DictReader(io.StringIO(body.decode(), newline=""))]
    if format == "ndjson":
        records = [json.loads(line) for line in body.split(b"\n") if line]
    else:
        document = json.loads(body)
        records = document["records"]
        assert document["count"] == len(records) and document["definition"]["id"] == "d"
    return [(record["values"]["n"], record["values"]["t"]) for record in records]


@pytest.mark.parametrize("format", ["csv", "json", "ndjson"])
@pytest.mark.parametrize("size", [100_000, 777_777, 100_000_000])
def test_each_part_is_complete_and_fits(filled, format, size):
    study, api = filled.study, filled.api
    job = study.finished({"datasets": ["d"], "format": format, "part_size": size})
    assert job["state"] == "succeeded" and job["file_name"].endswith(".zip") and job["progress"]["rows"] == 30000
    manifest = api.get(f"/exports/{job['id']}/manifest").json()
    body = api.get(f"/exports/{job['id']}/file").content
    assert hashlib.sha256(body).hexdigest() == job["sha256"]
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    parts = [entry for entry in manifest["files"] if "part" in entry]
    assert [entry["part"] for entry in parts] == list(range(1, len(parts) + 1)) and {entry["path"] for entry in parts} | {"metadata.json"} == set(archive.namelist())
    assert [entry for entry in json.loads(archive.read("metadata.json"))["files"]] == parts
    together = []
    for entry in parts:
        alone = api.get(f"/exports/{job['id']}/parts/{entry['part']}")
        content = alone.content
        assert content == archive.read(entry["path"]) == body[entry["offset"]:entry["offset"] + entry["bytes"]]
        assert len(content) == entry["bytes"] <= size and hashlib.sha256(content).hexdigest() == entry["sha256"] and alone.headers["ETag"] == f'"{entry["sha256"]}"'
        rows = read(format, content)
        assert len(rows) == entry["rows"]
        together += rows
    assert together == [(row["values"]["n"], row["values"]["t"]) for row in filled.rows]
    # As full as they can be.
    if len(parts) > 1:
        assert all(entry["bytes"] > size - 2000 for entry in parts[:-1])
    else:
        assert size == 100_000_000


def test_a_part_is_downloaded_like_a_file(filled):
    job = filled.study.finished({"datasets": ["d"], "part_size": "500KB"})
    path = f"/exports/{job['id']}/parts/2"
    whole = filled.api.get(path).content
    some = filled.api.get(path, headers={"Range": "bytes=10-19"}, status=206)
    assert some.content == whole[10:20] and some.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    filled.api.get(path, headers={"Range": f"bytes={len(whole)}-"}, error="range-not-satisfiable")
    for wrong in ("0", "9999", "-1", "x", "1x", "99999999999999999999999"):
        filled.api.get(f"/exports/{job['id']}/parts/{wrong}", error="not-found")
    plain = filled.study.finished({"datasets": ["d"]})
    filled.api.get(f"/exports/{plain['id']}/parts/1", error="not-found")


def test_large_records(study):
    dataset = study.dataset("d", FIELDS)
    texts = ["x" * 250_000, "y", "z" * 150_000, "w" * 10]
    dataset.send([{"participant": "p", "values": {"n": n, "t": text}} for n, text in enumerate(texts)])
    for format in ("csv", "json", "ndjson"):
        job = study.finished({"datasets": ["d"], "format": format, "part_size": 100_000})
        manifest = study.api.get(f"/exports/{job['id']}/manifest").json()
        contents = [study.api.get(f"/exports/{job['id']}/parts/{entry['part']}").content for entry in manifest["files"] if "part" in entry]
        assert [row for content in contents for row in read(format, content)] == list(enumerate(texts))
        assert [len(read(format, content)) for content in contents] == [1, 1, 1, 1]


def test_without_rows_there_is_one_part(study):
    study.dataset("d", FIELDS)
    job = study.finished({"datasets": ["d"], "part_size": "1MB"})
    manifest = study.api.get(f"/exports/{job['id']}/manifest").json()
    assert [entry["rows"] for entry in manifest["files"] if "part" in entry] == [0]
    assert study.api.get(f"/exports/{job['id']}/parts/1").text.startswith("participant,session,time")


@pytest.mark.parametrize("body", [{"part_size": "1KB"}, {"part_size": "many"}, {"part_size": -1}, {"part_size": 1.5}, {"part_size": "5000GB"}, {"part_size": True}, {"part_size": ""},
                                  {"part_size": "99999999999999999999"}])
def test_sizes_that_are_none(study, body):
    study.dataset("d", FIELDS)
    study.export({"datasets": ["d"], **body}, error="bad-member", place="/part_size")


@pytest.mark.parametrize("body", [{"format": "zip"}, {"format": "parquet"}, {"format": "json", "tombstones": True}])
def test_what_is_not_cut(study, body):
    study.dataset("d", FIELDS)
    study.export({"datasets": ["d"], "part_size": "1MB", **body}, error="bad-parameter", place="part_size")


def test_verify_takes_it(filled, tmp_path):
    job = filled.study.finished({"datasets": ["d"], "part_size": "1MB"})
    (tmp_path / "d.zip").write_bytes(filled.api.get(f"/exports/{job['id']}/file").content)
    (tmp_path / "m.json").write_bytes(filled.api.get(f"/exports/{job['id']}/manifest").content)
    assert program.run("verify", tmp_path / "d.zip", "--manifest", tmp_path / "m.json").returncode == 0
