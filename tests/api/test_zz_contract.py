"""The contract against the source and the program. That every operation was seen to succeed, conftest.py checks at the end of a run."""
import re
import subprocess

import pytest

from harness import contract, program

SLUGS = {slug for operation in contract.operations() for slug in operation.errors}


def test_documented_errors_exist():
    assert SLUGS <= set(contract.catalogue())


def test_every_status_of_a_documented_error_is_documented():
    for operation in contract.operations():
        for slug in operation.errors:
            status = str(contract.catalogue()[slug][1])
            assert status in operation.content["responses"], f"{operation}: {slug} is {status}, which is not among its responses"


def test_references_lead_somewhere():
    text = (program.ROOT / "openapi" / "sheaf.yaml").read_text(encoding="utf-8")
    for reference in set(re.findall(r"#/components/\w+/\w+", text)):
        contract.resolve({"$ref": reference})


def test_examples_fit_their_schemas():
    for operation in contract.operations():
        contents = list(operation.content.get("requestBody", {}).get("content", {}).items())
        for response in operation.content["responses"].values():
            contents += list(contract.resolve(response).get("content", {}).items())
        for media, content in contents:
            if "example" in content and not isinstance(content["example"], str):
                contract.check_schema(content["example"], content["schema"])


@pytest.mark.parametrize("operation", contract.operations(), ids=repr)
def test_every_operation_is_routed(nobody, operation):
    """Without a key a routed address answers 401, or what it is for; never that it is not there."""
    path = re.sub(r"\{\w+\}", "x", operation.address)
    response = nobody.session.request(operation.method.upper(), nobody.url + path)
    if operation.content.get("security") != []:
        assert response.status_code == 401
    elif operation.identity == "getDownload":
        assert response.json()["slug"] == "forbidden"
    else:
        # What is at an address with a name in it is not there for a name that was never given.
        assert response.status_code == (400 if "requestBody" in operation.content else 404 if "{" in operation.address else 200)


def test_generated_documents_are_up_to_date(tmp_path):
    subprocess.run(["/usr/bin/python3", str(program.ROOT / "tools" / "render_docs.py"), "--errors", str(tmp_path / "errors.md")], check=True)
    assert (tmp_path / "errors.md").read_text() == (program.ROOT / "docs" / "errors.md").read_text(), "run tools/render_docs.py --errors docs/errors.md"


def test_links_in_the_guides_lead_somewhere():
    for page in (program.ROOT / "docs").rglob("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith(("http:", "https:", "/")):
                assert (page.parent / target).exists(), f"{page}: {target}"
