"""Participants and sessions."""
import pytest

from harness.client import quote

HOSTILE_IDS = ["p 1", "a/b", "../../etc/passwd", "Zoë", "100%", "?x=1", "#hash", "日本", "'; DROP TABLE x; --", '"', "\\", "a" * 255, "seq:1", "<b>", "CON"]


def test_participant_round_trip(owner, study):
    path = f"{study.path}/participants/p-1"
    body = {"code": "A17", "status": "completed", "attributes": {"arm": "control", "age": 34, "nested": {"list": [1, 2.5, None, True]}}}
    created = owner.put(path, body, status=201)
    assert created.headers["Location"] == f"/api/v1{path}"
    kept = created.json()
    assert {key: kept[key] for key in body} == body and kept["id"] == "p-1"
    assert owner.get(path).json() == kept
    replaced = owner.put(path, {"code": "B"}, status=200).json()
    assert replaced["code"] == "B" and replaced["status"] == "" and replaced["attributes"] == {}
    assert replaced["created_at"] == kept["created_at"] and replaced["updated_at"] >= kept["updated_at"]


def test_what_was_read_can_be_put_back(owner, study):
    for path, body in ((f"{study.path}/participants/p", {"code": "c", "attributes": {"x": 1}}),
                       (f"{study.path}/sessions/s", {"name": "n", "start": "2026-01-01T10:00:00+02:00", "attendance": [{"participant": "p", "role": "host"}]})):
        owner.put(path, body)
        kept = owner.get(path).json()
        again = owner.put(path, kept, status=200).json()
        assert {**again, "updated_at": None} == {**kept, "updated_at": None}


def test_session_round_trip(owner, study):
    path = f"{study.path}/sessions/room-1"
    body = {"name": "Room 1", "start": "2026-01-31T08:00:00Z", "end": "2026-01-31T08:30:00.123456Z", "status": "completed", "attributes": {"lab": 2},
            "attendance": [{"participant": "p2", "role": "listener"},
                           {"participant": "p1", "role": "speaker", "joined_at": "2026-01-31T09:00:04+01:00", "left_at": None}]}
    kept = owner.put(path, body, status=201).json()
    assert kept["start"] == "2026-01-31T08:00:00.000Z" and kept["end"] == "2026-01-31T08:30:00.123456Z"
    assert kept["attendance"] == [
        {"participant": "p2", "role": "listener", "joined_at": None, "left_at": None},
        {"participant": "p1", "role": "speaker", "joined_at": "2026-01-31T08:00:04.000Z", "left_at": None}]
    assert owner.get(path).json() == kept
    assert {entry["id"] for entry in owner.get(f"{study.path}/participants").json()["participants"]} == {"p1", "p2"}
    empty = owner.put(path, {}, status=200).json()
    assert empty["start"] is None and empty["attendance"] == [] and empty["name"] == ""


@pytest.mark.parametrize("identity", HOSTILE_IDS)
def test_ids_of_all_kinds(owner, study, identity):
    for kind in ("participants", "sessions"):
        path = f"{study.path}/{kind}/{quote(identity)}"
        created = owner.put(path, {}, status=201)
        assert created.json()["id"] == identity
        assert owner.get(path).json()["id"] == identity
        assert owner.session.get(owner.url + created.headers["Location"]).json()["id"] == identity
        assert [entry["id"] for entry in owner.get(f"{study.path}/{kind}", params={"search": identity}).json()[kind]] == [identity]


@pytest.mark.parametrize("identity", ["a" * 256, "%00", "a%0Ab", "%FF%FE", "%E4", "%7F"])
def test_bad_ids(owner, study, identity):
    for kind in ("participants", "sessions"):
        response = owner.put(f"{study.path}/{kind}/{identity}", {}, status=400)
        assert response.json()["slug"] in ("bad-id", "bad-request", "bad-utf8")


@pytest.mark.parametrize("kind,body,error,place", [
    ("participants", {"code": 5}, "bad-member", "/code"),
    ("participants", {"attributes": []}, "bad-member", "/attributes"),
    ("participants", {"attributes": "x"}, "bad-member", "/attributes"),
    ("participants", {"color": "x"}, "unknown-member", "/color"),
    ("participants", {"id": "other"}, "bad-member", "/id"),
    ("sessions", {"id": "other"}, "bad-member", "/id"),
    ("sessions", {"start": "yesterday"}, "bad-time", "/start"),
    ("sessions", {"start": 5}, "bad-member", "/start"),
    ("sessions", {"end": "2026-02-30T00:00:00Z"}, "bad-time", "/end"),
    ("sessions", {"attendance": {}}, "bad-member", "/attendance"),
    ("sessions", {"attendance": [{"role": "x"}]}, "bad-member", "/attendance/0/participant"),
    ("sessions", {"attendance": [{"participant": "p"}, {"participant": ""}]}, "bad-id", "/attendance/1/participant"),
    ("sessions", {"attendance": [{"participant": "p", "joined_at": "x"}]}, "bad-time", "/attendance/0/joined_at"),
    ("sessions", {"attendance": [{"participant": "p", "seat": 1}]}, "unknown-member", "/attendance/0/seat"),
])
def test_bad_members(owner, study, kind, body, error, place):
    owner.put(f"{study.path}/{kind}/x", body, error=error, place=place)
    owner.get(f"{study.path}/{kind}/x", error="not-found")


def test_lists_page_and_search(owner, study):
    for number in range(12):
        owner.put(f"{study.path}/participants/p{number:02}", {"code": f"Code{number}"})
        owner.put(f"{study.path}/sessions/s{number:02}", {"name": f"Name{number}"})
    for kind, letter, word in (("participants", "p", "CODE7"), ("sessions", "s", "nAmE7")):
        found, params = [], {"limit": 5}
        while True:
            page = owner.get(f"{study.path}/{kind}", params=params).json()
            found += [entry["id"] for entry in page[kind]]
            assert page["total"] == 12
            if not page["has_more"]:
                break
            params["cursor"] = page["cursor"]
        assert found == [f"{letter}{number:02}" for number in range(12)]
        page = owner.get(f"{study.path}/{kind}", params={"search": word}).json()
        assert [entry["id"] for entry in page[kind]] == [f"{letter}07"] and page["total"] == 1


def test_records_create_participants_and_sessions(owner, study):
    study.dataset("d", [{"id": "a", "type": "integer"}]).send([{"participant": "new one", "session": "new room", "values": {}}])
    assert owner.get(f"{study.path}/participants/new%20one").json()["code"] == ""
    assert owner.get(f"{study.path}/sessions/new%20room").json()["start"] is None
