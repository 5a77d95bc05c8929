package readback

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// act is something that a directive refuses: a shell command that fails under it
// and works without, and the fact that it would have been.
type act struct {
	directive string
	lists     []string // other directives that belong to it
	command   string
	fact      trace.Trace
	bpf       bool // needs a systemd that is built with BPF
}

func done(f trace.Seen) trace.Seen {
	f.Subject, f.Outcome = 1, trace.OK
	return f
}

func acts() []act {
	seen := done(trace.Seen{})
	file := func(p trace.Path, a trace.Access, typ, device, fs string) trace.Trace {
		return trace.Trace{Files: []trace.File{{Seen: seen, Path: p, Access: a, Type: typ, Device: device, FS: fs, Mode: 0o644}}}
	}
	inet := func(action, typ, address string, port int) trace.Trace {
		return trace.Trace{Sockets: []trace.Socket{{Seen: seen, Action: action, Family: "AF_INET", Type: typ, Address: address, Port: port}}}
	}
	return []act{
		{"PrivateNetwork", nil, `[ "$(readlink /proc/self/ns/net)" = "$(cat /run/net)" ]`, inet("create", "SOCK_STREAM", "", 0), false},
		{"PrivateUsers", nil, `chown 1 /run/owned`, file("/run/owned", trace.AccessChown, "file", "", "tmpfs"), false},
		{"PrivateMounts", nil, `[ "$(readlink /proc/self/ns/mnt)" = "$(cat /run/mnt)" ]`, file("/mnt", trace.AccessMount, "dir", "", "tmpfs"), false},
		{"ProcSubset", nil, `cat /proc/meminfo`, file("/proc/meminfo", trace.AccessRead, "file", "", "proc"), false},
		{"IPAddressDeny", []string{"IPAddressAllow"}, `echo x >/dev/udp/127.0.0.2/9`, inet("send", "SOCK_DGRAM", "127.0.0.2", 9), false},
		{"DevicePolicy", []string{"DeviceAllow"}, `: </dev/act`, file("/dev/act", trace.AccessRead, "char", "1:11", "tmpfs"), false},
		{
			"SocketBindDeny", []string{"SocketBindAllow"},
			`perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(81, INADDR_ANY)) or exit 1'`,
			inet("bind", "SOCK_STREAM", "0.0.0.0", 81), true,
		},
		{"RestrictNetworkInterfaces", nil, `echo x >/dev/udp/192.0.2.2/9`, inet("send", "SOCK_DGRAM", "192.0.2.2", 9), true},
		{"RestrictFileSystems", nil, `cat /sys/kernel/security/lsm`, file("/sys/kernel/security/lsm", trace.AccessRead, "file", "", "securityfs"), true},
	}
}

// binds80 is what the lines of SocketBindDeny= go on to allow.
const binds80 = `perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(80, INADDR_ANY)) or exit 1'`

// calm is a worker whose profile has a line for each of the directives.
func calm(change func(*trace.Trace)) *synth.Profile {
	t := &trace.Trace{
		Runs: []trace.Run{{
			Header: trace.Header{Run: "r", Worker: "/usr/bin/bash", User: "root", Arch: "amd64", Probes: tracegen.Probes()}, End: &trace.End{},
		}},
		Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/bash"}},
	}
	change(t)
	return synth.Infer(t, synth.Options{})
}

// linesOf are a directive's lines in the text of a profile, and that text's own
// verdict on the act.
func linesOf(t *testing.T, a act, version int) string {
	t.Helper()
	var text bytes.Buffer
	p := calm(func(in *trace.Trace) {
		if a.directive == "DevicePolicy" {
			// Another device, so that /dev cannot be private.
			in.Files = append(in.Files, trace.File{
				Seen: done(trace.Seen{}), Path: "/run/net.dev", Access: trace.AccessRead, Type: "char", Device: "10:200", FS: "tmpfs",
			})
		}
		if a.directive == "RestrictFileSystems" {
			// What cannot be done in a user namespace, in which systemd could not set it up.
			in.Syscalls = append(in.Syscalls, trace.Syscall{Seen: done(trace.Seen{}), Name: "setgroups"})
		}
		if a.directive == "SocketBindDeny" {
			in.Sockets = append(in.Sockets, trace.Socket{
				Seen: done(trace.Seen{}), Action: "bind", Family: "AF_INET", Type: "SOCK_STREAM", Address: "0.0.0.0", Port: 80,
			})
		}
	})
	require.NoError(t, systemd.DropIn(&text, p, systemd.Options{Name: "w", Version: version}))
	lines := regexp.MustCompile(`(?m)^(`+strings.Join(append(a.lists, a.directive), "|")+`)=.*\n`).FindAllString(text.String(), -1)
	require.NotEmpty(t, lines, "%s\n%s", a.directive, text.String())
	own := strings.Join(lines, "")
	box, err := systemd.ReadSandbox(strings.NewReader("[Service]\n"+own), version)
	require.NoError(t, err)
	refused := box.Refuses(&a.fact)
	require.NotEmpty(t, refused, "%s\n%s", a.directive, own)
	require.Equal(t, a.directive, refused[0].Directive)
	return own
}

