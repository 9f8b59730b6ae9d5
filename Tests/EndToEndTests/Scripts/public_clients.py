"""Uploads a file with an unmodified client library: public_clients.py CLIENT BASE_URL FILE

CLIENT is a function below. Prints the URL of the upload.
"""

import asyncio
import io
import sys
import tempfile
from pathlib import Path
from urllib.parse import urljoin

client, base, path = sys.argv[1:4]
endpoint = base + "/files/"
name = Path(path).name
content = Path(path).read_bytes()


def creation(**headers):
    """A new upload for a client that cannot make its own."""
    import requests

    fields = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(content))}
    answer = requests.post(endpoint, headers=fields | headers, timeout=60)
    answer.raise_for_status()
    return urljoin(endpoint, answer.headers["Location"])


def tuspy_checksums():
    """Each chunk with its sha1."""
    from tusclient.client import TusClient

    uploader = TusClient(endpoint).uploader(
        path, chunk_size=200_000, metadata={"filename": name}, upload_checksum=True
    )
    uploader.upload()
    return uploader.url


def tuspy_remembered():
    """The second client finds the URL by the file's fingerprint and goes on."""
    from tusclient.client import TusClient
    from tusclient.fingerprint.fingerprint import Fingerprint
    from tusclient.storage.filestorage import FileStorage

    with tempfile.TemporaryDirectory() as folder:
        storage = FileStorage(f"{folder}/urls")
        options = {
            "chunk_size": 150_000,
            "store_url": True,
            "url_storage": storage,
            "fingerprinter": Fingerprint(),
            "metadata": {"filename": name},
        }
        first = TusClient(endpoint).uploader(path, **options)
        first.upload_chunk()
        second = TusClient(endpoint).uploader(path, **options)
        assert second.url == first.url and second.offset == 150_000, (second.url, second.offset)
        second.upload()
        return second.url


def tuspy_async():
    from tusclient.client import TusClient

    uploader = TusClient(endpoint).async_uploader(path, chunk_size=300_000, metadata={"filename": name})
    asyncio.run(uploader.upload())
    return uploader.url


def aiotus_upload():
    """With metadata that is bytes, empty and absent, read back by the client."""
    import aiotus

    metadata = {"filename": name.encode(), "bytes": b"\x00\xff", "flag": None}

    async def run():
        location = await aiotus.upload(endpoint, io.BytesIO(content), metadata, chunksize=400_000)
        assert await aiotus.metadata(location) == metadata
        return location

    return asyncio.run(run())


def aiotus_parts():
    """Parts sent in parallel, then concatenated."""
    import aiotus

    third = len(content) // 3
    parts = [content[:third], content[third : 2 * third], content[2 * third :], b""]

    async def run():
        files = [io.BytesIO(part) for part in parts]
        location = await aiotus.upload_multiple(endpoint, files, {"filename": name.encode()})
        return urljoin(endpoint, str(location))

    return asyncio.run(run())


def aiotus_resume():
    """Goes on at what another client left."""
    import aiohttp
    import requests
    import yarl
    from aiotus import core

    url = creation()
    fields = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    requests.patch(url, data=content[: len(content) // 2], headers=fields, timeout=60).raise_for_status()

    async def run():
        async with aiohttp.ClientSession() as session:
            await core.upload_buffer(session, yarl.URL(url), io.BytesIO(content))

    asyncio.run(run())
    return url


def requests_body():
    import requests

    return requests.post(endpoint, data=content, timeout=60)


def requests_chunked():
    import requests

    return requests.put(endpoint + "from-requests.bin", data=iter([content[:1000], content[1000:]]), timeout=60)


def httpx_body():
    import httpx

    return httpx.put(endpoint + "from-httpx.bin", content=content, timeout=60)


def httpx_http2():
    """HTTP/2 by prior knowledge."""
    import httpx

    with httpx.Client(http1=False, http2=True, timeout=60) as session:
        answer = session.put(endpoint + "from-h2.bin", content=content)
        assert answer.http_version == "HTTP/2", answer.http_version
        return answer


def aiohttp_body():
    import aiohttp

    async def run():
        async with aiohttp.ClientSession() as session:
            async with session.post(endpoint, data=io.BytesIO(content)) as answer:
                answer.raise_for_status()
                return answer.headers["Location"]

    return asyncio.run(run())


def urllib_body():
    import urllib.request

    request = urllib.request.Request(endpoint + "from-urllib.bin", data=content, method="PUT")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["Location"]


result = globals()[client]()
if hasattr(result, "raise_for_status"):
    result.raise_for_status()
    result = result.headers["Location"]
print(urljoin(endpoint, str(result)))
