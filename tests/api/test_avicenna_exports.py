"""Avicenna's protocol: who is let in, making exports, the list, the file, and how everything is refused."""
import base64
import re
import sqlite3

import pytest
import requests

from conftest import OWNER, STRANGER
from harness.avicenna import Avicenna, fill, new_study

BODY = {"filter": "ACTIVITY_RESPONSE", "activity_id": 21218, "site_ssid": None, "export_version": "v2",
        "rule_set": {"columns": ["session.uuid", "status_id", "Q1"], "query": {}, "sort_by": [{"field_name": "record_time", "sort_order": "asc"}]}}


@pytest.fixture(scope="module")
def key(make_key):
    return make_key()["key"]


@pytest.fixture(scope="module")
def client(server, key):
    return Avicenna(server.url, OWNER, key)


@pytest.fixture(scope="module")
def filled(owner):
    return fill(new_study(owner))


@pytest.fixture(scope="module")
def body(filled):
    return {"study_id": int(filled.id), **BODY}


@pytest.fixture(scope="module")
def done(client, body):
    return client.finished(client.survey(body))


# ------------------------------------------------------------------------------------------------ section 1


@pytest.mark.parametrize("header", [None, "", "ApiKey", "ApiKey ", "ApiKey {email}", "ApiKey {email}:", "ApiKey :{key}", "ApiKey {other}:{key}", "ApiKey {email}:{key}x",
                                    "Basic {basic}", "Bearer {key}", "ApiKey nobody@example.org:{key}", "ApiKey {email} {key}"])
def test_wrong_credentials_are_all_the_same(server, client, key, body, header):
    text = header and header.format(email=OWNER, other=STRANGER, key=key, basic=base64.b64encode(f"{OWNER}:{key}".encode()).decode())
    session = requests.Session()
    session.trust_env = False
    for method, path in (("POST", "/api/v1/filter/export/"), ("POST", "/api/study/export/create/"), ("GET", f"/api/v1/filter/export/?study_id={body['study_id']}"), ("GET", "/media/exports/1/1/x.csv")):
        response = session.request(method, server.url + path, headers={} if text is None else {"Authorization": text}, timeout=30)
        assert response.status_code == 401 and response.json() == {"detail": "Invalid API key."}
        assert response.headers["WWW-Authenticate"] == "ApiKey"


def test_the_scheme_is_read_in_any_case_and_the_address_too(server, key, body):
    for header in (f"apikey {OWNER}:{key}", f"APIKEY {OWNER.upper()}:{key}", f"ApiKey   {OWNER}:{key} "):
        assert requests.get(f"{server.url}/api/v1/filter/export/", params={"study_id": body["study_id"]}, headers={"Authorization": header}, timeout=30).status_code == 200


def test_the_key_is_not_taken_from_the_query(server, key, body):
    address = f"{server.url}/api/v1/filter/export/?study_id={body['study_id']}&username={OWNER}&api_key={key}"
    assert requests.get(address, timeout=30).status_code == 401


def test_a_study_of_somebody_else_is_not_there(server, make_key, body):
    stranger = Avicenna(server.url, STRANGER, make_key(STRANGER)["key"])
    stranger.refused("POST", "/api/v1/filter/export/", 404, json=body)
    stranger.refused("GET", f"/api/v1/filter/export/?study_id={body['study_id']}", 404)
    stranger.refused("POST", "/api/study/export/create/", 404, data={"study_id": body["study_id"], "data_source": 1, "start_date": 0, "end_date": 1, "participant_ids": "101"})


def test_who_may_only_view_may_not_export(server, make_key, owner, filled, body):
    server.add_user("avicenna-viewer@example.org")
    owner.put(f"{filled.path}/grants/avicenna-viewer@example.org", {"rights": ["view"]})
    viewer = Avicenna(server.url, "avicenna-viewer@example.org", make_key("avicenna-viewer@example.org")["key"])
    viewer.refused("POST", "/api/v1/filter/export/", 403, json=body)
    viewer.refused("GET", f"/api/v1/filter/export/?study_id={body['study_id']}", 403)


# ------------------------------------------------------------------------------------------------ sections 2 and 4


