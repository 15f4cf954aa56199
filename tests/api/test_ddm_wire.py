"""DDM on the wire, statement by statement where no other test has it: headers, times, order, what is logged, and who may what."""
import csv
import io
import json
import re
import zipfile

import pytest
import requests

from conftest import ADMIN, OWNER, STRANGER, new_study
from harness import program
from harness.client import Api
from harness.ddm import BLUEPRINTS, Project

DONATION = {"1": {"consent": True, "extractedData": [{"a": 1}], "status": "success"}, "2": {"consent": None, "extractedData": [], "status": "pending"}}
ANSWERS = {"question-12": "1", "item-101": 1}
PERSON = "P" * 24


@pytest.fixture(scope="module")
def project(server, owner):
    """Two who took part. Tests of this module only read it."""
    project = Project(server, new_study(owner), OWNER)
    project.browser = project.sign_in()
    project.people = [project.take_part(DONATION, ANSWERS, pid="7"), project.take_part(DONATION)]
    project.token = project.new_token(project.browser)
    return project


@pytest.fixture
def fresh(server, owner):
    project = Project(server, new_study(owner), OWNER)
    project.browser = project.sign_in()
    return project


@pytest.fixture(scope="module")
def boss(server, project):
    return project.sign_in(ADMIN)


@pytest.fixture(scope="module")
def other(server, project):
    return project.sign_in(STRANGER)


#: What is read by GET: behind the project's address, and whether a session may.
READS = [("overview", False), ("donations?participants={p}", False), ("responses", True), ("responses?csv=true", True), ("details/download", True)]


def read(project, what, session, method="GET", **options):
    headers = {} if session else {"Authorization": f"Token {project.token}"}
    client = project.browser if session else requests
    return client.request(method, f"{project.api}/{what.format(p=project.people[0])}", headers={**headers, **options}, timeout=60)


@pytest.mark.parametrize("what, session", READS)
def test_headers_of_what_is_read(project, what, session):
    head = read(project, what, session).headers
    assert head["Content-Type"] == ("text/csv" if "csv" in what or "details" in what else "application/json")
    assert head["Vary"] == ("Accept, Accept-Language, Cookie" if session else "Accept, Accept-Language") and head["Allow"] == "GET, HEAD, OPTIONS"
    assert head["Content-Language"] == "en" and head["X-Content-Type-Options"] == "nosniff" and head["Referrer-Policy"] == "same-origin"
    assert head["Cross-Origin-Opener-Policy"] == "same-origin"
    assert ("Content-Length" in head) is ("details" not in what)
    assert not {"Cache-Control", "ETag", "Expires", "X-RateLimit-Limit"} & set(head) and "WWW-Authenticate" not in head


@pytest.mark.parametrize("what, session", READS)
def test_head_is_get_without_its_body_and_logged(project, what, session):
    def plain(head):
        return {name: re.sub(r"\d\d-\d\d-\d\d\.csv", "", value) for name, value in head.items() if name not in ("Date", "X-Request-Id", "Transfer-Encoding")}
    got, head = read(project, what, session), read(project, what, session, method="HEAD")
    assert head.status_code == 200 and head.content == b"" and plain(head.headers) == plain(got.headers)
    address = f"/ddm/api/project/{project.url_id}/{what.format(p=project.people[0])}"
    assert {f"{address} {method}" for method in ("GET", "HEAD")} <= {row[1].split(": ")[0] for row in project.logged(project.browser)[0]}


@pytest.mark.parametrize("what, allow", [("overview", "GET, HEAD, OPTIONS"), ("donations", "GET, HEAD, OPTIONS"), ("responses", "GET, HEAD, OPTIONS"), ("details/download", "GET, HEAD, OPTIONS"),
                                         ("participant/x/delete", "DELETE, OPTIONS"), ("data/delete", "DELETE, OPTIONS")])
def test_endpoints_describe_themselves_and_refuse_other_methods(project, what, allow):
    headers = {"Authorization": f"Token {project.token}"} if what in ("overview", "donations") else {}
    client = requests if headers else project.browser
    described = client.options(f"{project.api}/{what}", headers=headers, timeout=30)
    assert described.status_code == 200 and list(described.json()) == ["name", "description", "renders", "parses"] and described.headers["Allow"] == allow
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(allow.split(", ")):
        refused = client.request(method, f"{project.api}/{what}", headers=headers, timeout=30)
        assert (refused.status_code, refused.json(), refused.headers["Allow"]) == (405, {"detail": f'Method "{method}" not allowed.'}, allow)


