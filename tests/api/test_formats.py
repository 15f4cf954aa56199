"""Streams: JSON, NDJSON, Parquet, compression, file names, endings."""
import gzip
import io
import json
import socket
import threading
import time

import pytest
import requests
import zstandard

from harness import program

FIELDS = [
    {"id": "t", "type": "string"}, {"id": "n", "type": "integer"}, {"id": "x", "type": "double"}, {"id": "b", "type": "boolean"}, {"id": "when", "type": "datetime"},
    {"id": "who", "type": "identifier"}, {"id": "e", "type": "enum", "options": [{"id": "red", "code": "1", "label": "Rot"}, {"id": "blue", "code": "2"}]},
    {"id": "s", "type": "set", "options": [{"id": "tea", "code": "T"}, {"id": "milk", "code": "M"}]}, {"id": "j", "type": "json"},
]
RECORDS = [
    {"id": "r1", "participant": "p1", "session": "s1", "time": "2026-01-31T08:15:00.25+01:00", "onset_ms": 12.5, "metadata": {"t": {"ms": 120}},
     "values": {"t": "a\n\"b\" \u0001 \U0001f30d \u2028", "n": -9223372036854775808, "x": 0.1, "b": True, "when": "2026-01-01", "who": "007", "e": "red", "s": ["tea", "milk"], "j": {"k": [1, None]}}},
    {"participant": "p2", "values": {"t": "", "n": 0, "x": 1e300, "b": False, "s": []}},
    {"participant": "p2", "values": {}, "skipped": ["t", "n", "x", "b", "when", "who", "e", "s", "j"]},
    {"participant": "p3", "values": {}},
]


@pytest.fixture(scope="module")
def dataset(module_study):
    dataset = module_study.dataset("d", FIELDS)
    dataset.send(RECORDS)
    return dataset


def lines(response):
    return [json.loads(line) for line in response.content.decode().split("\n") if line]


def test_ndjson_is_what_a_page_shows(dataset):
    response = dataset.stream("ndjson")
    assert response.content.endswith(b"\n") and response.content.count(b"\n") == 4
    assert lines(response) == dataset.page()["records"]


def test_ndjson_with_columns(dataset):
    assert lines(dataset.stream("ndjson", columns="participant,e,s")) == [
        {"participant": "p1", "values": {"e": "red", "s": ["tea", "milk"]}}, {"participant": "p2", "values": {"s": []}}, {"participant": "p2", "values": {}}, {"participant": "p3", "values": {}}]


@pytest.mark.parametrize("values,e,s", [("ids", "red", ["tea", "milk"]), ("codes", "1", ["T", "M"]), ("labels", "Rot", ["tea", "milk"])])
def test_values_as(dataset, values, e, s):
    record = lines(dataset.stream("ndjson", values=values))[0]
    assert record["values"]["e"] == e and record["values"]["s"] == s


def test_json_has_the_definition_first(dataset):
    response = dataset.stream("json")
    document = response.json()
    assert list(document)[0] == "definition" and document["definition"] == dataset.api.get(dataset.path).json()
    assert document["records"] == dataset.page()["records"] and document["count"] == 4
    assert document["cursor"] == response.headers["Sheaf-Cursor"]


def test_json_of_nothing(study):
    document = study.dataset("d", FIELDS).stream("json").json()
    assert document["records"] == [] and document["count"] == 0


def test_json_with_a_time_zone(dataset):
    assert dataset.stream("json", timezone="Asia/Kathmandu").json()["records"][0]["time"] == "2026-01-31T13:00:00.250+05:45"


def test_tombstones_in_streams(study):
    dataset = study.dataset("d", FIELDS, kind="survey")
    dataset.send([{"id": f"r{number}", "participant": "p", "values": {"n": number}} for number in range(3)])
    since = dataset.stream("ndjson").headers["Sheaf-Cursor"]
    dataset.api.delete(f"{dataset.path}/records/r1")
    dataset.send([{"id": "r2", "participant": "p", "values": {"n": 22}}])
    document = dataset.stream("json", since=since, tombstones="true").json()
    assert [record["id"] for record in document["records"]] == ["r2"]
    assert [entry["id"] for entry in document["deleted"]] == ["r1"]
    rows = lines(dataset.stream("ndjson", since=since, tombstones="true"))
    assert [row["deleted"]["id"] for row in rows if "deleted" in row] == ["r1"] and [row["id"] for row in rows if "values" in row] == ["r2"]


