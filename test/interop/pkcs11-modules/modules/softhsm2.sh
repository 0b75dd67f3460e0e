source "$(dirname "$0")/life.sh"
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$work" >softhsm2.conf
export SOFTHSM2_CONF="$work/softhsm2.conf"
softhsm2-util --init-token --free --label rig --so-pin "$so_pin" --pin "$pin" >&2
life "SoftHSM2 $(version softhsm2)" /usr/lib/softhsm/libsofthsm2.so rig
