"""Hostile input: each gets a clear refusal, and the server goes on serving."""
import gzip
import json
import socket
import struct
import time
import zlib

import pytest
import requests
import zstandard

from harness.client import ndjson, quote

RECORD = {"participant": "p", "values": {"a": 1}}


@pytest.fixture
def dataset(study):
    return study.dataset("d", [{"id": "a", "type": "integer"}, {"id": "t", "type": "string"}])


@pytest.fixture(autouse=True)
def healthy_afterwards(server):
    yield
    assert requests.get(f"{server.url}/healthz", timeout=30).status_code == 200


@pytest.mark.parametrize("body,error", [
    (b"", "bad-json"), (b"{", "bad-json"), (b'{"name":}', "bad-json"), (b'{"name":"x",}', "bad-json"), (b"{'name':'x'}", "bad-json"), (b'{"name":"x"} x', "bad-json"),
    (b'{"name":"\x01"}', "bad-json"), (b'{"name":"\\ud800"}', None), (b'{"name":"\xff"}', None), (b'{"name":NaN}', "bad-json"), (b"\xef\xbb\xbf{}", None),
    (b'{"name":"a","name":"b"}', None), (b"[" * 100_000, None), (b'{"a":' * 50_000, None), (b"\x00" * 100, None),
])
def test_bad_json(owner, body, error):
    response = owner.session.post(owner.url + "/api/v1/studies", data=body, headers={"Content-Type": "application/json"})
    problem = response.json()
    assert response.status_code == 400, problem
    assert problem["slug"] == error if error else problem["slug"] in ("bad-json", "bad-utf8", "bad-member", "bad-definition"), problem


def test_hostile_depth_in_every_json_body(owner, study, dataset):
    deep = b"[" * 200_000 + b"]" * 200_000
    for method, path, wrap in (("PUT", f"{study.path}/participants/p", b'{"attributes":{"a":%s}}'), ("PUT", f"{study.path}/datasets/e", b'{"fields":%s}'),
                               ("PUT", f"{study.path}/sessions/s", b'{"attendance":%s}'), ("POST", f"{study.path}/exports", b'{"filter":%s}')):
        response = owner.session.request(method, owner.url + "/api/v1" + path, data=wrap % deep, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 413), (path, response.text[:200])


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=latin-1", "x" * 500])
def test_unknown_media_types(owner, dataset, media):
    for path, body in ((f"{dataset.path}/records", b"x"), ("/studies", b"{}")):
        owner.call("POST", path, data=body, headers={"Content-Type": media}, error="unsupported-media-type")


def test_unknown_content_encodings(dataset):
    for coding in ("br", "deflate", "gzip, gzip", "rot13"):
        dataset.send_raw(b"x", headers={"Content-Encoding": coding}, error="unsupported-media-type")


@pytest.mark.parametrize("body,coding", [
    (b"not gzip at all", "gzip"), (gzip.compress(ndjson([RECORD]), mtime=0)[:-6], "gzip"), (gzip.compress(ndjson([RECORD] * 100), mtime=0)[:30], "gzip"),
    (gzip.compress(ndjson([RECORD]), mtime=0) + b"garbage", "gzip"), (b"", "gzip"), (b"not zstd", "zstd"), (zstandard.ZstdCompressor().compress(ndjson([RECORD] * 100))[:-3], "zstd"),
    (gzip.compress(ndjson([RECORD]), mtime=0), "zstd"),
])
def test_broken_compression(dataset, body, coding):
    dataset.send_raw(body, headers={"Content-Encoding": coding}, error="bad-compression")
    assert dataset.count() == 0


def test_a_flipped_bit_in_gzip(dataset):
    body = bytearray(gzip.compress(ndjson([{"participant": f"p{number}", "values": {"a": number}} for number in range(2000)])))
    body[-5] ^= 1
    dataset.send_raw(bytes(body), headers={"Content-Encoding": "gzip"}, error="bad-compression")
    assert dataset.count() == 0


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_bombs(server, dataset, coding):
    """Gigabytes of the same line in very little; the ratio alone gives zstd's away."""
    piece = b"\n" * (1 << 20)
    if coding == "gzip":
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        body = b"".join(packer.compress(piece) for _ in range(256)) + packer.flush()
    else:
        packer = zstandard.ZstdCompressor(level=19).compressobj()
        body = b"".join(packer.compress(piece) for _ in range(4096)) + packer.flush()
    before = server.resident_bytes()
    started = time.monotonic()
    response = dataset.api.session.post(dataset.api.url + "/api/v1" + dataset.path + "/records", data=body,
                                        headers={"Content-Type": "application/x-ndjson", "Content-Encoding": coding}, timeout=120)
    # A gzip of blank lines unpacks about a thousandfold, which honest data can reach too: then it is merely empty.
    if coding == "zstd" or response.status_code != 200:
        assert response.status_code == 400 and response.json()["slug"] == "bad-compression", response.text[:300]
    assert server.resident_bytes() - before < 300_000_000
    assert time.monotonic() - started < 60


