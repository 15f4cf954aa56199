"""DDM's download API: what programs read with a token, and who may."""
import csv
import io
import json
import re
import time

import pytest
import requests

from conftest import OWNER, new_study
from harness import program
from harness.client import Api
from harness.ddm import PASSWORD, Project

A = {"1": {"consent": True, "extractedData": [{"a": "grüße", "n": 1.5, "z": None, "b": 12345678901234567890}], "status": "success"},
     "2": {"consent": None, "extractedData": [], "status": "pending"}}


@pytest.fixture(scope="module")
def project(server, make_key):
    """One project with two participants; tests of this module only read."""
    server.add_user("ddm-owner@example.org")
    owner = Api(server.url, make_key("ddm-owner@example.org")["key"])
    project = Project(server, new_study(owner), "ddm-owner@example.org")
    project.browser = project.sign_in()
    project.first = project.take_part(A, {"question-12": "1", "item-101": 1, "item-102": 0, "question-13": 'a,"b"\nline2', "question-99": "gone"}, config=[{"q": 1}], pid="O'Brien")
    project.second = project.take_part({"1": {"consent": False, "extractedData": [], "status": "no data extracted"}}, {"question-12": "-99", "item-101": "-77"}, pid="x", other="y")
    project.third = project.take_part(consent="0")
    project.token = project.new_token(project.browser)
    return project


ISO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$")


def test_overview(project):
    response = project.get("overview", project.token)
    assert response.status_code == 200 and response.headers["Content-Type"] == "application/json"
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS" and response.headers["X-Content-Type-Options"] == "nosniff"
    body = response.json()
    assert list(body) == ["participants", "blueprints", "project", "metadata"] and body["metadata"] == {"n_blueprints": 2, "n_participants": 3}
    first, second, third = body["participants"]
    assert list(first) == ["external_id", "start_time", "end_time", "completed", "extra_data", "current_step"]
    assert [person["external_id"] for person in body["participants"]] == [project.first, project.second, project.third]
    assert re.fullmatch(r"[A-Za-z0-9]{24}", first["external_id"]) and ISO.match(first["start_time"]) and ISO.match(first["end_time"])
    assert first["completed"] is True and first["current_step"] == 3
    assert first["extra_data"] == {"url_param": {"pid": "O'Brien", "src": None}, "briefing_consent": "1"}
    assert second["extra_data"]["url_param"] == {"pid": "x", "src": None}
    assert third["extra_data"]["briefing_consent"] == "0" and third["current_step"] == 3 and third["completed"] is False and third["end_time"] is None
    blueprint = body["blueprints"][0]
    assert list(blueprint) == ["id", "name", "description", "format", "json_extraction_root", "expected_fields", "exp_fields_regex_matching", "fields_to_extract", "regex_path",
                               "extraction_rules", "csv_delimiter"]
    assert blueprint["fields_to_extract"] == ["a"] and blueprint["extraction_rules"][0] == {"id": 1, "field": "a", "regex_field": False, "comparison_operator": None,
                                                                                           "comparison_value": "", "replacement_value": ""}
    assert list(body["project"]) == ["url_id", "slug", "name", "date_created", "active", "contact_information", "data_protection_statement", "url_parameter_enabled",
                                     "expected_url_parameters"]
    assert re.fullmatch(r"[A-Za-z0-9]{8}", body["project"]["url_id"])
    # Compact, UTF-8 as it is.
    assert response.text == json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def test_donations(project):
    response = project.get("donations", project.token, params={"participants": f"{project.first},{project.second},unknown"})
    body = response.json()
    assert list(body) == ["blueprints", "metadata"] and list(body["blueprints"]) == ["1", "2"] and body["metadata"] == {"n_blueprints": 2}
    one, other = body["blueprints"]["1"]["donations"]
    assert list(one) == ["participant", "data", "time_submitted", "status", "consent"]
    assert one["participant"] == project.first and one["data"] == A["1"]["extractedData"] and one["status"] == "success" and one["consent"] is True
    assert '[{"a":"grüße","n":1.5,"z":null,"b":12345678901234567890}]' in response.text
    assert other["data"] == [] and other["consent"] is False and other["status"] == "no data extracted"
    assert body["blueprints"]["2"]["blueprint_name"] == 'Search "history"' and body["blueprints"]["2"]["donations"][0]["consent"] is None
    some = project.get("donations", project.token, params={"participants": project.first, "blueprints": "2,77"}).json()
    assert list(some["blueprints"]) == ["2"] and some["metadata"] == {"n_blueprints": 1}
    nobody = project.get("donations", project.token, params={"participants": ""}).json()
    assert [entry["donations"] for entry in nobody["blueprints"].values()] == [[], []]
    assert project.get("donations", project.token).status_code == 400
    assert project.get("donations", project.token, params={"participants": "x", "blueprints": "1,a"}).status_code == 400


