"""A TCP proxy on loopback that breaks connections: fault_proxy.py TARGET_PORT CUT_BYTES CUTS [answers]

Prints its own port. The first CUTS connections are reset after CUT_BYTES bytes from the client (with "answers":
from the server) went through; later connections pass untouched.
"""

import asyncio
import socket
import struct
import sys

target_port, cut_bytes, cuts = (int(argument) for argument in sys.argv[1:4])
in_answers = sys.argv[4:] == ["answers"]
state = {"cuts": cuts}


def reset(writer):
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def copy(reader, writer, limit, victims):
    passed = 0
    try:
        while data := await reader.read(65536):
            if limit is not None and passed + len(data) >= limit:
                writer.write(data[: limit - passed])
                await writer.drain()
                for victim in victims:
                    reset(victim)
                return
            passed += len(data)
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except (ConnectionError, OSError):
        pass


async def serve(reader, writer):
    limit = None
    if state["cuts"] > 0:
        state["cuts"] -= 1
        limit = cut_bytes
    try:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", target_port)
    except OSError:
        reset(writer)
        return
    await asyncio.gather(
        copy(reader, up_writer, None if in_answers else limit, [writer, up_writer]),
        copy(up_reader, writer, limit if in_answers else None, [writer, up_writer]),
    )
    for end in (writer, up_writer):
        end.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
