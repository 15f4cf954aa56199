"""DDM's pages of the owner: who may see them, and the logs to be taken along."""
import csv
import io

import pytest
import requests

from conftest import OWNER, new_study
from harness import program
from harness.client import Api
from harness.ddm import Project


def test_pages_are_for_some_addresses(tmp_path):
    server = program.Server(tmp_path / "own", options=["--ddm-email-pattern", r".*(\.|@)uzh\.ch$"])
    people = {"boss@ds.uzh.ch": True, "other@example.org": True, "someone@uzh.ch.example.org": False}
    for email, admin in people.items():
        server.add_user(email, admin=admin)
    server.start()
    try:
        study = new_study(Api(server.url, server.create_key("other@example.org")["key"]))
        project = Project(server, study, "other@example.org")
        pages = ["projects/", *(f"projects/{project.url_id}/{page}" for page in ("token/", "logs/", "delete/", f"logs/DDM_EventLogs_{project.url_id}.csv", f"data-donation/download/{'A' * 24}"))]
        person = project.take_part({})
        boss = project.sign_in("boss@ds.uzh.ch")
        assert [boss.get(f"{project.root}/{page.replace('A' * 24, person)}", allow_redirects=False).status_code for page in pages] == [200] * len(pages)
        for email in ("other@example.org", "someone@uzh.ch.example.org"):
            browser = project.sign_in(email)
            for page in pages:
                answer = browser.get(f"{project.root}/{page}", allow_redirects=False)
                assert (answer.status_code, answer.headers["Location"]) == (302, "/ddm/auth/no-permission/"), page
            answer = browser.post(f"{project.root}/projects/{project.url_id}/delete/", data={"csrfmiddlewaretoken": browser.cookies["csrftoken"]}, allow_redirects=False)
            assert answer.headers["Location"] == "/ddm/auth/no-permission/"
            assert "may not see" in browser.get(f"{project.root}/auth/no-permission/").text
        # The API and what participants see are not asked for an address.
        owner = project.sign_in("other@example.org")
        assert owner.get(f"{project.api}/details/download").status_code == 200
        assert project.get("overview", project.new_token(boss)).status_code == 200
        # Nobody signed in: to the form, as ever.
        assert requests.get(f"{project.root}/projects/", allow_redirects=False).headers["Location"] == "/ddm/login/"
    finally:
        server.stop()


def test_a_pattern_that_is_none(tmp_path):
    done = program.run("serve", "--data", tmp_path / "x", "--ddm-email-pattern", "(", check=False)
    assert done.returncode != 0 and "--ddm-email-pattern is a regular expression." in done.stderr


@pytest.fixture
def project(server, owner):
    project = Project(server, new_study(owner), OWNER)
    project.browser = project.sign_in()
    return project


def test_logs_as_files(project):
    requests.post(f"{project.root}/{project.url_id}/exceptions/", json={"status_code": "E1", "message": '=1+1, "quoted"\nline', "raised_by": "uploader", "blueprint": 1, "date": "2024-07-16T20:30:40Z"})
    project.get("overview", project.new_token(project.browser))
    events, exceptions = project.logged(project.browser)
    place = f"{project.root}/projects/{project.url_id}/logs"
    page = project.browser.get(f"{place}/").text
    for name, columns, shown in ((f"DDM_EventLogs_{project.url_id}", ["Date", "Description", "Message"], events),
                                 (f"DDM_ExceptionLogs_{project.url_id}", ["Date", "Participant", "Type", "Raised by", "Related Blueprint", "Message"], exceptions)):
        assert f'href="{name}.csv"' in page and f'href="{name}.json"' in page
        answer = project.browser.get(f"{place}/{name}.csv")
        assert answer.headers["Content-Type"].startswith("text/csv") and answer.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
        head, *rows = csv.reader(io.StringIO(answer.text, newline=""))
        assert head == columns and len(rows) == len(shown)
        as_json = project.browser.get(f"{place}/{name}.json").json()
        assert [list(row) for row in as_json] == [columns] * len(rows) and [list(row.values()) for row in as_json] == rows
    assert rows == [["2024-07-16, 20:30:40", "None", "E1", "uploader", "1", '=1+1, "quoted"\nline']]
    for name in ("x.csv", "DDM_EventLogs_00000000.csv", f"DDM_EventLogs_{project.url_id}.xml"):
        assert project.browser.get(f"{place}/{name}").status_code == 404
    assert requests.get(f"{place}/{name}", allow_redirects=False).headers["Location"] == "/ddm/login/"


def test_denials_are_logged(project, server):
    server.add_user("ddm-denied@example.org")
    other = project.sign_in("ddm-denied@example.org")
    person = project.take_part({})
    assert project.get("responses", session=other).status_code == 403
    assert project.get("details/download", session=other).status_code == 403
    assert other.delete(f"{project.api}/data/delete").status_code == 403
    page = f"projects/{project.url_id}/data-donation/download/{person}"
    assert other.get(f"{project.root}/{page}").status_code == 404
    rows = {(row[1], row[2]) for row in project.logged(project.browser)[0]}
    place = f"/ddm/api/project/{project.url_id}"
    assert {(f"{place}/responses GET: Failed Attempt", "Permission Denied."),
            (f"/ddm/{page} GET: Failed Attempt", "Permission Denied."),
            (f"{place}/details/download GET: Forbidden Data Overview Request", "Request user is not permitted to get the project data."),
            (f"{place}/data/delete DELETE: Forbidden Deletion Request", "Request user is not permitted to delete the project data.")} <= rows
