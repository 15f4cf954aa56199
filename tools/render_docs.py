#!/usr/bin/python3
"""Renders the API reference and the list of errors.

    tools/render_docs.py --html OUT    the page served at /docs: openapi/sheaf.yaml and the catalogue of errors
    tools/render_docs.py --errors OUT  docs/errors.md from the catalogue

Needs Debian's python3-yaml. The output depends on the inputs alone, so that it can be compared.
"""
import argparse
import html
import json
import pathlib
import re
import shlex
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "openapi" / "sheaf.yaml"
CATALOGUE = ROOT / "src" / "base" / "error_catalogue.def"
STYLE = ROOT / "tools" / "reference.css"
METHODS = ("get", "post", "put", "patch", "delete")
BLOCKS = {1: "The request as such", 2: "Who is asking", 3: "Studies and what they hold", 4: "Records coming in",
          5: "Filters and exports", 9: "The server itself"}
ENTRY = re.compile(
    r'SHEAF_ERROR\((\d+), (\w+), "([^"]+)", (\d+), "((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\)')


def read_catalogue():
    text = CATALOGUE.read_text(encoding="utf-8")
    entries = [dict(number=int(number), name=name, slug=slug, status=int(status), title=title, advice=advice)
               for number, name, slug, status, title, advice in ENTRY.findall(text)]
    written = sum(1 for line in text.splitlines() if line.startswith("SHEAF_ERROR("))
    if written != len(entries):
        sys.exit(f"{CATALOGUE}: {written} entries, of which {len(entries)} could be read")
    return entries


def by_block(entries):
    blocks = {}
    for entry in entries:
        blocks.setdefault(entry["number"] // 1000, []).append(entry)
    return blocks.items()


# ------------------------------------------------------------------------------------------------- errors.md

def errors_markdown(entries):
    out = ["# Errors", "",
           "Every refusal carries one of these. Written by `tools/render_docs.py` from `src/base/error_catalogue.def`; do not edit.",
           "",
           "Over HTTP an error is an `application/problem+json` document: `type` ends in the name, `code` is the number, `detail` says what",
           "happened this time, `place` names the spot in what was sent, and `request_id` finds it in the server's log. On the command line",
           "it is `error NUMBER (name): …`. Numbers are never used again for something else."]
    for block, members in by_block(entries):
        out += ["", f"## {BLOCKS[block]}", "", "| number | name | HTTP | what | what to do |", "|---|---|---|---|---|"]
        for entry in members:
            out.append(f"| {entry['number']} | <a id=\"{entry['slug']}\"></a>`{entry['slug']}` | {entry['status']} | {entry['title']} | {entry['advice']} |")
    return "\n".join(out) + "\n"


# ------------------------------------------------------------------------------------------------- text

def inline(text):
    """Escapes, and turns `code`, **bold** into HTML."""
    parts = re.split(r"(`[^`]*`)", text.strip())
    done = []
    for part in parts:
        if len(part) > 1 and part.startswith("`"):
            done.append(f"<code>{html.escape(part[1:-1])}</code>")
        else:
            done.append(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(part)))
    return "".join(done)


def paragraphs(text):
    return "".join(f"<p>{inline(' '.join(block.split()))}</p>\n" for block in re.split(r"\n\s*\n", text.strip()) if block.strip())


def pretty(value):
    """JSON as a reader wants it: short lists and objects on one line."""
    def write(item, indent):
        flat = json.dumps(item, ensure_ascii=False)
        if len(flat) + indent <= 96 or not isinstance(item, (dict, list)) or not item:
            return flat
        pad = " " * (indent + 2)
        if isinstance(item, dict):
            inner = [f"{pad}{json.dumps(key)}: {write(member, indent + 2)}" for key, member in item.items()]
            return "{\n" + ",\n".join(inner) + "\n" + " " * indent + "}"
        inner = [pad + write(member, indent + 2) for member in item]
        return "[\n" + ",\n".join(inner) + "\n" + " " * indent + "]"
    return write(value, 0)


