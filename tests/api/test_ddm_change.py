"""DDM: tokens, downloads of one participant, deletes, logs, secrets, and what participants send."""
import io
import json
import re
import zipfile

import pytest
import requests

from conftest import OWNER, new_study
from harness.ddm import Project, post_data

GOOD = {"1": {"consent": True, "extractedData": [{"a": 1}], "status": "success"}, "2": {"consent": False, "extractedData": [], "status": "failed"}}
ANSWERS = {"question-12": "1"}


@pytest.fixture
def project(server, owner):
    project = Project(server, new_study(owner), OWNER)
    project.browser = project.sign_in()
    return project


def test_one_token_at_a_time(project):
    first = project.new_token(project.browser)
    second = project.new_token(project.browser, days=90)
    assert first != second and re.fullmatch("[0-9a-f]{40}", second)
    assert project.get("overview", first).json() == {"detail": "Invalid token."} and project.get("overview", second).status_code == 200
    for days in ("0", "91", "x", ""):
        answer = project.token_page(project.browser, action="create", expiration_days=days)
        assert answer.status_code == 200 and "between 1 and 90" in answer.text
    assert project.get("overview", second).status_code == 200
    assert project.token_page(project.browser, action="delete").status_code == 302
    assert project.get("overview", second).json() == {"detail": "Invalid token."}
    refused = requests.Session()
    refused.cookies.update(project.browser.cookies)
    assert refused.post(f"{project.root}/projects/{project.url_id}/token/", data={"action": "create", "expiration_days": 5}).status_code == 403
    events = [row[1] for row in project.logged(project.browser)[0]]
    assert events.count("New Access Token Created") == 2 and events.count("Access Token Deleted") == 1


def test_a_token_by_the_native_api(project):
    api, path = project.study.api, f"{project.study.path}/donation-project/token"
    api.get(path, error="not-found")
    first = api.put(path, {"days": 1}).json()
    second = api.put(path, {}).json()
    assert project.get("overview", first["token"]).json() == {"detail": "Invalid token."} and project.get("overview", second["token"]).status_code == 200
    # Nothing but its making tells it; the project's own page shows it as one of its own.
    kept = api.get(path).json()
    assert kept == {"created_at": second["created_at"], "expires_at": second["expires_at"], "expired": False}
    assert second["token"] in project.browser.get(f"{project.root}/projects/{project.url_id}/token/").text
    for days in (0, 91, -1, "30", 1.5, True):
        api.put(path, {"days": days}, error="bad-member")
    api.put(path, {"token": "mine"}, error="unknown-member")
    assert project.get("overview", second["token"]).status_code == 200
    assert api.delete(path).status_code == 204 and api.delete(path).status_code == 204
    assert project.get("overview", second["token"]).json() == {"detail": "Invalid token."}
    api.get(path, error="not-found")
    log = api.get(f"{project.study.path}/donation-project/log").json()
    told = [event["description"] for event in log["events"]]
    assert told.count("New Access Token Created") == 2 and sum("Project details retrieved" in line for line in told) == 2
    assert [event["time"] for event in log["events"]] == sorted((event["time"] for event in log["events"]), reverse=True)
    plain = new_study(api)
    for what in ("token", "log"):
        api.get(f"{plain.path}/donation-project/{what}", error="not-found")
    api.put(f"{plain.path}/donation-project/token", {}, error="not-found")
    actions = [entry["action"] for entry in api.get(f"{project.study.path}/audit", params={"action": "donations."}).json()["entries"]]
    assert actions.count("donations.token_create") >= 2 and "donations.token_delete" in actions


def download(project, person, session=None, **form):
    session = session or project.browser
    form["csrfmiddlewaretoken"] = session.cookies["csrftoken"]
    return session.post(f"{project.root}/projects/{project.url_id}/data-donation/download/{person}", data=form, allow_redirects=False)


