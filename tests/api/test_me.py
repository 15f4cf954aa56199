"""Right of access: personal links, what they open, and what participants ask for."""
import pytest

from harness.client import Api

FIELDS = [{"id": "mood", "type": "integer"}, {"id": "note", "type": "string"}]


@pytest.fixture
def open_study(study):
    study.api.patch(study.path, {"settings": {"participant_access": True}})
    study.diary = study.dataset("diary", FIELDS)
    study.walks = study.dataset("walks", FIELDS, kind="sensor")
    study.diary.send([{"id": f"{who}-{i}", "participant": who, "session": "s1", "values": {"mood": i, "note": f"note of {who}"}} for i in range(3) for who in ("ada", "ben")])
    study.walks.send([{"participant": "ben", "values": {"mood": 7}}])
    return study


def links(study, participant="ada"):
    return f"{study.path}/participants/{participant}/links"


def visitor(server, study, participant="ada", **body):
    return Api(server.url, study.api.post(links(study, participant), body, status=201).json()["token"])


def test_only_when_the_study_switches_it_on(server, study):
    study.api.put(f"{study.path}/participants/ada", {})
    study.api.post(links(study), {}, error="participant-access-off")
    study.api.patch(study.path, {"settings": {"participant_access": True}})
    me = visitor(server, study)
    me.get("/me")
    study.api.patch(study.path, {"settings": {"participant_access": False}})
    me.get("/me", error="unauthenticated")


def test_a_link_is_shown_once(server, open_study):
    study = open_study
    made = study.api.post(links(study), {"expires": "12h"}, status=201).json()
    assert made["url"].endswith("#" + made["token"]) and made["expires_at"] is not None
    listed = study.api.get(links(study)).json()["links"]
    assert [entry["id"] for entry in listed] == [made["id"]] and "token" not in listed[0]
    assert all(made["token"].encode() not in path.read_bytes() for path in server.data.glob("catalog.sqlite*"))
    Api(server.url, made["token"]).get("/me")
    assert study.api.get(links(study)).json()["links"][0]["last_used_at"] is not None
    study.api.post(links(study, "nobody"), {}, error="not-found")
    study.api.post(links(study), {"expires": "soon"}, error="bad-member", place="/expires")


def test_revoked_and_expired(server, open_study):
    import time
    study = open_study
    made = study.api.post(links(study), {}, status=201).json()
    me = Api(server.url, made["token"])
    me.get("/me")
    study.api.delete(f"{links(study, 'ben')}/{made['id']}", error="not-found")
    study.api.delete(f"{links(study)}/{made['id']}", status=204)
    me.get("/me", error="unauthenticated")
    short = visitor(server, study, expires="1s")
    time.sleep(1.1)
    short.get("/me", error="unauthenticated")


def test_a_link_opens_nothing_else(server, open_study, owner):
    study = open_study
    me = visitor(server, study)
    for path in ("/studies", study.path, f"{study.diary.path}/records", f"{study.path}/participants/ada"):
        me.get(path, error="unauthenticated")
    # And a key opens no /me.
    for path in ("/me", "/me/export", "/me/requests", "/me/datasets/diary/records"):
        owner.get(path, error="unauthenticated")
        Api(server.url).get(path, error="unauthenticated")
        Api(server.url, "sheafme_" + "A" * 43).get(path, error="unauthenticated")


def test_own_data_and_nobody_elses(server, open_study):
    me = visitor(server, open_study)
    seen = me.get("/me").json()
    assert seen["study"]["id"] == open_study.id and seen["participant"] == "ada" and not seen["withdrawn"]
    assert [(entry["id"], entry["records"]) for entry in seen["datasets"]] == [("diary", 3), ("walks", 0)]
    page = me.get("/me/datasets/diary/records", params={"limit": 2}).json()
    assert [record["id"] for record in page["records"]] == ["ada-0", "ada-1"] and page["total"] == 3
    rest = me.get("/me/datasets/diary/records", params={"limit": 2, "cursor": page["cursor"]}).json()
    assert [record["id"] for record in rest["records"]] == ["ada-2"] and not rest["has_more"]
    me.get("/me/datasets/diary/records", params={"participant": "ben"}, error="unknown-parameter")
    me.get("/me/datasets/nothing/records", error="not-found")
    everything = me.get("/me/export")
    assert b"ben" not in everything.content
    body = everything.json()
    assert body["participant"] == "ada" and set(body["datasets"]) == {"diary", "walks"}
    assert [record["values"]["mood"] for record in body["datasets"]["diary"]["records"]] == [0, 1, 2]
    assert body["datasets"]["walks"]["records"] == []
    assert "attachment" in everything.headers["Content-Disposition"]


