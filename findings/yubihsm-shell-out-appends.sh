#!/usr/bin/env bash
# yubihsm-shell 2.8.0 (Debian yubihsm-shell 2.8.0-1, its programs alone, run on Debian 12)
#
# `--out FILE` appends to a file that is there, and does not say so: the same command twice leaves the answer twice. The manual
# page says "Output data (filename)". Yubico's own tests stumble over it: in resources/tests/bash/cmdline_test.bats, what the
# RSA tests leave in data.enc is before what the wrap-key tests write, and `encrypt-aescbc` with `decrypt-aescbc` is wrong.
#
# Seen 2026-11-29: get-device-info --out info, once: 1 serial number in the file · twice: 2 · -a get-device-info >info, twice: 1
#
# Why it matters here: an attestation, a certificate or a signature that is exported over an older one is a file of both; the
# first that a reader of PEM finds is the old one. What hsm-enroll tells people to export goes to standard output.
set -euo pipefail
for program in curl dpkg-deb python3 sha256sum; do command -v $program >/dev/null || { echo "needs $program (Debian: curl, dpkg, python3, coreutils)"; exit 3; }; done
connector=; dir=$(mktemp -d); trap '[ -z "$connector" ] || kill "$connector"; rm -rf "$dir"' EXIT; cd "$dir"
while read -r sha256 file; do
  curl -sSf -o "$file" "https://deb.debian.org/debian/pool/main/y/yubihsm-shell/$file"
  echo "$sha256  $file" | sha256sum --check --quiet
  dpkg-deb --extract "$file" .
done <<'DEBS'
a9b07040a58be934124954fe66ede23519817ea57ab6b09bdad0778418643834 yubihsm-shell_2.8.0-1_amd64.deb
68be139864f1079c3a0e71497d7a5155b5875529720331ab31d2fab38601c517 libyubihsm2_2.8.0-1_amd64.deb
0e95789ed57abfaeb2b2d3d7d66edae442e3fe39022291df2ab09b7fa26581e9 libyubihsm-http2_2.8.0-1_amd64.deb
0fd2b14f5e956145a48b4703e27fce67d8920ff17fc54b3a7c12dc13db3021e4 libykhsmauth2_2.8.0-1_amd64.deb
DEBS
export LD_LIBRARY_PATH="$dir/usr/lib/x86_64-linux-gnu"
usr/bin/yubihsm-shell --version >/dev/null || { echo "needs the libraries of yubihsm-shell (Debian: libcurl4, libedit2)"; exit 3; }
# A connector that says who the device is (YubiHSM 2 protocol, command 06), and nothing else.
cat > connector.py <<'PY'
from http.server import BaseHTTPRequestHandler, HTTPServer
class Connector(BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(b"status=OK\nserial=*\nversion=3.0.5\npid=1\naddress=127.0.0.1\nport=1\n")
    def do_POST(self):
        frame = self.rfile.read(int(self.headers["Content-Length"]))
        info = bytes([2, 2, 0]) + (39000001).to_bytes(4, "big") + bytes([62, 0, 9, 12])
        asked = frame == b"\x06\x00\x00"
        self.answer(b"\x86" + len(info).to_bytes(2, "big") + info if asked else b"\x7f\x00\x01\x01")
    def log_message(self, *_):
        pass
server = HTTPServer(("127.0.0.1", 0), Connector)
open("port.new", "w").write(str(server.server_port))
__import__("os").rename("port.new", "port")
server.serve_forever()
PY
python3 connector.py & connector=$!
until [ -f port ]; do kill -0 $connector; sleep 0.1; done
info() { usr/bin/yubihsm-shell -C "http://127.0.0.1:$(cat port)" -a get-device-info "$@" 2>/dev/null; }
serials() { grep -c '^Serial number' "$1" || true; }
info --out info >/dev/null; once=$(serials info)
info --out info >/dev/null; twice=$(serials info)
info >shell; info >shell; redirected=$(serials shell)
echo "--out, once: $once · --out, twice: $twice · redirected, twice: $redirected"
[ "$once $twice $redirected" = "1 2 1" ] || { echo "changed"; exit 1; }