def test_donations_of_one(project):
    person = project.take_part(GOOD)
    answer = download(project, person)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/zip" and int(answer.headers["Content-Length"]) == len(answer.content)
    name = f"ddm_{project.url_id}_donations_{person}"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}.zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.namelist() == [f"{name}.json"] and archive.infolist()[0].compress_type == zipfile.ZIP_DEFLATED
    text = archive.read(f"{name}.json").decode()
    first, second = json.loads(text)
    assert list(first) == ["blueprint_id", "blueprint_name", "donation"] and list(first["donation"]) == ["participant", "data", "time_submitted", "status", "consent"]
    assert first["blueprint_id"] == 1 and first["donation"]["data"] == [{"a": 1}] and second["donation"]["consent"] is False
    assert text == json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
    empty = project.take_part()
    assert zipfile.ZipFile(io.BytesIO(download(project, empty).content)).read(f"ddm_{project.url_id}_donations_{empty}.json") == b"[]"
    assert download(project, "C" * 24).status_code == 404
    other = Project(project.server, new_study(project.study.api), OWNER)
    assert download(project, other.take_part(GOOD)).status_code == 404
    # A blueprint that the project has given up is named no more, what was donated to it is still there.
    project.study.api.put(f"{project.study.path}/donation-project", {"blueprints": [{"id": 2, "name": "Left"}]})
    gone, left = json.loads(zipfile.ZipFile(io.BytesIO(download(project, person).content)).read(f"{name}.json"))
    assert (gone["blueprint_id"], gone["blueprint_name"], gone["donation"]["data"]) == (None, None, [{"a": 1}]) and left["blueprint_name"] == "Left"
    assert project.browser.delete(f"{project.api}/data/delete").json()["message"].startswith("Deleted 2 data donations")
    assert "Donation download registered." in project.logged(project.browser)[0][0][1] or any("registered" in row[1] for row in project.logged(project.browser)[0])


def test_delete_a_participant(project):
    stays, goes = project.take_part(GOOD, ANSWERS), project.take_part(GOOD, ANSWERS)
    token = project.new_token(project.browser)
    headers = {"Authorization": f"Token {token}"}
    answer = requests.delete(f"{project.api}/participant/{goes}/delete", headers=headers)
    assert answer.status_code == 200 and answer.json() == {"message": f'Participant with external id "{goes}" successfully deleted.'}
    again = requests.delete(f"{project.api}/participant/{goes}/delete", headers=headers)
    assert again.status_code == 404 and again.json() == {"message": f'Participant with id "{goes}" not found.'}
    assert [person["external_id"] for person in project.get("overview", token).json()["participants"]] == [stays]
    assert [one["participant"] for one in project.get("responses", token).json()["responses"]] == [stays]
    donations = project.get("donations", token, params={"participants": f"{goes},{stays}"}).json()
    assert [one["participant"] for one in donations["blueprints"]["1"]["donations"]] == [stays]
    assert project.study.api.get(f"{project.study.path}/files").json()["total"] == 2
    owner_may = project.browser.delete(f"{project.api}/participant/{stays}/delete")
    assert owner_may.status_code == 200


def test_delete_all_data(project):
    for _ in range(3):
        project.take_part(GOOD, ANSWERS)
    project.take_part()
    answer = project.browser.delete(f"{project.api}/data/delete")
    assert answer.status_code == 200 and answer.json() == {"message": "Deleted 6 data donations and 3 questionnaire responses."}
    token = project.new_token(project.browser)
    overview = project.get("overview", token).json()
    assert overview["participants"] == [] and len(overview["blueprints"]) == 2
    assert project.get("responses", token).json()["metadata"] == {"n_responses": 0}
    assert project.study.api.get(f"{project.study.path}/files").json()["total"] == 0
    assert any("Data Deletion Successful" in row[1] for row in project.logged(project.browser)[0])
    # And it goes on collecting.
    project.take_part(GOOD, ANSWERS)
    assert project.get("responses", token).json()["metadata"] == {"n_responses": 1}


