"""What the owner of a study lets others do in it."""
import pytest

from conftest import ADMIN, OWNER, STRANGER, new_study
from harness.client import Api, ndjson

FIELDS = [{"id": "mood", "type": "integer"}]
PAST, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def shared(owner, study):
    """A study with two datasets."""
    for name in ("diary", "steps"):
        study.dataset(name, FIELDS, kind="survey").send([{"id": f"{name}-1", "participant": "p1", "session": "s1", "values": {"mood": 4}}])
    return study


def grant(owner, study, rights, account=STRANGER, **members):
    return owner.put(f"{study.path}/grants/{account}", {"rights": rights, **members}, status=200).json()


def attempts(api, study):
    """Which of the rights can be used: one call for each, that changes nothing that matters."""
    records = f"{study.path}/datasets/diary/records"
    calls = {
        "view": [("GET", study.path, {}), ("GET", records, {}), ("GET", f"{study.path}/datasets", {}), ("GET", f"{study.path}/participants", {}),
                 ("GET", f"{study.path}/datasets/diary/summary", {}), ("GET", f"{study.path}/datasets/diary/count", {})],
        "export": [("GET", f"{study.path}/datasets/diary/export", {}), ("GET", f"{study.path}/exports", {})],
        "manage": [("PUT", f"{study.path}/participants/p2", {"json": {}}), ("PATCH", study.path, {"json": {"description": "x"}}),
                   ("POST", records, {"data": ndjson([]), "headers": NDJSON})],
        "delete": [("DELETE", f"{records}/none", {})],
        "own": [("GET", f"{study.path}/grants", {}), ("PUT", f"{study.path}/grants/{ADMIN}", {"json": {"rights": ["view"]}}),
                ("DELETE", f"{study.path}/grants/{ADMIN}", {})],
    }
    outcome = {}
    for right, requests in calls.items():
        answers = {api.session.request(method, f"{api.url}/api/v1{path}", timeout=60, **options).status_code for method, path, options in requests}
        # A record that is not there: allowed, and nothing to do.
        outcome[right] = {200: "yes", 201: "yes", 204: "yes", 403: "no", 404: "hidden"}[max(answers)] if right != "delete" or answers == {403} else "yes"
    return outcome


@pytest.mark.parametrize("rights, may", [
    (["view"], {"view"}),
    (["export"], {"view", "export"}),
    (["manage"], {"view", "manage"}),
    (["delete"], {"view", "delete"}),
    (["view", "export", "manage", "delete"], {"view", "export", "manage", "delete"}),
])
def test_each_right_lets_do_its_own(owner, stranger, shared, rights, may):
    kept = grant(owner, shared, rights)
    assert set(kept["rights"]) == set(rights) | {"view"} and kept["account"]["email"] == STRANGER
    got = attempts(stranger, shared)
    assert got == {right: "yes" if right in may else "no" for right in got}


def test_without_a_grant_there_is_no_study(owner, stranger, shared):
    foreign = stranger.get(shared.path, error="not-found").json()
    missing = stranger.get("/studies/no-such-study", error="not-found").json()
    for member in ("request_id", "instance"):
        foreign.pop(member), missing.pop(member)
    assert foreign == missing
    stranger.put(f"{shared.path}/grants/{STRANGER}", {"rights": ["view"]}, error="not-found")


def test_counts_at_once_and_is_taken_back_at_once(owner, stranger, shared):
    stranger.get(shared.path, error="not-found")
    grant(owner, shared, ["view"])
    stranger.get(shared.path)
    assert [entry["id"] for entry in stranger.get("/studies", params={"search": shared.id}).json()["studies"]] == [shared.id]
    owner.delete(f"{shared.path}/grants/{STRANGER}", status=204)
    stranger.get(shared.path, error="not-found")
    assert stranger.get("/studies", params={"search": shared.id}).json()["total"] == 0
    owner.delete(f"{shared.path}/grants/{STRANGER}", error="not-found")


