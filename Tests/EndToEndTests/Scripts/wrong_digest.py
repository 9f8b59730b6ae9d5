"""A gateway with one bundle of one file, which it declares with the SHA-256 of something else. Prints its port."""
import base64
import hashlib
import http.server
import json

CONTENT = b"not what was declared"
BUNDLE = {
    "id": "b", "repo": "r", "sequence": 1, "digest": "d", "message": "m", "fileCount": 1, "byteCount": len(CONTENT),
    "createdAt": "2020-01-01T00:00:00Z",
}


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        is_file = self.path.endswith("/files/a")
        body = CONTENT if is_file else json.dumps(BUNDLE).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if is_file:
            digest = base64.b64encode(hashlib.sha256(b"declared").digest()).decode()
            self.send_header("Repr-Digest", f"sha-256=:{digest}:")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
