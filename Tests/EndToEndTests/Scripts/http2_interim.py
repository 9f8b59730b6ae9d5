"""Responses before the response over HTTP/2: one function for each law, named on the command line.

usage: http2_interim.py LAW PORT [CA-FILE]     with a CA file over TLS, otherwise cleartext with prior knowledge
Prints `ok` when the law holds, and fails otherwise.
"""

import sys

import h2.events

from http2_laws import Client

BYTES = bytes(range(256)) * 800
COMPLETE = ("upload-complete", "?1")


def creation(*fields):
    return [COMPLETE, ("content-length", str(len(BYTES))), *fields]


def interim(client, stream):
    """The fields of all 1xx heads of the stream so far."""
    return [
        dict(event.headers)
        for event in client.events
        if isinstance(event, h2.events.InformationalResponseReceived) and event.stream_id == stream
    ]


def first_interim(client, stream):
    client.until(h2.events.InformationalResponseReceived, stream)
    return interim(client, stream)[0]


def path_of(client, fields):
    """The Location's path; a server behind a proxy that says nothing of the host gives no more than that."""
    path = fields["location"].removeprefix(f"{client.scheme}://{client.authority}")
    assert path.startswith("/files/"), fields
    return path


def stored(client, path):
    status, fields, _ = client.request("HEAD", path)
    assert fields["upload-complete"] == "?1" and fields["upload-offset"] == str(len(BYTES)), (status, fields)


def location(client):
    """R-10 R-14: 104 with the URL goes out before any content, on the stream of its creation."""
    streams = [client.begin("POST", "/files/", creation()) for _ in range(3)]
    early = [first_interim(client, stream) for stream in streams]
    for head in early:
        assert head[":status"] == "104" and head["upload-draft-interop-version"] == "8", head
        assert "upload-limit" in head, head
    paths = [path_of(client, head) for head in early]
    assert len(set(paths)) == 3, paths
    for stream, path in zip(streams, paths):
        client.send(stream, BYTES, end=True)
        status, fields, _ = client.answer(stream)
        assert status in (200, 201) and fields["upload-complete"] == "?1", (status, fields)
        assert "location" not in fields or path_of(client, fields) == path, fields
        assert sum("location" in head for head in interim(client, stream)) == 1, interim(client, stream)
        stored(client, path)


def expectation(client):
    """R-11: 100 follows the 104, and both come before the content."""
    stream = client.begin("POST", "/files/", creation(("expect", "100-continue")))
    while len(interim(client, stream)) < 2:
        assert client.receive(), client.events
    assert [head[":status"] for head in interim(client, stream)] == ["104", "100"], client.events
    client.send(stream, BYTES, end=True)
    assert client.answer(stream)[1]["upload-complete"] == "?1"


def reset(client):
    """R-16: a creation whose stream the client resets is resumed at the URL of its 104."""
    stream = client.begin("POST", "/files/", creation())
    path = path_of(client, first_interim(client, stream))
    client.send(stream, BYTES[:1000])
    client.until_offset(path, 1000)
    client.connection.reset_stream(stream, 8)
    client.flush()
    assert client.offset(path) == 1000
    fields = [COMPLETE, ("upload-offset", "1000"), ("content-type", "application/partial-upload")]
    status, fields, _ = client.request("PATCH", path, fields, BYTES[1000:])
    assert fields["upload-complete"] == "?1", (status, fields)
    stored(client, path)


def progress(client):
    """R-15 R-37: progress is told in 104s without a URL, for offsets that only grow, and not too often."""
    status, fields, _ = client.request("POST", "/files/", [("upload-complete", "?0")])
    path, count = path_of(client, fields), 40 << 20
    append = [COMPLETE, ("upload-offset", "0"), ("content-type", "application/partial-upload")]
    stream = client.begin("PATCH", path, [*append, ("content-length", str(count))])
    piece = bytes(1 << 20)
    for start in range(0, count, len(piece)):
        client.send(stream, piece, end=start + len(piece) == count)
    status, fields, _ = client.answer(stream)
    assert fields["upload-complete"] == "?1", (status, fields)
    told = interim(client, stream)
    assert 1 <= len(told) <= 20 and all(head[":status"] == "104" for head in told), told
    assert not any("location" in head for head in told), told
    offsets = [int(head["upload-offset"]) for head in told]
    assert offsets == sorted(set(offsets)) and offsets[-1] <= count, offsets


def silent(client):
    """R-10: no 104 where interim responses are off, or behind a proxy that may not know them."""
    stream = client.begin("POST", "/files/", creation())
    client.send(stream, BYTES, end=True)
    assert client.answer(stream)[1]["upload-complete"] == "?1"
    assert not interim(client, stream), client.events


def forwarded(client):
    """R-10: no 104 past a proxy that nobody vouches for."""
    for field in [("via", "1.1 somebody"), ("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")]:
        stream = client.begin("POST", "/files/", creation(field))
        client.send(stream, BYTES, end=True)
        assert client.answer(stream)[1]["upload-complete"] == "?1"
        assert not interim(client, stream), (field, client.events)


def unversioned(client):
    """R-60 R-62: no 104 for a client without a version, nor for tus."""
    client.protocol = []
    silent(client)
    client.protocol = [("tus-resumable", "1.0.0")]
    fields = [("content-type", "application/offset+octet-stream"), ("upload-length", str(len(BYTES)))]
    stream = client.begin("POST", "/files/", fields)
    client.send(stream, BYTES, end=True)
    assert client.answer(stream)[0] == 201
    assert not interim(client, stream), client.events


def main():
    law, port = sys.argv[1], int(sys.argv[2])
    client = Client(port, sys.argv[3] if len(sys.argv) > 3 else None)
    client.protocol = [("upload-draft-interop-version", "8")]
    globals()[law](client)
    print("ok", flush=True)


main()
