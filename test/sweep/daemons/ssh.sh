#!/bin/bash
# Debian's sshd: a login by key, with and without a terminal, copying, and
# a key that is refused.
# shellcheck source=test/sweep/daemons/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unit=ssh.service home=/home/sweep keys=/run/sweep-keys

prepare() {
  fresh "$keys" root:root 700
  fresh "$home" root:root 755
  rm -f /run/nologin # a container that is not for logins has it
  truncate --size 0 /var/log/{wtmp,btmp,lastlog}
  if ! id sweep >/dev/null 2>&1; then useradd --home-dir "$home" --no-create-home --shell /bin/bash sweep; fi
  ssh-keygen -q -t ed25519 -N '' -f "$keys/good"
  ssh-keygen -q -t ed25519 -N '' -f "$keys/bad"
  install -d -o sweep -g sweep -m 700 "$home/.ssh"
  echo 'SWEEP DEFAULT=set' >"$home/.pam_environment"
  chown sweep:sweep "$home/.pam_environment"
  install -o sweep -g sweep -m 600 "$keys/good.pub" "$home/.ssh/authorized_keys"
  chown sweep:sweep "$home"
  chmod 700 "$home"
  if ! [ -e /etc/ssh/ssh_host_ed25519_key ]; then ssh-keygen -A >/dev/null; fi
}

clean() { gone "$keys" "$home"; }

# login KEY CMD...
login() {
  local key=$1
  shift
  ssh -q -F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -i "$keys/$key" "$@"
}
here() { login good sweep@127.0.0.1 "$@"; }

# shellcheck disable=SC2016 # for the shell at the other end
terminal() { here -tt 'stat --format "%U:%G %a" "$(tty)"' | tr -d '\r'; }
copy() { here 'cat >copy' </etc/services; }
transfer() {
  echo 'put /etc/services sent' >"$keys/batch"
  sftp -q -F none -b "$keys/batch" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i "$keys/good" sweep@127.0.0.1 | grep -v '^sftp>'
  [ "${PIPESTATUS[0]}" = 0 ]
}
last_login() { lastlog -u sweep | tail -n 1 | cut -c1-40; }

# shellcheck disable=SC2016
work() {
  awaits serves here true || return
  observe user here 'id -un; id -Gn'
  observe 'audit user' here 'test "$(cat /proc/self/loginuid)" = "$(id -u)"'
  observe 'OOM score' here cat /proc/self/oom_score_adj
  observe terminal terminal
  observe 'window closed' here -tt 'exit 3'
  observe copying copy
  observe copied stat --format '%U:%G %s' "$home/copy"
  observe sftp transfer
  observe sent stat --format '%U:%G %s' "$home/sent"
  observe 'wrong key' login bad sweep@127.0.0.1 true
  observe environment here 'echo "$SWEEP"'
  observe 'last login' last_login
}

main "$@"
