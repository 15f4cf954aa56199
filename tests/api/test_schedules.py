"""Exports that run by themselves: schedules, runs, deliveries."""
import csv
import hashlib
import hmac
import io
import json
import time

import pytest
import requests

from conftest import new_study
from harness import program
from harness.client import Api, Study
from harness.receiver import Receiver

FIELDS = [{"id": "n", "type": "integer"}, {"id": "t", "type": "string"}]
OPTIONS = ["--allow-private-webhooks", "--delivery-first-wait-ms", "150", "--delivery-give-up-ms", "4000", "--schedule-lease-s", "2"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server of its own, that may deliver here."""
    directory = tmp_path_factory.mktemp("schedules")
    root = directory / "deliveries"
    root.mkdir()
    server = program.Server(directory, options=[*OPTIONS, "--delivery-root", str(root)])
    for email in ("owner@example.org", "helper@example.org"):
        server.add_user(email)
    server.start()
    server.root = root
    server.owner = Api(server.url, server.create_key("owner@example.org")["key"])
    server.helper = Api(server.url, server.create_key("helper@example.org")["key"])
    yield server
    assert server.stop() == 0


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def lab(place):
    study = new_study(place.owner)
    dataset = study.dataset("d", FIELDS)
    add(dataset, range(5))
    study.data = dataset
    return study


def add(dataset, numbers):
    dataset.send([{"participant": f"p{n % 3}", "values": {"n": n, "t": "x"}} for n in numbers])


def raw(api, method, path, body=None):
    """Whatever comes of it."""
    return api.session.request(method, f"{api.url}/api/v1{path}", json=body, timeout=60)


def make(study, **members):
    body = {"name": "Nightly", "cron": "0 3 * * *", "request": {"datasets": ["d"], "format": "csv"}, **members}
    return study.api.post(f"{study.path}/schedules", body, status=201).json()


def run(study, schedule, wait_s=60, **options):
    """Runs it now, and waits for the end."""
    begun = study.api.post(f"{study.path}/schedules/{schedule['id']}/run", status=202, **options).json()
    return over(study, schedule, begun["id"], wait_s)


def over(study, schedule, identity, wait_s=60):
    deadline = time.monotonic() + wait_s
    while True:
        found = [entry for entry in runs(study, schedule) if entry["id"] == identity]
        if found and found[0]["state"] != "running":
            return found[0]
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def runs(study, schedule):
    return study.api.get(f"{study.path}/schedules/{schedule['id']}/runs").json()["runs"]


def deliveries(study, schedule):
    listed = study.api.get(f"{study.path}/schedules/{schedule['id']}/deliveries").json()["deliveries"]
    return [study.api.get(f"{study.path}/schedules/{schedule['id']}/deliveries/{entry['id']}").json() for entry in listed]


def delivered(study, schedule, state="delivered", wait_s=30):
    deadline = time.monotonic() + wait_s
    while True:
        found = deliveries(study, schedule)
        if found and all(entry["state"] == state for entry in found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def numbers(api, export):
    text = api.get(f"/exports/{export}/file").text
    return sorted(int(row["n"]) for row in csv.DictReader(io.StringIO(text)))


def test_a_schedule_as_it_is_made(lab):
    made = make(lab, timezone="Europe/Berlin")
    assert made["mode"] == "complete" and made["keep"] == 10 and made["delivery"] == {"kind": "none"} and "webhook_secret" not in made
    assert made["next_at"] == made["upcoming"][0] and len(made["upcoming"]) == 5 and not made["paused"] and made["last_run"] is None
    assert lab.api.get(f"{lab.path}/schedules/{made['id']}").json() == made
    assert lab.api.get(f"{lab.path}/schedules").json()["schedules"] == [made]
    changed = lab.api.patch(f"{lab.path}/schedules/{made['id']}", {"keep": 3, "cron": "@hourly"}).json()
    assert changed["keep"] == 3 and changed["cron"] == "@hourly" and changed["request"] == made["request"] and changed["next_at"] <= made["next_at"]
    paused = lab.api.post(f"{lab.path}/schedules/{made['id']}/pause").json()
    assert paused["paused"] and paused["next_at"] is None and paused["upcoming"] == []
    assert lab.api.post(f"{lab.path}/schedules/{made['id']}/resume").json()["next_at"]
    lab.api.delete(f"{lab.path}/schedules/{made['id']}", status=204)
    lab.api.get(f"{lab.path}/schedules/{made['id']}", error="not-found")


@pytest.mark.slow
def test_it_runs_when_it_is_due(lab):
    made = make(lab, cron="* * * * *")
    assert made["next_at"]
    # Due in less than a minute.
    deadline = time.monotonic() + 75
    while not runs(lab, made):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    [first] = runs(lab, made)
    first = over(lab, made, first["id"])
    assert first["state"] == "succeeded" and first["cause"] == "schedule" and first["due_at"] == made["next_at"]
    job = lab.api.get(f"/exports/{first['export']}").json()
    assert job["schedule"] == made["id"] and job["expires_at"] is None
    assert job["id"] in [entry["id"] for entry in lab.api.get(f"{lab.path}/exports").json()["exports"]]


def test_a_run_now(lab):
    made = make(lab)
    done = run(lab, made)
    assert done["state"] == "succeeded" and done["cause"] == "manual"
    assert numbers(lab.api, done["export"]) == [0, 1, 2, 3, 4]
    assert lab.api.get(f"{lab.path}/schedules/{made['id']}").json()["last_run"]["id"] == done["id"]


def test_only_what_is_new(lab):
    made = make(lab, mode="new")
    first = run(lab, made)
    assert numbers(lab.api, first["export"]) == [0, 1, 2, 3, 4] and first["since"] is None
    add(lab.data, range(5, 8))
    second = run(lab, made)
    assert numbers(lab.api, second["export"]) == [5, 6, 7] and second["since"] == first["cursor"]
    assert numbers(lab.api, run(lab, made)["export"]) == []
    # A run that fails takes nothing with it.
    add(lab.data, range(8, 10))
    lab.api.patch(f"{lab.path}/schedules/{made['id']}", {"request": {"datasets": ["d"], "format": "csv", "require_k": 1000, "identifiers": "remove"}})
    assert run(lab, made)["state"] in ("failed", "succeeded")
    lab.api.patch(f"{lab.path}/schedules/{made['id']}", {"request": {"datasets": ["d"], "format": "csv"}, "restart": True})
    assert numbers(lab.api, run(lab, made)["export"]) == list(range(10))


def test_files_of_older_runs_go(lab):
    made = make(lab, keep=2)
    done = [run(lab, made) for _ in range(4)]
    deadline = time.monotonic() + 10
    while len(lab.api.get(f"{lab.path}/exports").json()["exports"]) > 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [entry["id"] for entry in lab.api.get(f"{lab.path}/exports").json()["exports"]] == [done[3]["export"], done[2]["export"]]
    lab.api.get(f"/exports/{done[0]['export']}", error="not-found")
    assert len(runs(lab, made)) == 4


@pytest.mark.parametrize("body,where", [
    ({"cron": "61 * * * *"}, "/cron"), ({"cron": ""}, "/cron"), ({"cron": "0 0 30 2 *"}, "/cron"), ({"timezone": "Mars/Olympus"}, "/timezone"),
    ({"mode": "some"}, "/mode"), ({"keep": 0}, "/keep"), ({"keep": 1001}, "/keep"), ({"keep": 1.5}, "/keep"), ({"keep": "3"}, "/keep"), ({"name": ""}, "/name"),
    ({"name": "a\nb"}, "/name"), ({"delivery": {"kind": "mail"}}, "/delivery/kind"), ({"delivery": {"kind": "directory", "path": "../up"}}, "/delivery/path"),
    ({"delivery": {"kind": "directory", "path": "/etc"}}, "/delivery/path"), ({"delivery": {"kind": "webhook", "url": "ftp://x.org"}}, "/delivery/url"),
    ({"delivery": {"kind": "webhook", "url": "https://u:p@x.org/"}}, "/delivery/url"), ({"request": {"datasets": ["d"], "columns": "nothing"}}, None),
    ({"mode": "new", "request": {"datasets": ["d"], "since": "2026-01-01"}}, "/request/since"), ({"request": {"format": "docx"}}, "/request/format"),
    ({"request": {"datasets": ["none"]}}, None), ({"request": []}, "/request"), ({"more": 1}, "/more"), ({"restart": True}, "/restart")])
def test_what_is_refused(lab, body, where):
    response = raw(lab.api, "POST", f"{lab.path}/schedules", {"name": "x", "cron": "@daily", "request": {"datasets": ["d"]}, **body})
    assert 400 <= response.status_code < 500, response.text
    if where:
        assert response.json()["place"] == where, response.text
    assert lab.api.get(f"{lab.path}/schedules").json()["schedules"] == []


def test_into_a_directory(lab, place):
    made = make(lab, delivery={"kind": "directory", "path": f"{lab.id}/csv"})
    done = run(lab, made)
    [delivery] = delivered(lab, made)
    assert delivery["run"] == done["id"] and delivery["attempts"] == 1 and delivery["log"][0]["error"] is None
    job = lab.api.get(f"/exports/{done['export']}").json()
    files = sorted(entry.name for entry in (place.root / lab.id / "csv").iterdir())
    assert len(files) == 2 and files[1] == files[0] + ".manifest.json" and job["id"] in files[0]
    body = (place.root / lab.id / "csv" / files[0]).read_bytes()
    assert hashlib.sha256(body).hexdigest() == job["sha256"]
    assert json.loads((place.root / lab.id / "csv" / files[1]).read_text())["export"] == job["id"]


def check_signature(got, secret):
    parts = dict(part.split("=", 1) for part in got["headers"]["x-sheaf-signature"].split(","))
    expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + got["body"], hashlib.sha256).hexdigest()
    assert hmac.compare_digest(parts["v1"], expected) and abs(int(parts["t"]) - got["at"]) < 60


def test_to_a_webhook(lab, place, receiver):
    made = make(lab, delivery={"kind": "webhook", "url": receiver.url + "/hook?x=1"})
    secret = made["webhook_secret"]
    assert "webhook_secret" not in lab.api.get(f"{lab.path}/schedules/{made['id']}").json()
    done = run(lab, made)
    [got] = receiver.wait(1)
    check_signature(got, secret)
    assert got["path"] == "/hook?x=1" and got["headers"]["content-type"] == "application/json" and got["headers"]["x-sheaf-event"] == "export.succeeded"
    body = json.loads(got["body"])
    assert body["id"] == got["headers"]["x-sheaf-delivery"] and body["run"]["id"] == done["id"] and body["export"]["id"] == done["export"]
    assert body["schedule"]["id"] == made["id"]
    # The address is good without a key, and for a while only.
    file = requests.get(body["download"]["url"], timeout=30)
    assert file.status_code == 200 and hashlib.sha256(file.content).hexdigest() == body["export"]["sha256"] and body["download"]["expires_at"] > body["created_at"]
    [delivery] = delivered(lab, made)
    assert delivery["log"][0]["status"] == 200 and delivery["log"][0]["answer"] == "thank you"
    # The secret lies in no file of the server in the clear.
    assert program.holding(place.data, secret.encode()) == []
    # Another secret, and once more.
    renewed = lab.api.patch(f"{lab.path}/schedules/{made['id']}", {"new_secret": True}).json()["webhook_secret"]
    assert renewed != secret
    lab.api.post(f"{lab.path}/schedules/{made['id']}/deliveries/{delivery['id']}/replay", status=202)
    again = receiver.wait(2)[1]
    check_signature(again, renewed)
    assert again["headers"]["x-sheaf-delivery"] == got["headers"]["x-sheaf-delivery"] and again["headers"]["x-sheaf-attempt"] == "2"


def test_it_is_sent_again_until_it_is_taken(lab, receiver):
    receiver.answers = [500, 302, 404]
    receiver.headers = {"Location": receiver.url + "/elsewhere"}
    made = make(lab, delivery={"kind": "webhook", "url": receiver.url + "/here"})
    run(lab, made)
    got = receiver.wait(4)
    assert {entry["path"] for entry in got} == {"/here"} and len({entry["headers"]["x-sheaf-delivery"] for entry in got}) == 1
    [delivery] = delivered(lab, made)
    assert [entry["status"] for entry in delivery["log"]] == [500, 302, 404, 200]
    assert [bool(entry["error"]) for entry in delivery["log"]] == [True, True, True, False] and "redirect" in delivery["log"][1]["error"]
    waits = [later["at"] - earlier["at"] for earlier, later in zip(got, got[1:])]
    assert waits[2] > waits[0], waits


def test_it_is_given_up_and_can_be_sent_anew(lab, receiver):
    receiver.answers = [500] * 50
    made = make(lab, delivery={"kind": "webhook", "url": receiver.url})
    run(lab, made)
    [delivery] = delivered(lab, made, "failed")
    assert delivery["attempts"] >= 2 and delivery["next_at"] is None
    receiver.answers = []
    lab.api.post(f"{lab.path}/schedules/{made['id']}/deliveries/{delivery['id']}/replay", status=202)
    [delivery] = delivered(lab, made)
    assert delivery["log"][-1]["status"] == 200
    # It waits no more.
    receiver.answers = [410]
    lab.api.post(f"{lab.path}/schedules/{made['id']}/deliveries/{delivery['id']}/replay", status=202)
    assert delivered(lab, made, "failed")[0]["log"][-1]["status"] == 410


def test_that_a_run_failed_is_told(lab, receiver):
    made = make(lab, delivery={"kind": "webhook", "url": receiver.url})
    lab.api.patch(f"{lab.path}/schedules/{made['id']}", {"request": {"datasets": ["d"], "identifiers": "remove", "require_k": 100000}})
    done = run(lab, made)
    if done["state"] == "succeeded":
        pytest.skip("no quasi-identifiers: the check lets it pass")
    [got] = receiver.wait(1)
    assert got["headers"]["x-sheaf-event"] == "export.failed" and json.loads(got["body"])["run"]["error"] == done["error"]


def test_private_networks_are_refused(server, study, receiver):
    """The other server: it allows none."""
    study.dataset("d", FIELDS)
    for url in (receiver.url, "https://127.0.0.1/", "https://10.0.0.1/x", "https://[::1]/", "https://169.254.169.254/latest", "http://example.org/"):
        study.api.post(f"{study.path}/schedules", {"name": "x", "cron": "@daily", "request": {"datasets": ["d"]}, "delivery": {"kind": "webhook", "url": url}},
                       error="bad-member", place="/delivery/url")
    study.api.post(f"{study.path}/schedules", {"name": "x", "cron": "@daily", "delivery": {"kind": "directory", "path": "x"}}, error="bad-member")
    # A name is resolved when it is sent to: what it leads to is looked at then.
    made = make(study, delivery={"kind": "webhook", "url": f"https://localhost:{receiver.url.rsplit(':', 1)[1]}/"})
    run(study, made)
    deadline = time.monotonic() + 20
    while not (log := deliveries(study, made)[0]["log"]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "may not go to" in log[0]["error"] and receiver.got == []


def test_the_rights_are_those_of_the_time_of_the_run(lab, place):
    lab.api.put(f"{lab.path}/grants/helper@example.org", {"rights": ["export"]})
    theirs = Study(place.helper, lab.id)
    made = make(theirs)
    assert run(theirs, made)["state"] == "succeeded"
    lab.api.delete(f"{lab.path}/grants/helper@example.org")
    failed = run(lab, made)
    assert failed["state"] == "failed" and "may not export" in failed["error"] and failed["export"] is None
    lab.api.put(f"{lab.path}/grants/helper@example.org", {"rights": ["export"], "identifiers": False})
    masked = run(theirs, made)
    assert masked["state"] == "succeeded" and "p0," not in lab.api.get(f"/exports/{masked['export']}/file").text


def test_nobody_sends_elsewhere_what_others_may_see(lab, place, receiver):
    made = make(lab)
    lab.api.put(f"{lab.path}/grants/helper@example.org", {"rights": ["export"]})
    theirs = f"{lab.path}/schedules/{made['id']}"
    assert place.helper.get(theirs).json()["id"] == made["id"]
    place.helper.patch(theirs, {"delivery": {"kind": "webhook", "url": receiver.url}}, error="forbidden")
    for what in ("pause", "resume", "run"):
        place.helper.post(f"{theirs}/{what}", error="forbidden")
    place.helper.delete(theirs, error="forbidden")
    # Who may not see ids does not see a schedule that shows them.
    lab.api.put(f"{lab.path}/grants/helper@example.org", {"rights": ["export"], "identifiers": False})
    place.helper.get(theirs, error="not-found")
    assert place.helper.get(f"{lab.path}/schedules").json()["schedules"] == []
    # Whoever changes another's schedule takes it over.
    lab.api.put(f"{lab.path}/grants/helper@example.org", {"rights": ["export", "manage"]})
    assert place.helper.patch(theirs, {"keep": 2}).json()["account"] != made["account"]


def test_one_run_at_a_time(lab):
    add(lab.data, range(20000))
    made = make(lab)
    answers = [raw(lab.api, "POST", f"{lab.path}/schedules/{made['id']}/run").status_code for _ in range(5)]
    assert answers[0] == 202 and set(answers) <= {202, 409}


def test_what_the_audit_says(lab, place, receiver):
    made = make(lab, delivery={"kind": "webhook", "url": receiver.url})
    run(lab, made)
    delivered(lab, made)
    time.sleep(0.3)
    entries = lab.api.get(f"{lab.path}/audit").json()["entries"]
    actions = {entry["action"] for entry in entries if entry["target"]}
    assert {"schedule.create", "schedule.start", "schedule.run", "export.deliver", "export.finish"} <= actions
    assert made["webhook_secret"] not in json.dumps(entries)


def test_an_erased_participant_is_named_no_more(lab):
    made = make(lab, request={"datasets": ["d"], "participants": ["p1"]})
    lab.api.post(f"{lab.path}/participants/p1/erasure")
    after = lab.api.get(f"{lab.path}/schedules/{made['id']}").json()
    assert after["paused"] and "p1" not in json.dumps(after["request"]) and after["pause_reason"]


def test_commands(lab, place):
    made = make(lab)
    listed = program.run("schedule", "list", "--server", place.url, "--key", lab.api.key, "--study", lab.id)
    assert made["id"] in listed.stdout and "Nightly" in listed.stdout
    done = program.run("schedule", "run", "--server", place.url, "--key", lab.api.key, "--study", lab.id, "--schedule", made["id"], "--wait", "--json")
    assert json.loads(done.stdout)["state"] == "succeeded"
    assert program.run("schedule", "run", "--server", place.url, "--key", lab.api.key, "--study", lab.id, "--schedule", "sch_none", check=False).returncode == 1


@pytest.fixture
def fragile(tmp_path):
    """A server that is killed."""
    server = program.Server(tmp_path, options=OPTIONS)
    server.add_user("owner@example.org")
    server.start()
    server.owner = Api(server.url, server.create_key("owner@example.org")["key"])
    yield server
    server.stop()


def test_another_key_file(fragile, receiver, tmp_path):
    study = new_study(fragile.owner)
    study.dataset("d", FIELDS)
    made = make(study, delivery={"kind": "webhook", "url": receiver.url})
    assert fragile.stop() == 0
    program.run("secrets", "rotate", "--data", fragile.data, "--new-key-file", tmp_path / "new.key")
    fragile.options += ["--key-file", str(tmp_path / "new.key")]
    fragile.start()
    run(study, made)
    check_signature(receiver.wait(1)[0], made["webhook_secret"])


@pytest.mark.slow
def test_killed_between_a_run_and_its_delivery(fragile, receiver):
    study = new_study(fragile.owner)
    data = study.dataset("d", FIELDS)
    made = make(study, mode="new", delivery={"kind": "webhook", "url": receiver.url})
    path, seen, sent = f"{study.path}/schedules/{made['id']}", [], 0
    for round_number in range(4):
        add(data, range(sent, sent + 10))
        sent += 10
        receiver.delay_s = 1
        raw(study.api, "POST", f"{path}/run")
        # While it is asked for, while it runs, while it is sent.
        time.sleep(0.05 + 0.25 * round_number)
        fragile.kill()
        receiver.delay_s = 0
        fragile.start()
        deadline = time.monotonic() + 60
        while any(entry["state"] == "running" for entry in runs(study, made)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    run(study, made)
    delivered(study, made, wait_s=60)
    for entry in runs(study, made):
        if entry["state"] == "succeeded":
            seen += numbers(study.api, entry["export"])
    assert sorted(seen) == list(range(sent)), "nothing lost, nothing twice"
    succeeded = {entry["id"] for entry in runs(study, made) if entry["state"] == "succeeded"}
    told = {json.loads(got["body"])["run"]["id"] for got in receiver.got}
    assert succeeded <= told, "every run was told of, at least once"
    assert len({got["headers"]["x-sheaf-delivery"] for got in receiver.got}) == len(told), "by one id each"
