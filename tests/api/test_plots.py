"""Numbers that plots are drawn from: series, distributions, arrivals, overviews."""
import collections
import datetime
import json
import math
import random
import zoneinfo

import pytest

from conftest import STRANGER, new_study
from harness.client import Api, ndjson

FIELDS = [{"id": "hr", "type": "double"}, {"id": "n", "type": "integer"}, {"id": "on", "type": "boolean"}, {"id": "t", "type": "string"},
          {"id": "e", "type": "enum", "options": [{"id": "red", "label": "Red"}, {"id": "blue"}, {"id": "green"}]},
          {"id": "s", "type": "set", "options": [{"id": "a"}, {"id": "b"}]}, {"id": "name", "type": "string", "privacy": "direct"},
          {"id": "height", "type": "double", "privacy": "direct"}]
START = datetime.datetime(2026, 3, 28, 12, tzinfo=datetime.timezone.utc)


def at(second):
    return (START + datetime.timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def milliseconds(second):
    return START.timestamp() * 1000 + second * 1000


@pytest.fixture(scope="module")
def filled(module_study):
    """20,000 records in no order, ten seconds apart, of three participants, with a spike that must not get lost."""
    dataset = module_study.dataset("d", FIELDS)
    chance = random.Random(1)
    rows = [{"participant": f"p{i % 3}", "session": f"s{i % 2}", "time": at(i * 10), "onset_ms": i * 10.5 - 100,
             "values": {"hr": round(60 + 20 * math.sin(i / 500) + chance.random(), 3), "n": i % 7, "on": i % 2 == 0, "e": ["red", "blue"][i % 2], "s": ["a"] if i % 3 else ["a", "b"], "t": "x", "name": "Ann", "height": 1.0}}
            for i in range(20000)]
    rows[7777]["values"]["hr"] = 250.5
    rows[100]["skipped"] = ["n"]
    del rows[100]["values"]["n"]
    del rows[101]["values"]["n"]
    kept = [dict(row) for row in rows]
    chance.shuffle(rows)
    for begin in range(0, len(rows), 5000):
        dataset.send(rows[begin:begin + 5000])
    dataset.rows = kept
    return dataset


def series(dataset, error=None, place=None, **params):
    return dataset.api.get(f"{dataset.path}/series", params=params, error=error, place=place).json()


def test_few_values_are_all_there(study):
    dataset = study.dataset("d", FIELDS)
    dataset.send([{"participant": "p", "time": at(i), "onset_ms": i * 1.5, "values": {"hr": i * 0.1}} for i in (3, 1, 2)])
    answer = series(dataset, fields="hr")
    assert answer["bucket_ms"] is None and answer["rows"] == 3
    [line] = answer["series"]
    assert line["points"] == [[milliseconds(i), pytest.approx(i * 0.1)] for i in (1, 2, 3)] and (line["min"], line["max"]) == (0.1, pytest.approx(0.3))
    [line] = series(dataset, fields="hr", x="onset_ms")["series"]
    assert [x for x, _ in line["points"]] == [1.5, 3.0, 4.5]
    assert series(study.dataset("none", FIELDS), fields="hr,n")["series"] == [{"field": name, "n": 0, "min": None, "max": None, "points": []} for name in ("hr", "n")]


@pytest.mark.parametrize("points", [8, 10, 100, 500, 2000])
def test_what_stays_is_what_a_plot_shows(filled, points):
    answer = series(filled, fields="hr", points=points)
    [line] = answer["series"]
    assert line["n"] == 20000 and len(line["points"]) <= points and answer["bucket_ms"]
    if points >= 100:
        assert len(line["points"]) >= points / 8
    known = {(milliseconds(i * 10), row["values"]["hr"]) for i, row in enumerate(filled.rows)}
    assert {tuple(point) for point in line["points"]} <= known, "every point is a value at its own time"
    xs = [x for x, _ in line["points"]]
    assert xs == sorted(xs) and xs[0] == milliseconds(0) and xs[-1] == milliseconds(199990)
    assert [milliseconds(77770), 250.5] in line["points"] and line["max"] == 250.5 and (answer["from"], answer["to"]) == (xs[0], xs[-1])
    # Of each bucket the first, the last, the least and the greatest.
    buckets = collections.defaultdict(list)
    for x, y in sorted(known):
        buckets[round(x * 1000) // round(answer["bucket_ms"] * 1000)].append((x, y))
    expected = set()
    for values in buckets.values():
        expected |= {values[0], values[-1]}
        least, greatest = min(y for _, y in values), max(y for _, y in values)
        assert {y for x, y in (tuple(point) for point in line["points"]) if (x, y) in values} >= {least, greatest}
    assert expected <= {tuple(point) for point in line["points"]}


def test_fewest_points_on_both_sides_of_zero(study):
    dataset = study.dataset("d", FIELDS)
    dataset.send([{"participant": "p", "onset_ms": onset, "values": {"hr": onset}} for onset in [*range(-50, 50), -9e14, 9e14]])
    [line] = series(dataset, fields="hr", x="onset_ms", points=8)["series"]
    assert line["n"] == 102 and len(line["points"]) <= 8 and (line["points"][0][0], line["points"][-1][0]) == (-9e14, 9e14)
    series(dataset, error="bad-parameter", place="points", fields="hr", points=7)


def test_a_window(filled):
    answer = series(filled, fields="hr,n", **{"from": at(1000), "to": at(2000)})
    assert answer["rows"] == 100 and answer["bucket_ms"] is None and (answer["from"], answer["to"]) == (milliseconds(1000), milliseconds(1990))
    answer = series(filled, fields="n", x="onset_ms", **{"from": "-100", "to": "-50"})
    assert [x for x, _ in answer["series"][0]["points"]] == [-100, -89.5, -79, -68.5, -58]


def test_a_series_for_each(filled):
    answer = series(filled, fields="n,on", by="participant", points=40)
    assert collections.Counter(line["participant"] for line in answer["series"]) == {"p0": 2, "p1": 2, "p2": 2} and answer["omitted"] == 0
    assert sum(line["n"] for line in answer["series"] if line["field"] == "on") == 20000
    assert {line["session"] for line in series(filled, fields="n", by="session")["series"]} == {"s0", "s1"}
    assert series(filled, fields="n", participant="p1")["rows"] == 6667
    assert series(filled, fields="n", filter=json.dumps({"field": "n", "op": "=", "value": 3}))["series"][0]["min"] == 3


@pytest.mark.parametrize("params,error,place", [
    ({}, "bad-parameter", "fields"), ({"fields": "none"}, "unknown-field", "fields"), ({"fields": "t"}, "bad-parameter", "fields"), ({"fields": "time"}, "bad-parameter", "fields"),
    ({"fields": "e"}, "bad-parameter", "fields"), ({"fields": "hr", "points": 3}, "bad-parameter", "points"), ({"fields": "hr", "points": 20001}, "bad-parameter", "points"),
    ({"fields": "hr", "x": "seq"}, "bad-parameter", "x"), ({"fields": "hr", "from": "soon"}, "bad-parameter", "from"), ({"fields": "hr", "x": "onset_ms", "to": "2026-01-01"}, "bad-parameter", "to"),
    ({"fields": "hr", "x": "onset_ms", "to": "nan"}, "bad-parameter", "to"), ({"fields": "hr", "by": "all"}, "bad-parameter", "by"), ({"fields": "hr", "more": 1}, "unknown-parameter", "more"),
    ({"fields": "hr", "identifiers": "aggregate"}, "bad-parameter", "identifiers"), ({"fields": ",".join(["hr"] * 17)}, "bad-parameter", "fields"), ({"fields": "hr,hr"}, None, None)])
def test_what_a_series_refuses(filled, params, error, place):
    if error is None:
        response = filled.api.session.get(f"{filled.api.url}/api/v1{filled.path}/series", params=params)
        assert response.status_code < 500
        return
    series(filled, error=error, place=place, **params)


def distribution(dataset, error=None, **params):
    answer = dataset.api.get(f"{dataset.path}/distribution", params=params, error=error).json()
    return answer if error else {field["field"]: field for field in answer["fields"]}


def test_a_distribution(filled):
    found = distribution(filled, fields="hr,n,on,e,s,t")
    values = [row["values"]["hr"] for row in filled.rows]
    hr = found["hr"]
    assert hr["n"] == 20000 and hr["participants"] == 3 and hr["mean"] == pytest.approx(sum(values) / len(values)) and hr["max"] == 250.5
    assert sum(entry["n"] for entry in hr["bins"]) == 20000 and 10 <= len(hr["bins"]) <= 60
    for entry in hr["bins"]:
        assert entry["n"] == sum(1 for value in values if entry["low"] <= value < entry["high"])
    assert found["n"]["n"] == 19998 and found["n"]["skipped"] == 1 and found["n"]["absent"] == 1
    assert [(entry["low"], entry["n"]) for entry in found["n"]["bins"]] == sorted(collections.Counter(row["values"]["n"] for row in filled.rows if "n" in row["values"]).items())
    assert [(entry["id"], entry["label"], entry["n"]) for entry in found["e"]["options"]] == [("red", "Red", 10000), ("blue", "blue", 10000)]
    assert {entry["id"]: entry["n"] for entry in found["s"]["options"]} == {"a": 20000, "b": 6667} and {entry["id"]: entry["n"] for entry in found["on"]["options"]} == {"false": 10000, "true": 10000}
    assert found["t"]["n"] == 20000 and "bins" not in found["t"]
    assert distribution(filled, fields="n", participant="p1")["n"]["participants"] == 1
    distribution(filled, error="bad-parameter")
    distribution(filled, error="bad-parameter", fields="n", bins=0)
    distribution(filled, error="unknown-field", fields="none")


def test_numbers_at_the_ends(study):
    dataset = study.dataset("d", FIELDS)
    dataset.send([{"participant": "p", "values": {"hr": value}} for value in (-1e308, 1e308, 0, 1e-320)] + [{"participant": "p", "values": {"n": value}} for value in (-2**63, 2**63 - 1)])
    found = distribution(dataset, fields="hr,n")
    assert sum(entry["n"] for entry in found["hr"]["bins"]) == 4 and sum(entry["n"] for entry in found["n"]["bins"]) == 2
    tiny = study.dataset("tiny", FIELDS)
    tiny.send([{"participant": "p", "values": {"hr": value}} for value in (0, 5e-324, 1e17, 1e17 + 16)])
    assert sum(entry["n"] for entry in distribution(tiny, fields="hr", filter=json.dumps({"field": "hr", "op": "<", "value": 1}))["hr"]["bins"]) == 2
    assert sum(entry["n"] for entry in distribution(tiny, fields="hr", filter=json.dumps({"field": "hr", "op": ">", "value": 1}))["hr"]["bins"]) == 2
    one = study.dataset("one", FIELDS)
    one.send([{"participant": "p", "values": {"hr": 5.5}}])
    assert [entry["n"] for entry in distribution(one, fields="hr")["hr"]["bins"]] == [1]


def test_small_cells(study):
    study.api.patch(study.path, {"settings": {"minimum_cell": 3}})
    dataset = study.dataset("d", FIELDS)
    dataset.send([{"participant": f"p{i}", "time": at(86400 * (i == 9)), "values": {"n": 50 if i == 9 else 1 + i % 2, "e": "green" if i == 9 else "red"}} for i in range(10)])
    assert {entry["id"]: entry["n"] for entry in distribution(dataset, fields="e")["e"]["options"]} == {"red": 9, "green": 1}
    found = distribution(dataset, fields="e,n", identifiers="aggregate")
    assert {entry["id"]: entry["n"] for entry in found["e"]["options"]} == {"red": None, "green": None}
    shown = [entry["n"] for entry in found["n"]["bins"] if entry["n"]]
    assert shown in ([5], [4]), "the one goes, and another with it, so that the total tells nothing"
    days = dataset.api.get(f"{dataset.path}/arrivals", params={"identifiers": "aggregate"}).json()
    assert [entry["n"] for entry in days["counts"]] == [9, None] and days["total"] == 9


def test_arrivals(filled):
    answer = filled.api.get(f"{filled.path}/arrivals").json()
    expected = collections.Counter(row["time"][:10] for row in filled.rows)
    assert {entry["at"]: entry["n"] for entry in answer["counts"]} == expected and answer["total"] == 20000 and answer["without_time"] == 0
    # Berlin puts its clocks forward on 29 March.
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    hours = collections.Counter((START + datetime.timedelta(seconds=i * 10)).astimezone(zone).strftime("%Y-%m-%dT%H") for i in range(20000))
    answer = filled.api.get(f"{filled.path}/arrivals", params={"by": "hour", "timezone": "Europe/Berlin"}).json()
    assert {entry["at"]: entry["n"] for entry in answer["counts"]} == hours and "2026-03-29T02" not in hours
    assert [entry["at"] for entry in answer["counts"]] == sorted(hours)
    assert sum(entry["n"] for entry in filled.api.get(f"{filled.path}/arrivals", params={"of": "received_at"}).json()["counts"]) == 20000
    for params, place in (({"by": "week"}, "by"), ({"timezone": "Mars/Olympus"}, "timezone"), ({"of": "seq"}, "of")):
        filled.api.get(f"{filled.path}/arrivals", params=params, error="bad-parameter", place=place)


def test_what_is_kept_is_never_old(study):
    dataset = study.dataset("d", FIELDS)
    path = f"{dataset.path}/arrivals"
    for count in range(1, 4):
        dataset.send([{"participant": f"p{count}", "time": at(0), "values": {"n": count}}])
        for _ in range(2):
            assert study.api.get(path).json()["total"] == count
            assert distribution(dataset, fields="n")["n"]["n"] == count
    study.api.post(f"{study.path}/participants/p1/withdrawal", {})
    assert study.api.get(path).json()["total"] == 2 and distribution(dataset, fields="n")["n"]["n"] == 2
    study.api.delete(f"{study.path}/participants/p1/withdrawal")
    assert study.api.get(path).json()["total"] == 3
    # A study of the same name is another one.
    study.api.delete(study.path)
    study.api.post("/studies", {"id": study.id})
    again = study.dataset("d", FIELDS)
    again.send([{"participant": f"q{i}", "time": at(0), "values": {"n": 9}} for i in range(3)])
    assert distribution(again, fields="n")["n"]["max"] == 9


def test_what_a_viewer_without_identifiers_gets(study, server, make_key):
    dataset = study.dataset("d", FIELDS)
    dataset.send([{"participant": f"p{i}", "session": "s1", "time": at(i), "values": {"n": i, "height": 1.5}} for i in range(4)])
    study.api.put(f"{study.path}/grants/{STRANGER}", {"rights": ["view"], "identifiers": False})
    viewer = Api(server.url, make_key(STRANGER)["key"])
    viewer.get(f"{dataset.path}/series", params={"fields": "height"}, error="identifier-removed")
    viewer.get(f"{dataset.path}/distribution", params={"fields": "height"}, error="identifier-removed")
    lines = viewer.get(f"{dataset.path}/series", params={"fields": "n", "by": "participant"}).json()["series"]
    codes = {entry["id"] for entry in viewer.get(f"{study.path}/participants").json()["participants"]}
    assert {line["participant"] for line in lines} == codes and not codes & {f"p{i}" for i in range(4)}
    code = sorted(codes)[0]
    assert viewer.get(f"{study.path}/participants/{code}/overview").json()["records"] == 1
    viewer.get(f"{study.path}/participants/p1/overview", error="not-found")
    assert viewer.get(f"{study.path}/overview").json()["bytes"] is None
    viewer.get(f"{dataset.path}/series", params={"fields": "n", "participant": "p1"}, error="identifier-removed")
    assert viewer.get(f"{dataset.path}/series", params={"fields": "n", "participant": code}).json()["rows"] == 1


def test_who_sees_some_gets_the_numbers_of_some(study, server, make_key):
    for i, site in enumerate(("north", "north", "south")):
        study.api.put(f"{study.path}/participants/p{i}", {"attributes": {"site": site}})
    dataset = study.dataset("d", FIELDS)
    other = study.dataset("other", FIELDS)
    for target in (dataset, other):
        target.send([{"participant": f"p{i % 3}", "session": f"s{i % 3}", "time": at(i), "values": {"n": i}} for i in range(9)])
    study.api.put(f"{study.path}/grants/{STRANGER}", {"rights": ["view"], "sites": ["north"], "datasets": ["d"]})
    viewer = Api(server.url, make_key(STRANGER)["key"])
    assert viewer.get(f"{dataset.path}/series", params={"fields": "n"}).json()["rows"] == 6
    assert viewer.get(f"{dataset.path}/distribution", params={"fields": "n"}).json()["fields"][0]["n"] == 6
    assert viewer.get(f"{dataset.path}/arrivals").json()["total"] == 6
    viewer.get(f"{other.path}/series", params={"fields": "n"}, error="not-found")
    whole = viewer.get(f"{study.path}/overview").json()
    assert whole["records"] == 6 and whole["participants"] == 2 and [entry["dataset"] for entry in whole["datasets"]] == ["d"]
    viewer.get(f"{study.path}/participants/p2/overview", error="not-found")
    # What the owner asked for before is not what the viewer gets.
    assert study.api.get(f"{dataset.path}/arrivals").json()["total"] == 9 and viewer.get(f"{dataset.path}/arrivals").json()["total"] == 6


def test_overviews(filled):
    api, path = filled.api, filled.study.path
    whole = api.get(f"{path}/overview").json()
    assert whole["records"] == 20000 and whole["participants"] == 3 and whole["sessions"] == 2 and whole["bytes"] > 0
    assert (whole["first_time"], whole["last_time"]) == ("2026-03-28T12:00:00.000Z", "2026-03-30T19:33:10.000Z")
    person = api.get(f"{path}/participants/p1/overview").json()
    assert person["participant"] == "p1" and person["records"] == 6667 and person["datasets"][0]["sessions"] == 2 and person["first_time"] == "2026-03-28T12:00:10.000Z"
    session = api.get(f"{path}/sessions/s0/overview").json()
    assert session["records"] == 10000 and session["datasets"][0]["participants"] == 3
    api.get(f"{path}/participants/nobody/overview", error="not-found")
    api.get(f"{path}/sessions/none/overview", error="not-found")


def test_withdrawn_participants_are_in_no_number(study):
    dataset = study.dataset("d", FIELDS)
    dataset.send([{"participant": f"p{i % 2}", "session": "s", "time": at(i), "values": {"n": i}} for i in range(10)])
    study.api.post(f"{study.path}/participants/p1/withdrawal", {})
    assert series(dataset, fields="n")["rows"] == 5
    assert distribution(dataset, fields="n")["n"]["participants"] == 1
    assert study.api.get(f"{study.path}/sessions/s/overview").json()["records"] == 5
    study.api.get(f"{study.path}/participants/p1/overview", error="not-found")


def test_what_the_audit_says(study):
    dataset = study.dataset("d", FIELDS)
    dataset.send([{"participant": "p", "time": at(0), "values": {"n": 1}}])
    series(dataset, fields="n")
    distribution(dataset, fields="n")
    study.api.get(f"{dataset.path}/arrivals")
    study.api.get(f"{study.path}/participants/p/overview")
    import time
    time.sleep(0.3)
    entries = study.api.get(f"{study.path}/audit").json()["entries"]
    assert {"records.series", "records.distribution", "records.arrivals", "participant.overview"} <= {entry["action"] for entry in entries}
