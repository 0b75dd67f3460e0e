#!/usr/bin/env bash
# google-cloud-kms 3.18.0 with google-api-core (PyPI) over REST, beside the same answers over gRPC's classes
#
# Over REST an error is raised by its HTTP status alone, and the status that Google's answer names is not looked at:
# INVALID_ARGUMENT (400) becomes BadRequest and not its subclass InvalidArgument; ALREADY_EXISTS (409) becomes Conflict and
# not AlreadyExists; FAILED_PRECONDITION (400) becomes BadRequest. `except AlreadyExists` of a program that was written for
# gRPC does not catch it.
#
# Seen 2026-11-29: INVALID_ARGUMENT BadRequest · FAILED_PRECONDITION BadRequest · ALREADY_EXISTS Conflict
#
# Why it matters here: "the key version is there already" and "it is not ready yet" are told apart by these classes in
# operators' scripts; moved to REST, both end the script.
set -euo pipefail
command -v python3 >/dev/null || { echo "needs python3"; exit 3; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv py; py/bin/pip install -q --disable-pip-version-check google-cloud-kms==3.18.0 requests
cat > seen.py <<'PY'
import http.server
import json
import threading
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import kms_v1
from google.cloud.kms_v1.services.key_management_service.transports.rest import KeyManagementServiceRestTransport

answers = iter([(400, "INVALID_ARGUMENT"), (400, "FAILED_PRECONDITION"), (409, "ALREADY_EXISTS")])

class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        code, status = next(answers)
        body = json.dumps({"error": {"code": code, "message": status, "status": status}}).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
transport = KeyManagementServiceRestTransport(
    host=f"127.0.0.1:{server.server_port}", credentials=AnonymousCredentials(), url_scheme="http")
client = kms_v1.KeyManagementServiceClient(transport=transport)
for _ in range(3):
    try:
        client.create_crypto_key_version(parent="projects/p/locations/l/keyRings/r/cryptoKeys/c", crypto_key_version={}, retry=None)
    except exceptions.GoogleAPICallError as error:
        print(json.loads(error.response.content)["error"]["status"] if error.response is not None else error.message, type(error).__name__)
PY
timeout 60 py/bin/python seen.py > seen; cat seen
printf 'INVALID_ARGUMENT BadRequest\nFAILED_PRECONDITION BadRequest\nALREADY_EXISTS Conflict\n' | cmp -s - seen || { echo changed; exit 1; }