def test_no_address_ends_with_a_slash(project):
    for what in ("overview", "donations", "responses", "details/download"):
        answer = project.get(f"{what}/", project.token, params={"participants": ""}, allow_redirects=False)
        assert answer.status_code == 404 and answer.json() == {"detail": "Not found."}
    assert project.browser.delete(f"{project.api}/data/delete/").status_code == 404


def test_what_a_client_wants_to_see(project):
    def kind(accept=None, **params):
        return project.get("overview", project.token, headers={"Accept": accept}, params=params).headers["Content-Type"].split(";")[0]
    assert kind("*/*") == kind("application/json") == kind("application/json, text/html;q=0.5") == "application/json"
    assert kind("text/html,application/xhtml+xml,*/*;q=0.8") == kind("*/*", format="api") == "text/html" and kind("text/html", format="json") == "application/json"
    refused = project.get("responses", project.token, headers={"Accept": "application/xml"})
    assert refused.status_code == 406 and refused.json() == {"detail": "Could not satisfy the request Accept header."}


def test_projects_that_are_not_there(project, boss):
    """Reading says so before it asks who comes; deleting asks first."""
    token = {"Authorization": f"Token {project.token}"}
    root = f"{project.root}/api/project/nosuch00"
    for what in ("overview", "donations", "responses", "details/download"):
        for headers in ({}, token):
            assert requests.get(f"{root}/{what}", headers=headers, timeout=30).status_code == 404
    foreign = {"detail": "The provided token does not belong to the requested project."}
    answer = requests.delete(f"{root}/participant/x/delete", headers=token, timeout=30)
    assert (answer.status_code, answer.json()) == (401, foreign) and requests.delete(f"{root}/participant/x/delete", timeout=30).status_code == 401
    assert requests.delete(f"{root}/data/delete", timeout=30).status_code == 403
    for what in ("participant/x/delete", "data/delete"):
        answer = boss.delete(f"{root}/{what}", timeout=30)
        assert answer.status_code == 404 and answer.json() == {"detail": "Not found."}


@pytest.mark.parametrize("what", ["overview", "donations?participants={p}", "responses", "responses?include_snapshot=true"])
def test_json_is_compact_utf_8(project, what):
    answer = project.get(what.format(p=project.people[0]), project.token)
    assert answer.content.decode() == json.dumps(answer.json(), separators=(",", ":"), ensure_ascii=False)


def test_separators_of_lines_are_escaped(server, owner):
    fresh = Project(server, new_study(owner), OWNER, blueprints=[{"id": 1, "name": "n\u2028m"}])
    fresh.browser = fresh.sign_in()
    person = fresh.take_part({"1": {"consent": True, "extractedData": ["a\u2028b\u2029c ü \U0001f600"], "status": "success"}}, {"question-13": "x\u2028y ü"})
    token = fresh.new_token(fresh.browser)
    for what, text in ((f"donations?participants={person}", "a\\u2028b\\u2029c ü \U0001f600"), ("responses", "x\\u2028y ü")):
        answer = fresh.get(what, token)
        assert f'"{text}"' in answer.content.decode() and "\u2028" not in answer.content.decode()
    assert '"n\\u2028m"' in fresh.get("overview", token).content.decode()
    assert "x\u2028y ü" in fresh.get("responses?csv=true", token).content.decode()


