"""Real receivers on loopback: a web server and a mail server that record what reaches them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    text: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds before the first byte
    drip: float = 0.0  # seconds between two bytes of the text
    hangs: bool = False  # until the receiver closes


class WebReceiver:
    """Answers every request with `answer`, or with the one in `answers` for its path (without query)."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer = Answer()
        self.answers: dict[str, Answer] = {}
        self.closing = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append(Request(self.command, self.path, headers, body))
                answer = receiver.answers.get(self.path.partition("?")[0], receiver.answer)
                # The other side may have left: that is what some tests are about.
                with contextlib.suppress(OSError):
                    self.give(answer)

            def give(self, answer: Answer) -> None:
                if receiver.closing.wait(None if answer.hangs else answer.delay):
                    return
                text = answer.text.encode()
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(text)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if not answer.drip:
                    self.wfile.write(text)
                    return
                for byte in text:
                    if receiver.closing.wait(answer.drip):
                        return
                    self.wfile.write(bytes([byte]))

            do_GET = do_POST = do_PUT = handle_any

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128  # five by default: the sixth of a burst waits a second

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"


@contextlib.contextmanager
def web_receiver() -> Iterator[WebReceiver]:
    receiver = WebReceiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()


@dataclass(frozen=True)
class Mail:
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    login: str  # the user that logged in, or ""

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        content: str = part.get_content()
        return content.replace("\r\n", "\n").rstrip("\n")


class MailReceiver:
    """Plain SMTP with a login; knows one password, and says `reply` to every message."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.mails: list[Mail] = []
        self.reply = "250 OK"
        self.port = 0
        self.address = ""

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> AuthResult:
        # Not handled: aiosmtpd then says 535 itself.
        is_right = data.password == self.password.encode()
        return AuthResult(success=is_right, handled=False, auth_data=data.login.decode())

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.reply.startswith("250"):
            message = message_from_bytes(envelope.original_content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            login = session.auth_data or ""
            self.mails.append(Mail(envelope.mail_from, tuple(envelope.rcpt_tos), message, login))
        return self.reply

    def protocol(self) -> SMTP:
        return SMTP(self, hostname="receiver.test", authenticator=self.authenticate, auth_require_tls=False)


@contextlib.contextmanager
def mail_receiver(password: str = "right") -> Iterator[MailReceiver]:
    receiver = MailReceiver(password)
    loop = asyncio.new_event_loop()
    # aiosmtpd's own Controller cannot be asked for a free port.
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncio.Server:
        return await loop.create_server(receiver.protocol, "127.0.0.1", 0)

    async def stop() -> None:
        server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(5)
    receiver.port = server.sockets[0].getsockname()[1]
    receiver.address = f"127.0.0.1:{receiver.port}"
    try:
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
