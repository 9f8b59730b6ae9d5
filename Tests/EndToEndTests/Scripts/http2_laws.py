"""Laws of HTTP/2 that need a client which sees every frame: one function each, named on the command line.

usage: http2_laws.py LAW PORT [CA-FILE]     with a CA file over TLS, otherwise cleartext with prior knowledge
Prints `ok` when the law holds, and fails otherwise.
"""

import hashlib
import json
import socket
import ssl
import sys
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import hyperframe.frame

LIMIT_SECONDS = 20


class Client:
    def __init__(self, port, authority_file=None):
        raw = socket.create_connection(("127.0.0.1", port), LIMIT_SECONDS)
        if authority_file:
            context = ssl.create_default_context(cafile=authority_file)
            context.set_alpn_protocols(["h2"])
            raw = context.wrap_socket(raw, server_hostname="localhost")
            assert raw.selected_alpn_protocol() == "h2", raw.selected_alpn_protocol()
        self.socket = raw
        self.scheme = "https" if authority_file else "http"
        self.authority = f"localhost:{port}"
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.connection.initiate_connection()
        self.events = []
        self.is_closed = False
        # What every request for uploads says of its protocol.
        self.protocol = [("tus-resumable", "1.0.0")]
        self.flush()

    def flush(self):
        data = self.connection.data_to_send()
        try:
            self.socket.sendall(data)
        except (ConnectionError, ssl.SSLError):
            self.is_closed = True

    def receive(self, seconds=LIMIT_SECONDS):
        """Reads once; False when nothing came in time or the server has closed."""
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, socket.timeout):
            return False
        except (ConnectionError, ssl.SSLError):
            data = b""
        if not data:
            self.is_closed = True
            return False
        for event in self.connection.receive_data(data):
            self.events.append(event)
            if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.flush()
        return True

    def until(self, kind, stream=None, seconds=LIMIT_SECONDS):
        """The first event of the kind, of the stream if one is given."""
        end = time.monotonic() + seconds
        while True:
            for event in self.events:
                if isinstance(event, kind) and stream in (None, getattr(event, "stream_id", None)):
                    return event
            assert time.monotonic() < end and not self.is_closed, f"no {kind.__name__}: {self.events}"
            self.receive(end - time.monotonic())

    def begin(self, method, path, fields=(), end=False):
        stream = self.connection.get_next_available_stream_id()
        head = [(":method", method), (":scheme", self.scheme), (":authority", self.authority), (":path", path)]
        # A GET of a draft would take the upload over.
        if path.startswith("/files") and method != "GET":
            head += self.protocol
        self.connection.send_headers(stream, head + list(fields), end_stream=end)
        self.flush()
        return stream

    def send(self, stream, data, end=False):
        """Sends as the windows allow; returns how much went out before the answer or the reset."""
        sent = 0
        while sent < len(data):
            while True:
                if self.is_reset(stream) or self.has_answer(stream):
                    return sent
                window = min(
                    self.connection.local_flow_control_window(stream),
                    self.connection.max_outbound_frame_size,
                    len(data) - sent,
                )
                if window > 0:
                    break
                assert self.receive(), "no window"
            last = end and sent + window == len(data)
            self.connection.send_data(stream, data[sent : sent + window], end_stream=last)
            self.flush()
            sent += window
        return sent

    def is_reset(self, stream):
        return any(isinstance(e, h2.events.StreamReset) and e.stream_id == stream for e in self.events)

    def has_answer(self, stream):
        return any(isinstance(e, h2.events.ResponseReceived) and e.stream_id == stream for e in self.events)

    def answer(self, stream):
        """Status, fields and body of the final answer."""
        head = self.until(h2.events.ResponseReceived, stream)
        self.until(h2.events.StreamEnded, stream)
        body = b"".join(
            e.data for e in self.events if isinstance(e, h2.events.DataReceived) and e.stream_id == stream
        )
        fields = dict(head.headers)
        return int(fields[":status"]), fields, body

    def request(self, method, path, fields=(), body=None):
        stream = self.begin(method, path, fields, end=not body)
        if body:
            self.send(stream, body, end=True)
        return self.answer(stream)

    def upload(self, length, *fields):
        status, fields, _ = self.request("POST", "/files/", [("upload-length", str(length)), *fields])
        assert status == 201, status
        origin = f"{self.scheme}://{self.authority}"
        assert fields["location"].startswith(f"{origin}/files/"), fields["location"]
        return fields["location"].removeprefix(origin)

    def offset(self, path):
        status, fields, body = self.request("HEAD", path)
        assert status in (200, 204) and not body, (status, body)
        return int(fields["upload-offset"])

    def until_offset(self, path, offset):
        end = time.monotonic() + LIMIT_SECONDS
        while json.loads(self.request("GET", path)[2])["offset"] != offset:
            assert time.monotonic() < end, f"{path} is not at {offset}"