@pytest.fixture(scope="module")
def abroad(tmp_path_factory):
    """Mounted at the root, in a zone that is not UTC, with one who came by the native API."""
    server = program.Server(tmp_path_factory.mktemp("abroad"), options=["--ddm-prefix", "/", "--ddm-timezone", "Europe/Zurich"])
    server.add_user(OWNER)
    server.start()
    api = Api(server.url, server.create_key(OWNER)["key"])
    study = new_study(api)
    project = Project(server, study, OWNER, prefix="")
    api.put(f"{study.path}/participants/{PERSON}", {"attributes": {"start_time": "2024-07-16T20:30:40.863581Z", "end_time": "2024-01-16T22:25:30Z", "current_step": 3, "completed": True,
                                                                   "extra_data": {"url_param": {"pid": "7"}}}})
    api.put(f"{study.path}/participants/{'Q' * 24}", {"attributes": {"start_time": "2024-01-17T08:00:00.000005Z", "extra_data": {"url_param": {}}}})

    def send(dataset, records):
        api.call("POST", f"{study.path}/datasets/{dataset}/records", headers={"Content-Type": "application/json"}, data=json.dumps(records))
    send("blueprint-1", [{"id": "d1", "participant": PERSON, "time": "2024-07-16T21:00:00.453322Z", "values": {"status": "success", "consent": True}}])
    send("questionnaire", [{"id": "r1", "participant": PERSON, "time": "2025-01-14T12:19:21.998413Z", "values": {"zsc": "1"}},
                           {"id": "r2", "participant": PERSON, "time": "2025-01-14T12:19:21Z", "values": {"zsc": "2"}}])
    project.browser = project.sign_in()
    yield project
    server.stop()


def test_times_are_local_in_json_and_utc_in_the_overview(abroad):
    token = abroad.new_token(abroad.browser)
    first, second = abroad.get("overview", token).json()["participants"]
    assert (first["start_time"], first["end_time"]) == ("2024-07-16T22:30:40.863581+02:00", "2024-01-16T23:25:30+01:00")
    assert (second["start_time"], second["end_time"], second["current_step"]) == ("2024-01-17T09:00:00.000005+01:00", None, None)
    [donation] = abroad.get(f"donations?participants={PERSON}", token).json()["blueprints"]["1"]["donations"]
    assert donation["time_submitted"] == "2024-07-16T23:00:00.453322+02:00"
    times = ["2025-01-14T13:19:21.998413+01:00", "2025-01-14T13:19:21+01:00"]
    assert [one["time_submitted"] for one in abroad.get("responses", token).json()["responses"]] == times
    assert [row["time_submitted"] for row in csv.DictReader(io.StringIO(abroad.get("responses?csv=true", token).text))] == times
    assert re.search(r"[+]0[12]:00", abroad.get("overview", token).json()["project"]["date_created"])
    lines = abroad.browser.get(f"{abroad.api}/details/download").text.split("\n")
    assert lines[1] == (f'"{PERSON}","2024-07-16 20:30:40.863581+00:00","2024-01-16 22:25:30+00:00","3","True","{{\'url_param\': {{\'pid\': \'7\'}}}}",'
                        f'"Watch history","2024-07-16 21:00:00.453322+00:00","True","success",None,None,None,None,{abroad.server.url}/projects/{abroad.url_id}/data-donation/download/{PERSON}')
    assert lines[2] == f'"{"Q" * 24}","2024-01-17 08:00:00.000005+00:00","None","None","False","{{\'url_param\': {{}}}}",None,None,None,None,None,None,None,None,None' and lines[3:] == [""]
    page = abroad.browser.post(f"{abroad.root}/projects/{abroad.url_id}/data-donation/download/{PERSON}", data={"csrfmiddlewaretoken": abroad.browser.cookies["csrftoken"]})
    [entry] = json.loads(zipfile.ZipFile(io.BytesIO(page.content)).read(f"ddm_{abroad.url_id}_donations_{PERSON}.json"))
    assert entry["donation"]["time_submitted"] == "2024-07-16T23:00:00.453322+02:00"


def test_mounted_at_the_root(abroad):
    assert abroad.api == f"{abroad.server.url}/api/project/{abroad.url_id}" and requests.get(f"{abroad.api}/overview", timeout=30).status_code == 401
    assert requests.get(f"{abroad.server.url}/projects/{abroad.url_id}/token/", allow_redirects=False, timeout=30).headers["Location"] == "/login/"


