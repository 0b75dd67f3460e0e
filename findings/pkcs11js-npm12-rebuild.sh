#!/usr/bin/env bash
# pkcs11js 2.1.7 with npm 12.2.2 on Node.js 24 (npm packages pkcs11js, npm, node)
#
# pkcs11js has no prebuilt binary. npm 12 runs no install script that the project does not allow: `npm install` ends with
# exit code 0 and there is no addon. `npm rebuild pkcs11js`, the usual remedy, then prints "rebuilt dependencies
# successfully" and builds nothing. With "allowScripts": {"pkcs11js": true} in package.json, rebuild does build it.
#
# Seen 2026-11-29: install exit 0, no addon · rebuild "rebuilt dependencies successfully", no addon · allowed: addon
#
# Why it matters here: every device that is reached through PKCS#11 is gone without an error, and the remedy that most
# programs print, ours included until now, reports success and changes nothing.
set -euo pipefail
for program in python3 make g++; do command -v $program >/dev/null || { echo "needs $program"; exit 3; }; done
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
echo '{ "allowScripts": { "node": true } }' > package.json
npm install --silent --no-audit --no-fund --prefix tools node@24 npm@12.2.2 >/dev/null
export PATH="$dir/tools/node_modules/.bin:$dir/tools/node_modules/node/bin:$PATH"
echo "node $(node --version), npm $(npm --version)"
mkdir project; cd project; echo '{}' > package.json
addon() { if [ -e node_modules/pkcs11js/build/Release/pkcs11.node ]; then echo addon; else echo none; fi; }
npm install --no-audit --no-fund pkcs11js@2.1.7 >/dev/null 2>&1; first=$(addon)
said=$(npm rebuild pkcs11js 2>&1 | grep -c 'rebuilt dependencies successfully' || true); second=$(addon)
node -e "const f='package.json',p=JSON.parse(require('fs').readFileSync(f));p.allowScripts={pkcs11js:true};require('fs').writeFileSync(f,JSON.stringify(p))"
npm rebuild pkcs11js >/dev/null 2>&1; third=$(addon)
echo "after install: $first; rebuild said it $said time: $second; allowed: $third"
[ "$first $said $second $third" = "none 1 none addon" ] || { echo "changed"; exit 1; }