class Contract:
    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        if isinstance(node, dict) and "$ref" in node:
            target = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            merged = dict(self.resolve(target))
            merged.update({key: value for key, value in node.items() if key != "$ref"})
            return merged
        return node

    def operations(self):
        for address, item in self.document["paths"].items():
            shared = item.get("parameters", [])
            for method in METHODS:
                if method in item:
                    operation = dict(item[method])
                    operation["parameters"] = [self.resolve(entry) for entry in shared + operation.get("parameters", [])]
                    yield address, method, operation

    def kind(self, schema):
        """A short name of a schema's type, as HTML."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return f'<a href="#schema-{name}">{name}</a>'
        if "oneOf" in schema:
            return " or ".join(self.kind(choice) for choice in schema["oneOf"])
        if "enum" in schema:
            return " | ".join(f"<code>{html.escape(str(choice))}</code>" for choice in schema["enum"])
        if "const" in schema:
            return f"<code>{html.escape(str(schema['const']))}</code>"
        kind = schema.get("type", "any")
        if isinstance(kind, list):
            return " or ".join(html.escape(choice) for choice in kind)
        if kind == "array":
            return f"list of {self.kind(schema.get('items', {}))}"
        return html.escape(kind)


def limits(schema):
    words = []
    if "default" in schema:
        words.append(f"default <code>{html.escape(json.dumps(schema['default']).strip(chr(34)))}</code>")
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if "maxLength" in schema:
        words.append(f"at most {schema['maxLength']} characters")
    if "maxItems" in schema:
        words.append(f"at most {schema['maxItems']}")
    if "pattern" in schema:
        words.append(f"<code>{html.escape(schema['pattern'])}</code>")
    return f' <span class="soft">({", ".join(words)})</span>' if words else ""


# ------------------------------------------------------------------------------------------------- one operation

def curl(address, method, operation):
    url = address
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            url = url.replace("{" + parameter["name"] + "}", str(parameter.get("example", parameter["name"])))
    words = ["curl"]
    if method != "get":
        words.append(f"-X {method.upper()}")
    lines = [" ".join(words) + f' "$SHEAF{url}"']
    if operation.get("security") != []:
        lines.append('-H "Authorization: Bearer $KEY"')
    for parameter in operation["parameters"]:
        if parameter["in"] == "query" and "example" in parameter and parameter["name"] == "filter":
            lines[0] = lines[0].replace("curl", "curl -G", 1)
            lines.append("--data-urlencode " + shlex.quote(f"filter={parameter['example']}"))
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        if "example" not in content:
            continue
        example = content["example"]
        lines.append(f"-H 'Content-Type: {media}'")
        body = example.rstrip("\n") if isinstance(example, str) else pretty(example)
        lines.append("--data-binary " + shlex.quote(body))
        break
    return " \\\n  ".join(lines)


def parameter_rows(contract, parameters):
    rows = []
    for parameter in parameters:
        schema = parameter.get("schema", {})
        need = ' <span class="required">required</span>' if parameter.get("required") and parameter["in"] != "path" else ""
        example = ""
        if "example" in parameter and parameter["in"] == "query":
            example = f' Example: <code>{html.escape(str(parameter["example"]))}</code>.'
        rows.append(f'<tr><td class="name"><code>{parameter["name"]}</code>{need}<br><span class="soft">{parameter["in"]}</span></td>'
                    f"<td>{contract.kind(schema)}{limits(schema)}</td><td>{inline(parameter.get('description', ''))}{example}</td></tr>")
    return "\n".join(rows)


def body_part(contract, content, title):
    out = []
    for media, body in content.items():
        schema = body.get("schema", {})
        out.append(f"<h4>{title}: <code>{media}</code></h4>")
        described = schema.get("description") if schema.get("type") == "string" else None
        out.append(f"<p>{inline(described)}</p>" if described else f"<p>{contract.kind(schema)}</p>" if schema.get("type") != "string" else "")
        if "example" in body and title != "Body":
            example = body["example"]
            out.append(f'<pre tabindex="0"><code>{html.escape(example if isinstance(example, str) else pretty(example))}</code></pre>')
    return "\n".join(out)


def operation_section(contract, address, method, operation):
    identity = operation["operationId"]
    out = [f'<article class="operation" id="{identity}" aria-labelledby="{identity}-title"><header>',
           f'<h3 id="{identity}-title">{inline(operation["summary"])}</h3>',
           f'<p class="address"><code><span class="method {method}">{method.upper()}</span> {html.escape(address)}</code></p></header><div>']
    out.append(paragraphs(operation.get("description", "")))
    scope = operation.get("x-scope")
    out.append(f"<p>Needs a key with the scope <code>{scope}</code>.</p>" if scope else "<p>Needs no key.</p>")
    if operation["parameters"]:
        out.append('<h4>Parameters</h4><div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Type</th>'
                   f'<th scope="col">Meaning</th></tr></thead><tbody>{parameter_rows(contract, operation["parameters"])}</tbody></table></div>')
    out.append(body_part(contract, operation.get("requestBody", {}).get("content", {}), "Body"))
    out.append(f'<h4>Example</h4><pre tabindex="0"><code>{html.escape(curl(address, method, operation))}</code></pre>')
    for status, response in operation["responses"].items():
        if not status.startswith(("2", "3")):
            continue
        response = contract.resolve(response)
        out.append(f"<h4>Answer {status}</h4><p>{inline(response['description'])}</p>")
        for name, header in response.get("headers", {}).items():
            out.append(f"<p><code>{name}</code>: {inline(contract.resolve(header).get('description', ''))}</p>")
        out.append(body_part(contract, response.get("content", {}), "Content"))
    errors = operation.get("x-errors", [])
    if errors:
        links = ", ".join(f'<a href="#{slug}">{slug}</a>' for slug in errors)
        out.append(f"<h4>Errors</h4><p>{links}</p>")
    out.append("</div></article>")
    return "\n".join(part for part in out if part)


# ------------------------------------------------------------------------------------------------- schemas, errors

def schema_section(contract, name, schema):
    out = [f'<article class="operation" id="schema-{name}" aria-labelledby="schema-{name}-title"><header><h3 id="schema-{name}-title">{name}</h3></header><div>']
    out.append(paragraphs(schema.get("description", "")))
    if schema.get("properties"):
        required = schema.get("required", [])
        rows = []
        for member, content in schema["properties"].items():
            need = ' <span class="required">required</span>' if member in required else ""
            rows.append(f'<tr><td class="name"><code>{member}</code>{need}</td><td>{contract.kind(content)}{limits(content)}</td>'
                        f"<td>{inline(content.get('description', ''))}</td></tr>")
        out.append('<div class="scroll"><table><thead><tr><th scope="col">Member</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead>'
                   f"<tbody>{''.join(rows)}</tbody></table></div>")
    elif "oneOf" in schema:
        rows = []
        for choice in schema["oneOf"]:
            members = ", ".join(f"<code>{member}</code> {contract.kind(content)}" for member, content in choice.get("properties", {}).items())
            rows.append(f"<li>{members or contract.kind(choice)}</li>")
        out.append(f"<p>One of:</p><ul>{''.join(rows)}</ul>")
    else:
        out.append(f"<p>{contract.kind(schema)}{limits(schema)}</p>")
    out.append("</div></article>")
    return "\n".join(part for part in out if part)


def errors_section(entries):
    out = ['<section aria-labelledby="errors"><h2 id="errors">Errors</h2>',
           "<p>The catalogue of everything that can go wrong. Numbers are never used again for something else. "
           "The same as data: <code>GET /api/v1/errors</code>.</p>"]
    for block, members in by_block(entries):
        out.append(f'<h4>{BLOCKS[block]}</h4><div class="scroll"><table><thead><tr><th scope="col">Number</th><th scope="col">Name</th>'
                   '<th scope="col">HTTP</th><th scope="col">What, and what to do</th></tr></thead><tbody>')
        for entry in members:
            out.append(f'<tr id="{entry["slug"]}"><td>{entry["number"]}</td><td class="name"><code>{entry["slug"]}</code></td><td>{entry["status"]}</td>'
                       f"<td>{inline(entry['title'])}. {inline(entry['advice'])}</td></tr>")
        out.append("</tbody></table></div>")
    out.append("</section>")
    return "\n".join(out)


def page(document, entries):
    contract = Contract(document)
    operations = list(contract.operations())
    links, sections = [], []
    for tag in document["tags"]:
        members = [entry for entry in operations if entry[2]["tags"] == [tag["name"]]]
        title = tag["name"].capitalize()
        links.append(f'<strong id="nav-{tag["name"]}">{title}</strong><ul aria-labelledby="nav-{tag["name"]}">' + "".join(
            f'<li><a href="#{operation["operationId"]}">{inline(operation["summary"])}</a></li>' for _, _, operation in members) + "</ul>")
        sections.append(f'<section aria-labelledby="tag-{tag["name"]}"><h2 id="tag-{tag["name"]}">{title}</h2>{paragraphs(tag["description"])}')
        sections += [operation_section(contract, *entry) for entry in members]
        sections.append("</section>")
    schemas = document["components"]["schemas"]
    links.append('<strong>Schemas</strong><ul>' + "".join(f'<li><a href="#schema-{name}">{name}</a></li>' for name in schemas) + "</ul>")
    sections.append('<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>')
    sections += [schema_section(contract, name, schema) for name, schema in schemas.items()]
    sections.append("</section>")
    info = document["info"]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(info["title"])}</title>
<link rel="icon" href="data:,">
<style>
{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="frame">
<nav aria-label="Contents">
<ul><li><a href="#content">Introduction</a></li><li><a href="#errors">Errors</a></li><li><a href="/api/v1/openapi.yaml">openapi.yaml</a></li></ul>
{"".join(links)}
</nav>
<main id="content">
<h1>{html.escape(info["title"])}</h1>
<p class="lead">{inline(info["summary"])}</p>
{paragraphs(info["description"])}
<p>The examples expect two variables of your shell:</p>
<pre tabindex="0"><code>SHEAF=http://127.0.0.1:8080
KEY=sheaf_…</code></pre>
{chr(10).join(sections)}
{errors_section(entries)}
</main>
</div>
</body>
</html>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--html", type=pathlib.Path)
    parser.add_argument("--errors", type=pathlib.Path)
    arguments = parser.parse_args()
    if not arguments.html and not arguments.errors:
        parser.error("say --html or --errors")
    entries = read_catalogue()
    if arguments.html:
        document = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
        arguments.html.write_text(page(document, entries), encoding="utf-8")
    if arguments.errors:
        arguments.errors.write_text(errors_markdown(entries), encoding="utf-8")


if __name__ == "__main__":
    main()