def test_delete_the_project(project):
    project.take_part(GOOD)
    place = f"{project.root}/projects/{project.url_id}/delete/"
    assert "Yes, delete it" in project.browser.get(place).text
    answer = project.browser.post(place, data={"csrfmiddlewaretoken": project.browser.cookies["csrftoken"]}, allow_redirects=False)
    assert answer.status_code == 302 and answer.headers["Location"] == "/ddm/projects/"
    assert requests.get(f"{project.api}/overview").status_code == 404
    project.study.api.get(project.study.path, error="not-found")


SECRET = "a super secret passphrase"


def test_super_secret(project):
    person = project.take_part(GOOD, ANSWERS)
    project.study.api.put(f"{project.study.path}/lock", {"passphrase": SECRET})
    token = project.new_token(project.browser)
    assert project.get("overview", token).status_code == 200 and project.browser.get(f"{project.api}/details/download").status_code == 200
    for what in ("donations", "donations?participants=x", "responses", "responses?csv=true"):
        answer = project.get(what, token)
        assert answer.status_code == 405 and answer.json() == {"detail": "Endpoint disabled for super secret projects."}
    assert requests.get(f"{project.api}/donations").status_code == 401
    assert 'name="secret"' in project.browser.get(f"{project.root}/projects/{project.url_id}/data-donation/download/{person}").text
    for form in ({}, {"secret": "wrong and long enough"}):
        wrong = download(project, person, **form)
        assert wrong.status_code == 422 and wrong.text == "Incorrect secret" and wrong.headers["Content-Type"].startswith("text/html")
    # As the page's script sends it.
    page = f"{project.root}/projects/{project.url_id}/data-donation/download/{person}"
    right = project.browser.post(page, files={"secret": (None, SECRET)}, headers={"X-Requested-With": "XMLHttpRequest"})
    assert right.status_code == 200
    assert json.loads(zipfile.ZipFile(io.BytesIO(right.content)).read(f"ddm_{project.url_id}_donations_{person}.json"))[0]["donation"]["data"] == [{"a": 1}]
    # Donating and answering need no secret, and what comes now is sealed.
    answers = {"question-12": "1", "item-101": 1, "question-13": "a text that only the passphrase opens"}
    sealed = project.take_part(GOOD, answers, config=[{"q": 1}])
    study = project.study
    (record,) = [one for one in study.api.get(f"{study.path}/datasets/questionnaire/records").json()["records"] if one["participant"] == sealed]
    assert set(record["values"]) == {"config", "sealed_answers"} and record["values"]["config"] == [{"q": 1}]
    content = f"{study.path}/files/{record['values']['sealed_answers']}/content"
    study.api.get(content, error="study-locked")
    assert study.api.get(content, headers={"X-Study-Passphrase": SECRET}, validate=False).json() == answers
    assert not [path for path in project.server.data.rglob("*") if path.is_file() and b"only the passphrase opens" in path.read_bytes()]
    assert project.get("responses", token).status_code == 405
    rows = project.logged(project.browser)[0]
    assert any(row[1].endswith("Donation download failed.") and row[2] == "Download attempt with incorrect secret was registered." for row in rows)
    # Opened again, the answers are there, those that came sealed and those that did not.
    study.api.call("DELETE", f"{study.path}/lock", headers={"Content-Type": "application/json"}, data=json.dumps({"passphrase": SECRET}))
    body = project.get("responses", token, params={"include_snapshot": "true"}).json()
    assert [one["participant"] for one in body["responses"]] == [person, sealed]
    assert body["responses"][1]["response_data"] == {"mc-20": 1, "zsc": "1", "open": answers["question-13"]}
    assert body["responses"][1]["questionnaire_snapshot"] == answers and body["responses"][1]["questionnaire_config"] == [{"q": 1}]
    assert answers["question-13"] in project.get("responses", token, params={"csv": "true"}).text
    study.api.post(f"{study.path}/participants/{sealed}/erasure")
    study.api.get(content, error="not-found")