// tryActs runs each act as a service of its own, first without the directive,
// then with its lines as they were emitted.
const tryActs = `
readlink /proc/self/ns/net >/run/net
readlink /proc/self/ns/mnt >/run/mnt
mknod /dev/act c 1 11
ip link add dummy0 type dummy 2>/dev/null && ip addr add 192.0.2.1/24 dev dummy0 && ip link set dummy0 up
for dir in /job/acts/*; do
  for how in without with; do
    unit=/run/systemd/system/act-${dir##*/}-$how.service
    printf '[Service]\nType=oneshot\nExecStart=/usr/bin/bash %s/command\n' "$dir" >"$unit"
    if [ $how = with ]; then cat "$dir/lines" >>"$unit"; fi
  done
done
systemctl daemon-reload
for dir in /job/acts/*; do
  for how in without with; do
    touch /run/owned
    chown 0 /run/owned
    answer=refused
    if systemctl start "act-${dir##*/}-$how.service" 2>/dev/null; then answer=allowed; fi
    echo "${dir##*/} $how $answer"
  done
done
if journalctl -b -o cat _PID=1 | grep -i 'act-.*\.service.*ignoring' >&2; then exit 1; fi
`

func layOutActs(t *testing.T, version int, skip func(act) bool) (dir string, want []string) {
	t.Helper()
	dir = t.TempDir()
	for i, a := range acts() {
		if skip(a) {
			continue
		}
		name := fmt.Sprintf("%02d-%s", i, a.directive)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "acts", name), 0o755))
		for file, text := range map[string]string{"command": a.command + "\n", "lines": linesOf(t, a, version)} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "acts", name, file), []byte(text), 0o644))
		}
		want = append(want, name+" without allowed", name+" with refused")
		if a.directive == "SocketBindDeny" {
			name += "-80"
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "acts", name), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "acts", name, "command"), []byte(binds80+"\n"), 0o644))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "acts", name, "lines"), []byte(linesOf(t, a, version)), 0o644))
			want = append(want, name+" without allowed", name+" with allowed")
		}
	}
	return dir, want
}

// TestActsAreRefused proves the directives one by one on systemd 252.
func TestActsAreRefused(t *testing.T) {
	need.Container(t)
	dir, want := layOutActs(t, systemd.DefaultVersion, func(a act) bool { return a.bpf })
	require.Equal(t, want, strings.Split(strings.TrimSpace(inContainer(t, dir, tryActs)), "\n"))
}

// TestActsAreRefusedByANewerSystemd proves all of them in a guest with systemd
// 257, which is built with BPF, and lets it read what is written for it.
func TestActsAreRefusedByANewerSystemd(t *testing.T) {
	need.VM(t)
	const version = 257
	dir, want := layOutActs(t, version, func(act) bool { return false })
	for i := range 6 {
		units := filepath.Join(dir, "units")
		require.NoError(t, os.MkdirAll(units, 0o755))
		var text bytes.Buffer
		p := calm(func(in *trace.Trace) {
			if i > 0 {
				in.Files = append(in.Files, trace.File{Seen: done(trace.Seen{}), Path: "/etc/x", Access: trace.AccessStat, Type: "file", UID: 33, FS: "ext4"})
			}
		})
		opt := systemd.Options{Name: fmt.Sprint("u", i), Version: version, CallGroups: i == 2, LogCalls: i == 3, ExecFiles: i == 4}
		if i == 5 {
			opt.User = "nobody"
		}
		require.NoError(t, systemd.Unit(&text, p, opt))
		require.NoError(t, os.WriteFile(filepath.Join(units, opt.Name+".service"), text.Bytes(), 0o644))
	}
	script := "set -eu\n" + tryActs + `
cp /job/units/*.service /run/systemd/system/
systemctl daemon-reload
for unit in /job/units/*.service; do
  systemd-analyze verify --recursive-errors=yes --man=no "/run/systemd/system/${unit##*/}" >&2
done
if journalctl -b -o cat _PID=1 | grep -i 'u[0-9]\.service.*ignoring' >&2; then exit 1; fi
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "script"), []byte(script), 0o755))
	cmd := exec.Command(filepath.Join(need.ModuleRoot(t), "test/vm/vm.sh"), "run", dir, "--", "bash", "/job/script")
	var out, errs bytes.Buffer
	cmd.Env = append(os.Environ(), "VM_SUITE=trixie", "VM_TIMEOUT=1800")
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), "%s\n%s", errs.String(), out.String())
	require.Equal(t, want, strings.Split(strings.TrimSpace(out.String()), "\n"), "%s", errs.String())
}
