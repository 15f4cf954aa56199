#!/usr/bin/python3
"""Checks what the design says of the tree: includes point one way, room headers are light, files stay short."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# A room may include itself and the rooms listed; src/*/CMakeLists.txt says the same to the linker.
MAY_INCLUDE = {
    "base": set(),
    "model": {"base"},
    "catalog": {"base", "model"},
    "secrets": {"base", "model", "catalog"},
    "vault": {"base", "model"},
    "blobs": {"base", "model"},
    "files": {"base", "model", "catalog", "secrets", "blobs"},
    "access": {"base", "model", "catalog", "secrets"},
    "query": {"base", "model"},
    "privacy": {"base", "model", "catalog", "vault", "blobs", "secrets", "query", "files"},
    "quality": {"base", "model", "vault"},
    "ingest": {"base", "model", "vault", "files"},
    "export": {"base", "model", "catalog", "secrets", "vault", "blobs", "query", "privacy", "files", "quality"},
    "live": {"base", "model", "catalog", "vault", "query", "privacy", "quality", "export"},
    "delivery": {"base", "model", "catalog", "secrets", "blobs"},
    "schedule": {"base", "model", "catalog", "secrets", "vault", "blobs", "access", "query", "privacy", "export", "delivery", "files"},
    "http": {"base"},
    "api": {"base", "model", "catalog", "secrets", "vault", "blobs", "access", "query", "privacy", "ingest", "export", "delivery", "schedule", "http", "files", "quality", "live"},
    "demo": {"base", "model", "catalog", "vault", "files", "ingest"},
    "cli": {"base", "model", "catalog", "secrets", "vault", "blobs", "access", "query", "privacy", "ingest", "export", "delivery", "schedule", "http", "api", "demo", "files", "quality", "live"},
}
HEAVY = re.compile(r"#include <(boost/|soci/|simdjson|archive|curl/|CLI/|spdlog/|leveldb/|absl/|openssl/)")
# Private headers of one room that wrap a library for the room's own sources; nobody else includes them.
PRIVATE_HEAVY = {
    "http": "boost/", "catalog": "soci/", "export": "absl/", "api": "boost/", "ingest": "simdjson", "query": "boost/", "model": "boost/", "cli": "CLI/",
}
LONGEST_FILE = 520


def tracked(pattern):
    output = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / line for line in output.split()]


def check_includes(path, findings):
    room = path.relative_to(ROOT / "src").parts[0]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.relative_to(ROOT)}:{number}"
        include = re.match(r'#include "([a-z_]+)/', line)
        if include and include[1] in MAY_INCLUDE and include[1] != room and include[1] not in MAY_INCLUDE.get(room, set()):
            findings.append(f"{where}: {room} may not include {include[1]}")
        heavy = HEAVY.match(line)
        if heavy and path.suffix == ".h" and not heavy[1].startswith(PRIVATE_HEAVY.get(room, "\0")):
            findings.append(f"{where}: a heavy header in a header")
        if re.match(r"#include <boost/(beast|asio)", line) and room not in ("http",):
            findings.append(f"{where}: only src/http knows Beast and Asio")


def main():
    findings = []
    for path in tracked("src/*.h") + tracked("src/*.cc"):
        if not path.exists():
            continue
        check_includes(path, findings)
        lines = path.read_text().count("\n")
        if lines > LONGEST_FILE:
            findings.append(f"{path.relative_to(ROOT)}: {lines} lines; split it")
    for path in tracked("web/src/*.ts") + tracked("web/src/*.tsx") + tracked("tests/web/*.ts"):
        lines = path.read_text().count("\n") if path.exists() else 0
        if lines > LONGEST_FILE:
            findings.append(f"{path.relative_to(ROOT)}: {lines} lines; split it")
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