def test_logs(project):
    person = project.take_part(GOOD, ANSWERS)
    token = project.new_token(project.browser)
    project.get("overview", token), project.get("donations", token, params={"participants": person}), project.get("responses", token)
    project.browser.get(f"{project.api}/details/download")
    project.get("overview", "0" * 40)
    # HEAD is a reading, too.
    assert requests.head(f"{project.api}/responses", headers={"Authorization": f"Token {token}"}).status_code == 200
    assert any(row[1] == f"/ddm/api/project/{project.url_id}/responses HEAD: API access: Responses retrieved" for row in project.logged(project.browser)[0])
    rows = project.logged(project.browser)[0]
    texts = {(row[1].split(": ", 1)[-1], row[2]) for row in rows}
    assert {("API access: Project details retrieved.", "The project detail data were accessed through the API."),
            ("API access: Donations retrieved.", "The donation data was accessed through the API."),
            ("API access: Responses retrieved", "The response data was accessed through the API."),
            ("New Access Token Created", ""), ("Failed Attempt", "Authentication failed.")} <= texts
    assert any(row[1] == f"/ddm/api/project/{project.url_id}/donations?participants={person} GET: API access: Donations retrieved." for row in rows)
    assert any("Participation overview downloaded." in row[1] for row in rows)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d, \d\d:\d\d", row[0]) for row in rows)
    project.study.api.post(f"{project.study.path}/participants/{person}/erasure")
    assert person not in project.browser.get(f"{project.root}/projects/{project.url_id}/logs/").text