def test_expires(owner, stranger, shared):
    assert grant(owner, shared, ["view"], expires_at=PAST)["expired"] is True
    stranger.get(shared.path, error="not-found")
    assert stranger.get("/studies", params={"search": shared.id}).json()["total"] == 0
    assert [entry["expired"] for entry in owner.get(f"{shared.path}/grants").json()["grants"]] == [True]
    assert grant(owner, shared, ["view"], expires_at=FUTURE)["expired"] is False
    stranger.get(shared.path)


def test_limited_to_datasets(owner, stranger, shared):
    grant(owner, shared, ["export", "manage", "delete"], datasets=["diary"])
    for call in ("", "/records", "/summary", "/count", "/export"):
        stranger.get(f"{shared.path}/datasets/diary{call}")
        hidden = stranger.get(f"{shared.path}/datasets/steps{call}", error="not-found").json()
        missing = stranger.get(f"{shared.path}/datasets/none{call}", error="not-found").json()
        assert hidden["detail"] == missing["detail"]
    body = ndjson([{"id": "x", "participant": "p9", "values": {"mood": 1}}])
    stranger.call("POST", f"{shared.path}/datasets/diary/records", data=body, headers=NDJSON, status=200)
    stranger.call("POST", f"{shared.path}/datasets/steps/records", data=body, headers=NDJSON, error="not-found")
    stranger.delete(f"{shared.path}/datasets/steps/records/steps-1", error="not-found")
    stranger.delete(f"{shared.path}/datasets/diary/records/diary-1", status=204)
    # What concerns the whole study is not for a part of it.
    stranger.patch(shared.path, {"settings": {"minimum_cell": 2}}, error="forbidden")
    stranger.put(f"{shared.path}/participants/p3", {}, error="forbidden")
    stranger.put(f"{shared.path}/datasets/diary", {"fields": FIELDS}, error="forbidden")
    stranger.delete(shared.path, error="forbidden")


@pytest.mark.parametrize("limits", [{"identifiers": False}, {"sites": ["Leipzig"]}])
def test_who_may_not_see_all_may_not_change_what_hides_it(owner, stranger, shared, limits):
    kept = grant(owner, shared, ["export", "manage", "delete"], **limits)
    assert all(kept[name] == value for name, value in limits.items())
    stranger.patch(shared.path, {"settings": {"site_attribute": "other", "attributes": {"email": "plain"}}}, error="forbidden")
    stranger.put(f"{shared.path}/datasets/diary", {"fields": FIELDS}, error="forbidden")
    stranger.delete(f"{shared.path}/datasets/diary/records/seq:1", error="forbidden")


def test_replacing_a_grant_keeps_nothing_of_it(owner, stranger, shared):
    first = grant(owner, shared, ["export"], datasets=["diary"], sites=["A b", "Ü, x"], identifiers=False, expires_at=FUTURE)
    assert first["sites"] == ["A b", "Ü, x"] and first["expires_at"].startswith("2999-01-01")
    second = grant(owner, shared, ["view"])
    assert second["rights"] == ["view"] and second["datasets"] is None and second["sites"] is None
    assert second["identifiers"] is True and second["expires_at"] is None and second["created_at"] == first["created_at"]
    assert len(owner.get(f"{shared.path}/grants").json()["grants"]) == 1


@pytest.mark.parametrize("body, place", [
    ({}, "/rights"), ({"rights": []}, "/rights"), ({"rights": ["view", "own"]}, "/rights"), ({"rights": "view"}, "/rights"), ({"rights": [1]}, "/rights/0"),
    ({"rights": ["view"], "datasets": []}, "/datasets"), ({"rights": ["view"], "datasets": ["a b"]}, "/datasets"),
    ({"rights": ["view"], "sites": ["a\nb"]}, "/sites"), ({"rights": ["view"], "sites": {}}, "/sites"),
    ({"rights": ["view"], "identifiers": "no"}, "/identifiers"),
])
def test_bad_grants(owner, shared, body, place):
    owner.put(f"{shared.path}/grants/{STRANGER}", body, error="bad-member", place=place)


