"""Input that means harm, and clients that behave badly."""
import concurrent.futures
import json
import socket
import time
import urllib.parse

import pytest
import requests

from conftest import new_study
from harness import program
from harness.alida import Alida, answers, by_name, fields_of
from harness.client import Api, ndjson

NASTY = ['"', "\\", "</script>", "<!--", "a\u2028b\u2029", "😀\U0010ffff", "\u0001\u001f\t\r\n", "{\"id\":1}", "]}", "null", "'; DROP TABLE x; --", "\u200b", "e\u0301", " "]


def study_of(owner, server, make_key, fields, records=(), **members):
    study = new_study(owner)
    dataset = study.dataset("s", fields, kind="survey", mode="append", **members)
    if records:
        dataset.send(records)
    client = Alida(server.url, study.id, make_key())
    return client, client.activity("s"), dataset


def test_nasty_texts_everywhere(owner, server, make_key):
    fields = [{"id": f"f{number}", "name": text, "label": text, "type": "set", "group": "".join(c for c in text if c >= " ") or "g",
               "options": [{"id": f"o{place}", "label": label} for place, label in enumerate(NASTY)]} for number, text in enumerate(NASTY)]
    fields.append({"id": "text", "type": "string"})
    records = [{"participant": f"p{number}", "values": {"text": text, "f0": sorted({"o0", f"o{number}"})}} for number, text in enumerate(NASTY) if text != " "]
    client, activity, _ = study_of(owner, server, make_key, fields, records)
    file = client.export(activity)
    named = [field["name"] for field in file["definition"]["fields"]]
    assert named == [*NASTY, "text"]
    assert [option["name"] for option in file["definition"]["fields"][0]["type"]["values"]] == NASTY
    known = fields_of(file)
    texts = [cell["values"][0] for record in file["records"] for cell in record["fields"] if known[cell["id"]]["name"] == "text"]
    assert texts == [text for text in NASTY if text != " "]


def test_a_label_of_brackets_alone(owner, server, make_key):
    """Looking for the end of every tag took as long as the square of the label."""
    fields = [{"id": f"f{number}", "label": "<" * 16_000, "type": "double", "group": "g"} for number in range(100)]
    client, activity, _ = study_of(owner, server, make_key, fields, groups=[{"id": "g", "name": "G"}])
    assert client.export(activity)["definition"]["fields"][0]["name"] == "G_" + "<" * 16_000


def test_as_many_fields_as_there_may_be(owner, server, make_key):
    fields = [{"id": f"f{number}", "type": "enum", "group": f"g{number}", "options": [{"id": "a"}, {"id": "b"}]} for number in range(4000)]
    client, activity, _ = study_of(owner, server, make_key, fields, [{"participant": "p", "values": {f"f{number}": "b" for number in range(4000)}}])
    file = client.export(activity)
    assert len(file["definition"]["fields"]) == len(file["definition"]["fieldGroups"]) == len(file["records"][0]["fields"]) == 4000
    assert len({field["id"] for field in file["definition"]["fields"]}) == 4000
    part = client.export(activity, {"fieldIds": [field["id"] for field in file["definition"]["fields"]]})
    assert part["records"] == file["records"]


def test_values_at_their_limits(owner, server, make_key):
    fields = [{"id": "t", "type": "string"}, {"id": "d", "type": "double"}, {"id": "i", "type": "integer"}, {"id": "when", "type": "datetime"}, {"id": "j", "type": "json"},
              {"id": "s", "type": "set", "options": [{"id": str(number)} for number in range(3000)]}]
    records = [{"participant": "p", "values": {"t": "\u0001" * 500_000, "d": 1.7976931348623157e308, "i": 9223372036854775807, "when": "9999-12-31T23:59:59.999999Z"}},
               {"participant": "p", "values": {"t": "é" * 321, "d": -5e-324, "i": -9223372036854775808, "when": "0001-01-01T00:00:00Z", "j": {"a": ["\u2028", 1e300]}}},
               {"participant": "p" * 255, "time": "1969-12-31T23:59:59.999999Z", "values": {"s": [str(number) for number in reversed(range(3000))]}}]
    client, activity, _ = study_of(owner, server, make_key, fields, records)
    file = client.export(activity)
    first, second, third = (answers(file, record) for record in file["records"])
    assert first == {"t": ["\u0001" * 500_000], "d": [1.7976931348623157e308], "i": [9223372036854775807], "when": ["9999-12-31T23:59:59.999Z"]}
    assert second["t"] == ["é" * 321] and second["d"] == [-5e-324] and second["when"] == ["0001-01-01T00:00:00.000Z"]
    assert json.loads(second["j"][0]) == {"a": ["\u2028", 1e300]}
    assert third["s"] == [option["id"] for option in by_name(file)["s"]["type"]["values"]]
    assert file["records"][2]["lastUpdateDate"] == "1969-12-31T23:59:59.999Z"


