"""Requests that are answered under codes: who is named in them by code is found, who is named by anything else is not told whether there is such an id."""
import json

import pytest

from conftest import STRANGER, new_study
from harness.client import Dataset, Study

FIELDS = [{"id": "n", "type": "integer"}]


class World:
    """Four people in two sessions; the owner's view, and that of a reader who may not see identifiers."""

    def __init__(self, owner, stranger):
        self.owner = new_study(owner)
        self.data = self.owner.dataset("d", FIELDS)
        self.data.send([{"id": f"rec-{number}", "participant": f"person-{number}", "session": f"room-{number // 2}", "values": {"n": number}} for number in range(4)])
        self.owner.api.put(f"{self.owner.path}/grants/{STRANGER}", {"rights": ["view", "export"], "identifiers": False})
        self.reader = Study(stranger, self.owner.id)
        self.coded = Dataset(self.reader, "d")
        self.codes = {record["values"]["n"]: record for record in self.coded.page()["records"]}


@pytest.fixture
def world(owner, stranger):
    return World(owner, stranger)


def named(noun, op, value):
    return json.dumps({"field": noun, "op": op, "value": value})


def without_values(problem):
    return {name: value for name, value in problem.items() if name not in ("instance", "request_id")}


def test_by_code_people_are_found(world):
    person, room = world.codes[1]["participant"], world.codes[1]["session"]
    for dataset, params in ((world.coded, {}), (world.data, {"identifiers": "remove"})):
        for asked, count in (({"participant": person}, 1), ({"session": room}, 2), ({"participant": person, "session": room}, 1),
                             ({"filter": named("participant", "=", person)}, 1), ({"filter": named("participant.id", "in", [person])}, 1), ({"filter": named("participant", "!=", person)}, 3),
                             ({"filter": named("record.session", "=", room)}, 2), ({"filter": named("session.id", "not_in", [room])}, 2)):
            assert dataset.count(**asked, **params) == count == len(dataset.page(**asked, **params)["records"]), asked
            assert len(dataset.stream("ndjson", **asked, **params).content.splitlines()) == count
    job = world.reader.finished({"datasets": ["d"], "format": "ndjson", "participants": [person]})
    assert [json.loads(line)["participant"] for line in world.reader.api.get(f"/exports/{job['id']}/file").content.splitlines()] == [person]


CALLS = [({"participant": "{}"}, "participant"), ({"filter": named("participant", "=", "{}")}, "/filter"), ({"filter": named("participant.id", "not_in", ["{}"])}, "/filter"),
         ({"filter": named("participant", "!=", "{}")}, "/filter")]


@pytest.mark.parametrize("params,place", CALLS)
@pytest.mark.parametrize("noun,known,unknown", [("participant", "person-1", "person-9"), ("session", "room-1", "room-9")])
def test_an_id_is_refused_whether_or_not_it_is_somebodys(world, params, place, noun, known, unknown):
    """Never an empty file for somebody whom the reader named in good faith, and no word of who there is."""
    answers = []
    for identity in (known, unknown):
        asked = {name.replace("participant", noun): text.replace("participant", noun).replace("{}", identity) for name, text in params.items()}
        where = place.replace("participant", noun)
        page = world.reader.api.get(f"{world.coded.path}/records", params=asked, error="identifier-removed", place=where).json()
        world.coded.stream("csv", **asked, error="identifier-removed", place=where)
        world.reader.api.get(f"{world.coded.path}/count", params=asked, error="identifier-removed", place=where)
        world.coded.stream("csv", identifiers="aggregate", **asked, error="identifier-removed", place=where)
        answers.append(without_values(page))
    assert answers[0] == answers[1] and "code" in answers[0]["detail"] and "matches nobody" in answers[0]["detail"]


def test_jobs_refuse_ids_at_once(world):
    answers = [without_values(world.reader.export({"datasets": ["d"], "participants": [identity]}, error="identifier-removed").json()) for identity in ("person-1", "person-9")]
    answers += [without_values(world.reader.export({"datasets": ["d"], "filter": json.loads(named("participant", "=", identity))}, error="identifier-removed", place="/filter").json()) for identity in ("person-1", "person-9")]
    assert answers[0] == answers[1] and answers[2] == answers[3]
    assert not world.reader.api.get(f"{world.reader.path}/exports").json()["exports"]


def test_paths_tell_nothing_of_ids(world):
    for noun, known, unknown in (("participants", "person-1", "person-9"), ("sessions", "room-1", "room-9")):
        answers = [without_values(world.reader.api.get(f"{world.reader.path}/{noun}/{identity}", error="not-found").json()) for identity in (known, unknown)]
        assert answers[0] == answers[1] and "code" in answers[0]["detail"]
        listed = world.reader.api.get(f"{world.reader.path}/{noun}").json()[noun][0]
        assert world.reader.api.get(f"{world.reader.path}/{noun}/{listed['id']}").json() == listed


def test_a_code_of_nobody_matches_nobody(world):
    for code in ("P-0000000000000000", "P-ZZZZZZZZZZZZZZZZ"):
        assert world.coded.count(participant=code) == 0 == world.coded.count(filter=named("participant", "=", code))
        assert world.coded.count(filter=named("participant", "!=", code)) == 4
    for wrong in ("P-", "p-0000000000000000", "P-000000000000000I", "P-00000000000000000", "S-0000000000000000", "R-0000000000000000", " "):
        world.coded.page(filter=named("participant", "=", wrong), error="identifier-removed", place="/filter")


