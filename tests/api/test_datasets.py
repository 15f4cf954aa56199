"""Definitions: what they hold, how they grow, and what they refuse."""
import concurrent.futures

import pytest

FULL = {
    "kind": "survey", "mode": "keyed", "name": "Everything", "published": False, "attributes": {"wave": 3, "tags": ["a", None]},
    "groups": [{"id": "g1", "name": "grid", "label": "A grid", "required": True}],
    "fields": [
        {"id": "text", "name": "Text", "label": "Some text", "type": "string", "group": "g1", "required": True, "system": True, "visibility": "hidden", "privacy": "direct", "question": "text", "attributes": {"page": 1}},
        {"id": "whole", "type": "integer", "unit": "s", "min": -5, "max": 5.5, "privacy": "quasi"},
        {"id": "real", "type": "double"}, {"id": "yes", "type": "boolean"}, {"id": "when", "type": "datetime"}, {"id": "who", "type": "identifier"},
        {"id": "one", "type": "enum", "options": [{"id": "a", "code": "1", "label": "First", "hidden": True}, {"id": "b"}], "privacy": "sensitive"},
        {"id": "many", "type": "set", "options": [{"id": "x", "label": "X; with a semicolon"}, {"id": "y"}]},
        {"id": "any", "type": "json"},
    ],
}


def test_round_trip(owner, study):
    path = f"{study.path}/datasets/full"
    created = owner.put(path, FULL, status=201)
    assert created.headers["Location"] == f"/api/v1{path}"
    kept = created.json()
    assert kept["id"] == "full" and kept["kind"] == "survey" and kept["mode"] == "keyed" and kept["version"] == 1
    assert [field["id"] for field in kept["fields"]] == [field["id"] for field in FULL["fields"]]
    for sent, field in zip(FULL["fields"], kept["fields"]):
        for member, value in sent.items():
            if member != "options":
                assert field[member] == value, (field, member)
    assert kept["fields"][6]["options"][0] == {"id": "a", "code": "1", "label": "First", "hidden": True}
    assert "hidden" not in kept["fields"][6]["options"][1]
    for member in ("published", "attributes", "groups"):
        assert kept[member] == FULL[member]
    assert owner.get(path).json() == kept
    assert owner.put(path, kept, status=200).json() == kept, "what was read, put back, changes nothing"
    assert owner.put(path, FULL, status=200).json()["version"] == 1


def test_only_id_and_type_are_needed(owner, study):
    kept = owner.put(f"{study.path}/datasets/d", {"fields": [{"id": "a", "type": "string"}]}, status=201).json()
    assert kept["kind"] == "custom" and kept["mode"] == "append" and kept["name"] == "d"


@pytest.mark.parametrize("kind,mode", [("survey", "keyed"), ("profile", "keyed"), ("donation", "keyed"), ("sensor", "append"), ("events", "append"), ("chat", "append")])
def test_mode_follows_the_kind(owner, study, kind, mode):
    assert owner.put(f"{study.path}/datasets/d", {"kind": kind, "fields": []}).json()["mode"] == mode


def test_it_grows_and_the_data_stays(study):
    dataset = study.dataset("d", [{"id": "a", "type": "integer"}, {"id": "b", "type": "enum", "options": [{"id": "x"}]}])
    dataset.send([{"participant": "p", "values": {"a": 1, "b": "x"}}])
    grown = study.api.put(dataset.path, {"kind": "custom", "fields": [
        {"id": "c", "type": "string"}, {"id": "b", "type": "enum", "label": "Now with a label", "options": [{"id": "y", "code": "7"}]}]}, status=200).json()
    assert [field["id"] for field in grown["fields"]] == ["a", "b", "c"] and grown["version"] == 2
    assert [option["id"] for option in grown["fields"][1]["options"]] == ["x", "y"]
    assert grown["fields"][1]["label"] == "Now with a label"
    dataset.send([{"participant": "p", "values": {"a": 2, "b": "7", "c": "new"}}])
    assert [record["values"] for record in dataset.page()["records"]] == [{"a": 1, "b": "x"}, {"a": 2, "b": "y", "c": "new"}]
    summary = {field["id"]: field for field in dataset.summary()["fields"]}
    assert summary["c"] == {"id": "c", "answered": 1, "skipped": 0, "absent": 1}
    assert dataset.stream("csv", columns="a,b,c").text == "a,b,c\r\n1,x,\r\n2,7,new\r\n"


def test_it_grows_a_hundred_times(study):
    dataset = study.dataset("d", [{"id": "f0", "type": "integer"}])
    for number in range(1, 60):
        study.api.put(dataset.path, {"fields": [{"id": f"f{number}", "type": ["integer", "string", "double", "set"][number % 4], **({"options": [{"id": "o"}]} if number % 4 == 3 else {})}]})
        dataset.send([{"participant": "p", "values": {"f0": number}}])
    definition = study.api.get(dataset.path).json()
    assert [field["id"] for field in definition["fields"]] == [f"f{number}" for number in range(60)] and definition["version"] == 60
    assert [record["values"]["f0"] for record in dataset.page()["records"]] == list(range(1, 60))


@pytest.mark.parametrize("change", [
    {"fields": [{"id": "a", "type": "string"}]},
    {"kind": "sensor", "fields": []},
    {"mode": "keyed", "fields": []},
])
def test_what_cannot_change(study, change):
    dataset = study.dataset("d", [{"id": "a", "type": "integer"}], kind="events")
    before = study.api.get(dataset.path).json()
    study.api.put(dataset.path, {"kind": "events", **change}, error="definition-conflict")
    assert study.api.get(dataset.path).json() == before


