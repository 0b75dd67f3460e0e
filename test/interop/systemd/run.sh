#!/usr/bin/env bash
# docs/operating.md, followed on a fresh Debian 12 whose systemd is process 1 (systemd-nspawn): the packed package, credentials, units and
# timers as they are shipped, against the YubiHSM 2 double and the rehearsal CA in a network of their own. Time goes on by a file of days,
# which the CA and the units read; timers are systemd's, and catch up after the host was off. Installs mmdebstrap and systemd-container.
# Usage: run.sh [ROOT.tar: a root of `mmdebstrap`, instead of a new one]
set -euo pipefail
started=$SECONDS
step() { echo "== $1 ($((SECONDS - started)) s)"; }
rig="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$rig/../../.." && pwd)"
packages=systemd,systemd-sysv,dbus

if ! command -v mmdebstrap >/dev/null || ! command -v systemd-nspawn >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "missing: mmdebstrap and systemd-container" >&2; exit 77; }
  apt-get update -qq
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends mmdebstrap systemd-container >/dev/null
fi
for program in mmdebstrap systemd-nspawn nsenter unshare ip curl node npm; do
  command -v "$program" >/dev/null || { echo "missing: $program" >&2; exit 77; }
done
cannot() { echo "cannot run here: $1" >&2; exit 77; }
[ "$(id -u)" = 0 ] || cannot 'it needs root'
unshare --mount --pid --net --cgroup --fork true 2>/dev/null || cannot 'no namespaces'
[ -n "$(findmnt -n -t cgroup2 -o TARGET)" ] || cannot 'no control groups (cgroup2)'

work="$(mktemp -d /var/tmp/hsm-enroll-systemd.XXXXXX)"
host="$work/host"
cgroup="$(findmnt -n -t cgroup2 -o TARGET | head -1)/hsm-enroll-$$"
nspawn='' sandbox='' failed=0 claims=0

