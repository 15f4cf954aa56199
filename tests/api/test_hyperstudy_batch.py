"""Events sent over HyperStudy's protocol."""
import secrets
import threading

import pytest

from conftest import new_study
from harness.hyperstudy import AuthenticationError, Client, ForbiddenError, HyperStudyError, NotFoundError, ValidationError


def make(n, study, **members):
    return {"id": f"e{n}", "experimentId": study.id, "roomId": "r1", "participantId": "ada", "timestamp": f"2024-10-20T14:30:{n % 60:02d}.250Z",
            "category": "component", "eventType": "component.start", **members}


@pytest.fixture
def client(server, make_key):
    return Client(make_key(scopes=["write:events", "read:events"])["key"], server.url + "/api/v3")


def send(client, events, **options):
    return client.request("POST", "data/events/batch", json={"events": events}, **options)


def test_what_was_sent_comes_back(study, client):
    events = [make(1, study, onset=-5000, value={"questionId": "q", "answer": [1, None, {"a": "ü"}]}, response={"value": 3, "responseTime": 812}),
              make(2, study, onset=12.5, content="", componentType=None, duration=1500, unheard={"of": [1]}, alsoNull=None),
              make(3, study, duration="long", content=5, participantId=None, stateId="s1", timestamp="2024-10-20T16:30:03.250+02:00"),
              {"id": "bare", "experimentId": study.id}]
    body = send(client, events)
    assert body["data"] == {"recorded": 4} and body["status"] == "success"
    rows = {row["id"]: row for row in client.fetch("events", study.id)}
    assert rows["e1"]["onset"] == -5000 and rows["e1"]["value"] == events[0]["value"] and rows["e1"]["response"] == events[0]["response"]
    assert rows["e1"]["timestamp"] == "2024-10-20T14:30:01.250Z" and rows["e1"]["sessionId"] == "r1"
    assert rows["e2"]["onset"] == 12.5 and rows["e2"]["componentType"] is None and rows["e2"]["unheard"] == {"of": [1]} and rows["e2"]["alsoNull"] is None
    assert rows["e3"]["duration"] == "long" and rows["e3"]["content"] == 5 and rows["e3"]["participantId"] is None
    assert rows["e3"]["timestamp"] == "2024-10-20T14:30:03.250Z" and rows["bare"]["roomId"] is None and rows["bare"]["timestamp"] is None
    assert rows["bare"]["componentType"] == "unknown"
    assert [row["id"] for row in client.fetch("participants", study.id)] == ["ada"]
    assert [row["participantCount"] for row in client.fetch("rooms", study.id)] == [1]


def test_onsets_are_reckoned_from_the_rooms_start(study, client):
    send(client, [make(5, study, eventType="experiment.start", onset=0)])
    send(client, [make(7, study), make(2, study)])
    assert {row["id"]: row["onset"] for row in client.fetch("events", study.id)} == {"e5": 0, "e7": 2000, "e2": -3000}
    assert client.get(f"data/events/experiment/{study.id}")["metadata"]["processing"]["experimentStartedAt"] == "2024-10-20T14:30:05.250Z"


def test_repeating_changes_nothing(study, client):
    for _ in range(2):
        send(client, [make(n, study) for n in range(100)], headers={"Idempotency-Key": "once"})
    send(client, [make(n, study) for n in range(100)])
    assert client.get(f"data/events/experiment/{study.id}")["metadata"]["pagination"]["total"] == 100


def test_the_experiment_may_be_said_once_or_follow_from_the_room(study, client, owner):
    room = "room-" + secrets.token_hex(4)
    client.request("POST", "data/events/batch", json={"experimentId": study.id, "events": [{"id": "a", "roomId": room, "participantId": "p"}]})
    client.request("POST", "data/events/batch", json={"events": [{"id": "b", "roomId": room, "participantId": "p"}]})
    client.request("POST", "data/events/batch", json=[{"id": "c", "sessionId": room, "participantId": "p"}])
    assert len(client.fetch("events", room, scope="room")) == 3


