"""Stand-ins of the SMS vendors: real HTTP servers on loopback that keep to the published interfaces.

They check signatures by themselves, from what the vendors publish about ACS3-HMAC-SHA256 and
TC3-HMAC-SHA256, not with the vendors' programs; take each order down; and answer as a test says:
accepted, a code of the vendor's, an answer of something else on the way, or none at all.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

KEY, SECRET = "AKIDinvented0001", "an-invented-secret-0001"


@dataclass(frozen=True)
class Says:
    """A code of the vendor's own."""

    code: str
    message: str = ""


@dataclass(frozen=True)
class Http:
    """An answer that is not the vendor's."""

    status: int
    body: bytes = b"<html>gateway</html>"
    location: str = ""


HANG, CLOSE, ENDLESS = "hang", "close", "endless"


@dataclass
class StandIn:
    """What a vendor does: `answers` are used up one by one, then everything is accepted."""

    answers: deque[Any] = field(default_factory=deque)
    orders: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    nonces: set[str] = field(default_factory=set)
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def will(self, *answers: Any) -> None:
        self.answers.extend(answers)


@contextmanager
def vendor(handler: type[Vendor]) -> Iterator[StandIn]:
    """A running stand-in."""
    state = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (handler,), {"vendor": state}))
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Vendor(BaseHTTPRequestHandler):
    """What both have in common: read, check, answer."""

    vendor: ClassVar[StandIn]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.vendor.requests += 1
        fault = self.fault(body)
        if fault is not None:
            self.say(fault)
            return
        answer = self.vendor.answers.popleft() if self.vendor.answers else None
        order = self.order(body)
        match answer:
            case Says():
                self.say(answer)
            case Http():
                self.reply(answer.status, answer.body, "text/html", answer.location)
            case "hang":
                self.vendor.released.wait(10)
            case "close":
                pass
            case "endless":
                self.send_response(200)
                self.end_headers()
                with suppress(ConnectionError):
                    while not self.vendor.released.is_set():
                        self.wfile.write(b" " * 8192)
            case _:
                self.vendor.orders.append(order)
                self.accept(order)
        self.close_connection = True

    def fault(self, body: bytes, /) -> Says | None:
        raise NotImplementedError

    def order(self, body: bytes, /) -> dict[str, Any]:
        raise NotImplementedError

    def say(self, said: Says, /) -> None:
        raise NotImplementedError

    def accept(self, order: Mapping[str, Any], /) -> None:
        raise NotImplementedError

    def reply(
        self, status: int, body: bytes, kind: str = "application/json", location: str = ""
    ) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


class AliyunVendor(Vendor):
    """Dysmsapi 2017-05-25, RPC style: parameters in the query, ACS3-HMAC-SHA256."""

    SIGNED = frozenset(
        {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce",
         "x-acs-version"}
    )  # fmt: skip

    def fault(self, body: bytes) -> Says | None:
        scheme, _, rest = self.headers.get("Authorization", "").partition(" ")
        parts = dict(part.split("=", 1) for part in rest.split(",") if "=" in part)
        if scheme != "ACS3-HMAC-SHA256" or parts.get("Credential") != KEY:
            return Says("InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        at = datetime.strptime(self.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs((datetime.now(UTC) - at).total_seconds()) > 900:
            return Says("InvalidTimeStamp.Expired", "")
        if self.headers["x-acs-signature-nonce"] in self.vendor.nonces:
            return Says("SignatureNonceUsed", "")
        self.vendor.nonces.add(self.headers["x-acs-signature-nonce"])
        if not self._is_signed(parts, body):
            return Says("SignatureDoesNotMatch", "Specified signature is not matched.")
        return None

    def _is_signed(self, parts: Mapping[str, str], body: bytes) -> bool:
        signed = parts.get("SignedHeaders", "").split(";")
        if not set(signed) >= self.SIGNED:
            return False
        if self.headers["x-acs-content-sha256"] != hashlib.sha256(body).hexdigest():
            return False
        wanted = hmac.new(SECRET.encode(), self._string_to_sign(signed), hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, parts.get("Signature", ""))

    def _string_to_sign(self, signed: list[str]) -> bytes:
        asked = urlsplit(self.path)
        pairs = sorted(parse_qsl(asked.query, keep_blank_values=True))
        query = "&".join(f"{quote(n, safe='~')}={quote(v, safe='~')}" for n, v in pairs)
        headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in sorted(signed))
        canonical = "\n".join(
            [self.command, asked.path, query, headers, ";".join(sorted(signed)),
             self.headers["x-acs-content-sha256"]]
        )  # fmt: skip
        return f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}".encode()

    def order(self, _body: bytes) -> dict[str, Any]:
        given = dict(parse_qsl(urlsplit(self.path).query))
        action = self.headers["x-acs-action"], self.headers["x-acs-version"]
        return {**given, "action": action, "values": json.loads(given["TemplateParam"])}

    def say(self, said: Says) -> None:
        ours = said.code.startswith(("isv.", "isp."))  # those of the service itself come with 200
        answer = {"Code": said.code, "Message": said.message, "RequestId": "R-1"}
        self.reply(200 if ours else 400, json.dumps(answer).encode())

    def accept(self, order: Mapping[str, Any]) -> None:
        answer = {
            "Code": "OK",
            "Message": "OK",
            "RequestId": "R-1",
            "BizId": f"biz-{order['OutId'][:6]}",
        }
        self.reply(200, json.dumps(answer).encode())


