"""openapi/sheaf.yaml as the tests use it: which operation an address is, and whether an answer is what it promises."""
import functools
import json
import re

import jsonschema
import yaml

from .program import ROOT

METHODS = ("get", "post", "put", "patch", "delete")
#: What any operation may answer besides what is written with it: faults of the transport and of the server.
ANYWHERE = {"400", "404", "405", "408", "413", "414", "415", "429", "431", "500", "503", "507"}
#: And these by name: what the description of the API says once for all operations.
ANYWHERE_SLUGS = {"csrf", "too-many-requests"}
LARGEST_CHECKED = 2_000_000


@functools.lru_cache(maxsize=1)
def document():
    return yaml.safe_load((ROOT / "openapi" / "sheaf.yaml").read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=1)
def catalogue():
    """slug → (number, status), read from the source."""
    text = (ROOT / "src" / "base" / "error_catalogue.def").read_text(encoding="utf-8")
    found = re.findall(r'SHEAF_ERROR\((\d+), \w+, "([^"]+)", (\d+),', text)
    return {slug: (int(number), int(status)) for number, slug, status in found}


class Operation:
    def __init__(self, address, method, content, shared):
        self.address = address
        self.method = method
        self.content = content
        self.identity = content["operationId"]
        self.scope = content.get("x-scope")
        self.role = content.get("x-role")
        self.errors = content.get("x-errors", [])
        self.parameters = [resolve(entry) for entry in shared + content.get("parameters", [])]
        self.pattern = re.compile("^" + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(address)) + "$")
        self.literals = sum(1 for part in address.split("/") if not part.startswith("{"))

    def __repr__(self):
        return self.identity


def resolve(node):
    if "$ref" not in node:
        return node
    target = document()
    for step in node["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return {**resolve(target), **{key: value for key, value in node.items() if key != "$ref"}}


@functools.lru_cache(maxsize=1)
def operations():
    return [Operation(address, method, item[method], item.get("parameters", []))
            for address, item in document()["paths"].items() for method in METHODS if method in item]


def find(method, path):
    method = "get" if method == "HEAD" else method.lower()
    matches = [entry for entry in operations() if entry.method == method and entry.pattern.match(path)]
    return max(matches, key=lambda entry: entry.literals, default=None)


@functools.lru_cache(maxsize=1)
def resolver():
    return jsonschema.RefResolver(base_uri="", referrer=document())


def check_schema(value, schema):
    errors = list(jsonschema.Draft202012Validator(schema, resolver=resolver()).iter_errors(value))
    assert not errors, "\n".join(f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors[:5])


def check_problem(response):
    """The shape of every refusal."""
    assert response.headers["Content-Type"].startswith("application/problem+json"), response.headers
    problem = response.json()
    check_schema(problem, {"$ref": "#/components/schemas/Problem"})
    number, status = catalogue()[problem["slug"]]
    assert problem["code"] == number and problem["status"] == status == response.status_code, problem
    assert problem["type"] == f"/docs/errors#{problem['slug']}"
    assert response.headers["X-Request-Id"] == problem["request_id"]
    if status in (429, 503):
        assert int(response.headers["Retry-After"]) >= 1
    if status == 401:
        assert "bearer" in response.headers.get("WWW-Authenticate", "").lower()


#: (operation, status) that some test has seen.
SEEN = set()


def check(response):
    """Fails when an answer is not what the contract says of this operation."""
    method, path = response.request.method, response.request.path_url.split("?")[0]
    operation = find(method, path)
    status = str(response.status_code)
    if status[0] in "45":
        if method != "HEAD":
            check_problem(response)
        if operation is not None:
            SEEN.add((operation.identity, status))
            documented = set(operation.content["responses"])
            slug = response.json()["slug"] if method != "HEAD" else None
            if slug in ANYWHERE_SLUGS:
                return
            assert status in documented | ANYWHERE, f"{method} {path} answered {status}, which is not in the contract"
            if status not in ANYWHERE and slug:
                assert slug in operation.errors, f"{method} {path} answered {slug}, which the contract does not list"
        return
    assert operation is not None, f"{method} {path} answered {status} but is not in the contract"
    SEEN.add((operation.identity, status))
    assert status in operation.content["responses"], f"{method} {path} answered {status}, which is not in the contract"
    promised = resolve(operation.content["responses"][status]).get("content")
    if not promised or method == "HEAD":
        return
    media = response.headers.get("Content-Type", "").split(";")[0]
    if "*/*" in promised:
        return
    if operation.identity not in ("downloadExport", "downloadExportPart"):
        assert media in promised, f"{method} {path} answered {media}, not one of {list(promised)}"
    if media == "application/json" and operation.identity not in ("downloadExport", "downloadExportPart") and len(response.content) <= LARGEST_CHECKED:
        check_schema(json.loads(response.content), promised[media].get("schema", {}))