@pytest.mark.parametrize("part", ["..", "%2e%2e", "a/b", "a%2fb", "x" * 5000, "'--", "%F0%9F%98%80", "panel x", "*", "{study}", "CON"])
def test_applications_that_cannot_be(server, make_key, part):
    client = Alida(server.url, "x", make_key())
    response = requests.get(f"{server.url}/v1/applications/{part}/activities", headers={"Authorization": f"Bearer {client.token}"}, timeout=60)
    assert response.status_code in (400, 404) and ("errorId" in response.json() or part == "..")


def test_headers_that_mean_harm(server, make_key, owner):
    client, activity, _ = study_of(owner, server, make_key, [{"id": "q", "type": "string"}])
    for headers in ({"Accept": "," * 5000}, {"Accept": "application/json;q=" + "9" * 500}, {"x-api-key": "../../etc"}, {"X-Forwarded-Host": "evil.example"},
                    {"Content-Type": "application/json; charset=\"utf-8\""}):
        response = client.call("POST", f"/data/activities/{activity}/responses/batch", data=b"{}", headers=headers)
        assert "evil" not in response.text + str(response.headers)
    host = client.call("GET", "/activities", version="v1", headers={"Host": "evil.example"}).json()
    assert "evil" not in json.dumps(host["links"])


def test_many_posts_at_once(tmp_path):
    server = program.Server(tmp_path, options=["--alida", "unfinished_batches=3"]).start()
    server.add_user("a@example.org")
    key = server.create_key("a@example.org")
    study = new_study(Api(server.url, key["key"]))
    dataset = study.dataset("s", [{"id": "q", "type": "string"}], kind="survey", mode="append")
    for _ in range(3):
        dataset.send_raw(ndjson([{"participant": f"p{number}", "values": {"q": "x" * 1000}} for number in range(25_000)]))
    activity = Alida(server.url, study.id, key).activity("s")

    def start(_):
        client = Alida(server.url, study.id, key)
        return client, client.session.post(f"{server.url}/v2/applications/{study.id}/data/activities/{activity}/responses/batch",
                                           headers={"Authorization": f"Bearer {client.token}"}, timeout=120)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(start, range(12)))
    taken = [(client, response) for client, response in outcomes if response.status_code == 202]
    assert 3 <= len(taken) < 12 and {response.status_code for _, response in outcomes} == {202, 429}
    for client, response in taken:
        status = client.finished(response, wait_s=180)
        assert status["status"] == "succeeded"
    assert len({response.json()["id"] for _, response in taken}) == len(taken)
    assert server.stop() == 0


def test_slow_and_broken_readers(owner, server, make_key):
    client, activity, dataset = study_of(owner, server, make_key, [{"id": "q", "type": "string"}])
    dataset.send_raw(ndjson([{"participant": f"p{number}", "values": {"q": "x" * 2000}} for number in range(10_000)]))
    status = client.finished(client.start(activity))
    targets = [client.session.get(status["data"], headers={"Authorization": f"Bearer {client.token}"}, allow_redirects=False, timeout=60).headers["Location"] for _ in range(8)]
    readers = []
    for number, target in enumerate(targets):
        parts = urllib.parse.urlsplit(target)
        reader = socket.create_connection((parts.hostname, parts.port), timeout=60)
        packed = "Accept-Encoding: gzip\r\n" if number % 2 else ""
        reader.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: x\r\n{packed}\r\n".encode())
        assert reader.recv(100).startswith(b"HTTP/1.1 200")
        readers.append(reader)
    # None of them reads on; everybody else is served.
    assert len(client.file(status).json()["records"]) == 10_000
    for reader in readers[:4]:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        reader.close()
    time.sleep(0.2)
    assert len(client.file(status).json()["records"]) == 10_000
    for reader in readers[4:]:
        reader.close()
