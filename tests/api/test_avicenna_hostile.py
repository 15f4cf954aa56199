"""Avicenna's protocol: input that means harm, and clients that behave badly. Whatever comes, the one shape and no 500."""
import json
import socket
import urllib.parse

import pytest
import requests

from conftest import OWNER
from harness.avicenna import Avicenna, fill, new_study

FILTER, SENSOR = "/api/v1/filter/export/", "/api/study/export/create/"


@pytest.fixture(scope="module")
def client(server, make_key):
    return Avicenna(server.url, OWNER, make_key()["key"])


@pytest.fixture(scope="module")
def study(owner):
    return fill(new_study(owner))


def body_of(study, **members):
    return {"study_id": int(study.id), "filter": "ACTIVITY_RESPONSE", "activity_id": 21218, "export_version": "v2",
            "rule_set": {"columns": ["session.uuid", "Q1"], "query": {}}, **members}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"{}", b"[" * 50_000, b'{"a":' * 20_000, b'{"study_id":1,"study_id":2}', b"study_id=1", b"\x00", b'{"study_id":1e400}',
                                  b'{"study_id":NaN}'], ids=lambda body: body[:20].decode("latin-1"))
def test_bodies_that_are_none(client, body):
    for media in ("application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""):
        client.refused("POST", FILTER, 400, data=body, headers={"Content-Type": media} if media else {})


@pytest.mark.parametrize("members", [
    {"study_id": None}, {"study_id": "x"}, {"study_id": -1}, {"study_id": 1.5}, {"study_id": True}, {"study_id": []}, {"study_id": "9" * 40}, {"filter": None}, {"filter": "x"}, {"filter": 1}, {"filter": []},
    {"activity_id": None}, {"activity_id": "x"}, {"activity_id": {}}, {"activity_id": 99}, {"activity_id": 2**63}, {"site_ssid": "x"}, {"site_ssid": []}, {"export_version": "v3"}, {"export_version": 2},
    {"rule_set": None}, {"rule_set": []}, {"rule_set": "x"}, {"rule_set": {}}, {"rule_set": {"columns": []}}, {"rule_set": {"columns": "Q1"}}, {"rule_set": {"columns": [1]}}, {"rule_set": {"columns": [None]}},
    {"rule_set": {"columns": [["Q1"]]}}, {"rule_set": {"columns": ["'; DROP TABLE x; --"]}}, {"rule_set": {"columns": ["Q1"] * 5 + ["\u0000"]}}, {"rule_set": {"columns": ["participant.secret\"x"]}},
    {"rule_set": {"columns": ["Q1"], "query": []}}, {"rule_set": {"columns": ["Q1"], "query": "x"}}, {"rule_set": {"columns": ["Q1"], "sort_by": {}}}, {"rule_set": {"columns": ["Q1"], "sort_by": [1]}},
    {"rule_set": {"columns": ["Q1"], "sort_by": [{"field_name": "Q1", "sort_order": "up"}]}}, {"rule_set": {"columns": ["Q1"], "sort_by": [{"field_name": "no"}]}},
    {"rule_set": {"columns": ["Q1"], "sort_by": [{"field_name": "record_time", "sort_order": "asc"}] * 200}},
], ids=lambda members: json.dumps(members)[:60])
def test_members_that_cannot_be(client, study, members):
    client.refused("POST", FILTER, 400, json=body_of(study, **members))


@pytest.mark.parametrize("field, op, value", [
    ("Q3", "=", "x"), ("Q3", "=", []), ("Q3", "=", {}), ("Q3", "in", 1), ("Q3", "in", [[]]), ("Q3", "in", ["x"]), ("Q3", "nothing", 1), ("Q3", 1, 1), ("Q3", None, 1), ("nothing", "=", 1), (1, "=", 1), (None, "=", 1),
    ("Q3", "between", [1]), ("record_time", ">", "yesterday"), ("record_time", ">", 10**30), ("record_time", ">", -10**18), ("status_id", "=", "x"), ("Q4", "contains", 5), ("Q4", "contains", None),
    ("Q4'; --", "=", "x"), ("Q4", "=", {"$ne": 1}), ("participant.x\\y", "=", "1"),
], ids=str)
def test_leaves_that_cannot_be(client, study, field, op, value):
    for names in (("field_name", "operator", "value"), ("field", "operator", "value"), ("field", "op", "value")):
        leaf = dict(zip(names, (field, op, value)))
        for query in (leaf, {"AND": [leaf]}, {"operator": "AND", "rules": [leaf]}, {"OR": [{"AND": [leaf]}]}):
            response = client.call("POST", FILTER, json=body_of(study, rule_set={"columns": ["Q1"], "query": query}))
            assert response.status_code == 400 and response.json()["detail"], (query, response.status_code, response.text)


@pytest.mark.parametrize("query", [
    {"AND": []}, {"AND": [1]}, {"AND": {}}, {"AND": None}, {"NAND": []}, {"AND": [], "OR": []}, {"and": [{}]}, {"AND": [{"OR": [{"AND": [None]}]}]}, {"x": 1}], ids=json.dumps)
def test_trees_that_cannot_be_are_no_server_fault(client, study, query):
    response = client.call("POST", FILTER, json=body_of(study, rule_set={"columns": ["Q1"], "query": query}))
    assert response.status_code in (201, 400, 429), response.text


def test_too_deep_and_too_many(client, study):
    leaf = {"field_name": "Q3", "operator": "=", "value": 1}
    deep = leaf
    for _ in range(20):
        deep = {"AND": [deep]}
    client.refused("POST", FILTER, 400, json=body_of(study, rule_set={"columns": ["Q1"], "query": deep}))
    client.refused("POST", FILTER, 400, json=body_of(study, rule_set={"columns": ["Q1"], "query": {"OR": [leaf] * 1001}}))
    whole = json.dumps(body_of(study, rule_set={"columns": ["Q1"], "query": "HERE"}))
    client.refused("POST", FILTER, 400, data=whole.replace('"HERE"', '{"AND":[' * 3000 + json.dumps(leaf) + "]}" * 3000).encode())


def test_too_large(client, study):
    client.refused("POST", FILTER, 413, data=b'{"a":"' + b"x" * (1 << 20) + b'"}')
    client.refused("POST", SENSOR, 413, data=b"a=" + b"x" * (1 << 20), headers={"Content-Type": "application/x-www-form-urlencoded"})


@pytest.mark.parametrize("media, body", [
    ("multipart/form-data", b"--x\r\n\r\n\r\n--x--"), ("multipart/form-data; boundary=", b"--\r\n"), ("multipart/form-data; boundary=x", b""), ("multipart/form-data; boundary=x", b"--x"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"study_id\"\r\n\r\n1"), ("multipart/form-data; boundary=x", b"--x\r\nno header\r\n--x--\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"), ("multipart/form-data; boundary=x", b"--x--\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"study_id\"; filename=\"a\"\r\n\r\n1\r\n--x--\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"\\\r\n\r\n1\r\n--x--\r\n"), ("multipart/form-data; boundary=\"x", b"--x\r\n\r\n\r\n--x--"),
    ("multipart/form-data; boundary=" + "x" * 300, b"--" + b"x" * 300 + b"--"), ("application/x-www-form-urlencoded", b"study_id=%zz"), ("application/x-www-form-urlencoded", b"study_id=1&study_id=2"),
    ("application/x-www-form-urlencoded", b"study_id=%ff"), ("application/x-www-form-urlencoded", b"&" * 10_000), ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(500))),
    ("application/json", b"{"), ("application/json", b"[]"), ("application/json", b'{"study_id":{}}'), ("application/json", b'{"study_id":1.5}'), ("application/json", b'{"participant_ids":[[1]]}'), ("", b"\x00\x01"),
    ("multipart/form-data; boundary=x", b"--x\r\n" * 50_000), ("multipart/form-data; boundary=-", b"-" * 100_000)], ids=lambda value: value[:40] if isinstance(value, str) else value[:30].decode("latin-1"))
