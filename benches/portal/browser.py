"""A browser that is signed in: a connection that stays open, and a cookie. Standard library only."""

import http.client
import json
import sys
from urllib.parse import urlencode, urlsplit

PASSWORD = "a password for a bench"


class Browser:
    """Asks as a browser does."""

    def __init__(self, origin, cookie=None):
        self.origin, self.netloc, self.cookie = origin, urlsplit(origin).netloc, cookie
        self.connection = http.client.HTTPConnection(self.netloc)

    def headers(self):
        own = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        return own | ({"Cookie": self.cookie} if self.cookie else {})

    def ask(self, method, path, form=None):
        """What it answers, as text."""
        headers, body = self.headers(), None
        if form is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status not in (200, 303):
            sys.exit(f"{method} {path}: {answer.status}: {text[:2000]}")
        if cookie := answer.headers.get("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        return text

    def accept(self, invitation, login):
        """Takes an invitation, as `user invite --json` tells it, and signs in."""
        told = json.loads(invitation)
        link = urlsplit(next(value for value in told.values() if "/invite/" in str(value))).path
        self.ask("POST", link, {"password": PASSWORD, "again": PASSWORD})
        self.ask("POST", "/sign-in", {"login": login, "password": PASSWORD, "code": ""})

    def listen(self, path):
        """The connection of a page that listens, its headers read."""
        connection = http.client.HTTPConnection(self.netloc)
        connection.request("GET", path, headers=self.headers())
        connection.sock.settimeout(30)
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.sock.recv(4096)
        if b" 200 " not in head.split(b"\r\n")[0]:
            sys.exit(f"GET {path}: {head[:200]}")
        connection.sock.setblocking(False)
        return connection


def quantiles(times):
    """Of milliseconds."""
    times = sorted(times)
    at = lambda part: times[min(len(times) - 1, int(part * len(times)))]
    return {"p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "most": times[-1], "count": len(times)}


def row(name, of):
    """A line of a table."""
    return f"| {name} | {of['count']} | {of['p50']:.1f} | {of['p95']:.1f} | {of['p99']:.1f} | {of['most']:.1f} |"


HEAD = "| page | times | p50 ms | p95 ms | p99 ms | most |\n|---|---|---|---|---|---|"