finish() {
  [ -z "$nspawn" ] || { kill -KILL "$(init)" 2>/dev/null || true; wait "$nspawn" 2>/dev/null || true; }
  [ -z "$sandbox" ] || { kill "$sandbox" 2>/dev/null || true; wait "$sandbox" 2>/dev/null || true; }
  [ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

init() { pgrep -P "$nspawn"; }
inside() { env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin nsenter -t "$(init)" -a "$@"; }
as_unit() { inside hsm-enroll-as-unit "$@"; }
property() { inside systemctl show -p "$2" --value "$1"; }
claim() { # NAME COMMAND...
  local name="$1"
  shift
  claims=$((claims + 1))
  if "$@" >"$work/said" 2>&1; then
    echo "ok      $name"
  else
    echo "FAILED  $name: $*"
    tail -5 "$work/said"
    inside journalctl --no-pager -n 25 2>/dev/null || true
    failed=1
  fi
}
awaited() { # COMMAND...: true within two minutes
  local end=$((SECONDS + 120))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}
is() { [ "$("${@:2}")" = "$1" ] || { echo "not $1: $("${@:2}")"; return 1; }; } # WANTED COMMAND...
exits() { # STATUS COMMAND...
  local status=0
  "${@:2}" || status=$?
  [ "$status" = "$1" ] || { echo "exit code $status instead of $1"; return 1; }
}

# In a subshell, or in the background: where no systemd gives the machine a place among the control groups, it takes one of its own.
container() {
  local options=(--quiet --directory="$host" --machine="hsm-enroll-$$")
  if [ ! -d /run/systemd/system ]; then
    mkdir -p "$cgroup"
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    options+=(--register=no --keep-unit)
  fi
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn "${options[@]}" "$@"
}
boot() {
  container --boot --console=read-only --network-namespace-path="/proc/$sandbox/ns/net" --bind-ro="$work/clock:/opt/clock" \
    </dev/null >"$work/console" 2>&1 &
  nspawn=$!
  awaited inside test -S /run/systemd/private
  is running inside systemctl is-system-running --wait
}
off() {
  inside systemctl poweroff
  wait "$nspawn" || true
  nspawn=''
}
later() { echo $(($(cat "$work/clock/days") + $1)) >"$work/clock/days.new" && mv "$work/clock/days.new" "$work/clock/days"; } # DAYS

step 'a fresh Debian'
if [ -n "${1:-}" ]; then
  mkdir "$host" && tar -xf "$1" -C "$host"
else
  mmdebstrap --quiet --variant=minbase --include="$packages" bookworm "$host" "${MIRROR:-http://deb.debian.org/debian}"
fi
echo "$(. "$host/etc/os-release" && echo "$PRETTY_NAME"), $((container --pipe systemctl --version) | head -1)"

step 'the package, for all users'
(cd "$root" && npm pack --silent --ignore-scripts --pack-destination "$work" >/dev/null)
mv "$work"/hsm-enroll-*.tgz "$host/root/"
# Node.js and npm as nodejs.org packs them, from those of this host.
cp "$(node -p process.execPath)" "$host/usr/local/bin/node"
mkdir -p "$host/usr/local/lib/node_modules"
cp -r "$(npm root --global)/npm" "$host/usr/local/lib/node_modules/"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$host/usr/local/bin/npm"
pass=(--setenv=npm_config_registry="$(npm config get registry)")
[ -z "${NODE_EXTRA_CA_CERTS:-}" ] || pass+=(--bind-ro="$NODE_EXTRA_CA_CERTS:/opt/ca.crt" --setenv=NODE_EXTRA_CA_CERTS=/opt/ca.crt)
(container --pipe "${pass[@]}" sh -c \
  'cd /root && npm install --silent --no-audit --no-fund --global --allow-scripts=pkcs11js,node-hid ./hsm-enroll-*.tgz')
claim 'its manual page is where man looks' test -e "$host/usr/local/share/man/man1/hsm-enroll.1"

step 'the CA and the device'
mkdir "$work/clock"
cp "$rig/clock.mjs" "$work/clock/"
echo 0 >"$work/clock/days"
cat >"$work/scenario.yaml" <<'YAML'
account: { credit: 1000.00 }
prices: { 1214: 100.00 }
flow:
  - { after: 1d, do: validate-organization }
  - { after: 1d, do: callback }
  - { after: 1d, do: agreement }
  - { after: 2d, do: issue }
YAML
unshare --net sh -c 'ip link set lo up && exec "$@"' sh node --import "$work/clock/clock.mjs" "$root/dist/cli/main.js" \
  sandbox --json --device yubihsm2 --directory "$work/sandbox" --script "$work/scenario.yaml" >"$work/sandbox.log" 2>&1 &
sandbox=$!
awaited grep -q endpoint "$work/sandbox.log"

step 'the units, by the guide'
contrib="$host/usr/local/lib/node_modules/hsm-enroll/contrib/systemd"
mkdir -p "$host/etc/hsm-enroll/profiles" "$host/etc/credstore.encrypted" "$host/etc/systemd/system.conf.d"
cp "$contrib"/hsm-enroll-*.service "$contrib"/hsm-enroll-*.timer "$host/etc/systemd/system/"
install -m 0755 "$contrib/hsm-enroll-as-unit" "$host/usr/local/sbin/"
cp "$work"/sandbox/{ca.pem,trust-anchors.json} "$host/etc/hsm-enroll/profiles/"
sed -E 's|file:.*/secret-|credential:|; /^stateDirectory:/d' "$work/sandbox/profile.yaml" >"$host/etc/hsm-enroll/profiles/signing.yaml"
chmod -R a+rX "$host/etc/hsm-enroll"
# A device with a password in place of a PIN.
sed 's/pin\b/password/g' "$contrib/credentials.conf" >"$work/credentials.conf"
for unit in hsm-enroll-renew@ hsm-enroll-resume hsm-enroll-agent; do
  install -D -m 0644 "$work/credentials.conf" "$host/etc/systemd/system/$unit.service.d/credentials.conf"
done
# What the rig changes: the clock of the programs, and no pause of chance before a timer's work.
printf '[Manager]\nDefaultEnvironment=NODE_OPTIONS=--import=/opt/clock/clock.mjs\n' >"$host/etc/systemd/system.conf.d/clock.conf"
for timer in hsm-enroll-renew@ hsm-enroll-resume; do
  mkdir -p "$host/etc/systemd/system/$timer.timer.d"
  printf '[Timer]\nRandomizedDelaySec=0\n' >"$host/etc/systemd/system/$timer.timer.d/at-once.conf"
done
claim 'systemd boots' boot
for secret in password login-name login-password; do
  inside systemd-creds encrypt --name="$secret" - "/etc/credstore.encrypted/hsm-enroll.$secret" <"$work/sandbox/secret-$secret" 2>"$work/said"
done
for unit in hsm-enroll-renew@signing hsm-enroll-resume hsm-enroll-agent; do
  inside systemd-analyze security --no-pager --threshold=30 "$unit.service" >"$work/security" || failed=1
  grep -a 'Overall exposure' "$work/security" | sed 's/.*level for /        exposure of /'
done

step 'the first key'
claim 'plan finds nothing missing' as_unit plan signing
claim 'doctor finds nothing in the way' as_unit doctor signing
claim 'enroll orders, and the CA takes its time' exits 6 as_unit enroll signing --yes
claim 'the timers start' inside systemctl enable --now hsm-enroll-resume.timer hsm-enroll-renew@signing.timer

states() { as_unit runs list --json | node -pe 'JSON.parse(fs.readFileSync(0)).runs.map(({ state }) => state).join(" ")'; }
# The exit code of what a unit ran last, and systemd's word for it; nothing while it is at work or before it ran in this boot.
outcome() {
  [ -z "$(property "$1" ExecMainExitTimestampMonotonic | grep -v '^0$')" ] || [ "$(property "$1" SubState)" = start ] ||
    echo "$(property "$1" ExecMainStatus) $(property "$1" Result)"
}
# The host is off while DAYS go by; systemd's timers see that they missed their time.
absent() {
  off
  later "$1"
  touch -d '2 days ago' "$host"/var/lib/systemd/timers/stamp-hsm-enroll-*
  boot
}

claim 'the host is off for three days' absent 3
claim 'the resume timer catches up, and the certificate is in' awaited is '0 success' outcome hsm-enroll-resume.service
claim 'the certificate is on the device' is installed states
# Before the certificate is in it waits, and after it has nothing to do.
renewal_ended_well() { [[ "$(outcome hsm-enroll-renew@signing.service)" == [06]' success' ]]; }
claim 'the renewal timer catches up, too' awaited renewal_ended_well
claim 'renew has nothing to do' inside systemctl start hsm-enroll-renew@signing.service

step 'the renewal'
claim 'the host is off for 340 days' absent 340
claim 'the renewal timer begins it' awaited is '7 success' outcome hsm-enroll-renew@signing.service
claim 'two days later' later 2
claim 'the hourly unit brings the certificate in' inside systemctl start hsm-enroll-resume.service
claim 'there are two certificates' is 'installed installed' states
claim 'the unit fails until a person switches' exits 1 inside systemctl start hsm-enroll-renew@signing.service
claim 'with exit code 8' is '8 exit-code' outcome hsm-enroll-renew@signing.service
run_with() { as_unit runs list --json | node -pe "JSON.parse(fs.readFileSync(0)).runs.at($1).id"; } # PLACE
claim 'a person switches' as_unit runs switch "$(run_with -1)"
claim 'and retires the old key, which the device deletes' as_unit runs retire "$(run_with 0)" --yes
claim 'nothing to do' inside systemctl start hsm-enroll-renew@signing.service
claim 'a person at a terminal gets one' inside script -qec 'hsm-enroll-as-unit runs list' /dev/null

step 'the agent'
agent=hsm-enroll-agent.service
claim 'it takes the place of the timers' inside systemctl disable --now hsm-enroll-resume.timer hsm-enroll-renew@signing.timer
mkdir -p "$host/etc/systemd/system/$agent.d"
printf '[Service]\nWatchdogSec=4s\nRestartSec=1s\n' >"$host/etc/systemd/system/$agent.d/soon.conf"
inside systemctl daemon-reload
claim 'it says that it is ready' inside systemctl enable --now "$agent"
claim 'it is active' is active property "$agent" ActiveState
status() { sed -n "s/^$1:\t//p" "/proc/$(pgrep -f -P "$(init)" 'hsm-enroll agent')/status"; }
claim 'it has no capabilities' is 0000000000000000 status CapEff
claim 'it is under a filter of system calls' is 2 status Seccomp
metrics() { nsenter -t "$sandbox" -n curl -sf http://127.0.0.1:9750/metrics; }
measured() { metrics | grep -qE "$1"; }
claim 'it serves metrics' awaited measured '^hsm_enroll_certificate_not_after_seconds\{.*\} [0-9]'
alive() { [ "$(property "$agent" WatchdogTimestampMonotonic)" -gt "$1" ]; }
claim 'it feeds the watchdog' awaited alive $(($(property "$agent" ActiveEnterTimestampMonotonic) + 6000000))
claim 'which leaves it alone' is 0 property "$agent" NRestarts

later 340
claim 'SIGHUP makes it look at once' inside systemctl reload "$agent"
claim 'and renew' awaited measured '^hsm_enroll_run_state\{state="ordered"\} 1'
claim 'the CA has the order' is 'installed installed ordered' states
inside systemctl kill --signal=KILL "$agent"
claim 'killed while the CA has the order, it is started again' awaited is 1 property "$agent" NRestarts
later 2
claim 'restarted, it brings the certificate in' inside systemctl restart "$agent"
claim 'and there is no other order' awaited is 'installed installed installed' states
inside systemctl kill --kill-who=main --signal=STOP "$agent"
claim 'stopped, it is found dead by the watchdog and started again' awaited is 1 property "$agent" NRestarts
claim 'and is active' awaited is active property "$agent" ActiveState
claim 'it ends when it is asked to' inside systemctl stop "$agent"
claim 'without a complaint' is success property "$agent" Result

step 'what is left'
balance() { as_unit balance --profile signing --json | node -pe 'JSON.parse(fs.readFileSync(0)).amount'; }
claim 'three orders were paid for' is 700.00 balance
[ "$failed" = 0 ] || exit 1
echo "systemd: from a bare host to the second renewal in $((SECONDS - started)) s, $claims claims"
