"""A client of Avicenna's protocol, and a study as its scripts expect one."""
import csv
import io
import itertools
import time

import requests

from .client import Study

NUMBERS = itertools.count(500_001)


class Avicenna:
    def __init__(self, url, email, key):
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"ApiKey {email}:{key}"

    def call(self, method, path, status=None, **options):
        response = self.session.request(method, self.url + path, timeout=60, allow_redirects=False, **options)
        if status is not None:
            assert response.status_code == status, f"{method} {path}: expected {status}, got {response.status_code} {response.text[:800]}"
        return response

    def refused(self, method, path, status, place=None, **options):
        """Every refusal has the one shape."""
        response = self.call(method, path, status, **options)
        answer = response.json()
        assert isinstance(answer["detail"], str) and answer["detail"], answer
        assert set(answer) <= {"detail", "errors"}, answer
        for sentences in answer.get("errors", {}).values():
            assert sentences and all(isinstance(sentence, str) for sentence in sentences)
        if place is not None:
            assert list(answer.get("errors", {})) == [place], answer
        assert response.headers["Content-Type"] == "application/json"
        return response

    def survey(self, body, status=201, **options):
        return self.call("POST", "/api/v1/filter/export/", status, json=body, **options).json()

    def sensor(self, form, status=201):
        return self.call("POST", "/api/study/export/create/", status, files={name: (None, str(value)) for name, value in form.items()}).json()

    def list(self, study, **parameters):
        return self.call("GET", "/api/v1/filter/export/", 200, params={"study_id": study, **parameters}).json()

    def finished(self, export, wait_s=60):
        deadline = time.monotonic() + wait_s
        while True:
            job = next(one for one in self.list(export["study_id"]) if one["study_specific_id"] == export["study_specific_id"])
            if job["status"]["label"] not in ("Pending", "Processing"):
                return job
            assert time.monotonic() < deadline, job
            time.sleep(0.03)

    def file(self, export):
        job = self.finished(export)
        assert job["status"]["label"] == "Success", job
        return self.session.get(job["content"], timeout=60, allow_redirects=False)

    def rows(self, export):
        """The file as its reader sees it: heading and rows."""
        response = self.file(export)
        assert response.status_code == 200
        rows = list(csv.reader(io.StringIO(response.content.decode("utf-8"), newline="")))
        return rows[0], rows[1:]


def new_study(api, number=None):
    number = number or next(NUMBERS)
    api.post("/studies", {"id": str(number), "name": f"Study {number}"}, status=201)
    return Study(api, str(number))


STATES = [{"id": word, "code": str(code)} for code, word in enumerate(["unanswered", "completed", "canceled", "expired", "blocked", "false-criteria", "in-progress"])]
ACTIVITY = [
    {"id": "status", "type": "enum", "system": True, "options": STATES},
    {"id": "test", "type": "boolean", "system": True},
    {"id": "scheduled_time", "type": "datetime", "system": True},
    {"id": "prompt_time", "type": "datetime", "system": True},
    {"id": "device_id", "type": "identifier", "system": True},
    {"id": "device_model", "type": "string", "system": True},
    {"id": "Q1", "type": "enum", "label": "How are you?", "question": "single_choice", "options": [{"id": "good", "code": "1", "label": "Good"}, {"id": "bad", "code": "2", "label": "Bad"}]},
    {"id": "Q2", "type": "set", "label": "What did you drink?", "question": "multiple_choice",
     "options": [{"id": "tea", "code": "1", "label": "Tea"}, {"id": "milk", "code": "2", "label": "Milk"}, {"id": "other", "code": "9", "label": "Other, namely"}]},
    {"id": "Q3", "type": "integer", "label": "How much?", "question": "slider", "min": 0, "max": 100},
    {"id": "Q4", "type": "string", "label": "Say more, \"please\"", "question": "text"},
    {"id": "Q5_1", "type": "enum", "label": "Work", "group": "Q5", "question": "single_grid", "options": [{"id": "lo", "code": "0"}, {"id": "hi", "code": "1"}]},
    {"id": "Q5_2", "type": "enum", "label": "Home", "group": "Q5", "question": "single_grid", "options": [{"id": "lo", "code": "0"}, {"id": "hi", "code": "1"}]},
]
RESPONSES = [
    {"id": "u-1", "participant": "101", "time": "2025-12-14T15:07:05.385Z", "values": {
        "status": "1", "prompt_time": "2025-12-14T15:00:00Z", "device_id": "dev-a", "device_model": "Pixel", "Q1": "good", "Q2": ["tea", "other"], "Q3": 40, "Q4": "a, \"b\"\nc", "Q5_1": "hi"},
     "metadata": {"Q1": {"response_time": "2025-12-14T15:06:00Z", "location": {"lat": 1.5, "lon": 2, "accu": 3}, "history": [{"value": 2}]}}},
    {"id": "u-2", "participant": "101", "time": "2025-12-15T15:07:05Z", "values": {"status": "3", "device_id": "dev-a", "Q1": None, "Q3": 80}},
    {"id": "u-3", "participant": "102", "time": "2025-12-16T15:07:05.000001Z", "values": {"status": "1", "Q1": "bad", "Q2": [], "Q4": ""}},
    {"id": "u-4", "participant": "102", "time": "2025-12-17T15:07:05Z", "values": {"status": "1", "test": True, "Q1": "bad"}},
    {"id": "u-5", "participant": "ann", "time": "2025-12-18T15:07:05Z", "values": {"status": "1", "Q1": "good", "Q3": 0}},
]


def fill(study, activity="21218"):
    """An activity with responses of three participants, one of whom has an id that is no number."""
    study.dataset(activity, ACTIVITY, kind="survey", groups=[{"id": "Q5", "label": "How busy?"}]).send(RESPONSES)
    people = {"101": {"status": "active", "code": "A", "attributes": {"start_time": "2025-11-01T00:00:00+02:00", "site": 3}},
              "102": {"status": "dropped", "attributes": {"start_time": "2025-12-01T10:00:00Z", "end_time": "2025-12-20T00:00:00Z", "site": "4"}},
              "ann": {"status": "active", "attributes": {"start_time": "soon"}}}
    for person, what in people.items():
        study.api.put(f"{study.path}/participants/{person}", what)
    return study