def test_other_people_in_it_are_coded(server, open_study):
    """What a participant's own records tell of others: codes for ids, no addresses; of themselves everything."""
    study = open_study
    study.dataset("chat", [{"id": "to", "type": "identifier"}, {"id": "text", "type": "string"}, {"id": "data", "type": "json"}, {"id": "mail", "type": "string", "privacy": "direct"}], kind="chat").send([
        {"id": "own", "participant": "ada", "session": "s1", "values": {"to": "ben", "text": "write to ben@example.org", "data": {"from": "ada", "to": ["ben"]}, "mail": "ada@example.org"}}])
    me = visitor(server, study)
    [record] = me.get("/me/datasets/chat/records").json()["records"]
    code = record["values"]["to"]
    assert code.startswith("P-") and record["values"] == {"to": code, "text": "write to [email]", "data": {"from": "ada", "to": [code]}, "mail": "ada@example.org"}
    assert record["participant"] == "ada" and record["session"] == "s1"
    everything = me.get("/me/export")
    assert everything.json()["datasets"]["chat"]["records"][0]["values"] == record["values"] and b"ben" not in everything.content


def test_one_sees_ones_own_without_consent(server, open_study):
    open_study.api.patch(open_study.path, {"settings": {"records_consent": True}})
    assert visitor(server, open_study).get("/me").json()["datasets"][0]["records"] == 3


def test_requests_and_decisions(server, open_study):
    study = open_study
    ada, ben = visitor(server, study), visitor(server, study, "ben")
    ada.post("/me/requests", {"kind": "more"}, error="bad-member", place="/kind")
    correction = ada.post("/me/requests", {"kind": "correction", "message": "My age is wrong."}, status=201).json()
    erasure = ada.post("/me/requests", {"kind": "erasure"}, status=201).json()
    withdrawal = ben.post("/me/requests", {"kind": "withdrawal"}, status=201).json()
    assert [entry["id"] for entry in ada.get("/me/requests").json()["requests"]] == [erasure["id"], correction["id"]]
    assert study.api.get(f"{study.path}/requests").json()["total"] == 3

    def decide(request, **options):
        return study.api.put(f"{study.path}/requests/{request['id']}", **options)

    decide(correction, body={"decision": "perhaps"}, error="bad-member")
    decided = decide(correction, body={"decision": "reject", "note": "It is right."}).json()
    assert decided["state"] == "rejected" and decided["participant"] == "ada"
    decide(correction, body={"decision": "approve"}, error="request-decided")
    assert ada.get("/me/requests").json()["requests"][1]["note"] == "It is right."
    assert decide(withdrawal, body={"decision": "approve"}).json()["state"] == "approved"
    assert study.api.get(f"{study.path}/participants/ben/withdrawal").json()["withdrawn"] and ben.get("/me").json()["withdrawn"]
    assert decide(erasure, body={"decision": "approve"}).json()["state"] == "approved"
    ada.get("/me", error="unauthenticated")
    study.api.get(f"{study.path}/participants/ada", error="not-found")
    assert [entry["participant"] for entry in study.api.get(f"{study.path}/requests").json()["requests"]] == ["ben"]
    study.api.put(f"{study.path}/requests/prq_none", {"decision": "approve"}, error="not-found")


def test_no_flood_of_requests(server, open_study):
    me = visitor(server, open_study)
    for _ in range(20):
        me.post("/me/requests", {"kind": "copy"}, status=201)
    me.post("/me/requests", {"kind": "copy"}, error="too-many-requests")


def test_links_and_requests_go_with_the_participant(server, open_study):
    me = visitor(server, open_study)
    me.post("/me/requests", {"kind": "copy", "message": "unmistakable message 5521"}, status=201)
    report = open_study.api.post(f"{open_study.path}/participants/ada/erasure").json()
    assert report["links"] == 1 and report["requests"] == 1
    assert all(b"unmistakable message 5521" not in path.read_bytes() for path in server.data.glob("catalog.sqlite*"))