def test_responses(project):
    body = project.get("responses", project.token).json()
    assert list(body) == ["responses", "metadata"] and body["metadata"] == {"n_responses": 2}
    first, second = body["responses"]
    assert list(first) == ["participant", "response_data", "time_submitted"]
    assert first["response_data"] == {"mc-20": 1, "mc-10": 0, "zsc": "1", "open": 'a,"b"\nline2'}
    assert second["response_data"] == {"mc-20": "-77", "zsc": "-99"}
    some = project.get("responses", project.token, params={"participants": f"{project.second},none"}).json()
    assert [one["participant"] for one in some["responses"]] == [project.second]
    shot = project.get("responses", project.token, params={"include_snapshot": "true"}).json()["responses"][0]
    assert list(shot) == ["participant", "time_submitted", "questionnaire_snapshot", "response_data", "questionnaire_config"]
    assert shot["questionnaire_snapshot"]["question-99"] == "gone" and shot["questionnaire_config"] == [{"q": 1}]
    assert "questionnaire_snapshot" not in project.get("responses", project.token, params={"include_snapshot": "True"}).json()["responses"][0]


def test_responses_as_csv(project):
    response = project.get("responses", project.token, params={"csv": "true", "include_snapshot": "true"})
    assert response.headers["Content-Type"] == "text/csv"
    assert re.fullmatch(rf'attachment; filename="ddm_{project.url_id}_responses_\d{{4}}-\d\d-\d\d-\d\d-\d\d\.csv"', response.headers["Content-Disposition"])
    lines = response.content.decode().split("\r\n")
    assert lines[0] == "participant,time_submitted,mc-20,mc-10,zsc,open"
    assert lines[1].startswith(project.first + ",") and lines[1].endswith(',1,0,1,"a,""b""\nline2"')
    assert lines[2].startswith(project.second + ",") and lines[2].endswith(",-77,,-99,") and lines[3] == ""
    some = project.get("responses", project.token, params={"csv": "true", "participants": "nobody"}).text
    assert some == "participant,time_submitted\r\n"
    assert project.get("responses", project.token, params={"csv": "1"}).headers["Content-Type"] == "application/json"


def test_overview_csv(project):
    response = project.browser.get(f"{project.api}/details/download")
    assert response.status_code == 200 and response.headers["Content-Type"] == "text/csv" and "Content-Length" not in response.headers
    assert re.fullmatch(rf'attachment; filename="ddm_{project.url_id}_participation-overview_\d{{4}}-\d\d-\d\d-\d\d-\d\d\.csv"', response.headers["Content-Disposition"])
    text = response.content.decode()
    assert "\r" not in text
    lines = text.split("\n")
    assert lines[0] == ("participant_id,start_time,end_time,current_step,completed,extra_data,blueprint_1_name,blueprint_1_time_submitted,blueprint_1_consent,blueprint_1_status,"
                        "blueprint_2_name,blueprint_2_time_submitted,blueprint_2_consent,blueprint_2_status,donation_download_link")
    assert lines[3].startswith(f'"{project.third}","') and lines[3].endswith(',"None","3","False","{\'url_param\': {\'pid\': None, \'src\': None}, \'briefing_consent\': \'0\'}",None,None,None,None,None,None,None,None,None')
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["extra_data"] == """{'url_param': {'pid': "O'Brien", 'src': None}, 'briefing_consent': '1'}"""
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?\+00:00", rows[0]["start_time"])
    assert (rows[0]["blueprint_1_consent"], rows[0]["blueprint_2_consent"], rows[1]["blueprint_1_consent"]) == ("True", "None", "False")
    assert rows[0]["blueprint_2_name"] == 'Search "history"' and rows[1]["blueprint_1_status"] == "no data extracted" and rows[1]["blueprint_2_name"] == "None"
    assert rows[0]["donation_download_link"] == f"{project.server.url}/ddm/projects/{project.url_id}/data-donation/download/{project.first}"
    assert (rows[0]["completed"], rows[0]["current_step"]) == ("True", "3")


def test_head_and_options(project):
    for what in ("overview", f"donations?participants={project.first}", "responses"):
        head = requests.head(f"{project.api}/{what}", headers={"Authorization": f"token {project.token}"})
        assert head.status_code == 200 and int(head.headers["Content-Length"]) > 0 and head.text == ""
    described = requests.options(f"{project.api}/overview", headers={"Authorization": f"Token {project.token}"}).json()
    assert list(described) == ["name", "description", "renders", "parses"]
    for method, path in (("POST", "overview"), ("DELETE", "donations"), ("PUT", "responses"), ("PATCH", "details/download"), ("GET", "data/delete")):
        refused = requests.request(method, f"{project.api}/{path}", headers={"Authorization": f"Token {project.token}"})
        assert refused.status_code == 405 and refused.json() == {"detail": f'Method "{method}" not allowed.'}
    assert requests.get(f"{project.api}/overview/", headers={"Authorization": f"Token {project.token}"}).status_code == 404