class TencentVendor(Vendor):
    """SMS 2021-01-11: JSON, TC3-HMAC-SHA256; errors are answered with 200."""

    def fault(self, body: bytes) -> Says | None:
        scheme, _, rest = self.headers.get("Authorization", "").partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        key, _, scope = parts.get("Credential", "").partition("/")
        if scheme != "TC3-HMAC-SHA256" or key != KEY:
            return Says("AuthFailure.SecretIdNotFound", "")
        at = int(self.headers["X-TC-Timestamp"])
        if abs(time.time() - at) > 300:
            return Says("AuthFailure.SignatureExpire", "")
        day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
        if scope != f"{day}/sms/tc3_request":
            return Says("AuthFailure.SignatureFailure", "")
        wanted = hmac.new(
            self._signing_key(day),
            self._string_to_sign(parts.get("SignedHeaders", "").split(";"), at, scope, body),
            hashlib.sha256,
        ).hexdigest()
        if not hmac.compare_digest(wanted, parts.get("Signature", "")):
            return Says("AuthFailure.SignatureFailure", "")
        return None

    def _signing_key(self, day: str) -> bytes:
        key = b"TC3" + SECRET.encode()
        for part in (day, "sms", "tc3_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key

    def _string_to_sign(self, signed: list[str], at: int, scope: str, body: bytes) -> bytes:
        headers = "".join(f"{name}:{self.headers[name].strip().lower()}\n" for name in signed)
        canonical = "\n".join(
            [self.command, "/", "", headers, ";".join(signed), hashlib.sha256(body).hexdigest()]
        )
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        return f"TC3-HMAC-SHA256\n{at}\n{scope}\n{hashed}".encode()

    def order(self, body: bytes) -> dict[str, Any]:
        action = self.headers["X-TC-Action"], self.headers["X-TC-Version"]
        return {**json.loads(body), "action": action, "region": self.headers["X-TC-Region"]}

    def say(self, said: Says) -> None:
        of_a_number = said.code.startswith(
            ("FailedOperation", "LimitExceeded", "InvalidParameterValue")
        )
        if of_a_number:
            self._status({"Code": said.code, "Message": said.message, "SerialNo": ""})
        else:
            error = {"Code": said.code, "Message": said.message}
            self._response({"Error": error, "RequestId": "R-1"})

    def accept(self, order: Mapping[str, Any]) -> None:
        serial = f"sid-{order['SessionContext'][:6]}"
        self._status({"Code": "Ok", "Message": "send success", "SerialNo": serial, "Fee": 1})

    def _status(self, status: Mapping[str, Any]) -> None:
        self._response({"SendStatusSet": [status], "RequestId": "R-1"})

    def _response(self, response: Mapping[str, Any]) -> None:
        self.reply(200, json.dumps({"Response": response}).encode())


class Robot(Vendor):
    """A chat robot or push service: takes JSON or a form, answers that all is well."""

    def fault(self, _body: bytes) -> Says | None:
        return None

    def order(self, body: bytes) -> dict[str, Any]:
        told = body.decode()
        return {"path": self.path, "told": json.loads(told) if told.startswith("{") else told}

    def accept(self, _order: Mapping[str, Any]) -> None:
        self.reply(200, b'{"errcode": 0, "code": 0, "errmsg": "ok"}')
