# OpenSC's module beside libykcs11 on the PIV card double: it generates no keys on a PIV card, and finds, signs with and shows the
# certificates of those that hsm-enroll enrolled through libykcs11. It calls the token by the common name of the certificate in slot 9a.
source "$(dirname "$0")/life.sh"
node "$root/dist/cli/main.js" sandbox --device yubikey --directory "$work/sandbox" --json >sandbox.json 2>sandbox.log &
until [ -s sandbox.json ]; do
  kill -0 $! || { cat sandbox.log >&2; exit 1; }
  sleep 0.2
done
for key in 9a=P-256 9c=P-384 9d=RSA-2048; do
  sed "s/algorithm: .*/algorithm: ${key#*=}/" sandbox/profile.yaml >"sandbox/profile-${key%=*}.yaml"
  HSM_ENROLL_TEST_DEVICE_LOCKS="$work/sandbox/device" PCSCLITE_CSOCK_NAME="$(sed 's/.*"PCSCLITE_CSOCK_NAME":"\([^"]*\)".*/\1/' sandbox.json)" \
    node "$root/dist/cli/main.js" enroll "sandbox/profile-${key%=*}.yaml" --device "yubikey:serial=15732500;slot=${key%=*}" \
    --new --yes --wait --quiet >&2
done
export PCSCLITE_CSOCK_NAME="$(sed 's/.*"PCSCLITE_CSOCK_NAME":"\([^"]*\)".*/\1/' sandbox.json)"
pin="$(cat sandbox/secret-pin)"
none='the token lists no mechanism that generates'
life "opensc-pkcs11 $(version opensc), PIV card double" "$libraries/opensc-pkcs11.so" 'Zoë Example' \
  --fails "RSA-2048=$none" --fails "RSA-3072=$none" --fails "RSA-4096=$none" --fails "P-256=$none" --fails "P-384=$none" \
  --fails "duplicate=$none" --fails "certificate=$none" --fails "issuers=$none" --fails "deletion=$none"
