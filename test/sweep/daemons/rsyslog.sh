#!/bin/bash
# Debian's rsyslogd: local messages and some from the network on port 514, files of
# the group adm, directories per host, reopened after rotation.
# shellcheck source=test/sweep/daemons/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unit=rsyslog.service logs=/srv/sweep

prepare() {
  fresh "$logs" root:adm 775
  fresh /etc/rsyslog.d root:root 755
  fresh /var/spool/rsyslog root:adm 700
  rm -f /var/log/{syslog,auth.log,user.log,kern.log,cron.log,mail.log}
  ip link set lo up
  cat >/etc/rsyslog.d/sweep.conf <<CONF
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="514")
template(name="perhost" type="string" string="$logs/hosts/%HOSTNAME%/messages")
if \$syslogtag contains "sweep-local" then {
  action(type="omfile" file="$logs/local" fileOwner="root" fileGroup="adm" fileCreateMode="0640")
}
if \$syslogtag contains "sweep-net" then {
  action(type="omfile" dynafile="perhost" fileGroup="adm" dirGroup="adm" fileCreateMode="0640" dirCreateMode="0750")
}
CONF
}

clean() { gone "$logs" /etc/rsyslog.d /var/spool/rsyslog; }

network() { echo "<13>Jan  1 00:00:00 elsewhere sweep-net: $1" >/dev/udp/127.0.0.1/514; }
said() { logger --tag sweep-local "$1" && sleep 0.1 && grep -q "$1" "$logs/local"; }
arrived() { network "$1" && sleep 0.1 && grep -q "$1" "$logs/hosts/elsewhere/messages"; }
messages() { sed 's/.*: //' "$1" | sort -u; }

work() {
  awaits 'local message' said first || return
  observe 'local file' stat --format '%U:%G %a' "$logs/local"
  awaits 'network message' arrived first
  observe 'network files' stat --format '%n %U:%G %a' "$logs/hosts/elsewhere" "$logs/hosts/elsewhere/messages"
  mv "$logs/local" "$logs/local.1"
  observe rotate systemctl kill --kill-who=main --signal=HUP "$unit"
  awaits 'local message after rotation' said second
  observe 'new file' stat --format '%U:%G %a' "$logs/local"
  observe 'system log' stat --format '%U:%G %a' /var/log/syslog
  observe messages messages "$logs/local"
}

main "$@"
