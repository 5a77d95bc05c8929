#!/bin/bash
# Debian's dnsmasq: names on port 53 and leases on port 67, as its own user.
# shellcheck source=test/sweep/daemons/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unit=dnsmasq.service

prepare() {
  fresh /var/lib/misc root:root 755
  fresh /etc/dnsmasq.d root:root 755
  fresh /run/dnsmasq dnsmasq:nogroup 755
  ip link set lo up
  if ! ip netns list | grep -q '^client\b'; then
    ip netns add client
    ip link add served type veth peer name wire netns client
    ip address add 10.9.0.1/24 dev served
    ip link set served up
    ip -n client link set wire up
  fi
  cat >/etc/dnsmasq.d/sweep <<'CONF'
no-resolv
no-hosts
interface=served
address=/sweep.test/10.9.0.7
dhcp-range=10.9.0.50,10.9.0.60,1h
log-dhcp
CONF
}

clean() { gone /var/lib/misc /etc/dnsmasq.d /run/dnsmasq; }

users() { ps -C dnsmasq -o user=,group=; }

work() {
  awaits serves "$here/../client" dns 10.9.0.1 sweep.test || return
  observe name "$here/../client" dns 10.9.0.1 sweep.test
  patience=10 observe lease ip netns exec client "$here/../client" dhcp wire
  observe user users
  observe reload systemctl reload "$unit"
  observe name "$here/../client" dns 10.9.0.1 sweep.test
}

main "$@"