def test_grants_are_for_accounts_other_than_the_owner(owner, shared):
    owner.put(f"{shared.path}/grants/{OWNER}", {"rights": ["view"]}, error="conflict")
    owner.put(f"{shared.path}/grants/nobody@example.org", {"rights": ["view"]}, error="not-found")
    owner.put(f"{shared.path}/grants/usr_none", {"rights": ["view"]}, error="not-found")
    owner.put(f"{shared.path}/grants/{STRANGER}", {"rights": ["view"], "colour": 1}, error="unknown-member")
    by_mail = grant(owner, shared, ["view"], account=STRANGER.upper())
    assert grant(owner, shared, ["export"], account=by_mail["account"]["id"])["account"] == by_mail["account"]


def test_handing_over(owner, stranger, admin):
    study = new_study(owner)
    owner.put(f"{study.path}/owner", {}, error="bad-member")
    owner.put(f"{study.path}/owner", {"account": "nobody@example.org"}, error="not-found")
    grant(owner, study, ["view"])
    stranger.put(f"{study.path}/owner", {"account": STRANGER}, error="forbidden")
    assert owner.put(f"{study.path}/owner", {"account": STRANGER}, status=200).json()["owner"]["email"] == STRANGER
    owner.get(study.path, error="not-found")
    assert stranger.get(f"{study.path}/grants").json()["grants"] == []
    admin.put(f"{study.path}/owner", {"account": OWNER}, status=200)
    owner.delete(study.path, status=204)


def test_a_study_that_is_made_again_has_no_old_grants(owner, stranger):
    study = new_study(owner)
    grant(owner, study, ["export"])
    owner.delete(study.path, status=204)
    owner.post("/studies", {"id": study.id}, status=201)
    stranger.get(study.path, error="not-found")
    assert owner.get(f"{study.path}/grants").json()["grants"] == []


def test_the_scopes_of_a_key_still_count(server, owner, make_key, shared):
    grant(owner, shared, ["export"])
    reader = Api(server.url, make_key(STRANGER, scopes=["read:studies"])["key"])
    reader.get(shared.path)
    reader.get(f"{shared.path}/datasets/diary/export", error="forbidden")


@pytest.fixture
def two_sites(owner, study):
    for person, site in (("p-lei", "Leipzig"), ("p-hal", "Halle"), ("p-none", None)):
        owner.put(f"{study.path}/participants/{person}", {"attributes": {"site": site} if site else {}})
    study.dataset("diary", FIELDS, kind="survey").send(
        [{"id": f"r-{person}", "participant": person, "session": f"s-{person}", "values": {"mood": 4}} for person in ("p-lei", "p-hal", "p-none")])
    return study


def test_limited_to_sites(owner, stranger, two_sites):
    grant(owner, two_sites, ["export"], sites=["Leipzig"])
    path = f"{two_sites.path}/datasets/diary"
    assert [record["participant"] for record in stranger.get(f"{path}/records").json()["records"]] == ["p-lei"]
    assert stranger.get(f"{path}/count").json()["count"] == 1
    assert stranger.get(f"{path}/summary").json()["records"] == 1
    assert [entry["id"] for entry in stranger.get(f"{two_sites.path}/participants").json()["participants"]] == ["p-lei"]
    stranger.get(f"{two_sites.path}/participants/p-hal", error="not-found")
    text = stranger.get(f"{path}/export").text
    assert "p-lei" in text and "p-hal" not in text and "p-none" not in text
    owned = two_sites.finished({"datasets": ["diary"], "format": "csv"})
    stranger.get(f"/exports/{owned['id']}/file", status=404, validate=False)
    grant(owner, two_sites, ["export"], sites=["Leipzig", "Halle"])
    assert stranger.get(f"{path}/count").json()["count"] == 2


def test_without_identifiers(owner, stranger, two_sites):
    grant(owner, two_sites, ["export"], identifiers=False)
    path = f"{two_sites.path}/datasets/diary"
    for call, params in ((f"{path}/records", {}), (f"{path}/records", {"identifiers": "keep"}), (f"{path}/export", {"identifiers": "keep"}),
                         (f"{path}/export", {"format": "ndjson"}), (f"{two_sites.path}/participants", {}), (f"{two_sites.path}/sessions", {})):
        text = stranger.get(call, params=params).text
        assert "p-lei" not in text and "r-p-" not in text and "P-" in text or "sessions" in call and "S-" in text
    stranger.get(f"{two_sites.path}/participants/p-lei", error="not-found")