def test_what_is_wanted(project):
    assert project.get("overview", project.token, headers={"Accept": "image/png"}).status_code == 406
    assert project.get("overview", project.token, headers={"Accept": "image/png"}).json() == {"detail": "Could not satisfy the request Accept header."}
    assert project.get("overview", project.token, headers={"Accept": "text/html"}).headers["Content-Type"].startswith("text/html")
    assert project.get("overview", project.token, headers={"Accept": "text/html"}, params={"format": "json"}).headers["Content-Type"] == "application/json"


def test_the_seven_messages(server, project, owner, make_key):
    other = Project(server, new_study(owner), OWNER)
    stale = other.new_token()
    messages = {
        None: "Authentication credentials were not provided.",
        "Bearer " + project.token: "Authentication credentials were not provided.",
        "Token": "Invalid token header. No credentials provided.",
        "Token a b": "Invalid token header. Token string should not contain spaces.",
        b"Token \xff\xfe": "Invalid token header. Token string should not contain invalid characters.",
        "Token " + "0" * 40: "Invalid token.",
        "Token " + stale: "The provided token does not belong to the requested project.",
    }
    for header, message in messages.items():
        headers = {} if header is None else {"Authorization": header}
        # Token first: 401 and the challenge. Session first: 403 and none.
        for what, status in (("overview", 401), ("donations", 401), ("responses", 403)):
            answer = requests.get(f"{project.api}/{what}", headers=headers)
            assert (answer.status_code, answer.json()) == (status, {"detail": message}), (header, what)
            assert answer.headers.get("WWW-Authenticate") == ("Token" if status == 401 else None)
        answer = requests.delete(f"{project.api}/participant/x/delete", headers=headers)
        assert answer.status_code == 401 and answer.json() == {"detail": message}
    for what in ("details/download",):
        answer = project.get(what, project.token)
        assert answer.status_code == 403 and answer.json() == {"detail": "Authentication credentials were not provided."}
    assert requests.delete(f"{project.api}/data/delete", headers={"Authorization": f"Token {project.token}"}).status_code == 403
    # Before anybody is asked who they are.
    for what in ("overview", "donations", "responses", "details/download"):
        assert requests.get(f"{project.root}/api/project/nosuch00/{what}").status_code == 404