def test_a_nested_bomb_in_one_line(server, dataset):
    """One record that never ends, compressed: refused at the limit of a record, in bounded memory."""
    packer = zstandard.ZstdCompressor().compressobj()
    body = packer.compress(b'{"participant":"p","values":{"t":"') + b"".join(packer.compress(b"x" * (1 << 20)) for _ in range(64)) + packer.flush()
    before = server.resident_bytes()
    response = dataset.api.session.post(dataset.api.url + "/api/v1" + dataset.path + "/records", data=body,
                                        headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "zstd"}, timeout=120)
    assert response.status_code in (400, 413, 422), response.text[:300]
    assert dataset.count() == 0 and server.resident_bytes() - before < 300_000_000


def test_oversized_bodies(owner, study, dataset):
    huge = b'{"name":"' + b"x" * (12 << 20) + b'"}'
    for method, path in (("POST", "/studies"), ("PUT", f"{study.path}/participants/p"), ("PUT", f"{study.path}/sessions/s"), ("POST", f"{study.path}/exports"), ("PATCH", study.path)):
        owner.call(method, path, data=huge, headers={"Content-Type": "application/json"}, error="payload-too-large")


def test_an_oversized_record(dataset):
    line = b'{"participant":"p","values":{"t":"' + b"x" * (17 << 20) + b'"}}\n'
    for media, body in (("application/x-ndjson", line), ("application/json", b"[" + line + b"]"), ("text/csv", b"participant,t\r\np," + b"x" * (17 << 20) + b"\r\n")):
        response = dataset.api.session.post(dataset.api.url + "/api/v1" + dataset.path + "/records", data=body, headers={"Content-Type": media})
        assert response.status_code in (400, 413, 422), response.text[:200]
        slugs = [response.json()["slug"]] + [entry["slug"] for entry in response.json().get("rejected", [])]
        assert "payload-too-large" in slugs, response.text[:300]
    assert dataset.count() == 0
    large = "y" * (4 << 20)
    dataset.send([{"participant": "p", "values": {"t": large}}])
    assert dataset.page()["records"][0]["values"]["t"] == large


@pytest.mark.parametrize("path", [
    "/studies/..%2f..%2fetc%2fpasswd", "/studies/%00", "/studies/%2e%2e", "/studies/a%00b", "/studies/'%20OR%201=1", "/studies/%ff%fe", "/studies/" + "x" * 5000,
])
def test_hostile_names_in_addresses(owner, path):
    response = owner.session.get(owner.url + "/api/v1" + path)
    assert response.status_code in (400, 404, 414), response.text
    response = owner.session.put(owner.url + "/api/v1" + path + "/datasets/d", data=b'{"fields":[]}', headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 404, 414), response.text


def test_hostile_names_in_files(owner, study):
    """Participants and sessions become folders of a ZIP; their ids are anything."""
    import io
    import zipfile
    ids = ["../../up", "/etc/passwd", "a\\..\\b", "C:\\x", "CON", "nul.txt", "x" * 255, "ä", "日本", "...", "..x", "-rf", "a\u202eb", " lead", "trail ", "a/b", "A", "a", "line;semi", "=cmd()"]
    dataset = study.dataset("d", [{"id": "a", "type": "integer"}])
    dataset.send([{"participant": identity, "session": identity, "values": {"a": number}} for number, identity in enumerate(ids)])
    for segment in (".", ".."):
        # Clients take these out of addresses, so that nobody could be asked about, or erased, by them.
        dataset.send([{"participant": segment, "values": {"a": 1}}], error="records-rejected")
        dataset.send([{"participant": "p", "session": segment, "values": {"a": 1}}], error="records-rejected")
    job = study.finished({"datasets": ["d"], "format": "zip", "layout": "participant"})
    assert job["state"] == "succeeded", job
    archive = zipfile.ZipFile(io.BytesIO(owner.get(f"/exports/{job['id']}/file").content))
    assert archive.testzip() is None
    names = archive.namelist()
    assert len({name.lower() for name in names}) == len(names), "no two names that are one on a file system without case"
    for name in names:
        parts = name.split("/")
        assert not name.startswith("/") and ".." not in parts and "." not in parts and "" not in parts[:-1] and "\\" not in name and ":" not in name, name
        assert all(len(part.encode()) <= 255 for part in parts)
        assert all(part.split(".")[0].upper() not in ("CON", "NUL") for part in parts), name
    rows = sum(archive.read(name).count(b"\n") - 1 for name in names if name.endswith(".csv"))
    assert rows == len(ids)


