"""A client of Alida's batch extract, as its users write one."""
import re
import time

import requests

GUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
TIMEOUT_S = 120


def check_error(response, status):
    """The one shape of refusals."""
    assert response.status_code == status, f"expected {status}, got {response.status_code} {response.text[:500]}"
    assert response.headers["Content-Type"] == "application/json; charset=utf-8", response.headers
    error = response.json()
    assert {"status", "message", "developerMessage", "errorId"} <= set(error), error
    assert error["status"] == status and isinstance(error["message"], str) and error["message"]
    assert error["developerMessage"] is None or isinstance(error["developerMessage"], str)
    assert GUID.match(error["errorId"]), error
    if status == 401:
        assert response.headers["WWW-Authenticate"]
    if status in (429, 503):
        assert int(response.headers["Retry-After"]) >= 1
    return error


class Alida:
    """One application. `key`: {"id","key"} of Sheaf; `token` is asked for at once unless it is given."""

    def __init__(self, url, application, key=None, token=None):
        self.url, self.application, self.key = url, application, key
        self.session = requests.Session()
        self.session.trust_env = False
        self.token = token or self.new_token().json()["access_token"]

    def new_token(self, headers=None, **form):
        form = {"grant_type": "client_credentials", **form}
        return self.session.post(f"{self.url}/oauth2/token", data=form, auth=(self.key["id"], self.key["key"]), headers=headers or {}, timeout=TIMEOUT_S)

    def call(self, method, path, error=None, version="v2", bearer=True, **options):
        headers = {**({"Authorization": f"Bearer {self.token}"} if bearer else {}), **options.pop("headers", {})}
        options.setdefault("allow_redirects", False)
        address = f"{self.url}/{version}/applications/{self.application}{path}"
        response = self.ask(method, address, patient=error != 429, headers=headers, **options)
        if error is not None:
            check_error(response, error)
        else:
            assert response.status_code < 400, f"{method} {path}: {response.status_code} {response.text[:1000]}"
        return response

    def ask(self, method, address, patient=True, **options):
        """Waits when it is told to, as clients do; tests ask in quick succession."""
        while True:
            response = self.session.request(method, address, timeout=TIMEOUT_S, **options)
            if response.status_code != 429 or not patient:
                return response
            time.sleep(int(response.headers["Retry-After"]))

    def activities(self, **options):
        return self.call("GET", "/activities", version="v1", **options)

    def activity(self, name):
        items = self.activities(params={"limit": 1000}).json()["items"]
        return next(item["id"] for item in items if item["name"] == name)

    def start(self, activity, body=None, **options):
        options.setdefault("json", {} if body is None else body)
        return self.call("POST", f"/data/activities/{activity}/responses/batch", **options)

    def start_profiles(self, body=None, **options):
        options.setdefault("json", {} if body is None else body)
        return self.call("POST", "/data/members/profiles/batch", **options)

    def status(self, batch, kind="activities/responses", **options):
        return self.call("GET", f"/data/{kind}/batch/{batch}", **options)

    def finished(self, started, kind="activities/responses", wait_s=60):
        """The last status of a batch; the states on the way never go backwards."""
        order = ["pending", "executing", "succeeded", "failed"]
        deadline, seen = time.monotonic() + wait_s, "pending"
        while True:
            status = self.status(started.json()["id"], kind).json()
            assert order.index(status["status"]) >= order.index(seen), f"{seen} → {status}"
            seen = status["status"]
            assert ("data" in status) == (seen == "succeeded"), status
            if seen in ("succeeded", "failed"):
                return status
            assert time.monotonic() < deadline, status
            time.sleep(0.12)

    def file(self, status):
        """Follows the data link as a client does."""
        redirect = self.ask("GET", status["data"], headers={"Authorization": f"Bearer {self.token}"}, allow_redirects=False)
        assert redirect.status_code == 302, redirect.text[:500]
        return self.ask("GET", redirect.headers["Location"])

    def export(self, activity, body=None):
        status = self.finished(self.start(activity, body))
        assert status["status"] == "succeeded", status
        return self.file(status).json()

    def profiles(self, body=None):
        status = self.finished(self.start_profiles(body), "members/profiles")
        assert status["status"] == "succeeded", status
        return self.file(status).json()


def fields_of(file):
    return {field["id"]: field for field in file["definition"]["fields"]}


def by_name(file):
    return {field["name"]: field for field in file["definition"]["fields"]}


def answers(file, record):
    """One record by the names of its fields."""
    known = fields_of(file)
    return {known[cell["id"]]["name"]: cell["values"] for cell in record["fields"]}
