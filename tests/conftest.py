"""Fixtures: one server for the whole run, accounts and keys by the command line, a fresh study for each test."""
import secrets

import pytest

from harness import contract, program
from harness.client import Api, Study

ADMIN, OWNER, STRANGER = "admin@example.org", "owner@example.org", "stranger@example.org"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    if not program.binary().exists():
        pytest.exit(f"{program.binary()} is not there: build it, or set SHEAF_BIN", returncode=2)
    # Tests say where they come from where it matters: failed sign-ins count for an address.
    server = program.Server(tmp_path_factory.mktemp("sheaf"), options=["--trust-proxy"])
    server.add_user(ADMIN, admin=True)
    server.start()
    # While the server runs, on purpose.
    server.add_user(OWNER)
    server.add_user(STRANGER)
    yield server
    code = server.stop()
    assert code == 0, f"the server ended with {code}\n{server.tail(200)}"


@pytest.fixture
def own_server(tmp_path):
    """A server that one test may stop or kill; OWNER has an account."""
    server = program.Server(tmp_path)
    server.add_user(OWNER)
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def still_serving(request):
    """Whatever a test sends, the server outlives it."""
    yield
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        assert server.alive(), f"the server died with {server.process.returncode}\n{server.tail(200)}"


@pytest.fixture(scope="session")
def make_key(server):
    def make(email=OWNER, scopes=(), expires=None):
        return server.create_key(email, scopes, expires)
    return make


@pytest.fixture(scope="session")
def admin(server, make_key):
    return Api(server.url, make_key(ADMIN)["key"])


@pytest.fixture(scope="session")
def owner(server, make_key):
    return Api(server.url, make_key(OWNER)["key"])


@pytest.fixture(scope="session")
def owner_key(owner):
    return owner.key


@pytest.fixture(scope="session")
def stranger(server, make_key):
    return Api(server.url, make_key(STRANGER)["key"])


@pytest.fixture(scope="session")
def nobody(server):
    return Api(server.url)


def new_study(api, **members):
    identity = "t-" + secrets.token_hex(6)
    api.post("/studies", {"id": identity, "name": f"Test {identity}", **members}, status=201)
    return Study(api, identity)


@pytest.fixture
def study(owner):
    return new_study(owner)


@pytest.fixture(scope="module")
def module_study(owner):
    """One study for tests that only read what the module has put there."""
    return new_study(owner)


# Every operation of the contract must be seen to succeed. Tests may run in several processes, each with a server of its own: what
# they have seen is put together when they are done. Only where the whole of tests/api ran.

SEEN_BY_WORKERS = set()
WHOLE = {path.stem for path in (program.ROOT / "tests" / "api").glob("test_*.py")}


class Workers:
    """Hooks that exist only with pytest-xdist."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error):
        SEEN_BY_WORKERS.update(map(tuple, getattr(node, "workeroutput", {}).get("seen", [])))


def pytest_addoption(parser):
    parser.addoption("--first-cases", action="store_true", help="of each test that has many cases only the first")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("first_cases"):
        return
    first, rest = {}, []
    for item in items:
        test = (item.module.__name__, getattr(item, "originalname", item.name))
        if first.setdefault(test, item) is not item:
            rest.append(item)
    items[:] = first.values()
    config.hook.pytest_deselected(items=rest)


def pytest_configure(config):
    config.pluginmanager.register(Workers())


def pytest_sessionfinish(session, exitstatus):
    some = session.config.getoption("first_cases")
    whole = not some and WHOLE <= {item.module.__name__.split(".")[-1] for item in session.items} if getattr(session, "items", None) else False
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["seen"] = sorted(contract.SEEN) + ([("whole", "suite")] if whole else [])
        return
    seen = SEEN_BY_WORKERS | contract.SEEN
    if exitstatus != 0 or not (whole or ("whole", "suite") in seen):
        return
    succeeded = {identity for identity, status in seen if status.startswith("2")}
    missing = {operation.identity for operation in contract.operations()} - succeeded
    if missing:
        session.config.get_terminal_writer().line(f"\nno test saw these operations succeed: {sorted(missing)}", red=True)
        session.exitstatus = 1
