"""A client of the API whose every answer is checked against the contract."""
import json
import time
import urllib.parse

import requests

from . import contract

TIMEOUT_S = 120


def quote(text):
    return urllib.parse.quote(text, safe="")


class Api:
    """`api.get("/studies")` expects success; `api.get(…, error="not-found")` expects that refusal."""

    def __init__(self, url, key=None, style="bearer"):
        self.url = url
        self.key = key
        self.session = requests.Session()
        self.session.trust_env = False
        if key is not None and style == "bearer":
            self.session.headers["Authorization"] = f"Bearer {key}"
        elif key is not None:
            self.session.headers["X-API-Key"] = key

    def call(self, method, path, error=None, status=None, place=None, root=False, validate=True, **options):
        address = self.url + ("" if root else "/api/v1") + path
        options.setdefault("timeout", TIMEOUT_S)
        response = self.session.request(method, address, **options)
        if validate and not options.get("stream"):
            contract.check(response)
        if error is not None:
            assert response.status_code >= 400, f"{method} {path}: expected {error}, got {response.status_code} {response.text[:500]}"
            problem = response.json()
            assert problem["slug"] == error, f"{method} {path}: expected {error}, got {problem}"
            if place is not None:
                assert problem.get("place") == place, f"{method} {path}: expected place {place!r}, got {problem}"
        elif status is not None:
            assert response.status_code == status, f"{method} {path}: expected {status}, got {response.status_code} {response.text[:500]}"
        else:
            assert response.status_code < 400, f"{method} {path}: {response.status_code} {response.text[:1000]}"
        return response

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, **with_body(body, options))

    def put(self, path, body=None, **options):
        return self.call("PUT", path, **with_body(body, options))

    def patch(self, path, body=None, **options):
        return self.call("PATCH", path, **with_body(body, options))

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)


def with_body(body, options):
    if body is not None:
        options["data"] = json.dumps(body).encode()
        options["headers"] = {"Content-Type": "application/json", **options.get("headers", {})}
    return options


def ndjson(records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def filter_text(tree):
    return json.dumps(tree)


class Study:
    """A study of one client, by id."""

    def __init__(self, api, identity):
        self.api = api
        self.id = identity
        self.path = f"/studies/{identity}"

    def dataset(self, identity, fields, kind="custom", **members):
        self.api.put(f"{self.path}/datasets/{identity}", {"kind": kind, "fields": fields, **members})
        return Dataset(self, identity)

    def export(self, body, headers=None, **options):
        return self.api.post(f"{self.path}/exports", body, headers=headers or {}, **options)

    def finished(self, body, wait_s=60, **options):
        """Starts an export job and waits for its end."""
        return wait_for(self.api, self.export(body, **options).json()["id"], wait_s)


def wait_for(api, export, wait_s=60):
    deadline = time.monotonic() + wait_s
    while True:
        job = api.get(f"/exports/{export}").json()
        if job["state"] not in ("pending", "executing"):
            return job
        assert time.monotonic() < deadline, f"the export did not finish within {wait_s} s: {job}"
        time.sleep(0.03)


class Dataset:
    def __init__(self, study, identity):
        self.study = study
        self.api = study.api
        self.id = identity
        self.path = f"{study.path}/datasets/{identity}"

    def send(self, records, key=None, on_error=None, **options):
        headers = {"Content-Type": "application/x-ndjson", **({"Idempotency-Key": key} if key else {})}
        params = {"on_error": on_error} if on_error else None
        return self.api.call("POST", f"{self.path}/records", data=ndjson(records), headers=headers, params=params, **options)

    def send_raw(self, data, media="application/x-ndjson", headers=None, **options):
        return self.api.call("POST", f"{self.path}/records", data=data, headers={"Content-Type": media, **(headers or {})}, **options)

    def page(self, error=None, place=None, **params):
        return self.api.get(f"{self.path}/records", params=params, error=error, place=place).json()

    def walk(self, **params):
        """All pages: records and the last page."""
        records = []
        while True:
            page = self.page(**params)
            records += page["records"]
            if not page["has_more"]:
                return records, page
            params["cursor"] = page["cursor"]

    def count(self, **params):
        return self.api.get(f"{self.path}/count", params=params).json()["count"]

    def summary(self):
        return self.api.get(f"{self.path}/summary").json()

    def stream(self, format="csv", headers=None, error=None, place=None, **params):
        return self.api.get(f"{self.path}/export", params={"format": format, **params}, headers=headers or {}, error=error, place=place)
