package synth

import (
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// Route is a way out of a sandbox: who can take it has root's powers outside,
// whatever else the profile says.
type Route struct {
	Path   trace.Path // a file, or a directory with everything in it
	Socket bool       // taken by connecting; else by writing
	Why    string
}

// Routes lists the known ways out. Paths are resolved ones: /run, not /var/run.
func Routes() []Route { return append(socketRoutes(), fileRoutes()...) }

func socketRoutes() []Route {
	const engine = "the engine starts containers with the host's files as root"
	return []Route{
		{"/run/systemd/private", true, "PID 1 starts any command as root for who connects as root"},
		{"/run/dbus/system_bus_socket", true, "services on the system bus, PID 1 among them, act as root for who may ask"},
		{"/run/docker.sock", true, engine},
		{"/run/containerd/containerd.sock", true, engine},
		{"/run/podman/podman.sock", true, engine},
		{"/run/crio/crio.sock", true, engine},
		{"/run/k3s/containerd/containerd.sock", true, engine},
		{"/var/lib/lxd/unix.socket", true, engine},
		{"/var/snap/lxd/common/lxd/unix.socket", true, engine},
		{"/var/lib/incus/unix.socket", true, engine},
		{"/run/snapd.socket", true, "snapd installs programs as root"},
		{"/run/libvirt/libvirt-sock", true, "libvirt starts machines with the host's files as root"},
	}
}

func fileRoutes() []Route {
	const runs = "root runs what is written there"
	return []Route{
		{"/var/spool/cron", false, runs},
		{"/var/spool/at", false, runs},
		{"/etc/crontab", false, runs},
		{"/etc/anacrontab", false, runs},
		{"/etc/cron.d", false, runs},
		{"/etc/cron.hourly", false, runs},
		{"/etc/cron.daily", false, runs},
		{"/etc/cron.weekly", false, runs},
		{"/etc/cron.monthly", false, runs},
		{"/etc/init.d", false, runs},
		{"/etc/rc.local", false, runs},
		{"/etc/systemd", false, "units written there run as root"},
		{"/run/systemd", false, "PID 1 keeps its state and units there, and runs them as root"},
		{"/usr/lib/systemd", false, "units written there run as root"},
		{"/usr/local/lib/systemd", false, "units written there run as root"},
		{"/etc/udev", false, "udev rules run commands as root"},
		{"/run/udev", false, "udev rules run commands as root"},
		{"/etc/modprobe.d", false, "modprobe runs commands of its configuration as root"},
		{"/etc/passwd", false, "it says who is root"},
		{"/etc/shadow", false, "it holds root's password"},
		{"/etc/group", false, "it says who is in the groups that equal root"},
		{"/etc/gshadow", false, "it says who is in the groups that equal root"},
		{"/etc/security", false, "every login obeys it"},
		{"/etc/nsswitch.conf", false, "programs outside load libraries by what it says"},
		{"/etc/sudoers", false, "sudo obeys it"},
		{"/etc/sudoers.d", false, "sudo obeys it"},
		{"/etc/pam.d", false, "every login obeys it"},
		{"/etc/ssh", false, "the SSH server obeys it"},
		{"/root/.ssh", false, "root's SSH logins obey it"},
		{"/etc/ld.so.preload", false, "every program started outside loads what it names"},
		{"/etc/ld.so.conf.d", false, "programs outside load libraries from where it says"},
		{"/etc/ld.so.conf", false, "programs outside load libraries from where it says"},
		{"/etc/ld.so.cache", false, "programs outside load libraries from where it says"},
		{"/etc/profile", false, "every login shell runs it"},
		{"/etc/profile.d", false, "every login shell runs it"},
		{"/etc/bash.bashrc", false, "every shell runs it"},
		{"/etc/environment", false, "every login obeys it"},
		{"/etc/logrotate.d", false, "logrotate runs commands of its configuration as root"},
		{"/etc/apt", false, "apt runs commands of its configuration as root"},
		{"/etc/network", false, "ifupdown runs commands of its configuration as root"},
		{"/etc/dbus-1", false, "the system bus obeys it"},
		{"/etc/polkit-1", false, "polkit obeys it"},
		{"/etc/apparmor.d", false, "AppArmor profiles are loaded from there"},
	}
}

// Covers says whether a path lies on the route.
func (r Route) Covers(p trace.Path) bool { return Within(p, r.Path) }

// Within says whether p is dir or lies below it.
func Within(p, dir trace.Path) bool {
	return p == dir || dir == "/" || strings.HasPrefix(string(p), string(dir)+"/")
}
