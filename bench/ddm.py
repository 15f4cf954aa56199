#!/usr/bin/python3
"""Measures DDM's three slowest answers with 1,000 participants and 2,000 donations, against what the original took (DDM 2.1.7, two such cores).

    /usr/bin/python3 bench/ddm.py
"""

import json
import pathlib
import re
import sys
import tempfile
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness import program  # noqa: E402
from harness.client import Api  # noqa: E402

PEOPLE, VARIABLES, ROUNDS = 1000, 30, 7
#: Seconds of the original, and how many times faster this must be.
WANTED = {"overview": (0.1, 5), "responses": (11.0, 500), "overview CSV": (2.3, 100)}


def fill(api):
    api.post("/studies", {"id": "bench"})
    questions = [{"id": number + 1, "variable_name": f"v{number}"} for number in range(VARIABLES)]
    url_id = api.put("/studies/bench/donation-project", {"blueprints": [{"id": 1, "name": "Watch"}, {"id": 2, "name": "Search"}], "questionnaire": questions}).json()["url_id"]
    donations, answers = {1: [], 2: []}, []
    for number in range(PEOPLE):
        person = f"{number:024d}"
        api.put(f"/studies/bench/participants/{person}", {"attributes": {"start_time": "2024-07-16T20:30:40.863581Z", "current_step": 3, "completed": True, "extra_data": {"url_param": {"pid": str(number)}}}})
        for blueprint, rows in donations.items():
            rows.append({"id": f"d{number}-{blueprint}", "participant": person, "time": "2024-07-16T21:00:00.5Z", "values": {"status": "success", "consent": True}})
        snapshot = {f"question-{question['id']}": str(number % 7) for question in questions}
        answers.append({"id": f"r{number}", "participant": person, "time": "2024-07-16T21:00:00.5Z", "values": {"snapshot": snapshot, "config": questions}})
    for dataset, rows in (("blueprint-1", donations[1]), ("blueprint-2", donations[2]), ("questionnaire", answers)):
        api.call("POST", f"/studies/bench/datasets/{dataset}/records", data="".join(json.dumps(row) + "\n" for row in rows).encode(), headers={"Content-Type": "application/x-ndjson"})
    return url_id


def sign_in(server):
    browser = requests.Session()
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', browser.get(f"{server.url}/ddm/login/").text)[1]
    browser.post(f"{server.url}/ddm/login/", data={"username": "bench@example.org", "password": "a long enough password", "csrfmiddlewaretoken": token})
    return browser


def best(action):
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        response = action()
        assert response.status_code == 200 and len(response.content) > 10_000, response.text[:200]
        times.append(time.perf_counter() - begin)
    return sorted(times)[len(times) // 2]


def main():
    with tempfile.TemporaryDirectory() as directory:
        server = program.Server(directory)
        server.add_user("bench@example.org", admin=True)
        server.start()
        try:
            url_id = fill(Api(server.url, server.create_key("bench@example.org")["key"]))
            browser = sign_in(server)
            page = f"{server.url}/ddm/projects/{url_id}/token/"
            browser.post(page, data={"action": "create", "expiration_days": 5, "csrfmiddlewaretoken": browser.cookies["csrftoken"]})
            token = re.search(r"<code>([0-9a-f]+)", browser.get(page).text)[1]
            program_session = requests.Session()
            program_session.headers["Authorization"] = f"Token {token}"
            root = f"{server.url}/ddm/api/project/{url_id}"
            measured = {"overview": best(lambda: program_session.get(f"{root}/overview")), "responses": best(lambda: program_session.get(f"{root}/responses")),
                        "overview CSV": best(lambda: browser.get(f"{root}/details/download"))}
            for what, seconds in measured.items():
                original, times = WANTED[what]
                print(f"  {what}: {seconds * 1000:.1f} ms, {original / seconds:,.0f} times the original's speed (wanted: {times})  {'yes' if original / seconds >= times else 'NO'}")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
