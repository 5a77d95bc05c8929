# Sourced by bash as root: a user, a boot loader, an SSH server, sudo and a container
# engine, as far as forbidden acts look at them.
set -e
id other >/dev/null 2>&1 || useradd --create-home other
mkdir -p /boot /etc/ssh /etc/sudoers.d
touch /boot/vmlinuz
touch /etc/sudoers.d/other
(umask 077 && : >>/etc/ssh/ssh_host_ed25519_key)
printf '[Socket]\nListenStream=/run/docker.sock\nAccept=yes\n' >/run/systemd/system/docker.socket
printf '[Service]\nExecStart=/bin/true\n' >/run/systemd/system/docker@.service
systemctl daemon-reload
systemctl start docker.socket
