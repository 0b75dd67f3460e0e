# From crates.io, as its own lock file pins it, with the OpenSSL and SQLite of the system (OpenSSL 3.0 allows for the feature `minimal`).
# What was built is kept in the user's cache.
source "$(dirname "$0")/life.sh"
version=1.5.4
cache="${XDG_CACHE_HOME:-$HOME/.cache}/hsm-enroll-interop/kryoptic-$version"
module="$cache/libkryoptic_pkcs11.so"
if [ ! -f "$module" ]; then
  command -v cargo >/dev/null || { echo "missing: cargo (Rust 1.85 or later)" >&2; exit 77; }
  mkdir -p "$cache" fetch/src
  touch fetch/src/lib.rs
  printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\nkryoptic = "=%s"\n' "$version" >fetch/Cargo.toml
  (cd fetch && cargo fetch --quiet)
  cp -r "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"kryoptic-$version" build
  (cd build && nice cargo build --quiet --release --locked --no-default-features --features 'minimal kryoptic-lib/dynamic' >&2)
  cp build/target/release/libkryoptic_pkcs11.so "$module"
fi
printf '[[slots]]\nslot = 1\ndbtype = "sqlite"\ndbargs = "%s/token.sql"\n' "$work" >kryoptic.conf
export KRYOPTIC_CONF="$work/kryoptic.conf"
pkcs11-tool --module "$module" --init-token --slot 1 --label rig --so-pin "$so_pin" >&2
pkcs11-tool --module "$module" --token-label rig --login --login-type so --so-pin "$so_pin" --init-pin --new-pin "$pin" >&2
life "kryoptic $version" "$module" rig