@pytest.mark.parametrize("body, field", [
    ({}, "/events"), ({"events": []}, "/events"), ({"events": {}}, "/events"), ({"events": [1]}, "/events/0"), ("x", "/"), ({"events": [{}]}, "/events/0/experimentId"),
    ({"events": [{"experimentId": "S", "id": {}}]}, "/events/0/id"), ({"events": [{"experimentId": "S"}, {"experimentId": "S", "id": "x" * 300}]}, "/events/1/id"),
    ({"events": [{"experimentId": "S", "id": "."}]}, "/events/0/id"), ({"events": [{"experimentId": "S", "roomId": "a", "sessionId": "b"}]}, "/events/0/sessionId"),
    ({"events": [{"experimentId": "S"}, {"experimentId": "T"}]}, "/events/1/experimentId"), ({"events": [{"experimentId": "S", "participantId": "a\u0000b"}]}, "/events/0/participantId"),
    ({"events": [{"experimentId": "S"}] * 101}, "/events")])
def test_bad_batches(study, client, body, field):
    text = __import__("json").dumps(body).replace('"S"', f'"{study.id}"')
    with pytest.raises(ValidationError) as caught:
        client.request("POST", "data/events/batch", data=text, headers={"Content-Type": "application/json"})
    assert caught.value.code == "VALIDATION_ERROR" and caught.value.details["field"] == field
    assert client.get(f"data/events/experiment/{study.id}")["data"] == []


@pytest.mark.parametrize("text, media, status", [("{", "application/json", 400), (b"\xff", "application/json", 400), ("{}", "text/csv", 415),
                                                 ('{"events":[{"a":1,"a":2}]}', "application/json", 400), ("[" * 1000, "application/json", 400)])
def test_broken_bodies(client, text, media, status):
    with pytest.raises(HyperStudyError) as caught:
        client.request("POST", "data/events/batch", data=text, headers={"Content-Type": media})
    assert caught.value.status == status


def test_a_large_body(client):
    with pytest.raises(HyperStudyError) as caught:
        client.request("POST", "data/events/batch", json={"events": [{"content": "x" * 9_000_000}]})
    assert caught.value.status == 413 and caught.value.code == "PAYLOAD_TOO_LARGE"


def test_who_may_write(study, server, make_key, owner):
    base = server.url + "/api/v3"
    with pytest.raises(ForbiddenError) as caught:
        send(Client(make_key(scopes=["read:*"])["key"], base), [make(1, study)])
    assert caught.value.details["required"] == ["write:events"]
    with pytest.raises(NotFoundError):
        send(Client(make_key("stranger@example.org")["key"], base), [make(1, study)])
    with pytest.raises(AuthenticationError):
        send(Client("hst_test_abc123", base), [make(1, study)])
    owner.put(f"{study.path}/grants/stranger@example.org", {"rights": ["view", "export"]})
    with pytest.raises(ForbiddenError):
        send(Client(make_key("stranger@example.org")["key"], base), [make(1, study)])
    owner.patch(study.path, {"status": "archived"})
    with pytest.raises(HyperStudyError) as caught:
        send(Client(make_key(scopes=["write:events"])["key"], base), [make(1, study)])
    assert caught.value.status == 409 and caught.value.code == "CONFLICT"


def test_two_at_once(study, client, server, make_key):
    clients = [Client(client.session.headers["X-API-Key"], server.url + "/api/v3") for _ in range(4)]
    faults = []

    def run(number, one):
        try:
            for part in range(5):
                send(one, [make(n, study, id=f"{number}-{part}-{n}", participantId=f"p{number}-{n % 5}") for n in range(50)])
        except Exception as error:  # pylint: disable=broad-except
            faults.append(error)
    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len({row["id"] for row in client.fetch("events", study.id)}) == 1000
    assert client.fetch("rooms", study.id)[0]["participantCount"] == 20


def test_a_withdrawn_participants_events_are_refused(study, client, owner):
    send(client, [make(1, study)])
    owner.post(f"{study.path}/participants/ada/withdrawal", {})
    with pytest.raises(HyperStudyError) as caught:
        send(client, [make(2, study), make(3, study, participantId="bo")])
    assert 400 <= caught.value.status < 500
    assert client.fetch("events", study.id) == []