def test_who_may_see_ids_asks_by_ids_and_gets_codes(world):
    person = world.codes[2]["participant"]
    for asked, count in (({"participant": "person-2"}, 1), ({"session": "room-1"}, 2), ({"filter": named("participant", "=", "person-2")}, 1), ({"filter": named("session", "!=", "room-1")}, 2),
                         ({"filter": named("participant", "in", ["person-2", person, "nobody-9"])}, 1), ({"participant": "nobody-9"}, 0)):
        records = world.data.page(identifiers="remove", **asked)["records"]
        assert len(records) == count == world.data.count(identifiers="remove", **asked), asked
        content = world.data.stream("csv", identifiers="remove", **asked).content
        assert content.count(b"\r\n") == count + 1 and b"person-" not in content and b"room-" not in content
    assert world.data.page(identifiers="remove", participant="person-2")["records"][0]["participant"] == person
    content = world.data.stream("csv", identifiers="aggregate", filter=named("participant", "=", "person-2")).content
    assert content.count(b"\r\n") == 2 and b"person-" not in content


@pytest.mark.parametrize("asked", [{"participants": ["person-2"]}, {"sessions": ["room-1"], "participants": ["person-2", "person-0"]},
                                   {"filter": {"all": [{"field": "participant", "op": "in", "value": ["person-2", "nobody-9"]}, {"not": {"field": "record.session", "op": "=", "value": "room-0"}}]}}])
def test_a_job_by_ids_leaves_without_them(world, asked):
    """What is kept of the request goes into the ZIP's manifest, and so into the world."""
    job = world.owner.finished({"datasets": ["d"], "format": "zip", "layout": "participant", "identifiers": "remove", **asked})
    assert job["state"] == "succeeded" and job["progress"]["rows"] == 1, job
    import io
    import zipfile
    with zipfile.ZipFile(io.BytesIO(world.owner.api.get(f"/exports/{job['id']}/file").content)) as archive:
        inside = "".join(archive.namelist()) + "".join(archive.read(name).decode() for name in archive.namelist())
    for text in (inside, json.dumps(job), world.owner.api.get(f"/exports/{job['id']}/manifest").text):
        assert not any(word in text for word in ("person-", "room-", "nobody-9", "rec-")), text[:2000]
    assert world.codes[2]["participant"] in inside


def test_an_equal_request_is_the_same_job(world):
    """By id or by code: the answer is one."""
    body = {"datasets": ["d"], "identifiers": "remove"}
    first = world.owner.finished({**body, "participants": ["person-1"]}, headers={"Idempotency-Key": "one"})
    again = world.owner.export({**body, "participants": ["person-1"]}, headers={"Idempotency-Key": "one"}).json()
    by_code = world.owner.export({**body, "participants": [world.codes[1]["participant"]]}).json()
    assert again["id"] == first["id"] == by_code["id"]


def test_a_field_that_hides_the_word_is_not_rewritten(world):
    """`participant` is a field of one dataset and the record's own in the other: the request has to say which it means."""
    other = world.owner.dataset("e", [{"id": "participant", "type": "string"}])
    other.send([{"participant": "person-2", "values": {"participant": "person-3"}}])
    assert other.count(identifiers="remove", filter=named("record.participant", "=", "person-2")) == 1
    world.owner.export({"format": "zip", "identifiers": "remove", "filter": json.loads(named("participant", "=", "person-2"))}, error="bad-filter", place="/filter")
    job = world.owner.finished({"format": "zip", "identifiers": "remove", "filter": json.loads(named("record.participant", "=", "person-2"))})
    assert job["progress"]["rows"] == 2 and "person-2" not in json.dumps(job)


def test_ids_that_look_like_codes(owner, stranger):
    """Records of a coded export that came back have codes for ids: the owner names them, the reader is not told of them."""
    study = new_study(owner)
    dataset = study.dataset("d", FIELDS)
    identity = "P-0123456789ABCDEF"
    dataset.send([{"participant": identity, "values": {"n": 1}}])
    assert dataset.count(identifiers="remove", participant=identity) == 1
    study.api.put(f"{study.path}/grants/{STRANGER}", {"rights": ["view", "export"], "identifiers": False})
    reader = Dataset(Study(stranger, study.id), "d")
    assert reader.count(participant=identity) == 0 == reader.count(participant="P-0123456789ABCDEE")
    [record] = reader.page()["records"]
    assert record["participant"] != identity and reader.count(participant=record["participant"]) == 1
    assert dataset.count(identifiers="remove", participant=record["participant"]) == 1


def test_files_are_found_by_code(world):
    files = f"{world.owner.path}/files"
    for number in range(2):
        world.owner.api.post(files, {"id": f"file-{number}", "kind": "recording", "participant": f"person-{number}", "session": f"room-{number}", "dataset": "d"})
    listed = {one["participant"]: one for one in world.reader.api.get(files.replace(world.owner.path, world.reader.path)).json()["files"]}
    assert len(listed) == 2
    code, one = next(iter(listed.items()))
    by_code = world.reader.api.get(files, params={"participant": code, "session": one["session"]}).json()
    assert by_code["files"] == [one]
    assert world.reader.api.get(files, params={"participant": "P-0000000000000000"}).json()["files"] == []
    for identity in ("person-0", "person-9"):
        world.reader.api.get(files, params={"participant": identity}, error="identifier-removed", place="participant")
    world.reader.api.get(files, params={"record": "rec-0"}, error="identifier-removed", place="record")
