# softokn takes its database as an initialisation string, which p11-kit's proxy passes on.
source "$(dirname "$0")/life.sh"
mkdir db modules
printf '%s\n' "$pin" >pin
certutil -N -d "sql:$work/db" -f pin
printf "module: %s/libsoftokn3.so\nx-init-reserved: configdir='sql:%s/db' certPrefix='' keyPrefix='' secmod='secmod.db' flags=\n" \
  "$libraries" "$work" >modules/nss.module
mount --bind modules /usr/share/p11-kit/modules
life "NSS softokn $(version libnss3)" "$libraries/p11-kit-proxy.so" 'NSS Certificate DB'