def test_exceptions_of_browsers(project):
    place = f"{project.root}/{project.url_id}/exceptions/"
    body = {"status_code": "E1", "message": "<b>broken</b>", "raised_by": "uploader", "blueprint": 1, "uploader": None, "date": "2024-07-16T20:30:40Z"}
    answer = requests.post(place, json=body)
    assert answer.status_code == 201 and answer.text == "null"
    assert requests.post(place, data="no json").status_code == 400
    assert requests.post(f"{project.root}/nosuch00/exceptions/", json=body).status_code == 404
    [row] = project.logged(project.browser)[1]
    assert row == ["2024-07-16, 20:30:40", "None", "E1", "uploader", "1", "&lt;b&gt;broken&lt;/b&gt;"]


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def test_donations_that_are_refused(project):
    guest = requests.Session()
    place = f"{project.root}/studies/{project.slug}"
    guest.get(f"{place}/briefing/")
    guest.post(f"{place}/briefing/", data={"briefing_consent": "1"})
    good = post_data(GOOD)
    bombs = zipped([("data_donation.json", b"0" * (600 << 20))])
    for bad, status in ((b"no zip", 400), (b"", 400), (good[:-30], 400), (good[: len(good) // 2], 400), (zipped([("other.json", "{}")]), 400), (zipped([("data_donation.json", "[]")]), 400),
                        (zipped([("data_donation.json", "{")]), 400), (zipped([("../data_donation.json", "{}")]), 400), (zipped([("/etc/passwd", "x")]), 400),
                        (post_data({"77": {"consent": True, "extractedData": [], "status": "success"}}), 400), (post_data({"1": 5}), 400),
                        (zipped([(f"f{number}", "x") for number in range(200)]), 413), (bombs, 413)):
        answer = guest.post(f"{place}/data-donation/", files={"post_data": ("x.zip", bad)}, allow_redirects=False)
        assert answer.status_code == status, (answer.status_code, bad[:40])
    assert project.study.api.get(f"{project.study.path}/files").json()["total"] == 0
    # One bad donation keeps the other out: nothing is half there.
    mixed = {"1": GOOD["1"], "77": GOOD["1"]}
    assert guest.post(f"{place}/data-donation/", files={"post_data": ("x.zip", post_data(mixed))}, allow_redirects=False).status_code == 400
    assert project.study.api.get(f"{project.study.path}/files").json()["total"] == 0
    assert guest.post(f"{place}/data-donation/", files={"post_data": ("x.zip", good)}, allow_redirects=False).headers["Location"].endswith("/questionnaire/")
    for bad in ("", "{", "[]", '{"responses":[]}'):
        assert guest.post(f"{place}/questionnaire/", data={"post_data": bad}, allow_redirects=False).status_code == 400


def test_the_pages_in_order(project):
    guest = requests.Session()
    place = f"{project.root}/studies/{project.slug}"

    def at(page):
        answer = guest.get(f"{place}/{page}/", allow_redirects=False)
        return answer.headers["Location"].rstrip("/").rsplit("/", 1)[1] if answer.status_code == 302 else answer.status_code
    assert at("questionnaire") == "briefing" and at("briefing") == 200
    assert guest.post(f"{place}/briefing/", data={}).status_code == 400
    assert at("data-donation") == "briefing" and at("continue") == "briefing"
    guest.post(f"{place}/briefing/", data={"briefing_consent": "1"})
    assert at("data-donation") == 200 and at("debriefing") == "data-donation"
    guest.post(f"{place}/data-donation/", files={"post_data": ("x.zip", post_data(GOOD))})
    assert at("continue") == "questionnaire" and at("questionnaire") == 200
    guest.post(f"{place}/questionnaire/", data={"post_data": json.dumps({"responses": ANSWERS})})
    assert at("continue") == "debriefing" and at("debriefing") == 200
    [person] = project.get("overview", project.new_token(project.browser)).json()["participants"]
    assert person["completed"] and person["end_time"] is not None and person["current_step"] == 3
    assert requests.get(f"{project.root}/studies/nosuch/briefing/").status_code == 404
    Project(project.server, project.study, OWNER, active=False)
    assert guest.get(f"{place}/briefing/", allow_redirects=False).headers["Location"].endswith("/inactive/")
    assert requests.get(f"{place}/inactive/").status_code == 200


def test_signing_in(project):
    session = requests.Session()
    session.headers["X-Forwarded-For"] = "198.51.100.78"
    page = session.get(f"{project.root}/login/").text
    token = re.search(r'value="([^"]+)"', page)[1]
    wrong = session.post(f"{project.root}/login/", data={"username": OWNER, "password": "wrong password", "csrfmiddlewaretoken": token}, allow_redirects=False)
    assert wrong.status_code == 200 and "correct username and password" in wrong.text and "sessionid" not in session.cookies
    assert session.post(f"{project.root}/login/", data={"username": OWNER, "password": "x"}).status_code == 403
    cookies = project.browser.cookies
    assert project.url_id in project.browser.get(f"{project.root}/projects/").text
    out = project.browser.post(f"{project.root}/logout/", data={"csrfmiddlewaretoken": cookies["csrftoken"]}, allow_redirects=False)
    assert out.status_code == 302
    assert project.get("responses", session=project.browser).status_code == 403


def test_settings(project):
    study = project.study
    path = f"{study.path}/donation-project"
    kept = study.api.get(path).json()
    assert kept["url_id"] == project.url_id and kept["settings"]["blueprints"][0]["name"] == "Watch history" and kept["super_secret"] is False
    study.api.put(path, {"url_id": "AAAAAAAA"}, error="conflict")
    for body in ({"blueprints": [{"id": 1}]}, {"blueprints": [{"id": 1, "name": "x", "format": "xml"}]}, {"blueprints": [{"id": 1, "name": "x"}, {"id": 1, "name": "y"}]},
                 {"questionnaire": [{"id": 1, "variable_name": "a b"}]}, {"slug": "a b"}, {"url_id": "short"}, {"blueprints": {}}):
        study.api.put(path, body, error="bad-member")
    study.api.put(path, {"colour": 1}, error="unknown-member")
    other = new_study(study.api)
    study.api.get(f"{other.path}/donation-project", error="not-found")
    study.api.put(f"{other.path}/donation-project", {"slug": project.slug}, error="conflict")