@pytest.mark.parametrize("format", ["csv", "json", "ndjson"])
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_compressed(dataset, format, coding):
    plain = dataset.stream(format, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    response = dataset.api.session.get(f"{dataset.api.url}/api/v1{dataset.path}/export", params={"format": format}, headers={"Accept-Encoding": coding}, stream=True)
    assert response.headers["Content-Encoding"] == coding and "Accept-Encoding" in response.headers["Vary"]
    body = response.raw.read(decode_content=False)
    unpacked = gzip.decompress(body) if coding == "gzip" else zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True).read()
    assert unpacked == plain.content


@pytest.mark.parametrize("accepted,coding", [("gzip;q=0, zstd;q=0.5", "zstd"), ("gzip;q=0", None), ("br", None), ("*", "gzip"), ("", None), ("GZIP", "gzip"), ("zstd;q=0.1, gzip;q=0.9", "gzip")])
def test_the_client_chooses(dataset, accepted, coding):
    response = dataset.api.session.get(f"{dataset.api.url}/api/v1{dataset.path}/export", headers={"Accept-Encoding": accepted}, stream=True)
    assert response.headers.get("Content-Encoding") == coding
    response.raw.read(decode_content=False)


def test_nothing_acceptable(dataset):
    dataset.stream("csv", headers={"Accept-Encoding": "identity;q=0, br"}, error="not-acceptable")


@pytest.mark.parametrize("format,media", [("csv", "text/csv"), ("json", "application/json"), ("ndjson", "application/x-ndjson"), ("parquet", "application/vnd.apache.parquet")])
def test_headers(dataset, format, media):
    response = dataset.stream(format)
    assert response.headers["Content-Type"].split(";")[0] == media
    assert response.headers["Content-Disposition"] == f'attachment; filename="{dataset.study.id}_d.{format}"'
    assert response.headers["Sheaf-Cursor"] == dataset.page()["cursor"]
    head = dataset.api.call("HEAD", f"{dataset.path}/export", params={"format": format})
    assert head.headers["Content-Type"] == response.headers["Content-Type"]


def test_parquet_reads_back(dataset, tmp_path, server, owner_key, study):
    """Read by `sheaf import`: every cell comes back in the type it had."""
    path = tmp_path / "d.parquet"
    path.write_bytes(dataset.stream("parquet").content)
    assert path.read_bytes()[:4] == b"PAR1" == path.read_bytes()[-4:]
    program.run("import", "--server", server.url, "--key", owner_key, "--study", study.id, "--dataset", "back", "--participant-column", "participant", "--time-column", "time", path)
    types = {field["id"]: field["type"] for field in study.api.get(f"{study.path}/datasets/back").json()["fields"]}
    assert types["n"] == "integer" and types["x"] == "double" and types["b"] == "boolean"
    records = study.api.get(f"{study.path}/datasets/back/records").json()["records"]
    assert [record["participant"] for record in records] == ["p1", "p2", "p2", "p3"]
    first = records[0]
    assert first["time"] == "2026-01-31T07:15:00.250Z"
    assert {name: first["values"][name] for name in ("t", "n", "x", "b", "who", "e")} == {
        "t": RECORDS[0]["values"]["t"], "n": -9223372036854775808, "x": 0.1, "b": True, "who": "007", "e": "red"}
    assert records[1]["values"]["t"] == "" and records[1]["values"]["n"] == 0 and records[1]["values"]["b"] is False
    assert records[3]["values"].get("t") is None and records[3]["values"].get("n") is None


def test_parquet_timestamps_stay_datetimes(tmp_path, server, owner_key, study):
    study.dataset("d", FIELDS).send(RECORDS)
    path = tmp_path / "d.parquet"
    path.write_bytes(study.api.get(f"{study.path}/datasets/d/export", params={"format": "parquet"}).content)
    program.run("import", "--server", server.url, "--key", owner_key, "--study", study.id, "--dataset", "back", "--participant-column", "participant", path)
    assert {field["id"]: field["type"] for field in study.api.get(f"{study.path}/datasets/back").json()["fields"]}["when"] == "datetime"


def test_parquet_with_columns_filter_and_sort(dataset, tmp_path, server, owner_key, study):
    path = tmp_path / "d.parquet"
    path.write_bytes(dataset.stream("parquet", columns="participant,n", filter='{"field":"n","op":"is_not_null"}', sort="-n").content)
    program.run("import", "--server", server.url, "--key", owner_key, "--study", study.id, "--dataset", "back", "--participant-column", "participant", path)
    records = study.api.get(f"{study.path}/datasets/back/records").json()["records"]
    assert [record["values"] for record in records] == [{"n": 0}, {"n": -9223372036854775808}]


