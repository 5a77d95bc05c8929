#!/bin/bash
# prepare.sh OSAPI VERSION SUITE: makes a host of the bare guest of that Debian
# release, as an operator of OSAPI has one: udev, a network, resolver, clock, package
# archive, and OSAPI where it is installed. Nothing of this is recorded. To be run as
# root in a throw-away guest.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
osapi=$1 version=$2 suite=$3

# The bare guest leaves out what most tests do not need.
find /etc/systemd/system -maxdepth 1 -lname /dev/null -delete
systemctl daemon-reload
systemctl start systemd-udevd systemd-udev-trigger systemd-sysctl systemd-logind

# A network without a wire: eth0 and eth1 end in a namespace that answers for the
# gateway, 10.0.2.2.
ip netns add lan
for n in 0 1; do
  ip link add "eth$n" type veth peer name "lan$n" netns lan
  ip -n lan link set "lan$n" up
done
ip -n lan address add 10.0.2.2/24 dev lan0
ip -n lan link set lo up
mkdir -p /etc/netplan
cat >/etc/netplan/50-guest.yaml <<'YAML'
network:
  version: 2
  ethernets:
    eth0:
      addresses: [10.0.2.15/24]
      routes: [{to: default, via: 10.0.2.2}]
      nameservers: {addresses: [10.0.2.2], search: [example.org]}
YAML
chmod 600 /etc/netplan/50-guest.yaml
netplan generate
systemctl start systemd-networkd systemd-resolved chrony cron

# The archive: the real index and signature, served from this guest.
printf '127.0.0.1 localhost\n127.0.1.1 guest\n127.0.0.1 deb.debian.org\n' >/etc/hosts
rm -rf /etc/apt/sources.list.d/* /var/lib/apt/lists/*
echo "deb http://deb.debian.org/debian $suite contrib" >/etc/apt/sources.list
systemd-run --quiet --unit=archive python3 -m http.server --bind 127.0.0.1 --directory "$here/mirror" 80

# The February worker's providers run on Ubuntu only, and this file is what it asks.
# What they then do is the same on Debian: resolvectl, /proc and statfs.
if [ "$version" = february ]; then printf 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\n' >/etc/lsb-release; fi

# An operator's installation. Ping sockets are for the groups of this range only;
# OSAPI's own instructions set it.
install -m 755 "$osapi" /usr/local/bin/osapi
useradd --system --home-dir /var/lib/osapi --shell /usr/sbin/nologin osapi
install -d -m 755 /etc/osapi
install -d -m 750 -o osapi -g osapi /var/lib/osapi
# Most operations fail for a user that is not root: each is done once, and not again
# amid later ones.
deliver=5
if [ -n "${RUN_AS:-}" ]; then deliver=1; fi
key=$(openssl rand -hex 32)
sed "s/@KEY@/$key/; s/@DELIVER@/$deliver/" "$here/$version.yaml" >/etc/osapi/osapi.yaml
token=$(osapi token generate --roles admin --subject operator --json 2>&1 | grep -oE 'ey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+' | head -n 1)
sed -i "s/@TOKEN@/$token/" /etc/osapi/osapi.yaml
chmod 640 /etc/osapi/osapi.yaml
chgrp osapi /etc/osapi/osapi.yaml
cp "$here/50-osapi.rules" /etc/polkit-1/rules.d/
sysctl -q -w net.ipv4.ping_group_range='0 2147483647'