def test_several_donations_of_one_and_their_order(fresh):
    """Of one blueprint by one participant: all in the answers, the first in the overview."""
    person = fresh.take_part(DONATION)
    api, path = fresh.study.api, fresh.study.path
    for identity, status in (("later", "failed"), ("last", "success")):
        api.call("POST", f"{path}/datasets/blueprint-1/records", headers={"Content-Type": "application/json"},
                 data=json.dumps([{"id": identity, "participant": person, "time": "2020-01-01T00:00:00Z", "values": {"status": status, "consent": False}}]))
    token = fresh.new_token(fresh.browser)
    donations = fresh.get(f"donations?participants={person}", token).json()["blueprints"]["1"]["donations"]
    assert [(one["status"], one["consent"], one["data"]) for one in donations] == [("success", True, [{"a": 1}]), ("failed", False, []), ("success", False, [])]
    [row] = csv.DictReader(io.StringIO(fresh.browser.get(f"{fresh.api}/details/download").text))
    assert (row["blueprint_1_status"], row["blueprint_1_consent"]) == ("success", "True")
    form = {"csrfmiddlewaretoken": fresh.browser.cookies["csrftoken"]}
    archive = zipfile.ZipFile(io.BytesIO(fresh.browser.post(f"{fresh.root}/projects/{fresh.url_id}/data-donation/download/{person}", data=form).content))
    assert [(one["blueprint_id"], one["donation"]["status"]) for one in json.loads(archive.read(archive.namelist()[0]))] == [(1, "success"), (2, "pending"), (1, "failed"), (1, "success")]


OPERATORS = [None, "", "==", "!=", ">", "<", ">=", "<=", "regex-delete-match", "regex-replace-match", "regex-delete-row"]


def test_blueprints_as_they_are_set(server, owner):
    rules = [{"id": number, "field": f"f{number}", "comparison_operator": operator, "comparison_value": "x", "replacement_value": "y", "regex_field": True} for number, operator in enumerate(OPERATORS)]
    settings = [{**BLUEPRINTS[1], "id": 9}, {**BLUEPRINTS[0], "id": 4, "extraction_rules": rules, "exp_fields_regex_matching": True, "json_extraction_root": "a.b", "format": "json"}]
    project = Project(server, new_study(owner), OWNER, blueprints=settings)
    first, second = project.get("overview", project.new_token()).json()["blueprints"]
    # In the order of the project, not of their numbers.
    assert (first["id"], first["description"], first["regex_path"], first["csv_delimiter"], first["format"]) == (9, None, None, ",", "csv")
    assert (second["id"], second["description"], second["regex_path"], second["json_extraction_root"], second["exp_fields_regex_matching"]) == (4, "d", ".*watch.json", "a.b", True)
    assert [rule["comparison_operator"] for rule in second["extraction_rules"]] == OPERATORS and second["fields_to_extract"] == ["f0"] and second["expected_fields"] == ["a", "b"]
    person = project.take_part({"9": {"consent": True, "extractedData": [], "status": "success"}})
    assert list(project.get(f"donations?participants={person}", project.new_token()).json()["blueprints"]) == ["9", "4"]


@pytest.mark.parametrize("status", ["success", "failed", "pending", "no data extracted", "nothing extracted", "partial", "DATA_EXTRACTED", "ganz neu \"x\""])
def test_states_and_consents_are_kept_as_they_come(fresh, status):
    token = fresh.new_token(fresh.browser)
    for consent in (True, False, None):
        person = fresh.take_part({"1": {"consent": consent, "extractedData": [], "status": status}})
        [donation] = fresh.get(f"donations?participants={person}", token).json()["blueprints"]["1"]["donations"]
        assert (donation["status"], donation["consent"], donation["data"]) == (status, consent, [])
    rows = list(csv.DictReader(io.StringIO(fresh.browser.get(f"{fresh.api}/details/download").text)))
    assert [(row["blueprint_1_status"], row["blueprint_1_consent"]) for row in rows] == [(status, "True"), (status, "False"), (status, "None")]


def test_lists_of_ids_are_taken_as_they_are(project):
    first, second = project.people

    def who(ids):
        return [one["participant"] for one in project.get("donations", project.token, params={"participants": ids, "blueprints": "1"}).json()["blueprints"]["1"]["donations"]]
    assert who(f"{first},{second}") == who(f"{second},{first}") == [first, second]
    # Neither trimmed nor guessed at.
    assert who(f"{first}, {second}") == [first] and who(first.swapcase()) == [] and who(",,") == []
    assert project.get("responses", project.token, params={"participants": ""}).json() == {"responses": [], "metadata": {"n_responses": 0}}