def test_forms_that_are_none(client, media, body):
    client.refused("POST", SENSOR, 400, data=body, headers={"Content-Type": media} if media else {})


def test_pages_of_the_list_that_cannot_be(client, study):
    for query in ("", "study_id=", "study_id=x", "study_id=-1", "study_id=1.5", "study_id=" + "9" * 40, f"study_id={study.id}&limit=x", f"study_id={study.id}&offset=-1", f"study_id={study.id}&status=x",
                  f"study_id={study.id}&study_specific_id=%00", f"study_id={study.id}&study_id={study.id}"):
        client.refused("GET", FILTER + "?" + query, 400)
    for query in (f"study_id={study.id}&limit=0", f"study_id={study.id}&offset=999999999", f"study_id={study.id}&limit=999999999&offset=1"):
        assert isinstance(client.call("GET", FILTER + "?" + query, 200).json(), list)
    client.refused("GET", FILTER + "?study_id=1", 404)


@pytest.mark.parametrize("path", ["/media/exports/x/1/a.csv", "/media/exports/1/x/a.csv", "/media/exports/1/1/..%2f..%2fetc%2fpasswd", "/media/exports/1/1/%2e%2e", "/media/exports/1/99999999999999999999/a.csv",
                                  "/media/exports/-1/-1/a", "/media/exports/1/1/" + "a" * 5000, "/media/exports/1/1/a/b", "/media/exports", "/media/exports/"])
