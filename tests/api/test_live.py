"""Live monitoring: what arrives is told, to whom it may be told, whatever the listener does."""
import json
import queue
import socket
import threading
import time

import pytest
import requests

from conftest import OWNER, new_study
from harness import contract, program
from harness.client import Api

FIELDS = [{"id": "type", "type": "string"}, {"id": "n", "type": "integer", "max": 100}]


class Stream:
    """Reads a live stream in the background."""

    def __init__(self, api, study, last=None):
        headers = {"Last-Event-ID": last} if last is not None else {}
        self.response = api.session.get(f"{api.url}/api/v1/studies/{study}/live", headers=headers, stream=True, timeout=120)
        contract.check(self.response)
        assert self.response.status_code == 200, self.response.text
        assert self.response.headers["Content-Type"] == "text/event-stream"
        self.events = queue.Queue()
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        event = {}
        try:
            for line in self.response.iter_lines(chunk_size=1, decode_unicode=True):
                if line == "":
                    if "event" in event:
                        self.events.put((event["event"], json.loads(event["data"]), event.get("id")))
                    event = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    event[name] = value
        except (requests.RequestException, AttributeError, ValueError):
            pass
        self.ended.set()

    def next(self, kind=None, wait_s=20):
        """The next event, of this kind."""
        deadline = time.monotonic() + wait_s
        while True:
            event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            if kind is None or event[0] == kind:
                return event

    def until(self, condition, wait_s=20):
        """Goes on to an event of which this is true."""
        deadline = time.monotonic() + wait_s
        while True:
            event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            if condition(event):
                return event

    def close(self):
        # The reader holds what close() would wait for.
        try:
            self.response.raw._connection.sock.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            pass
        self.ended.wait(10)
        self.response.close()


@pytest.fixture
def watch(study):
    streams = []

    def open_stream(api=None, last=None, identity=None):
        streams.append(Stream(api or study.api, identity or study.id, last))
        return streams[-1]
    yield open_stream
    for stream in streams:
        stream.close()


@pytest.fixture
def events(study):
    return study.dataset("events", FIELDS, kind="events")


def rows(who, numbers, **members):
    return [{"participant": who, "time": "2026-01-31T08:00:00Z", "values": {"type": f"click {n}", "n": n}, **members} for n in numbers]


def counted(event, dataset="events"):
    return next((one["records"] for one in event[1].get("datasets", []) if one["dataset"] == dataset), None)


def checked(watch):
    """The first snapshot that says what was found."""
    for _ in range(100):
        stream = watch()
        snapshot = stream.next("snapshot")[1]
        if snapshot["quality"] is not None:
            return snapshot
        stream.close()
        time.sleep(0.1)
    pytest.fail("nothing was checked")


def test_what_arrives_is_told(study, events, watch):
    events.send(rows("ada", range(3)))
    stream = watch()
    kind, snapshot, identity = stream.next()
    assert kind == "snapshot" and snapshot["study"] == study.id and snapshot["seq"] == int(identity)
    assert snapshot["datasets"][0]["records"] == 3 and snapshot["datasets"][0]["participants"] == 1
    assert snapshot["present"] == {"minutes": 5, "count": 1, "participants": ["ada"]}
    assert [record["values"]["n"] for record in snapshot["records"]] == [0, 1, 2] and snapshot["records"][0]["dataset"] == "events"
    events.send(rows("ben", range(3, 40), session="s1"))
    update = stream.next("update")
    assert counted(update) == 40 and update[1]["datasets"][0]["added"] == 37 and update[1]["datasets"][0]["sessions"] == 1
    assert [record["values"]["n"] for record in update[1]["records"]] == list(range(30, 40))
    assert update[1]["present"]["participants"] == ["ada", "ben"] and int(update[2]) > int(identity)


def test_a_deletion_is_told(study, events, watch):
    events.send([{"id": "one", "participant": "ada", "values": {"n": 1}}, {"id": "two", "participant": "ada", "values": {"n": 1}}])
    stream = watch()
    stream.next("snapshot")
    study.api.delete(f"{events.path}/records/one", status=204)
    stream.until(lambda event: counted(event) == 1)


def test_findings_wait_for_the_update_and_are_told_as_one(study, events, watch):
    """They were told by themselves after every check, four times as often as anything else: to thousands, that slowed ingest."""
    events.send(rows("ada", [1]))
    stream = watch()
    stream.until(lambda event: event[1].get("quality") is not None or counted(event) == 1)
    checked(watch)
    until = time.monotonic() + 3
    sent = 0
    while time.monotonic() < until:
        events.send(rows("ben", [500]))
        sent += 1
    total = updates = alerts = 0
    while total < sent:
        kind, data, _ = stream.next()
        updates += kind == "update"
        if kind != "alert":
            continue
        alerts += 1
        told = [(one["dataset"], one["check"], one["field"]) for one in data["alerts"]]
        assert len(told) == len(set(told)), data
        total += sum(one["added"] for one in data["alerts"] if one["check"] == "range")
    assert total == sent
    # The last ones may come behind the last update.
    assert 0 < alerts <= updates + 2, (alerts, updates)


