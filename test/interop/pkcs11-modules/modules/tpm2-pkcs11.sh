# Over a TPM of software, behind the resource manager that a TPM's user needs. It generates RSA keys up to what the TPM offers.
source "$(dirname "$0")/life.sh"
if [ "${1:-}" != inside ]; then
  exec dbus-run-session -- bash "$0" inside
fi
mkdir state store
swtpm socket --tpm2 --tpmstate "dir=$work/state" --server "type=unixio,path=$work/tpm" --ctrl "type=unixio,path=$work/tpm.ctrl" \
  --flags not-need-init,startup-clear --daemon
tpm2-abrmd --session --allow-root "--tcti=swtpm:path=$work/tpm" >abrmd.log 2>&1 &
manager=$!
export TPM2TOOLS_TCTI=tabrmd:bus_type=session TPM2_PKCS11_TCTI=tabrmd:bus_type=session TPM2_PKCS11_STORE="$work/store" TSS2_LOG=all+none
until tpm2_ptool init --path store >init.log 2>&1; do
  kill -0 "$manager" || { cat abrmd.log init.log >&2; exit 1; }
  sleep 0.2
done
tpm2_ptool addtoken --pid 1 --label rig --sopin "$so_pin" --userpin "$pin" --path store >&2
life "tpm2-pkcs11 $(version libtpm2-pkcs11-1), swtpm" "$libraries/libtpm2_pkcs11.so.1" rig \
  --fails 'RSA-4096=the token generates RSA keys only up to 3072 bits'