PATCH = [("content-type", "application/offset+octet-stream")]


def patch(offset, *fields):
    return [*PATCH, ("upload-offset", str(offset)), *fields]


def early_refusal(client):
    """T-24: the final answer without the body, then RST_STREAM(NO_ERROR); the connection lives on."""
    path = client.upload(1 << 30)
    stream = client.begin("PATCH", path, patch(7, ("content-length", str(1 << 30))))
    client.send(stream, bytes(1 << 26))
    status, fields, body = client.answer(stream)
    assert status == 409 and b"offset" in body, (status, body)
    assert "connection" not in fields and "transfer-encoding" not in fields, fields
    reset = client.until(h2.events.StreamReset, stream)
    assert reset.error_code == 0, reset
    assert client.offset(path) == 0


def takeover(client):
    """R-42: the newer request wins; only the stream of the older one is reset, others go on."""
    taken, other = client.upload(1000), client.upload(1000)
    beside = client.begin("PATCH", other, patch(0, ("content-length", "1000")))
    client.send(beside, b"b" * 400)
    older = client.begin("PATCH", taken, patch(0, ("content-length", "1000")))
    client.send(older, b"a" * 400)
    client.until_offset(taken, 400)
    assert client.offset(taken) == 400
    status, _, body = client.answer(older)
    assert status == 409, (status, body)
    assert client.until(h2.events.StreamReset, older).error_code == 0
    status, fields, _ = client.request("PATCH", taken, patch(400), b"a" * 600)
    assert status == 204 and fields["upload-offset"] == "1000", (status, fields)
    client.send(beside, b"b" * 600, end=True)
    assert client.answer(beside)[0] == 204
    assert not client.is_reset(beside)


def client_reset(client):
    """A.2: RST_STREAM of the client is a broken connection to its upload; what arrived is kept."""
    path = client.upload(1000)
    stream = client.begin("PATCH", path, patch(0, ("content-length", "1000")))
    client.send(stream, b"x" * 300)
    client.until_offset(path, 300)
    client.connection.reset_stream(stream, 8)
    client.flush()
    assert client.offset(path) == 300
    assert client.request("PATCH", path, patch(300), b"x" * 700)[0] == 204


def side_by_side(client):
    """A.9: uploads on one connection run side by side, and each stores exactly its bytes."""
    streams = []
    for number in range(40):
        body = bytes((number + index) % 251 for index in range(60_000 + number))
        digest = hashlib.sha256(body).hexdigest()
        path = client.upload(len(body))
        streams.append((client.begin("PATCH", path, patch(0)), path, body, digest))
    # Round robin in small pieces, so that all are under way at once.
    longest = max(len(body) for _, _, body, _ in streams)
    for start in range(0, longest, 7000):
        for stream, _, body, _ in streams:
            piece = body[start : start + 7000]
            if piece:
                client.send(stream, piece, end=start + 7000 >= len(body))
    for stream, path, body, digest in streams:
        assert client.answer(stream)[0] == 204
        end = time.monotonic() + LIMIT_SECONDS
        while True:
            status, fields, stored = client.request("GET", path)
            assert status == 200 and time.monotonic() < end, (status, fields)
            # A description until it is verified, then the content.
            if not fields["content-type"].startswith("application/json"):
                break
        assert hashlib.sha256(stored).hexdigest() == digest, (len(stored), len(body))


def windows(client):
    """What a client is allowed to send ahead is large, and has an end."""
    client.until(h2.events.RemoteSettingsChanged)
    settings = client.connection.remote_settings
    assert settings.initial_window_size == 4 << 20, settings
    assert settings.max_frame_size == 1 << 20 and settings.max_concurrent_streams == 100, settings
    assert settings.max_header_list_size == 64 << 10, settings


def continues(client):
    """R-11: 100 goes out over HTTP/2 too, before the content."""
    path = client.upload(5)
    stream = client.begin("PATCH", path, patch(0, ("expect", "100-continue"), ("content-length", "5")))
    head = client.until(h2.events.InformationalResponseReceived, stream)
    assert dict(head.headers)[":status"] == "100", head
    client.send(stream, b"hello", end=True)
    assert client.answer(stream)[0] == 204