def test_findings_are_told(study, events, watch):
    events.send(rows("ada", [500]))
    stream = watch()
    stream.next("snapshot")
    # What stood before is no alert.
    snapshot = checked(watch)
    assert [(one["check"], one["field"], one["count"]) for one in snapshot["quality"]] == [("range", "n", 1)]
    events.send(rows("ben", [600, 7, 700]))
    alerts = stream.next("alert")[1]["alerts"]
    assert [(one["dataset"], one["check"], one["severity"], one["field"], one["added"]) for one in alerts if one["check"] == "range"] == [
        ("events", "range", "error", "n", 2)]


def test_what_was_refused_is_told(study, events, watch):
    events.send(rows("ada", [1]))
    stream = watch()
    checked(watch)
    for wrong in ([{"participant": "ada", "values": {"n": "many"}}], [{"participant": "ada", "values": {"m": 1}}] * 2):
        study.api.post(f"{events.path}/records", json=wrong, status=422)
    added = 0
    while added < 3:
        alerts = stream.next("alert")[1]["alerts"]
        assert [(one["dataset"], one["check"], one["field"]) for one in alerts] == [("events", "refused", None)]
        added += alerts[0]["added"]
    assert added == 3
    assert [(one["check"], one["count"]) for one in watch().next("snapshot")[1]["quality"]] == [("refused", 3)]


def test_coming_back(study, events, watch):
    events.send(rows("ada", [1]))
    stream = watch()
    stream.next("snapshot")
    ids = []
    for n in range(3):
        events.send(rows("ada", [n + 2]))
        ids.append(stream.until(lambda event, n=n: event[0] == "update" and counted(event) == n + 2)[2])
    stream.close()
    again = watch(last=ids[0])
    missed = [again.next("update") for _ in range(2)]
    assert [counted(event) for event in missed] == [3, 4] and [event[2] for event in missed] == ids[1:]
    # From the last one on there is nothing to tell, until something comes.
    last = watch(last=ids[-1])
    events.send(rows("ada", [9]))
    kind, data, _ = last.next()
    assert kind == "update" and counted((kind, data)) == 5
    # What nobody remembers is a snapshot.
    assert watch(last="1").next()[0] == "snapshot"
    assert watch(last="999999999").next()[0] == "snapshot"
    study.api.get(f"{study.path}/live", headers={"Last-Event-ID": "yesterday"}, error="bad-parameter", place="Last-Event-ID")


def test_head_and_parameters(study):
    assert study.api.session.head(f"{study.api.url}/api/v1{study.path}/live").status_code == 200
    study.api.get(f"{study.path}/live", params={"since": "1"}, error="unknown-parameter")


def granted(study, make_key, server, name, **members):
    email = f"{name}@example.org"
    server.add_user(email)
    study.api.put(f"{study.path}/grants/{email}", {"rights": ["view"], **members})
    return Api(server.url, make_key(email)["key"]), email


def test_without_identifiers(study, events, watch, server, make_key):
    events.send(rows("ada-lovelace", [1]))
    masked, _ = granted(study, make_key, server, "live-masked", identifiers=False)
    stream = watch(masked)
    snapshot = stream.next("snapshot")[1]
    events.send([{"participant": "ben-byron", "session": "room-77", "values": {"type": "write to ben@example.org", "n": 1}}])
    update = stream.next("update")[1]
    text = json.dumps([snapshot, update])
    assert not any(word in text for word in ("ada-lovelace", "ben-byron", "room-77", "ben@example.org"))
    assert snapshot["present"]["participants"][0].startswith("P-") and update["records"][0]["participant"].startswith("P-")
    assert snapshot["datasets"][0]["records"] == 1


def test_of_some_datasets_and_sites(study, events, watch, server, make_key):
    other = study.dataset("other", FIELDS, kind="custom")
    events.send(rows("ada", [1]) + rows("ben", [2]))
    study.api.put(f"{study.path}/participants/ben", {"attributes": {"site": "north"}})
    few, _ = granted(study, make_key, server, "live-few", datasets=["events"])
    north, _ = granted(study, make_key, server, "live-north", sites=["north"])
    of_few, of_north = watch(few), watch(north)
    assert [one["dataset"] for one in of_few.next("snapshot")[1]["datasets"]] == ["events"]
    snapshot = of_north.next("snapshot")[1]
    assert counted((None, snapshot)) == 1 and snapshot["present"]["participants"] == ["ben"]
    assert [record["participant"] for record in snapshot["records"]] == ["ben"]
    other.send(rows("ada", [1]))
    events.send(rows("ada", [3]) + rows("ben", [4]))
    assert counted(of_few.until(lambda event: counted(event) == 4)) == 4
    told = of_north.until(lambda event: counted(event) == 2)
    assert "ada" not in json.dumps(told[1])


