"""How often somebody may ask."""
import pytest

from conftest import OWNER, new_study
from harness import program
from harness.client import Api


def start(tmp_path, *options):
    server = program.Server(tmp_path, options=options)
    server.add_user(OWNER)
    return server.start()


def statuses(api, times, **headers):
    return [api.session.get(f"{api.url}/api/v1/studies", headers=headers, timeout=60).status_code for _ in range(times)]


def says_when(api, **headers):
    """Asks until it is refused, which on a slow machine may take more than once."""
    for _ in range(50):
        response = api.session.get(f"{api.url}/api/v1/studies", headers=headers, timeout=60)
        if response.status_code == 429:
            return response.json()["slug"] == "too-many-requests" and int(response.headers["Retry-After"]) >= 1
    return False


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """As it is without any option, behind a proxy."""
    server = program.Server(tmp_path_factory.mktemp("limits"), options=["--failure-rate", "30", "--trust-proxy"])
    server.add_user(OWNER)
    server.start()
    yield server
    assert server.stop() == 0


def test_wrong_keys_are_slowed_down(guarded):
    wrong = Api(guarded.url, "sheaf_" + "x" * 43)
    seen = statuses(wrong, 60)
    assert set(seen[:30]) == {401} and set(seen[32:]) == {429}
    assert int(wrong.get("/studies", error="too-many-requests").headers["Retry-After"]) >= 1
    # A key that works goes on working from there, and coming without one is no guess.
    Api(guarded.url, guarded.create_key(OWNER)["key"]).get("/studies")
    Api(guarded.url).get("/studies", error="unauthenticated")
    # So do others.
    wrong.get("/studies", headers={"X-Forwarded-For": "192.0.2.77"}, error="unauthenticated")


def test_the_last_hop_counts_and_not_what_the_client_writes(guarded):
    wrong = Api(guarded.url, "sheaf_" + "x" * 43)
    for number in range(32):
        wrong.session.get(f"{wrong.url}/api/v1/studies", headers={"X-Forwarded-For": f"10.0.0.{number}, 198.51.100.9"}, timeout=60)
    wrong.get("/studies", headers={"X-Forwarded-For": "10.9.9.9, 198.51.100.9"}, error="too-many-requests")
    wrong.get("/studies", headers={"X-Forwarded-For": "198.51.100.9, 198.51.100.10"}, error="unauthenticated")


def test_a_network_of_ipv6_counts_as_one(guarded):
    wrong = Api(guarded.url, "sheaf_" + "x" * 43)
    for number in range(32):
        wrong.session.get(f"{wrong.url}/api/v1/studies", headers={"X-Forwarded-For": f"2001:db8::{number:x}"}, timeout=60)
    wrong.get("/studies", headers={"X-Forwarded-For": "2001:db8::ffff"}, error="too-many-requests")
    wrong.get("/studies", headers={"X-Forwarded-For": "2001:db8:0:1::1"}, error="unauthenticated")


def test_without_trust_the_header_means_nothing(tmp_path):
    server = start(tmp_path, "--failure-rate", "5")
    wrong = Api(server.url, "sheaf_" + "x" * 43)
    seen = [wrong.session.get(f"{wrong.url}/api/v1/studies", headers={"X-Forwarded-For": f"192.0.2.{number}"}, timeout=60).status_code for number in range(8)]
    assert seen == [401] * 5 + [429] * 3
    assert server.stop() == 0


def test_requests_of_a_key(tmp_path):
    server = start(tmp_path, "--key-rate", "3")
    first, second = (Api(server.url, server.create_key(OWNER)["key"]) for _ in range(2))
    seen = statuses(first, 20)
    assert seen[:3] == [200] * 3 and seen.count(429) >= 10
    assert says_when(first)
    second.get("/studies")
    assert server.stop() == 0


def test_requests_of_an_address(tmp_path):
    server = start(tmp_path, "--address-rate", "3", "--trust-proxy")
    api = Api(server.url, server.create_key(OWNER)["key"])
    here = {"X-Forwarded-For": "192.0.2.1"}
    seen = statuses(api, 20, **here)
    assert seen[:3] == [200] * 3 and seen.count(429) >= 10
    assert says_when(api, **here)
    api.get("/studies", headers={"X-Forwarded-For": "192.0.2.2"})
    # Signing in counts too.
    sign_ins = [api.session.post(f"{api.url}/api/v1/session", json={}, headers=here, timeout=60).status_code for _ in range(3)]
    assert 429 in sign_ins
    assert server.stop() == 0


def test_guesses_of_a_passphrase_are_slowed_down(tmp_path):
    server = start(tmp_path, "--failure-rate", "4")
    api = Api(server.url, server.create_key(OWNER)["key"])
    study = new_study(api)
    study.dataset("d", [{"id": "n", "type": "integer"}]).send([{"participant": "p", "values": {"n": 1}}])
    job = study.finished({"datasets": ["d"], "format": "csv"})
    passphrase = "correct horse battery staple"
    api.put(f"{study.path}/lock", {"passphrase": passphrase}, status=204)
    for _ in range(5):
        # To ask without one is no guess.
        api.get(f"/exports/{job['id']}/file", error="study-locked")
    seen = [api.session.get(f"{api.url}/api/v1/exports/{job['id']}/file", headers={"X-Study-Passphrase": f"guess number {number}"}, timeout=60).status_code
            for number in range(7)]
    assert seen[:4] == [403] * 4 and 429 in seen[4:]
    assert api.get(f"/exports/{job['id']}/file", headers={"X-Study-Passphrase": passphrase}).content.startswith(b"participant")
    assert server.stop() == 0