def trailers(client):
    """Trailers end a body as END_STREAM does."""
    path = client.upload(5)
    stream = client.begin("PATCH", path, patch(0, ("trailer", "x-checked")))
    client.send(stream, b"hello")
    client.connection.send_headers(stream, [("x-checked", "1")], end_stream=True)
    client.flush()
    status, fields, _ = client.answer(stream)
    assert status == 204 and fields["upload-offset"] == "5", (status, fields)


def large_trailers(client):
    """A trailer section has the limits of a head; more ends the connection, not the server."""
    path = client.upload(5)
    stream = client.begin("PATCH", path, patch(0))
    client.send(stream, b"hello")
    client.connection.send_headers(
        stream, [(f"x-{number}", "v" * 8000) for number in range(20)], end_stream=True
    )
    client.flush()
    client.socket.settimeout(LIMIT_SECONDS)
    while client.receive() and not client.is_reset(stream) and not client.has_answer(stream):
        pass
    assert not client.has_answer(stream), client.events


def drain(client):
    """GOAWAY at the end: a running upload is told 503, and keeps what it has. Waits for SIGTERM from outside."""
    path = client.upload(1000)
    stream = client.begin("PATCH", path, patch(0, ("content-length", "1000")))
    client.send(stream, b"x" * 400)
    client.until_offset(path, 400)
    print("holding " + path, flush=True)
    # The library takes nothing more after GOAWAY, although streams go on: the frames are read here.
    frames, waiting = [], b""
    client.socket.settimeout(LIMIT_SECONDS)
    while data := client.socket.recv(65536):
        waiting += data
        while len(waiting) >= 9:
            frame, length = hyperframe.frame.Frame.parse_frame_header(memoryview(waiting[:9]))
            if len(waiting) < 9 + length:
                break
            frame.parse_body(memoryview(waiting[9 : 9 + length]))
            waiting = waiting[9 + length :]
            frames.append(frame)
            if isinstance(frame, hyperframe.frame.PingFrame):
                client.socket.sendall(
                    hyperframe.frame.PingFrame(0, frame.opaque_data, flags=["ACK"]).serialize()
                )
    ends = [frame for frame in frames if isinstance(frame, hyperframe.frame.GoAwayFrame)]
    assert ends and all(frame.error_code == 0 for frame in ends), frames
    heads = [frame for frame in frames if isinstance(frame, hyperframe.frame.HeadersFrame)]
    fields = dict(client.connection.decoder.decode(heads[0].data))
    assert fields[":status"] == "503" and "retry-after" in fields, fields


def routed(client):
    """Pages, API and their bodies work as over HTTP/1.1; HEAD has no body."""
    assert client.request("GET", "/healthz")[0] == 200
    status, fields, body = client.request("HEAD", "/ui/upload")
    assert status == 200 and not body, (status, body)
    status, _, body = client.request(
        "POST", "/api/v1/pushes", [("content-type", "application/json")], b'{"repo": 3}'
    )
    assert status in (400, 422) and body.startswith(b"{"), (status, body)


def refused_head(client):
    """A head that is no request ends its stream; the connection and the server go on."""
    client.connection.config.validate_outbound_headers = False
    for _ in range(3):
        stream = client.connection.get_next_available_stream_id()
        client.connection.send_headers(stream, [(":method", "GET"), (":scheme", client.scheme), (":path", "/healthz")])
        client.flush()
        client.until(h2.events.StreamReset, stream)
        assert client.request("GET", "/healthz")[0] == 200


def rapid_reset(client):
    """A client that opens and resets streams without end is sent away."""
    try:
        for _ in range(2000):
            stream = client.begin("GET", "/healthz", end=True)
            client.connection.reset_stream(stream, 8)
            client.flush()
            client.receive(0.0001)
            if client.is_closed or any(isinstance(e, h2.events.ConnectionTerminated) for e in client.events):
                break
    except (OSError, h2.exceptions.ProtocolError):
        return
    assert client.is_closed or any(isinstance(e, h2.events.ConnectionTerminated) for e in client.events)


def hold(client):
    """An upload that goes on when a line arrives on standard input."""
    path = client.upload(1000)
    stream = client.begin("PATCH", path, patch(0, ("content-length", "1000")))
    client.send(stream, b"x" * 400)
    client.until_offset(path, 400)
    print("holding " + path, flush=True)
    sys.stdin.readline()
    client.send(stream, b"x" * 600, end=True)
    assert client.answer(stream)[0] == 204


def main():
    law, port = sys.argv[1], int(sys.argv[2])
    client = Client(port, sys.argv[3] if len(sys.argv) > 3 else None)
    globals()[law](client)
    print("ok", flush=True)


if __name__ == "__main__":
    main()