def test_an_export_is_made_listed_and_fetched(client, body):
    made = client.survey(body)
    assert made["study_specific_id"] > 0 and made["kind"] == "ACTIVITY_RESPONSE" and made["activity_id"] == 21218 and made["study_id"] == body["study_id"]
    assert made["rule_set"] == body["rule_set"] and made["export_version"] == "v2" and made["site_ssid"] is None and made["data_source"] is None
    assert made["status"]["label"] in ("Pending", "Processing", "Success")
    done = client.finished(made)
    assert done["status"] == {"id": 2, "label": "Success"} and done["rows"] == 4 and done["error"] is None and done["requested_by"] == OWNER
    assert re.fullmatch(rf"http://127\.0\.0\.1:\d+/media/exports/{body['study_id']}/{made['study_specific_id']}/{body['study_id']}_survey_21218_{made['study_specific_id']}\.csv", done["content"])
    response = client.session.get(done["content"], timeout=30, allow_redirects=False)
    assert response.status_code == 200 and len(response.content) == done["size"] == int(response.headers["Content-Length"])
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8" and response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Accept-Ranges"] == "bytes" and response.headers["ETag"]
    assert response.headers["Content-Disposition"].startswith("attachment; filename=\"" + done["content"].rsplit("/", 1)[1])
    assert response.text.splitlines()[0] == "session.uuid,status_id,Q1,mQ1_metadata"


def test_numbers_count_in_the_study_and_are_never_shared(client, owner):
    study = fill(new_study(owner))
    wanted = {"study_id": int(study.id), **BODY}
    assert [client.survey(wanted)["study_specific_id"] for _ in range(3)] == [1, 2, 3]
    first = client.finished(client.list(study.id)[-1])
    owner.delete(f"/exports/{owner.get(study.path + '/exports').json()['exports'][0]['id']}")
    assert client.survey(wanted)["study_specific_id"] == 4, "a number is not given again"
    assert client.finished(first)["study_specific_id"] == 1


def test_the_body_is_json_whatever_the_content_type_says(client, body):
    import json
    text = json.dumps(body)
    for media in ("application/x-www-form-urlencoded", "text/plain", "application/json; charset=latin-1", "multipart/form-data", ""):
        made = client.call("POST", "/api/v1/filter/export/", 201, data=text, headers={"Content-Type": media})
        assert made.json()["study_specific_id"] > 0


def test_paths_without_their_slash(client, body):
    assert client.call("POST", "/api/v1/filter/export", 201, json=body).json()["study_specific_id"] > 0
    assert isinstance(client.call("GET", f"/api/v1/filter/export?study_id={body['study_id']}", 200).json(), list)
    client.refused("POST", "/api/study/export/create", 400)


@pytest.mark.parametrize("method,path,allow", [("GET", "/api/study/export/create/", {"POST"}), ("DELETE", "/api/v1/filter/export/", {"GET", "HEAD", "POST"}),
                                               ("PUT", "/api/v1/filter/export", {"GET", "HEAD", "POST"}), ("POST", "/media/exports/1/1/a.csv", {"GET", "HEAD"})])
def test_other_methods_are_named(client, method, path, allow):
    response = client.refused(method, path, 405)
    assert set(response.headers["Allow"].replace(" ", "").split(",")) - {"OPTIONS"} <= allow | {"HEAD"} and allow - {"HEAD"} <= set(response.headers["Allow"].replace(" ", "").split(","))


def test_unknown_paths_of_the_protocol(client):
    client.refused("GET", "/media/exports/1", 404)
    client.refused("GET", "/api/study/export/create/more", 404)


def without(body, *names):
    return {name: value for name, value in body.items() if name not in names}


BAD = [
    ("study_id", lambda body: without(body, "study_id")), ("study_id", lambda body: {**body, "study_id": "x"}), ("study_id", lambda body: {**body, "study_id": 1.5}),
    ("filter", lambda body: without(body, "filter")), ("filter", lambda body: {**body, "filter": "EVERYTHING"}), ("filter", lambda body: {**body, "filter": 1}),
    ("activity_id", lambda body: without(body, "activity_id")), ("activity_id", lambda body: {**body, "activity_id": 99999}), ("activity_id", lambda body: {**body, "activity_id": []}),
    ("site_ssid", lambda body: {**body, "site_ssid": "north"}), ("export_version", lambda body: {**body, "export_version": "v3"}),
    ("rule_set", lambda body: without(body, "rule_set")), ("rule_set", lambda body: {**body, "rule_set": []}),
    ("rule_set.columns", lambda body: {**body, "rule_set": {"columns": [], "query": {}, "sort_by": []}}),
    ("rule_set.columns", lambda body: {**body, "rule_set": {"query": {}, "sort_by": []}}),
    ("rule_set.columns[1]", lambda body: {**body, "rule_set": {"columns": ["uuid", "no_such"], "query": {}, "sort_by": []}}),
    ("rule_set.columns[0]", lambda body: {**body, "rule_set": {"columns": ["Q77"], "query": {}, "sort_by": []}}),
    ("rule_set.columns[0]", lambda body: {**body, "rule_set": {"columns": [1], "query": {}, "sort_by": []}}),
    ("rule_set.colour", lambda body: {**body, "rule_set": {"columns": ["uuid"], "query": {}, "colour": 1}}),
    ("rule_set.sort_by", lambda body: {**body, "rule_set": {"columns": ["uuid"], "sort_by": {}}}),
    ("rule_set.sort_by[0].sort_order", lambda body: {**body, "rule_set": {"columns": ["uuid"], "sort_by": [{"field_name": "uuid", "sort_order": "up"}]}}),
    ("rule_set.sort_by[0].field_name", lambda body: {**body, "rule_set": {"columns": ["uuid"], "sort_by": [{"field_name": "nose", "sort_order": "asc"}]}}),
    ("rule_set.sort_by", lambda body: {**body, "rule_set": {"columns": ["uuid"], "sort_by": [{"field_name": "Q2", "sort_order": "asc"}]}}),
]


