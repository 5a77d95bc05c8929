#!/bin/bash
# Debian's chronyd as a server of time that leaves the clock alone (-x), locked in
# memory, with a priority of its own, as its own user. Debian's unit executes it
# without the sandbox (ExecStart=!), so it has a unit here.
# shellcheck source=test/sweep/daemons/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unit=sweep-chrony.service

prepare() {
  service Type=exec 'ExecStart=/usr/sbin/chronyd -d -x -f /run/sweep-chrony.conf'
  fresh /var/lib/chrony _chrony:_chrony 750
  fresh /var/log/chrony _chrony:_chrony 750
  fresh /run/chrony _chrony:_chrony 750
  ip link set lo up
  cat >/run/sweep-chrony.conf <<'CONF'
driftfile /var/lib/chrony/drift
logdir /var/log/chrony
log tracking
local stratum 8
allow 127.0.0.1
lock_all
sched_priority 1
dumpdir /var/lib/chrony
bindcmdaddress 127.0.0.1
CONF
}

clean() { gone /var/lib/chrony /var/log/chrony /run/chrony; rm -f /run/sweep-chrony.conf; }

main_pid() { systemctl show --value --property=MainPID "$unit"; }
users() { ps -o user=,group= -p "$(main_pid)"; }
scheduled() { ps -o cls=,rtprio= -p "$(main_pid)"; }
locked() { awk '/^VmLck/ { print ($2 > 0 ? "locked" : "not locked") }' "/proc/$(main_pid)/status"; }
stratum() { chronyc -n tracking | grep Stratum; }
socket() { chronyc -n -h /run/chrony/chronyd.sock reselect; }

work() {
  awaits serves "$here/../client" ntp 127.0.0.1 || return
  observe time "$here/../client" ntp 127.0.0.1
  observe user users
  observe scheduling scheduled
  observe memory locked
  observe stratum stratum
  observe command socket
  observe socket stat --format '%U:%G %a' /run/chrony /run/chrony/chronyd.sock
}

main "$@"
