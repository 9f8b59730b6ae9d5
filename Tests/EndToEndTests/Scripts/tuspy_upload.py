"""Uploads a file with the unmodified tuspy client: tuspy_upload.py URL FILE CHUNK_BYTES STOP_AFTER_CHUNKS

Stops after that many chunks (0: never), then resumes with a new client object from the URL alone.
"""

import sys

from tusclient import client

url, path, chunk_bytes, stop_after = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
tus = client.TusClient(url)
uploader = tus.uploader(
    path, chunk_size=chunk_bytes, metadata={"filename": path.rsplit("/", 1)[-1]}, retries=3, retry_delay=1
)
for _ in range(stop_after):
    uploader.upload_chunk()
if stop_after:
    resumed = tus.uploader(path, chunk_size=chunk_bytes, url=uploader.url, retries=3, retry_delay=1)
    assert resumed.offset == uploader.offset > 0, (resumed.offset, uploader.offset)
    uploader = resumed
uploader.upload()
print(uploader.url)