@pytest.mark.parametrize("body,error,place", [
    ({"kind": "poem"}, "bad-member", "/kind"),
    ({"mode": "both"}, "bad-member", "/mode"),
    ({"fields": {}}, "bad-member", "/fields"),
    ({"fields": [5]}, "bad-member", "/fields/0"),
    ({"fields": [{"type": "string"}]}, None, None),
    ({"fields": [{"id": "a"}]}, None, None),
    ({"fields": [{"id": "a", "type": "text"}]}, "bad-member", "/fields/0/type"),
    ({"fields": [{"id": "a b", "type": "string"}]}, "bad-id", "/fields/0/id"),
    ({"fields": [{"id": "a", "type": "string", "lable": "x"}]}, "unknown-member", "/fields/0/lable"),
    ({"fields": [{"id": "a", "type": "string"}, {"id": "a", "type": "string"}]}, "bad-definition", None),
    ({"fields": [{"id": "a", "type": "enum", "options": [{"id": "x"}, {"id": "x"}]}]}, "bad-definition", None),
    ({"fields": [{"id": "a", "type": "enum", "options": [{"id": ""}]}]}, None, None),
    ({"fields": [{"id": "a", "type": "string", "options": [{"id": "x"}]}]}, "bad-definition", None),
    ({"fields": [{"id": "a", "type": "integer", "min": "0"}]}, "bad-member", "/fields/0/min"),
    ({"fields": [{"id": "a", "type": "integer", "min": 5, "max": 1}]}, "bad-definition", None),
    ({"fields": [{"id": "a", "type": "string", "privacy": "secret"}]}, "bad-member", "/fields/0/privacy"),
    ({"id": "other", "fields": []}, None, None),
    ({"shape": "round", "fields": []}, "unknown-member", "/shape"),
    ({"fields": [{"id": f"f{number}", "type": "string"} for number in range(4001)]}, "bad-definition", None),
])
def test_bad_definitions(owner, study, body, error, place):
    response = owner.put(f"{study.path}/datasets/d", body, status=400)
    problem = response.json()
    assert problem["slug"] in ([error] if error else ["bad-member", "bad-id", "bad-definition"]), problem
    if place:
        assert problem["place"] == place
    assert problem.get("place") is not None or error == "bad-definition"
    owner.get(f"{study.path}/datasets/d", error="not-found")


def test_bad_dataset_ids(owner, study):
    for identity in ("a.b", "%20", "x" * 65, "%C3%A4"):
        response = owner.put(f"{study.path}/datasets/{identity}", {"fields": []}, status=400)
        assert response.json()["slug"] == "bad-id"


def test_the_widest_dataset(study):
    dataset = study.dataset("wide", [{"id": f"f{number}", "type": "integer"} for number in range(4000)])
    dataset.send([{"participant": "p", "values": {f"f{number}": number for number in range(0, 4000, 7)}}])
    record = dataset.page()["records"][0]
    assert record["values"] == {f"f{number}": number for number in range(0, 4000, 7)}
    assert len(dataset.stream().text.splitlines()[0].split(",")) == 4004


def test_wide_pages_at_once(study):
    """Thousands of columns take much of the engine's memory: whoever comes meanwhile waits for it."""
    dataset = study.dataset("wide", [{"id": f"f{number}", "type": "integer"} for number in range(2500)])
    values = {f"f{number}": number for number in range(2500)}
    dataset.send([{"participant": "p", "values": values}])
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        pages = list(pool.map(lambda _: dataset.page()["records"], range(9)))
    assert [page[0]["values"] == values for page in pages] == [True] * 9


def test_list_keeps_the_order_of_creation(study):
    for identity in ("zebra", "ant", "Mole"):
        study.dataset(identity, [])
    page = study.api.get(f"{study.path}/datasets").json()
    assert [entry["id"] for entry in page["datasets"]] == ["zebra", "ant", "Mole"]
    assert page["total"] == 3 and page["has_more"] is False and page["cursor"] is None


def test_names_that_are_words_of_sql(study):
    fields = ["select", "table", "order", "group", "seq", "time", "participant", "id", "f0", "rowid", "Values", "values", "NULL", "-1", "_", "a-b"]
    dataset = study.dataset("table", [{"id": name, "type": "integer"} for name in fields])
    dataset.send([{"participant": "p", "values": {name: number for number, name in enumerate(fields)}}])
    assert dataset.page()["records"][0]["values"] == {name: number for number, name in enumerate(fields)}
    assert dataset.page(filter='{"field":"select","op":"=","value":0}')["total"] == 1


def test_a_draft_is_published(owner, study):
    path = f"{study.path}/datasets/draft"
    draft = owner.put(path, {"kind": "survey", "published": False, "fields": [{"id": "a", "type": "string"}]}, status=201).json()
    assert draft["published"] is False
    published = owner.put(path, {**draft, "published": True}, status=200).json()
    assert published.get("published", True) is True and published["version"] == 2


def test_a_group_that_is_not_listed_is_a_word(owner, study):
    field = {"id": "a", "type": "string", "group": "anything at all"}
    assert owner.put(f"{study.path}/datasets/d", {"fields": [field]}, status=201).json()["fields"][0]["group"] == field["group"]
