#!/usr/bin/env bash
# cryptoki 0.12.1 (crates.io), on SoftHSM 2.6.1 (Debian softhsm2), a 64-bit system
#
# Asked for several attributes of an imported private key, CKA_KEY_GEN_MECHANISM among them, get_attributes answers
# Err(NotSupported) and none of the others: the module gives CK_UNAVAILABLE_INFORMATION, as PKCS#11 wants it for such a
# key, and the crate has no mechanism of that number. Of a key that the token generated all are answered. An absent
# CKA_START_DATE (length 0) comes back as a date of zero bytes.
#
# Seen 2026-11-30, for label, local and mechanism:
#   imported: Err(NotSupported) · generated: three attributes · start date: year [0, 0, 0, 0]
#
# Why it matters here: a tool that lists keys by these attributes passes over just the keys that were imported, or fails
# at the first of them. "Could not be read" has to be told from "is not there".
set -euo pipefail
for program in cargo softhsm2-util pkcs11-tool openssl; do command -v $program >/dev/null || { echo "needs $program (Debian: cargo, softhsm2, opensc, openssl)"; exit 3; }; done
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
module=/usr/lib/softhsm/libsofthsm2.so
mkdir tokens src; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem 2>/dev/null
softhsm2-util --import key.pem --token t --label imported --id 01 --pin 1234 >/dev/null
pkcs11-tool --module $module --login --pin 1234 --keypairgen --key-type EC:prime256v1 --id 02 --label generated >/dev/null 2>&1
printf '[package]\nname = "read"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ncryptoki = "=0.12.1"\n' > Cargo.toml
cat > src/main.rs <<'RS'
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::{session::UserType, types::AuthPin};

fn main() {
    let module = Pkcs11::new("/usr/lib/softhsm/libsofthsm2.so").unwrap();
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slot = module.get_slots_with_initialized_token().unwrap()[0];
    let session = module.open_ro_session(slot).unwrap();
    session.login(UserType::User, Some(&AuthPin::new("1234".into()))).unwrap();
    for label in ["imported", "generated"] {
        let wanted = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label(label.into())];
        let key = session.find_objects(&wanted).unwrap()[0];
        let asked = [AttributeType::Label, AttributeType::Local, AttributeType::KeyGenMechanism];
        match session.get_attributes(key, &asked) {
            Ok(answered) => println!("{label}: {} attributes", answered.len()),
            Err(error) => println!("{label}: {error:?}"),
        }
        if label == "generated" {
            println!("{:?}", session.get_attributes(key, &[AttributeType::StartDate]).unwrap());
        }
    }
}
RS
cargo run --quiet --release > seen.txt
cat seen.txt
[ "$(sed -n 1p seen.txt)" = "imported: NotSupported" ] && [ "$(sed -n 2p seen.txt)" = "generated: 3 attributes" ] \
  && grep -q 'year: \[0, 0, 0, 0\]' seen.txt || { echo "changed"; exit 1; }