@pytest.mark.parametrize("place,change", BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_named(client, body, place, change):
    before = len(client.list(body["study_id"]))
    client.refused("POST", "/api/v1/filter/export/", 400, place, json=change(body))
    assert len(client.list(body["study_id"])) == before, "a refusal leaves no export"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "study_id=1", "\xff", '{"study_id":1,"study_id":1}'])
def test_what_is_no_json_is_refused(client, text):
    client.refused("POST", "/api/v1/filter/export/", 400, data=text.encode("latin-1"))


def test_a_body_over_a_mebibyte(client, body):
    client.refused("POST", "/api/v1/filter/export/", 413, data=b"{" + b" " * (1 << 20) + b"}")


def test_an_unpublished_activity_is_not_there(client, owner):
    study = new_study(owner)
    study.dataset("7", [{"id": "Q1", "type": "string"}], kind="survey", published=False)
    study.dataset("8", [{"id": "Q1", "type": "string"}], kind="sensor")
    for activity in (7, 8):
        client.refused("POST", "/api/v1/filter/export/", 400, "activity_id",
                       json={"study_id": int(study.id), **BODY, "activity_id": activity, "rule_set": {"columns": ["uuid"], "query": {}, "sort_by": []}})


def test_aliases_stand_for_ids_that_are_no_numbers(client, owner):
    from conftest import new_study as named_study
    study = named_study(owner)
    number = 800_001
    owner.patch(study.path, {"settings": {"number": number}})
    study.dataset("diary", [{"id": "Q1", "type": "string"}], kind="survey", attributes={"number": 55}).send([{"id": "a", "participant": "p", "values": {"Q1": "x"}}])
    study.dataset("second", [{"id": "Q1", "type": "string"}], kind="survey").send([{"id": "b", "participant": "p", "values": {"Q1": "y"}}])
    rules = {"columns": ["uuid", "Q1", "participant.id"], "query": {}, "sort_by": []}
    for activity, row in ((55, ["a", "x"]), (2, ["b", "y"])):
        made = client.survey({"study_id": number, "filter": "ACTIVITY_RESPONSE", "activity_id": activity, "rule_set": rules})
        assert made["study_id"] == number
        heading, rows = client.rows(made)
        assert rows == [[*row, "1000000001"]] and f"_survey_{activity}_" in client.finished(made)["content"]
    client.refused("GET", "/api/v1/filter/export/?study_id=800002", 404)


# ------------------------------------------------------------------------------------------------ section 5


def test_the_list_is_a_bare_array_the_newest_first(client, owner):
    study = fill(new_study(owner))
    assert client.list(study.id) == []
    for _ in range(3):
        client.finished(client.survey({"study_id": int(study.id), **BODY}))
    listed = client.list(study.id)
    assert [one["study_specific_id"] for one in listed] == [3, 2, 1]
    assert [one["study_specific_id"] for one in client.list(study.id, limit=1, offset=1)] == [2]
    assert [one["study_specific_id"] for one in client.list(study.id, study_specific_id=1)] == [1]
    assert client.list(study.id, status=3) == [] and len(client.list(study.id, status=2)) == 3
    assert len({one["id"] for one in listed}) == 3 and all(isinstance(one["id"], int) for one in listed)


def test_native_jobs_are_not_in_the_list_and_the_other_way_round_they_are(client, owner):
    study = fill(new_study(owner))
    study.finished({"format": "csv", "datasets": ["21218"]})
    assert client.list(study.id) == []
    client.finished(client.survey({"study_id": int(study.id), **BODY}))
    jobs = owner.get(f"{study.path}/exports").json()["exports"]
    assert [(job.get("dialect"), job.get("number")) for job in jobs] == [("avicenna", 1), (None, None)]


@pytest.mark.parametrize("query,place", [("", "study_id"), ("study_id=", "study_id"), ("study_id=x", "study_id"), ("study_id=1&limit=x", "limit"), ("study_id=1&colour=1", "colour"), ("study_id=1&study_id=2", "study_id")])
def test_the_list_wants_a_study(client, query, place):
    client.refused("GET", f"/api/v1/filter/export/?{query}", 400, place)


