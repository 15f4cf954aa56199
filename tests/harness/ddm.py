"""A donation project on a running server, and the ways in to it that DDM has."""
import io
import json
import re
import zipfile

import requests

PASSWORD = "a long enough password"


def post_data(donations):
    """What the donation page sends: a ZIP with data_donation.json."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data_donation.json", json.dumps(donations))
    return buffer.getvalue()


BLUEPRINTS = [
    {"id": 1, "name": "Watch history", "description": "d", "format": "json", "expected_fields": ["a", "b"], "regex_path": ".*watch.json",
     "extraction_rules": [{"id": 1, "field": "a"}, {"id": 2, "field": "a"}, {"id": 3, "field": "b", "comparison_operator": "==", "comparison_value": "x"}]},
    {"id": 2, "name": "Search \"history\"", "format": "csv", "csv_delimiter": ","},
]
QUESTIONS = [
    {"id": 11, "variable_name": "mc", "items": [{"id": 101, "value": 20}, {"id": 102, "value": 10}]},
    {"id": 12, "variable_name": "zsc"},
    {"id": 13, "variable_name": "open"},
]
SETTINGS = {"contact_information": "<p>c</p>", "data_protection_statement": "<p>d</p>", "url_parameter_enabled": True, "expected_url_parameters": "pid;src",
            "briefing_consent": True, "blueprints": BLUEPRINTS, "questionnaire": QUESTIONS}


class Project:
    """Of one study; `owner` is a client of the native API, `email` its account's."""

    def __init__(self, server, study, email, prefix="/ddm", **settings):
        self.server, self.study, self.email, self.prefix = server, study, email, prefix
        self.root = server.url + prefix
        answer = study.api.put(f"{study.path}/donation-project", {**SETTINGS, **settings}).json()
        self.url_id, self.slug = answer["url_id"], answer["slug"]
        self.api = f"{self.root}/api/project/{self.url_id}"

    def sign_in(self, email=None, password=PASSWORD):
        browser = requests.Session()
        browser.headers["X-Forwarded-For"] = "198.51.100.77"
        page = browser.get(f"{self.root}/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
        answer = browser.post(f"{self.root}/login/", data={"username": email or self.email, "password": password, "csrfmiddlewaretoken": token}, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        return browser

    def token_page(self, browser, **form):
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        return browser.post(f"{self.root}/projects/{self.url_id}/token/", data=form, allow_redirects=False)

    def new_token(self, browser=None, days=30):
        browser = browser or self.sign_in()
        assert self.token_page(browser, action="create", expiration_days=days).status_code == 302
        return re.search(r"<code>([0-9a-f]{40})</code>", browser.get(f"{self.root}/projects/{self.url_id}/token/").text)[1]

    def get(self, what, token=None, session=None, **options):
        headers = {**options.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"Token {token}"
        return (session or requests).get(f"{self.api}/{what}", headers=headers, timeout=60, **options)

    def take_part(self, donations=None, responses=None, consent="1", config=None, **parameters):
        """Goes through the pages as a participant's browser does; answers the id."""
        guest = requests.Session()
        place = f"{self.root}/studies/{self.slug}"
        guest.get(f"{place}/briefing/", params=parameters)
        guest.post(f"{place}/briefing/", data={"briefing_consent": consent}, allow_redirects=False)
        if donations is not None:
            answer = guest.post(f"{place}/data-donation/", files={"post_data": ("data_donation.zip", post_data(donations))}, allow_redirects=False)
            assert answer.status_code == 302, answer.text
        if responses is not None:
            answer = guest.post(f"{place}/questionnaire/", data={"post_data": json.dumps({"responses": responses, "questionnaire_config": config})}, allow_redirects=False)
            assert answer.status_code == 302, answer.text
            guest.get(f"{place}/debriefing/")
        return guest.cookies[f"ddm_{self.url_id}"]

    def logged(self, browser):
        """Rows of the two tables of the logs page, as lists of cells."""
        page = browser.get(f"{self.root}/projects/{self.url_id}/logs/").text
        tables = page.split("<h2>Exception log</h2>")
        rows = [[re.findall(r"<td>(.*?)</td>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)] for table in tables]
        return [[row for row in table if row] for table in rows]