def test_variables_of_no_questionnaire_come_last(fresh):
    """By alphabet, where only records of the dataset have them. Answers to questions that are gone are dropped."""
    api, path = fresh.study.api, fresh.study.path
    dataset = api.get(f"{path}/datasets/questionnaire").json()
    api.put(f"{path}/datasets/questionnaire", {"kind": "survey", "mode": dataset["mode"], "fields": [{"id": name, "type": "string"} for name in ("zz", "aa", "unused")]})
    person = fresh.take_part({}, {"question-12": "1", "question-13": "gone"})
    api.call("POST", f"{path}/datasets/questionnaire/records", headers={"Content-Type": "application/json"},
             data=json.dumps([{"id": "r1", "participant": PERSON, "time": "2025-01-14T12:19:21Z", "values": {"zz": "26", "zsc": "2", "aa": 'a "b"'}}]))
    settings = api.get(f"{path}/donation-project").json()["settings"]
    api.put(f"{path}/donation-project", {**settings, "questionnaire": [one for one in settings["questionnaire"] if one["variable_name"] != "open"]})
    token = fresh.new_token(fresh.browser)
    answers = {one["participant"]: one["response_data"] for one in fresh.get("responses", token).json()["responses"]}
    assert answers == {person: {"zsc": "1"}, PERSON: {"zsc": "2", "aa": 'a "b"', "zz": "26"}} and list(answers[PERSON]) == ["zsc", "aa", "zz"]
    lines = fresh.get("responses?csv=true", token).content.decode().split("\r\n")
    assert lines[0] == "participant,time_submitted,zsc,aa,zz" and lines[1].endswith(",1,,") and lines[2] == f'{PERSON},2025-01-14T12:19:21Z,2,"a ""b""",26'