# ------------------------------------------------------------------------------------------------ section 6


def test_the_file_needs_the_key(client, server, make_key, done):
    assert requests.get(done["content"], timeout=30).status_code == 401
    stranger = Avicenna(server.url, STRANGER, make_key(STRANGER)["key"])
    assert stranger.session.get(done["content"], timeout=30).status_code == 404


def test_parts_and_conditions(client, done):
    whole = client.session.get(done["content"], timeout=30)
    part = client.session.get(done["content"], headers={"Range": "bytes=3-9"}, timeout=30)
    assert part.status_code == 206 and part.content == whole.content[3:10] and part.headers["Content-Range"] == f"bytes 3-9/{done['size']}"
    beyond = client.session.get(done["content"], headers={"Range": "bytes=999999-"}, timeout=30)
    assert beyond.status_code == 416 and "detail" in beyond.json() and beyond.headers["Content-Range"] == f"bytes */{done['size']}"
    assert client.session.get(done["content"], headers={"If-None-Match": whole.headers["ETag"]}, timeout=30).status_code == 304
    head = client.session.head(done["content"], timeout=30)
    assert head.status_code == 200 and head.headers["Content-Length"] == str(done["size"]) and head.content == b""


def test_the_address_is_this_file_and_no_other(client, done):
    path = "/" + done["content"].split("/", 3)[3]
    for wrong in (path + "x", path.rsplit("/", 1)[0] + "/", path.rsplit("/", 1)[0] + "/other.csv", path.replace(f"/{done['study_specific_id']}/", "/999/")):
        client.refused("GET", wrong, 404)


def test_a_file_that_has_expired_is_gone_and_stays_in_the_list(client, server, owner):
    study = fill(new_study(owner))
    done = client.finished(client.survey({"study_id": int(study.id), **BODY}))
    # As if seven days had gone by.
    with sqlite3.connect(server.data / "catalog.sqlite") as catalog:
        catalog.execute("UPDATE export_job SET state = 'expired' WHERE study = ?", (study.id,))
    client.refused("GET", "/" + done["content"].split("/", 3)[3], 410)
    (gone,) = client.list(study.id)
    assert gone["status"] == {"id": 4, "label": "Expired"} and gone["content"] is None


def test_files_live_for_seven_days(client, done):
    from datetime import datetime
    parse = lambda text: datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert 6.99 < (parse(done["expires_at"]) - parse(done["finished_at"])).total_seconds() / 86400 < 7.01


# ------------------------------------------------------------------------------------------------ sections 10 and 11


def test_who_did_what_is_in_the_audit(client, owner):
    study = fill(new_study(owner))
    done = client.finished(client.survey({"study_id": int(study.id), **BODY}))
    client.session.get(done["content"], timeout=30)
    entries = owner.get(f"{study.path}/audit", params={"limit": 100}).json()["entries"]
    actions = [entry["action"] for entry in entries]
    assert {"export.create", "export.download"} <= set(actions)
    download = next(entry for entry in entries if entry["action"] == "export.download")
    assert download["rows"] == 4 and download["address"] and download["key"]


def test_an_export_forgets_whom_it_named_when_they_are_erased(client, server, owner):
    study = fill(new_study(owner))
    named = {**BODY, "rule_set": {"columns": ["uuid"], "query": {"field_name": "participant.id", "op": "=", "value": "ann"}, "sort_by": []}}
    done = client.finished(client.survey({"study_id": int(study.id), **named}))
    assert done["rows"] == 1
    owner.post(f"{study.path}/participants/ann/erasure")
    (after,) = client.list(study.id)
    assert after["content"] is None and "ann" not in str(after)


def test_five_unfinished_exports_are_enough(client, server, owner):
    study = fill(new_study(owner))
    wanted = {"study_id": int(study.id), **BODY}
    for _ in range(5):
        client.finished(client.survey(wanted))
    try:
        # As if another process had them in hand.
        with sqlite3.connect(server.data / "catalog.sqlite") as catalog:
            catalog.execute("UPDATE export_job SET state = 'executing', lease_owner = 'elsewhere', lease_until = 253402300799000000 WHERE study = ?", (study.id,))
        assert {one["status"]["label"] for one in client.list(study.id)} == {"Processing"}
        assert int(client.refused("POST", "/api/v1/filter/export/", 429, json=wanted).headers["Retry-After"]) > 0
    finally:
        with sqlite3.connect(server.data / "catalog.sqlite") as catalog:
            catalog.execute("UPDATE export_job SET state = 'succeeded', lease_owner = '', lease_until = NULL WHERE study = ?", (study.id,))
    client.survey(wanted)
