"""Signing in: sessions, forged requests, guessing, second factors."""
import base64
import hashlib
import hmac
import struct
import time
import urllib.parse

import pytest

from conftest import ADMIN, OWNER, new_study
from harness import program
from harness.client import Api

PASSWORD = "a long enough password"


class Browser(Api):
    """Keeps its cookie, and sends the token with what changes something. Where the server trusts its proxy, each comes
    from an address of its own."""
    count = 0

    def __init__(self, url):
        super().__init__(url)
        Browser.count += 1
        self.session.headers["X-Forwarded-For"] = f"192.0.2.{Browser.count}"

    def sign_in(self, email, password=PASSWORD, code=None, **expected):
        body = {"email": email, "password": password, **({"code": code} if code else {})}
        response = self.post("/session", body, **(expected or {"status": 200}))
        if response.status_code == 200:
            self.session.headers["X-CSRF-Token"] = response.json()["csrf_token"]
        return response

    def forget(self):
        self.session.cookies.clear()
        self.session.headers.pop("X-CSRF-Token", None)


def totp(secret, shift=0):
    counter = struct.pack(">Q", int(time.time()) // 30 + shift)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A server of its own: failed sign-ins count for the address, which all tests share."""
    server = program.Server(tmp_path_factory.mktemp("session"), options=["--trust-proxy"])
    server.add_user(ADMIN, admin=True)
    server.start()
    yield server
    assert server.stop() == 0


@pytest.fixture
def person(server, request):
    """An account nobody else uses."""
    email = f"{request.node.name.replace('[', '-').replace(']', '')}@example.org"
    server.add_user(email)
    return email


@pytest.fixture
def browser(server):
    return Browser(server.url)


def test_sign_in_and_out(server, browser, person):
    answer = browser.sign_in(person)
    account = answer.json()["account"]
    assert account["email"] == person and account["admin"] is False and account["second_factor"] is False
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("sheaf_session=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie
    again = browser.get("/session").json()
    assert again == answer.json()
    assert browser.get("/account").json() == account
    study = new_study(browser)
    browser.get(study.path)
    kept = dict(browser.session.cookies)
    browser.delete("/session", status=204)
    assert "sheaf_session" not in browser.session.cookies
    browser.get("/session", error="unauthenticated")
    # The server forgets it, not only the browser.
    browser.session.cookies.update(kept)
    browser.get(study.path, error="unauthenticated")


def test_the_secret_is_not_kept(server, browser, person):
    browser.sign_in(person)
    secret = browser.session.cookies["sheaf_session"].encode()
    token = browser.session.headers["X-CSRF-Token"].encode()
    assert program.holding(server.directory, secret, token, PASSWORD.encode()) == []


def test_changes_need_the_token(browser, person):
    browser.sign_in(person)
    token = browser.session.headers.pop("X-CSRF-Token")
    browser.get("/studies")
    body = {"id": "forged", "name": "x"}
    browser.post("/studies", body, error="csrf")
    for wrong in ("", "x", token[:-1], token + "0", token.swapcase() if token.swapcase() != token else "x" * 64):
        browser.post("/studies", body, headers={"X-CSRF-Token": wrong}, error="csrf")
    browser.delete("/session", error="csrf")
    browser.post("/studies", {"name": "x"}, headers={"X-CSRF-Token": token}, status=201)


def test_a_token_is_good_for_its_session_only(server, browser, person):
    other = Browser(server.url)
    other.sign_in(person)
    browser.sign_in(person)
    browser.post("/studies", {"name": "x"}, headers={"X-CSRF-Token": other.session.headers["X-CSRF-Token"]}, error="csrf")


def test_a_key_counts_before_a_cookie_and_needs_no_token(server, browser, person, owner):
    browser.sign_in(person)
    browser.session.headers.pop("X-CSRF-Token")
    study = browser.post("/studies", {"name": "x"}, headers={"Authorization": f"Bearer {owner.key}"}, status=201).json()
    owner.get(f"/studies/{study['id']}")
    browser.get("/studies", headers={"Authorization": "Bearer sheaf_wrong"}, error="unauthenticated")
    browser.get("/studies", headers={"Authorization": "Basic eDp5"}, status=200)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_cannot_sign_its_visitor_in(browser, headers):
    browser.post("/session", {"email": OWNER, "password": PASSWORD}, headers=headers, error="csrf")


def test_the_own_site_can(server, browser, person):
    browser.post("/session", {"email": person, "password": PASSWORD}, headers={"Origin": server.url, "Sec-Fetch-Site": "same-origin"}, status=200)


def test_refusals_look_alike(server, admin, browser, person):
    server.add_user("disabled@example.org")
    admin.patch("/accounts/disabled@example.org", {"disabled": True})
    seen = set()
    for email, password in ((person, "wrong password"), ("nobody@example.org", PASSWORD), ("disabled@example.org", PASSWORD), ("no address", "x"), ("", "")):
        problem = browser.post("/session", {"email": email, "password": password}, error="sign-in-refused").json()
        problem.pop("request_id")
        seen.add(str(sorted(problem.items())))
    assert len(seen) == 1


@pytest.mark.parametrize("body, place", [
    ({}, "/email"), ({"email": "a@b"}, "/password"), ({"email": 1, "password": "x"}, "/email"), ({"email": "a@b", "password": "x", "code": 123456}, "/code"),
])
def test_bad_sign_ins(browser, body, place):
    browser.post("/session", body, error="bad-member", place=place)
    browser.call("POST", "/session", data="email=a&password=b", headers={"Content-Type": "application/x-www-form-urlencoded"}, error="unsupported-media-type")


def test_cookies_that_are_none(server, browser, person):
    browser.sign_in(person)
    secret = browser.session.cookies["sheaf_session"]
    for cookie in ("sheaf_session=", f"sheaf_session={secret}x", f"sheaf_session={secret[:-1]}", f"other={secret}", f"sheaf_session={secret}; sheaf_session=x",
                   f"sheaf_session=x; sheaf_session={secret}", "sheaf_session", ";;;=;", f"xsheaf_session={secret}", "sheaf_session=" + "x" * 5000):
        Api(server.url).get("/studies", headers={"Cookie": cookie}, error="unauthenticated")
    Api(server.url).get("/studies", headers={"Cookie": f"a=b; sheaf_session={secret}; c=d"})
    Api(server.url).get("/studies", headers={"Authorization": f"Bearer {secret}"}, error="unauthenticated")


def test_secure_behind_tls(tmp_path):
    server = program.Server(tmp_path, options=["--public-url", "https://data.example.org"])
    server.add_user(ADMIN, admin=True)
    server.start()
    browser = Browser(server.url)
    answer = browser.sign_in(ADMIN)
    assert "; Secure" in answer.headers["Set-Cookie"]
    browser.forget()
    browser.post("/session", {"email": ADMIN, "password": PASSWORD}, headers={"Origin": "https://data.example.org"}, status=200)
    browser.post("/session", {"email": ADMIN, "password": PASSWORD}, headers={"Origin": "https://example.org"}, error="csrf")
    assert server.stop() == 0


def test_guessing_is_slowed_down_and_stopped_also_after_a_restart(own):
    own.add_user("victim@example.org")
    for email in ("victim@example.org", "unknown@example.org"):
        browser = Browser(own.url)
        for _ in range(5):
            browser.sign_in(email, "wrong password", error="sign-in-refused")
        held = browser.sign_in(email, "wrong password", error="too-many-requests")
        assert int(held.headers["Retry-After"]) == 1
        # The right password does not help while it is held.
        browser.sign_in(email, PASSWORD, error="too-many-requests")
    own.stop()
    own.start()
    time.sleep(1.1)
    browser = Browser(own.url)
    browser.sign_in("victim@example.org", "wrong password", error="sign-in-refused")
    assert int(browser.sign_in("victim@example.org", error="too-many-requests").headers["Retry-After"]) == 2
    time.sleep(2.1)
    browser.sign_in("victim@example.org")
    # Success forgets: five more are looked at.
    for _ in range(5):
        browser.sign_in("victim@example.org", "wrong password", error="sign-in-refused")
    # Others sign in meanwhile.
    browser.sign_in(ADMIN)


def test_an_address_that_tries_many_accounts_is_slowed_down(own):
    guesser = Browser(own.url)
    for number in range(20):
        guesser.sign_in(f"nobody{number}@example.org", error="sign-in-refused")
    guesser.sign_in(ADMIN, error="too-many-requests")
    Browser(own.url).sign_in(ADMIN)


def test_disabling_ends_sessions_and_keys(server, admin, browser, person, make_key):
    browser.sign_in(person)
    key = Api(server.url, make_key(person)["key"])
    key.get("/studies")
    assert admin.patch(f"/accounts/{person}", {"disabled": True}).json()["disabled"] is True
    browser.get("/studies", error="unauthenticated")
    key.get("/studies", error="unauthenticated")
    browser.forget()
    browser.sign_in(person, error="sign-in-refused")
    admin.patch(f"/accounts/{person}", {"disabled": False})
    key.get("/studies")
    browser.sign_in(person)


def test_disabling_by_the_command(server, browser, person):
    browser.sign_in(person)
    program.run("user", "disable", "--data", server.data, "--email", person)
    assert "(disabled)" in program.run("user", "list", "--data", server.data).stdout
    browser.get("/studies", error="unauthenticated")
    program.run("user", "disable", "--data", server.data, "--email", person, "--enable")
    browser.sign_in(person)


def test_changing_the_password(server, browser, person):
    other = Browser(server.url)
    other.sign_in(person)
    browser.sign_in(person)
    browser.put("/account/password", {"current": "wrong password", "new": "another password"}, error="wrong-password")
    browser.put("/account/password", {"current": PASSWORD, "new": "short"}, error="bad-parameter")
    other.get("/session")
    browser.put("/account/password", {"current": PASSWORD, "new": "another password"}, status=204)
    browser.get("/session")
    other.get("/session", error="unauthenticated")
    other.forget()
    other.sign_in(person, error="sign-in-refused")
    other.sign_in(person, "another password")


def test_setting_a_password_by_the_command(server, browser, person):
    browser.sign_in(person)
    program.run("user", "password", "--data", server.data, "--email", person, "--password-stdin", stdin="quite another one\n")
    browser.get("/session", error="unauthenticated")
    browser.forget()
    browser.sign_in(person, "quite another one")
    short = program.run("user", "password", "--data", server.data, "--email", person, "--password-stdin", stdin="short\n", check=False)
    assert short.returncode != 0


def test_keys_do_not_take_an_account_over(server, make_key, person):
    key = Api(server.url, make_key(person)["key"])
    assert key.get("/account").json()["email"] == person
    key.get("/session", error="unauthenticated")
    key.put("/account/password", {"current": PASSWORD, "new": "another password"}, error="unauthenticated")
    key.post("/account/second-factor", error="unauthenticated")


def test_second_factor(server, browser, person):
    browser.sign_in(person)
    made = browser.post("/account/second-factor", status=201).json()
    uri = urllib.parse.urlparse(made["uri"])
    assert uri.scheme == "otpauth" and urllib.parse.parse_qs(uri.query)["secret"] == [made["secret"]]
    # Not before it is confirmed.
    Browser(server.url).sign_in(person)
    browser.put("/account/second-factor", {"code": "000000" if totp(made["secret"]) != "000000" else "111111"}, error="wrong-code")
    codes = browser.put("/account/second-factor", {"code": totp(made["secret"], -1)}, status=200).json()["recovery_codes"]
    assert len(set(codes)) == 8
    assert browser.get("/session").json()["account"]["second_factor"] is True
    browser.post("/account/second-factor", error="conflict")

    other = Browser(server.url)
    other.sign_in(person, error="second-factor-required")
    other.sign_in(person, "wrong password", code=totp(made["secret"]), error="sign-in-refused")
    code = totp(made["secret"])
    other.sign_in(person, code=code)
    # A code counts once, and none before it.
    Browser(server.url).sign_in(person, code=code, error="second-factor-required")
    Browser(server.url).sign_in(person, code=totp(made["secret"], -1), error="second-factor-required")
    # So does a recovery code, however it is typed.
    Browser(server.url).sign_in(person, code=codes[0].lower().replace("-", " "))
    Browser(server.url).sign_in(person, code=codes[0], error="second-factor-required")

    secrets_of_it = (made["secret"].encode(), base64.b32decode(made["secret"]), codes[1].encode(), codes[1].replace("-", "").encode())
    assert program.holding(server.data, *secrets_of_it, pattern="catalog*") == []

    browser.call("DELETE", "/account/second-factor", json={"password": "wrong password", "code": codes[1]}, error="wrong-password")
    browser.call("DELETE", "/account/second-factor", json={"password": PASSWORD, "code": "ABCD"}, error="wrong-code")
    browser.call("DELETE", "/account/second-factor", json={"password": PASSWORD, "code": codes[1]}, status=204)
    Browser(server.url).sign_in(person)
    browser.call("DELETE", "/account/second-factor", json={"password": PASSWORD}, error="not-found")


def test_second_factors_survive_another_site_key_and_are_taken_away(own):
    own.add_user("lost@example.org")
    browser = Browser(own.url)
    browser.sign_in("lost@example.org")
    secret = browser.post("/account/second-factor").json()["secret"]
    browser.put("/account/second-factor", {"code": totp(secret)})
    own.stop()
    key_file = own.directory / "new.key"
    program.run("secrets", "rotate", "--data", own.data, "--new-key-file", key_file)
    own.options += ["--key-file", str(key_file)]
    own.start()
    browser.get("/session")
    fresh = Browser(own.url)
    fresh.sign_in("lost@example.org", code=totp(secret, 1))
    fresh.forget()
    fresh.sign_in("lost@example.org", error="second-factor-required")
    admin = Browser(own.url)
    admin.sign_in(ADMIN)
    admin.patch("/accounts/lost@example.org", {"second_factor": True}, error="bad-member")
    assert admin.patch("/accounts/lost@example.org", {"second_factor": False}).json()["second_factor"] is False
    fresh.sign_in("lost@example.org")


def test_guessing_codes_is_stopped(own):
    own.add_user("coded@example.org")
    browser = Browser(own.url)
    browser.sign_in("coded@example.org")
    secret = browser.post("/account/second-factor").json()["secret"]
    browser.put("/account/second-factor", {"code": totp(secret)})
    guesser = Browser(own.url)
    for _ in range(5):
        guesser.sign_in("coded@example.org", code="0000000", error="second-factor-required")
        # Knowing the password and sending no code starts nothing anew, and is no guess.
    guesser.sign_in("coded@example.org", error="too-many-requests")