def test_variables_have_names_of_their_own(fresh):
    api, path = fresh.study.api, f"{fresh.study.path}/donation-project"
    for names in (["x" * 51], ["a", "a"], ["a.b"], ["\u00e4"], [""]):
        api.put(path, {"questionnaire": [{"id": number, "variable_name": name} for number, name in enumerate(names, 1)]}, error="bad-member")
    kept = ["x" * 50, "a-B_9"]
    api.put(path, {"questionnaire": [{"id": number, "variable_name": name} for number, name in enumerate(kept, 1)]})
    fresh.take_part({}, {"question-1": "-99", "question-2": "-77"})
    [one] = fresh.get("responses", fresh.new_token(fresh.browser)).json()["responses"]
    assert one["response_data"] == {kept[0]: "-99", kept[1]: "-77"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_json_has_no_number_for_is_refused(fresh, number):
    guest = requests.Session()
    place = f"{fresh.root}/studies/{fresh.slug}"
    guest.get(f"{place}/briefing/", timeout=30)
    guest.post(f"{place}/briefing/", data={"briefing_consent": "1"}, timeout=30)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data_donation.json", f'{{"1":{{"consent":true,"extractedData":[{number}],"status":"success"}}}}')
    assert guest.post(f"{place}/data-donation/", files={"post_data": ("x.zip", buffer.getvalue())}, timeout=30).status_code == 400
    [person] = fresh.get("overview", fresh.new_token(fresh.browser)).json()["participants"]
    assert person["current_step"] == 1


def test_another_projects_participant_is_none_to_delete(fresh, project):
    headers = {"Authorization": f"Token {fresh.new_token(fresh.browser)}"}
    for identity in (project.people[0], "x", "a'b", "%C3%A4"):
        answer = requests.delete(f"{fresh.api}/participant/{identity}/delete", headers=headers, timeout=30)
        assert (answer.status_code, answer.json()) == (404, {"message": f'Participant with id "{requests.utils.unquote(identity)}" not found.'})
    assert len(project.get("overview", project.token).json()["participants"]) == 2


def test_donations_do_not_lie_plain(fresh):
    fresh.take_part({"1": {"consent": True, "extractedData": ["watched Casablanca on a Sunday"], "status": "success"}})
    assert not program.holding(fresh.server.data, b"watched Casablanca")


def test_what_is_not_asked_of_participants_is_not_there(server, owner):
    project = Project(server, new_study(owner), OWNER, briefing_consent=False, url_parameter_enabled=False)
    guest = requests.Session()
    guest.get(f"{project.root}/studies/{project.slug}/briefing/", params={"pid": "7"}, timeout=30)
    [person] = project.get("overview", project.new_token()).json()["participants"]
    assert person["extra_data"] == {"url_param": {}} and person["current_step"] == 0 and person["completed"] is False


def test_everything_is_logged(fresh, other):
    """Each line as the contract has it."""
    person, leaver = fresh.take_part(DONATION, ANSWERS), fresh.take_part(DONATION, ANSWERS)
    token = fresh.new_token(fresh.browser)
    for what in ("overview?x=1", "donations?participants=none", "responses", "responses?csv=true"):
        assert fresh.get(what, token).status_code == 200
    fresh.browser.get(f"{fresh.api}/details/download")
    page = f"projects/{fresh.url_id}/data-donation/download/{person}"
    fresh.browser.post(f"{fresh.root}/{page}", data={"csrfmiddlewaretoken": fresh.browser.cookies["csrftoken"]})
    fresh.get("overview?y=2", "0" * 40)
    other.delete(f"{fresh.api}/participant/x/delete")
    rows = {(row[1], row[2]) for row in fresh.logged(fresh.browser)[0]}
    place = f"/ddm/api/project/{fresh.url_id}"
    assert {(f"{place}/overview?x=1 GET: API access: Project details retrieved.", "The project detail data were accessed through the API."),
            (f"{place}/donations?participants=none GET: API access: Donations retrieved.", "The donation data was accessed through the API."),
            (f"{place}/responses GET: API access: Responses retrieved", "The response data was accessed through the API."),
            (f"{place}/responses?csv=true GET: API access: Responses retrieved", "The response data was accessed through the API."),
            (f"/ddm/{page} POST: Donation download registered.", f"Donation for participant {person} downloaded."),
            (f"{place}/overview?y=2 GET: Failed Attempt", "Authentication failed."),
            (f"{place}/participant/x/delete DELETE: Forbidden Deletion Request", "Request user is not permitted to delete the project data."),
            ("New Access Token Created", "")} <= rows
    assert any(description == f"{place}/details/download GET: Participation overview downloaded." for description, _ in rows)
    assert fresh.browser.delete(f"{fresh.api}/participant/{leaver}/delete").status_code == 200
    assert fresh.browser.delete(f"{fresh.api}/data/delete").status_code == 200
    rows = {(row[1], row[2]) for row in fresh.logged(fresh.browser)[0]}
    assert {(f"{place}/participant/(removed)/delete DELETE: Participant with external id &quot;(removed)&quot; was deleted.", "Participant deleted."),
            (f"{place}/data/delete DELETE: Data Deletion Successful", "The project data was deleted.")} <= rows
    # What went before is still told, but for whom it was about.
    assert (f"/ddm/projects/{fresh.url_id}/data-donation/download/(removed) POST: Donation download registered.", "Donation for participant (removed) downloaded.") in rows


def test_exceptions_outlive_their_participant(fresh):
    person = fresh.take_part(DONATION)
    body = {"status_code": "E1", "message": "broken", "raised_by": "client", "blueprint": 1, "uploader": 2, "date": "2024-07-16T20:30:40Z"}
    assert requests.post(f"{fresh.root}/{fresh.url_id}/exceptions/", json=body, cookies={f"ddm_{fresh.url_id}": person}, timeout=30).status_code == 201
    assert fresh.logged(fresh.browser)[1] == [["2024-07-16, 20:30:40", person, "E1", "client", "1", "broken"]]
    assert fresh.browser.delete(f"{fresh.api}/participant/{person}/delete").status_code == 200
    assert [row[2:] for row in fresh.logged(fresh.browser)[1]] == [["E1", "client", "1", "broken"]] and person not in str(fresh.logged(fresh.browser))


def test_the_overview_comes_in_pieces(server, owner):
    """The header, then ten participants at a time: a browser draws its progress by them."""
    study = new_study(owner)
    project = Project(server, study, OWNER)
    study.dataset("blueprint-1", [], kind="donation", mode="keyed").send([{"id": f"d{n}", "participant": f"{n:024}", "values": {"status": "success"}} for n in range(25)])
    answer = project.sign_in().get(f"{project.api}/details/download", stream=True)
    pieces = [piece.decode() for piece in answer.raw.read_chunked()]
    assert pieces[0].startswith("participant_id,") and [piece.count("\n") for piece in pieces] == [1, 10, 10, 5]
    assert [line[1:25] for line in "".join(pieces[1:]).split("\n")[:-1]] == [f"{n:024}" for n in range(25)]


def test_the_token_page(fresh):
    address = f"{fresh.root}/projects/{fresh.url_id}/token/"
    empty = fresh.browser.get(address).text
    assert 'name="expiration_days"' in empty and 'min="1" max="90" value="30"' in empty and "<code>" not in empty
    token = fresh.new_token(fresh.browser, days=7)
    text = fresh.browser.get(address).text
    kept = fresh.study.api.get(f"{fresh.study.path}/donation-project/token").json()
    created, expires = (kept[name][:19].replace("T", " ") for name in ("created_at", "expires_at"))
    assert token in text and f"<td>{created}" in text and f"<td>{expires}" in text and "<td>valid</td>" in text
    from datetime import datetime
    assert (datetime.fromisoformat(expires) - datetime.fromisoformat(created)).total_seconds() == pytest.approx(7 * 86400, abs=1)
    again = fresh.token_page(fresh.browser, action="create", expiration_days=91)
    assert again.status_code == 200 and 'name="expiration_days"' in again.text and fresh.get("overview", token).status_code == 200
    done = fresh.token_page(fresh.browser, action="create", expiration_days=1)
    assert done.status_code == 302 and done.headers["Location"] == f"/ddm/projects/{fresh.url_id}/token/"


def test_who_sees_the_pages(project, boss, other):
    """The owner and administrators; a token is none of them."""
    pages = [f"projects/{project.url_id}/{page}" for page in ("token/", "logs/", "delete/", f"data-donation/download/{project.people[0]}")]
    for page in pages:
        by_token = requests.get(f"{project.root}/{page}", headers={"Authorization": f"Token {project.token}"}, allow_redirects=False, timeout=30)
        assert by_token.status_code == 302 and by_token.headers["Location"] == "/ddm/login/"
        assert [session.get(f"{project.root}/{page}").status_code for session in (project.browser, boss, other)] == [200, 200, 404]
    form = project.browser.get(f"{project.root}/{pages[3]}").text
    assert '<form method="post">' in form and 'name="csrfmiddlewaretoken"' in form and 'name="secret"' not in form
    for session, status in ((boss, 200), (other, 404)):
        answer = session.post(f"{project.root}/{pages[3]}", data={"csrfmiddlewaretoken": session.cookies["csrftoken"]})
        assert answer.status_code == status
        assert session.post(f"{project.root}/{pages[3]}", headers={"X-CSRFToken": ""}).status_code == 403
    nobody = requests.post(f"{project.root}/{pages[3]}", allow_redirects=False, timeout=30)
    assert nobody.status_code in (302, 403)


def test_an_administrator_ends_a_project_and_nobody_else_does(fresh, boss, other):
    fresh.take_part(DONATION, ANSWERS)
    token = fresh.new_token(fresh.browser)
    place = f"{fresh.root}/projects/{fresh.url_id}/delete/"
    assert other.post(place, data={"csrfmiddlewaretoken": other.cookies["csrftoken"]}).status_code == 404
    assert fresh.get("overview", token).status_code == 200
    answer = boss.post(place, data={"csrfmiddlewaretoken": boss.cookies["csrftoken"]}, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/ddm/projects/")
    assert fresh.get("overview", token).status_code == 404 and fresh.browser.get(f"{fresh.root}/projects/{fresh.url_id}/logs/").status_code == 404


def test_too_many_requests(tmp_path):
    server = program.Server(tmp_path, options=["--address-rate", "1"])
    server.add_user(OWNER)
    server.start()
    answers = (requests.get(f"{server.url}/ddm/api/project/nosuch00/overview", timeout=30) for _ in range(500))
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["Retry-After"]) >= 1 and re.fullmatch(r"Request was throttled\. Expected available in \d+ seconds\.", refused.json()["detail"])
    assert server.stop() == 0


def test_deleting_everything_is_the_owners_alone(fresh, boss):
    fresh.take_part(DONATION)
    answer = boss.delete(f"{fresh.api}/data/delete")
    assert (answer.status_code, answer.json()) == (403, {"message": "User does not have access."})