def test_parquet_of_what_has_no_sessions_and_no_options(study):
    """Lists of ids that are empty: once the end of the whole server."""
    dataset = study.dataset("d", [{"id": "e", "type": "enum"}, {"id": "s", "type": "set", "options": []}, {"id": "n", "type": "integer"}])
    assert dataset.stream("parquet").content[-4:] == b"PAR1"
    dataset.send([{"participant": "p", "values": {"n": 1}}])
    assert dataset.stream("parquet").content[-4:] == b"PAR1"
    assert dataset.stream("parquet", columns="session,e,s,skipped,n").content[-4:] == b"PAR1"


def test_incremental_streams_join_to_the_whole(study):
    dataset = study.dataset("d", FIELDS)
    pieces, cursor = [], None
    for number in range(5):
        dataset.send([{"participant": "p", "values": {"n": number * 10 + row}} for row in range(4)])
        response = dataset.stream("csv", columns="n", **({"since": cursor} if cursor else {}))
        pieces += response.text.split()[1:]
        cursor = response.headers["Sheaf-Cursor"]
    assert pieces == dataset.stream("csv", columns="n").text.split()[1:]


def test_an_export_sees_one_instant(study):
    """While writers write in batches, no stream ever shows half a batch."""
    dataset = study.dataset("d", FIELDS)
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            dataset.send([{"participant": "w", "values": {"n": number}}] * 50)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for sort in (None, "n"):
                values = dataset.stream("csv", columns="n", **({"sort": sort} if sort else {})).text.split()[1:]
                assert len(values) % 50 == 0
    finally:
        stop.set()
        writer.join()


@pytest.fixture(scope="module")
def large(module_study):
    dataset = module_study.dataset("large", FIELDS)
    for part in range(4):
        body = b"".join(b'{"participant":"p%d","session":"s%d","values":{"n":%d,"t":"%s","x":%d.5}}\n' % (row % 50, row % 9, part * 50_000 + row, b"text" * 10, row) for row in range(50_000))
        dataset.send_raw(body)
    return dataset


@pytest.mark.parametrize("format", ["csv", "ndjson", "json", "parquet"])
@pytest.mark.parametrize("sort", [None, "-n"])
def test_large_streams_are_whole_and_in_order(large, format, sort):
    response = large.stream(format, columns="n", **({"sort": sort} if sort else {}))
    order = list(range(200_000)) if sort is None else list(range(199_999, -1, -1))
    if format == "csv":
        assert response.text.split()[1:] == [str(number) for number in order]
    elif format == "ndjson":
        assert [record["values"]["n"] for record in lines(response)] == order
    elif format == "json":
        document = response.json()
        assert [record["values"]["n"] for record in document["records"]] == order and document["count"] == 200_000
    else:
        assert response.content[-4:] == b"PAR1"


def test_a_slow_reader_holds_up_nobody(server, large, study):
    """It reads a little and waits; meanwhile writing goes on, and in the end it has everything of its instant."""
    before = large.count()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall((f"GET /api/v1{large.path}/export?format=ndjson HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                            f"Authorization: Bearer {large.api.key}\r\n\r\n").encode())
        received = [connection.recv(1000)]
        time.sleep(0.5)
        other = study.dataset("d", FIELDS)
        for number in range(20):
            other.send([{"participant": "p", "values": {"n": number}}])
            large.send([{"participant": "late", "values": {"n": -1}}])
        assert large.count() == before + 20
        connection.settimeout(60)
        while True:
            piece = connection.recv(1 << 20)
            if not piece:
                break
            received.append(piece)
    received = b"".join(received)
    assert received.endswith(b"0\r\n\r\n"), "the chunked body ends properly"
    assert received.count(b'"seq":') == before and b'"late"' not in received


def test_clients_that_stop_reading_leave_nothing_behind(server, large):
    before = server.resident_bytes()
    for _ in range(12):
        with requests.get(f"{server.url}/api/v1{large.path}/export", params={"format": "ndjson"}, headers={"Authorization": f"Bearer {large.api.key}"}, stream=True) as response:
            next(response.iter_content(1000))
    large.send([{"participant": "still", "values": {}}])
    assert server.resident_bytes() - before < 300_000_000


def test_the_first_bytes_come_before_the_last_are_made(server, large):
    with requests.get(f"{server.url}/api/v1{large.path}/export", headers={"Authorization": f"Bearer {large.api.key}", "Accept-Encoding": "identity"}, stream=True) as response:
        assert response.headers["Transfer-Encoding"] == "chunked" and "Content-Length" not in response.headers
        assert next(response.iter_content(20)).startswith(b"participant,session,")