@pytest.mark.parametrize("params", [
    {"since": "yesterday"}, {"until": "2026-13-01"}, {"timezone": "Mars/Olympus"}, {"timezone": "../../etc/passwd"}, {"profile": "word"}, {"header": "both"}, {"values": "all"},
    {"sets": "none"}, {"missing": "nonsense"}, {"missing": "skipped=a\"b"}, {"tombstones": "maybe"}, {"columns": "participant,participant"}, {"sort": ","}, {"columns": ","},
    {"format": "xlsx"}, {"format": "zip"}, {"wat": "1"}, {"limit": "5"}, {"since": "s" * 10000},
])
def test_bad_options_of_a_stream(dataset, params):
    response = dataset.api.session.get(dataset.api.url + "/api/v1" + dataset.path + "/export", params={"format": "csv", **params})
    problem = response.json()
    assert response.status_code == 400, problem
    assert problem["slug"] in ("bad-parameter", "unknown-parameter", "unknown-format", "bad-cursor", "unknown-field", "bad-time"), problem
    assert problem["place"] == next(iter(params)), problem


@pytest.mark.parametrize("body,slug", [
    ({"format": "xlsx"}, "unknown-format"), ({"format": 5}, None), ({"datasets": "d"}, None), ({"datasets": ["nope"]}, "not-found"), ({"datasets": [5]}, None), ({"wat": 1}, "unknown-member"),
    ({"profile": "word"}, None), ({"layout": "flat", "format": "zip"}, None), ({"files": "zip", "format": "zip"}, None), ({"filter": "x"}, None), ({"filter": {"field": "nope", "op": "=", "value": 1}}, "unknown-field"),
    ({"columns": ["nope"]}, "unknown-field"), ({"sort": "nope"}, "unknown-field"), ({"since": "yesterday"}, None), ({"missing": {"other": ""}}, None), ({"tombstones": "yes"}, None), ([], None),
    ({"participants": "p"}, None), ({"timezone": "Mars/Olympus"}, None),
])
def test_bad_options_of_a_job(owner, study, dataset, body, slug):
    response = owner.session.post(owner.url + f"/api/v1{study.path}/exports", json=body)
    problem = response.json()
    assert response.status_code in (400, 404), problem
    if slug:
        assert problem["slug"] == slug
    assert owner.get(f"{study.path}/exports").json()["exports"] == []


def test_a_body_that_stops_early(server, owner_key, dataset):
    head = (f"POST /api/v1{dataset.path}/records HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {owner_key}\r\n"
            "Content-Type: application/x-ndjson\r\nContent-Length: 100000\r\n\r\n").encode()
    for sent in (b"", ndjson([RECORD] * 10)):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head + sent)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(30)
            try:
                connection.recv(65536)
            except OSError:
                pass
    chunked = head.replace(b"Content-Length: 100000", b"Transfer-Encoding: chunked")
    body = ndjson([RECORD] * 10)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(chunked + b"%x\r\n%s\r\n" % (len(body), body))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.3)
    assert dataset.count() == 0, "a body that was never complete leaves nothing"


def test_many_bad_requests_leave_no_memory_behind(server, dataset):
    body = b'{"participant":"p","values":{"nope":"' + b"x" * 100_000 + b'"}}\n'
    for _ in range(20):
        dataset.send_raw(body, error="records-rejected")
    before = server.resident_bytes()
    for _ in range(150):
        dataset.send_raw(body, error="records-rejected")
    assert server.resident_bytes() - before < 100_000_000


def test_search_is_no_pattern_language(owner, study):
    for text in ("%", "_", "'", '"', "\\", "a%' OR '1'='1", "\ud7ff", "*", "[a-z]"):
        assert owner.get(f"{study.path}/participants", params={"search": text}).json()["total"] == 0


def test_filters_are_parameters_never_text(dataset):
    evil = "x' OR '1'='1'; DROP TABLE records; --"
    dataset.send([{"participant": "p", "values": {"t": evil}}, {"participant": evil, "values": {"t": "y"}}])
    for field, expected in (("t", 1), ("participant", 1)):
        assert dataset.count(filter=json.dumps({"field": field, "op": "=", "value": evil})) == expected
        assert dataset.count(filter=json.dumps({"field": field, "op": "contains", "value": "' OR '"})) == expected
    assert dataset.count(participant=evil) == 1
    assert dataset.count(filter=json.dumps({"field": "t", "op": "contains", "value": "%"})) == 0
    assert dataset.count(filter=json.dumps({"field": "t", "op": "starts_with", "value": "_"})) == 0
    dataset.api.get(f"{dataset.path}/records", params={"sort": quote(evil)}, error="unknown-field")
    assert dataset.count() == 2