def test_rights_that_end_end_the_stream(study, events, watch, server, make_key):
    api, email = granted(study, make_key, server, "live-leaver")
    stream = watch(api)
    stream.next("snapshot")
    study.api.delete(f"{study.path}/grants/{email}", status=204)
    assert stream.next("end")[1] == {"reason": "access"}
    assert stream.ended.wait(20)
    # A key of the owner, revoked.
    key = study.api.post("/keys", {"name": "short", "scopes": ["read:records"]}).json()
    stream = watch(Api(server.url, key["key"]))
    stream.next("snapshot")
    study.api.delete(f"/keys/{key['id']}", status=204)
    assert stream.next("end")[1] == {"reason": "access"} and stream.ended.wait(20)
    # Rights that shrink.
    study.api.put(f"{study.path}/grants/{email}", {"rights": ["view"]})
    stream = watch(api)
    stream.next("snapshot")
    study.api.put(f"{study.path}/grants/{email}", {"rights": ["view"], "identifiers": False})
    assert stream.next("end")[1] == {"reason": "access"}


def test_who_withdraws_is_gone(study, events, watch):
    events.send(rows("ada", [1, 2]) + rows("ben", [3]))
    stream = watch()
    _, snapshot, identity = stream.next("snapshot")
    assert counted((None, snapshot)) == 3
    study.api.post(f"{study.path}/participants/ada/withdrawal", {})
    after = stream.next("snapshot")
    assert counted(after) == 1 and "ada" not in json.dumps(after[1])
    # Nor does anybody get them who comes back to before.
    assert "ada" not in json.dumps(watch(last=identity).next("snapshot")[1])
    study.api.delete(f"{study.path}/participants/ada/withdrawal", status=204)
    stream.until(lambda event: event[0] == "snapshot" and counted(event) == 3)


def test_a_deleted_study(owner, watch):
    study = new_study(owner)
    study.dataset("events", FIELDS, kind="events").send(rows("ada", [1]))
    stream = watch(identity=study.id)
    stream.next("snapshot")
    owner.delete(study.path, status=204)
    assert stream.next("end")[1] == {"reason": "deleted"} and stream.ended.wait(20)


def test_the_server_stops_at_once(own_server):
    api = Api(own_server.url, own_server.create_key(OWNER)["key"])
    study = new_study(api)
    study.dataset("events", FIELDS, kind="events").send(rows("ada", [1]))
    stream = Stream(api, study.id)
    stream.next("snapshot")
    began = time.monotonic()
    assert own_server.stop() == 0
    assert stream.next("end")[1] == {"reason": "stopping"}
    assert time.monotonic() - began < 25, "the grace of 30 s was used up"


def raw_listener(own_server, key, study):
    """A connection that asks and never reads. Its window is small."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.connect(("127.0.0.1", own_server.port))
    connection.sendall(f"GET /api/v1/studies/{study}/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
    return connection


@pytest.mark.slow
def test_two_thousand_listeners_of_whom_half_never_read(own_server):
    key = own_server.create_key(OWNER)["key"]
    api = Api(own_server.url, key)
    study = new_study(api)
    events = study.dataset("events", FIELDS, kind="events")
    events.send(rows("ada", [1]))
    deaf = [raw_listener(own_server, key, study.id) for _ in range(1000)]
    hearing = [raw_listener(own_server, key, study.id) for _ in range(1000)]
    watching = Stream(api, study.id)
    watching.next("snapshot")
    before = own_server.resident_bytes()
    for turn in range(60):
        events.send([{"participant": f"p{i % 50}", "values": {"type": "x" * 200, "n": i}} for i in range(500)])
        for connection in hearing:
            connection.setblocking(False)
            try:
                while connection.recv(65536):
                    pass
            except BlockingIOError:
                pass
    total = 60 * 500 + 1
    watching.until(lambda event: counted(event) == total, wait_s=60)
    for connection in hearing:
        seen = b""
        connection.setblocking(True)
        connection.settimeout(60)
        while f'"records":{total},'.encode() not in seen:
            seen = seen[-200:] + connection.recv(65536)
    grown = own_server.resident_bytes() - before
    assert own_server.alive() and (grown < 400 << 20 or program.sanitized()), f"{grown >> 20} MB more"
    for connection in deaf + hearing:
        connection.close()
    # And it lets all of them go.
    assert study.api.get(study.path).json()["id"] == study.id