def test_an_expired_token(tmp_path):
    server = program.Server(tmp_path / "own")
    server.add_user("boss@example.org", admin=True)
    server.start()
    try:
        project = Project(server, new_study(Api(server.url, server.create_key("boss@example.org")["key"])), "boss@example.org")
        token = project.new_token(days=1)
        assert project.get("overview", token).status_code == 200
        server.stop()
        import sqlite3
        with sqlite3.connect(server.data / "catalog.sqlite") as catalog:
            catalog.execute("UPDATE donation_token SET expires_at = 1")
        catalog.close()
        server.start()
        answer = project.get("overview", token)
        assert answer.status_code == 401 and answer.json() == {"detail": "Token has expired. You can create a new one in the admin backend."}
        # Neither the token nor its digest's preimage lies in any file.
        assert not [path for path in server.data.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    finally:
        server.stop()


def test_who_may(server, project, make_key, admin):
    for email in ("ddm-other@example.org",):
        server.add_user(email)
    other, boss = project.sign_in("ddm-other@example.org"), project.sign_in("admin@example.org")
    no_access = {"detail": "User does not have access."}
    # Owner and administrator; nobody else.
    for session, status in ((project.browser, 200), (boss, 200), (other, 403)):
        for what in ("responses", "details/download"):
            answer = project.get(what, session=session)
            assert answer.status_code == status and (status == 200 or answer.json() == no_access)
    assert project.get("overview", session=project.browser).status_code == 401
    for page in (f"projects/{project.url_id}/token/", f"projects/{project.url_id}/logs/", f"projects/{project.url_id}/delete/",
                 f"projects/{project.url_id}/data-donation/download/{project.first}"):
        assert [session.get(f"{project.root}/{page}", allow_redirects=False).status_code for session in (project.browser, boss, other)] == [200, 200, 404]
        anonymous = requests.get(f"{project.root}/{page}", allow_redirects=False)
        assert anonymous.status_code == 302 and anonymous.headers["Location"] == "/ddm/login/"
    answer = boss.delete(f"{project.api}/participant/{project.first}/delete")
    assert answer.status_code == 403 and answer.json() == {"message": "User does not have access."}
    for session in (other,):
        for what in (f"participant/{project.first}/delete", "data/delete"):
            answer = session.delete(f"{project.api}/{what}")
            assert answer.status_code == 403 and answer.json() == {"message": "User does not have access."}
    forged = requests.Session()
    forged.cookies.update(project.browser.cookies)
    answer = forged.delete(f"{project.api}/data/delete")
    assert answer.status_code == 403 and answer.json() == {"detail": "CSRF Failed: CSRF token missing."}
    answer = forged.delete(f"{project.api}/data/delete", headers={"X-CSRFToken": "x"})
    assert answer.json() == {"detail": "CSRF Failed: CSRF token from the 'X-Csrftoken' HTTP header incorrect."}


def test_donations_by_the_native_api(server, owner):
    study = new_study(owner)
    project = Project(server, study, OWNER)
    token = project.new_token()
    person = "B" * 24
    owner.put(f"{study.path}/participants/{person}", {"attributes": {"start_time": "2024-07-16T20:30:40.863581Z", "end_time": "2024-07-16T22:25:30Z", "current_step": 3,
                                                                     "completed": True, "extra_data": {"url_param": {"pid": "7"}}}})
    file = owner.post(f"{study.path}/files", {"kind": "donation", "media_type": "application/json", "participant": person, "dataset": "blueprint-1"}).json()["id"]
    owner.put(f"{study.path}/files/{file}/content", data='[ {"x": "\\u00e4", "n": 2.50} ]'.encode())
    owner.call("POST", f"{study.path}/datasets/blueprint-1/records", headers={"Content-Type": "application/json"},
               data=json.dumps([{"id": "d1", "participant": person, "time": "2024-07-16T21:00:00.453322Z", "values": {"status": "success", "consent": True, "payload": file}}]))
    owner.call("POST", f"{study.path}/datasets/questionnaire/records", headers={"Content-Type": "application/json"},
               data=json.dumps([{"id": "r1", "participant": person, "time": "2025-01-14T12:19:21Z", "values": {"zsc": "1", "mc-20": "0"}}]))
    [donation] = project.get("donations", token, params={"participants": person}).json()["blueprints"]["1"]["donations"]
    assert donation == {"participant": person, "data": [{"x": "ä", "n": 2.5}], "time_submitted": "2024-07-16T21:00:00.453322Z", "status": "success", "consent": True}
    assert '"n":2.50' in project.get("donations", token, params={"participants": person}).text
    [response] = project.get("responses", token).json()["responses"]
    assert response == {"participant": person, "response_data": {"mc-20": "0", "zsc": "1"}, "time_submitted": "2025-01-14T12:19:21Z"}
    [entry] = project.get("overview", token).json()["participants"]
    assert entry == {"external_id": person, "start_time": "2024-07-16T20:30:40.863581Z", "end_time": "2024-07-16T22:25:30Z", "completed": True,
                     "extra_data": {"url_param": {"pid": "7"}}, "current_step": 3}


def test_old_answers(server, owner):
    """Before 2.0.2 browsers sent {"12":{"response":…}}."""
    project = Project(server, new_study(owner), OWNER)
    project.take_part({}, {"12": {"response": "5"}, "11": {"response": {"101": 1, "102": "-77"}}, "13": {"response": "text", "other": 1}})
    [one] = project.get("responses", project.new_token()).json()["responses"]
    assert one["response_data"] == {"mc-20": 1, "mc-10": "-77", "zsc": "5", "open": "text"}


def test_another_place_and_zone(tmp_path):
    server = program.Server(tmp_path / "own", options=["--ddm-prefix", "/donate/here", "--ddm-timezone", "Europe/Zurich", "--ddm-next"])
    server.add_user("boss@example.org", admin=True)
    server.start()
    try:
        study = new_study(Api(server.url, server.create_key("boss@example.org")["key"]))
        project = Project(server, study, "boss@example.org", prefix="/donate/here")
        person = project.take_part({"1": {"consent": True, "extractedData": [1, 2], "status": "success"}})
        browser = project.sign_in()
        overview = project.get("overview", project.new_token(browser)).json()
        assert re.search(r"\+0[12]:00$", overview["participants"][0]["start_time"])
        text = browser.get(f"{project.api}/details/download").text
        header, row = text.split("\n")[:2]
        assert "current_step,completed,url_parameter,extra_data,bp-1_name,bp-1_time_submitted,bp-1_consent,bp-1_extraction_state,bp-1_n_data_entries,bp-2_name" in header
        assert ',"success","2",None,None,None,None,None,http' in row and row.endswith(f"/donate/here/projects/{project.url_id}/data-donation/download/{person}")
        assert requests.get(f"{server.url}/ddm/api/project/{project.url_id}/overview").status_code == 404
    finally:
        server.stop()
