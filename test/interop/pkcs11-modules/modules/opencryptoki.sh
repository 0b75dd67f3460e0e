# The soft token, with a slot daemon of its own. Version 3.8 generates no EC keys there.
source "$(dirname "$0")/life.sh"
for folder in /var/lib/opencryptoki /run/opencryptoki /run/lock/opencryptoki; do
  mkdir -p "$folder"
  mount -t tmpfs tmpfs "$folder"
done
mkdir -p /var/lib/opencryptoki/swtok/TOK_OBJ /run/lock/opencryptoki/swtok
for folder in /var/lib/opencryptoki /run/lock/opencryptoki; do
  chgrp -R pkcs11 "$folder"
  chmod -R 770 "$folder"
done
mount -t tmpfs tmpfs /dev/shm
printf 'version opencryptoki-3.8\nslot 3\n{\nstdll = libpkcs11_sw.so\n}\n' >opencryptoki.conf
mount --bind opencryptoki.conf /etc/opencryptoki/opencryptoki.conf
pkcsslotd
until [ -S /run/pkcsslotd.socket ]; do sleep 0.1; done
{
  echo rig | pkcsconf -c 3 -I -S 87654321
  pkcsconf -c 3 -P -S 87654321 -n "$so_pin"
  pkcsconf -c 3 -u -S "$so_pin" -n 93751846
  pkcsconf -c 3 -p -U 93751846 -n "$pin"
} >&2
life "opencryptoki $(version opencryptoki), soft token" "$libraries/opencryptoki/libopencryptoki.so.0" rig --any RSA-2048 \
  --fails 'P-256=the token lists no mechanism that generates EC keys' \
  --fails 'P-384=the token lists no mechanism that generates EC keys'
