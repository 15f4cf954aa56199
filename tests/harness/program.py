"""The real binary: commands, and a server in a data directory of its own."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
    "TSAN_OPTIONS": "exitcode=99",
}


def binary():
    path = pathlib.Path(os.environ.get("SHEAF_BIN", "build/release/sheaf"))
    return path if path.is_absolute() else ROOT / path


def sanitized():
    """Whether the program carries a sanitizer, which makes it slower and larger."""
    with open(binary(), "rb") as program:
        head = program.read()
    return b"__asan_init" in head or b"__tsan_init" in head


def environment():
    return {**os.environ, **{name: os.environ.get(name, value) for name, value in SANITIZER_OPTIONS.items()}, "TZ": "America/New_York"}


def run(*words, stdin=None, check=True, timeout=300, cwd=None):
    """Runs `sheaf WORDS…`; answers the finished process with text output."""
    finished = subprocess.run([str(binary()), *map(str, words)], input=stdin, capture_output=True, text=True, timeout=timeout,
                              env=environment(), cwd=cwd)
    if check and finished.returncode != 0:
        raise AssertionError(f"sheaf {' '.join(map(str, words))} ended with {finished.returncode}\n{finished.stdout}\n{finished.stderr}")
    return finished


def contents(directory, pattern="*"):
    """Every file below, with its bytes. A running server puts files in others' places: one that is gone meanwhile is passed over."""
    for path in sorted(pathlib.Path(directory).rglob(pattern)):
        try:
            if path.is_file():
                yield path, path.read_bytes()
        except FileNotFoundError:
            pass


def holding(directory, *needles, pattern="*"):
    """The files below that have one of these byte strings in them."""
    return [path for path, data in contents(directory, pattern) if any(needle in data for needle in needles)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`sheaf serve` on a free port. `start` and `kill` may alternate: the data stays."""

    def __init__(self, directory, options=()):
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.log = self.directory / "server.log"
        # Tests send many wrong keys from one address.
        self.options = list(options) if "--failure-rate" in options else ["--failure-rate", "0", *options]
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, wait_s=60):
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(binary()), "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}", *self.options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment())
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}\n{self.tail()}")
            try:
                if requests.get(f"{self.url}/healthz", timeout=2).status_code == 200:
                    return self
            except requests.RequestException:
                time.sleep(0.02)
        raise AssertionError(f"the server did not answer within {wait_s} s\n{self.tail()}")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """SIGKILL: no chance to finish anything."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self, wait_s=60):
        """SIGTERM; answers the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop within {wait_s} s\n{self.tail()}") from None

    def tail(self, lines=60):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    # Accounts and keys, by the command line, while the server runs or not.

    def add_user(self, email, admin=False, password="a long enough password"):
        words = ["user", "add", "--data", self.data, "--email", email, "--name", email.split("@")[0], "--password-stdin"]
        return run(*words, *(["--admin"] if admin else []), stdin=password + "\n")

    def create_key(self, email, scopes=(), expires=None, name="test"):
        words = ["key", "create", "--data", self.data, "--user", email, "--name", name, "--json"]
        for scope in scopes:
            words += ["--scope", scope]
        if expires is not None:
            words += ["--expires", expires]
        return json.loads(run(*words).stdout)

    def revoke_key(self, identity):
        run("key", "revoke", "--data", self.data, identity)
