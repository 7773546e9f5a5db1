# SPDX-License-Identifier: Apache-2.0
# Calls of a REST API over HTTPS, with the answer as it came. Which calls there are is not in here.

import base64
import http.client
import json
import ssl
import uuid

from harness import PATIENCE_SECONDS, check


class Answer:
    """What came back."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.text[:300]}"


class Api:
    """The calls of one user; a new connection for each."""

    def __init__(self, port, trust, authorization=None, *, host="localhost", name=None):
        self.port, self.trust, self.host = port, trust, host
        self.headers = {"Accept": "application/json"}
        if name:
            self.headers["Host"] = name
        if authorization:
            self.headers["Authorization"] = authorization

    def _other(self, **headers):
        other = Api(self.port, self.trust, host=self.host)
        other.headers = {**self.headers, **headers}
        return other

    def basic(self, user, password):
        """The same for a user with a password, `tenant/user`."""
        return self._other(Authorization=basic(user, password))

    def bearer(self, token, header="Authorization"):
        return self._other(**{header: f"Bearer {token}"})

    def call(self, method, path, body=None, *, headers=None, identity=None, seconds=None):
        """One call; a body that is no bytes and no text is sent as JSON."""
        sent = dict(self.headers)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        context = ssl.create_default_context(cafile=self.trust)
        if identity:
            context.load_cert_chain(*identity)
        link = http.client.HTTPSConnection(
            self.host, self.port, context=context, timeout=seconds or PATIENCE_SECONDS)  # fmt: skip
        try:
            link.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
            answer = link.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            link.close()

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def put(self, path, body=None, **options):
        return self.call("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)

    def upload(self, method, path, parts, **options):
        """A call with parts (RFC 7578): name to (file name or None, media type, content)."""
        boundary = uuid.uuid4().hex
        body = b""
        for name, (file, kind, content) in parts.items():
            where = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
            body += f"--{boundary}\r\nContent-Disposition: {where}\r\n".encode()
            body += (f"Content-Type: {kind}\r\n" if kind else "").encode() + b"\r\n"
            body += (content.encode() if isinstance(content, str) else content) + b"\r\n"
        body += f"--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self.call(method, path, body, headers=kind, **options)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def answered(answer, *statuses):
    """The answer, when it has one of these statuses."""
    check(answer.status in statuses, lambda: f"wanted {statuses}, found {answer}")
    return answer


def claims(token):
    """What a JSON Web Token says; its signature is not looked at."""
    parts = token.split(".")
    check(len(parts) == 3, f"no token: {token[:60]!r}")
    return json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