def test_files_that_are_not_there(client, path):
    client.refused("GET", path, 404)


def test_a_file_of_another_name_is_not_there(client, study):
    job = client.finished(client.survey(body_of(study)))
    path = urllib.parse.urlsplit(job["content"]).path
    assert client.call("GET", path, 200).content
    client.refused("GET", path + "x", 404)
    client.refused("GET", path.replace(".csv", ".zip"), 404)
    client.refused("GET", path, 416, headers={"Range": "bytes=999999999-"})


def test_texts_of_formulas_and_breaks_stay_in_their_cell(client, owner):
    study = fill(new_study(owner))
    nasty = ["=1+1", "@x", "a\r\nb", "\"", ",", ";", "\u2028", "😀", "\t", "x" * 100_000]
    study.api.call("POST", f"{study.path}/datasets/21218/records", headers={"Content-Type": "application/x-ndjson"}, validate=False, data="".join(
        json.dumps({"id": f"n-{number}", "participant": "101", "time": "2026-01-01T00:00:00Z", "values": {"status": "1", "Q4": text}}) + "\n" for number, text in enumerate(nasty)).encode())
    _, rows = client.rows(client.survey(body_of(study, rule_set={"columns": ["session.uuid", "Q4"], "query": {}})))
    found = {row[0]: row[1] for row in rows}
    assert [found[f"n-{number}"] for number in range(len(nasty))] == nasty


def test_methods(client):
    for method, path in (("GET", SENSOR), ("PUT", SENSOR), ("DELETE", FILTER), ("PATCH", FILTER), ("POST", "/media/exports/1/1/x.csv")):
        response = client.refused(method, path, 405)
        assert response.headers["Allow"]


def test_broken_connections(server, client, study):
    """Half a body, and the server goes on."""
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(f"POST {FILTER} HTTP/1.1\r\nHost: x\r\nAuthorization: {client.session.headers['Authorization']}\r\nContent-Length: 1000\r\n\r\n{{\"study".encode())
    assert client.list(int(study.id)) is not None


def test_no_credentials_no_words(server, study):
    """Without a key nobody learns what is there."""
    for body in (b"{", b"x" * 2_000_000, json.dumps(body_of(study)).encode()):
        response = requests.post(server.url + FILTER, data=body, timeout=60)
        assert response.status_code in (401, 413) and "detail" in response.json()
