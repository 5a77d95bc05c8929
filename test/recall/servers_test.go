package recall

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/recall/seen"
)

// serverWorkloads are daemons of Debian's packages that are asked for what they
// are there for, from outside.
func serverWorkloads(t *testing.T) []workload {
	ports := freePorts(t, 4)
	return []workload{memcached(ports[0]), dnsmasq(ports[1], ports[2]), sshd(ports[3])}
}

// converse says something to a server and answers all that comes back.
func converse(address, text string) string {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	_, err = io.WriteString(c, text)
	answer, readErr := io.ReadAll(c)
	if err = errors.Join(err, readErr); err != nil {
		return err.Error()
	}
	return string(answer)
}

// signal sends a signal to the process whose number is in a file.
func signal(l layout, file string, sig syscall.Signal) error {
	pid, err := pidIn(l.path(file))
	if err != nil {
		return err
	}
	return syscall.Kill(pid, sig)
}

func pidIn(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// childless says whether the process whose number is in a file has no children,
// not even such as have ended.
func childless(l layout, file string) bool {
	pid, err := pidIn(l.path(file))
	if err != nil {
		return false
	}
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range processes {
		stat, _ := os.ReadFile(file) // or it has ended, and was waited for
		_, after, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(after); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			return false
		}
	}
	return err == nil
}

// memcached is one process of many threads, as another user.
func memcached(port string) workload {
	return workload{
		name: "memcached", needs: []string{"memcached"}, what: "memcached: threads, as another user",
		command: func(layout) []string {
			return []string{"/usr/bin/memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", port, "-t", "2", "-A"}
		},
		drive: func(layout) error {
			address := "127.0.0.1:" + port
			if err := until("memcached", func() bool { return strings.HasPrefix(converse(address, "version\r\nquit\r\n"), "VERSION") }); err != nil {
				return err
			}
			for range 4 { // a thread takes every second one
				const want = "STORED\r\nVALUE key 0 4\r\ntext\r\nEND\r\nDELETED\r\n"
				if got := converse(address, "set key 0 0 4\r\ntext\r\nget key\r\ndelete key\r\nquit\r\n"); got != want {
					return fmt.Errorf("memcached answers %q", got)
				}
			}
			converse(address, "shutdown\r\n")
			return nil
		},
	}
}

// dnsmasq answers over UDP and TCP, for which it forks, reads its hosts again and
// gives up root, but not all of root's capabilities.
func dnsmasq(port, client string) workload {
	address := "127.0.0.1:" + port
	udp := func(name string) string {
		return lookUp(&net.Dialer{LocalAddr: net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:" + client))}, "udp", address, name)
	}
	return workload{
		name: "dnsmasq", needs: []string{"dnsmasq"}, what: "dnsmasq: datagrams, a fork for each stream, capabilities kept without root",
		prepare: func(l layout) {
			l.file("hosts", "192.0.2.1 one.example\n", 0o644)
			l.file("conf", strings.Join([]string{
				"keep-in-foreground", "port=" + port, "listen-address=127.0.0.1", "bind-interfaces", "no-resolv", "no-hosts",
				"addn-hosts=" + l.path("hosts"), "pid-file=" + l.path("pid"), "user=nobody", "local=/example/", "log-facility=-", ""}, "\n"), 0o644)
		},
		command: func(l layout) []string { return []string{"/usr/sbin/dnsmasq", "-C", l.path("conf")} },
		drive: func(l layout) error {
			if err := until("dnsmasq", func() bool { return udp("one.example") == "192.0.2.1" }); err != nil {
				return err
			}
			if got := lookUp(&net.Dialer{}, "tcp", address, "one.example"); got != "192.0.2.1" {
				return fmt.Errorf("dnsmasq answers %q", got)
			}
			if err := until("who answered the stream to be waited for", func() bool { return childless(l, "pid") }); err != nil {
				return err
			}
			l.file("hosts", "192.0.2.2 two.example\n", 0o644)
			if err := signal(l, "pid", syscall.SIGHUP); err != nil {
				return err
			}
			if err := until("the hosts to be read again", func() bool { return udp("two.example") == "192.0.2.2" }); err != nil {
				return err
			}
			return signal(l, "pid", syscall.SIGTERM)
		},
	}
}

// lookUp asks a server for the address of a name.
func lookUp(dialer *net.Dialer, network, server, name string) string {
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, server)
	}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	addresses, err := r.LookupIP(ctx, "ip4", name+".")
	if err != nil || len(addresses) != 1 {
		return fmt.Sprint(addresses, err)
	}
	return addresses[0].String()
}

const sshdConf = `
ListenAddress 127.0.0.1:%[2]s
HostKey %[1]s/host
AuthorizedKeysFile %[1]s/key.pub
PidFile %[1]s/pid
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
UseDNS no
PrintLastLog no
Subsystem sftp internal-sftp
`

// sshd has a process for each connection, one of another user behind a seccomp
// filter that talks to whom nobody knows yet, and starts a shell on a terminal.
func sshd(port string) workload {
	return workload{
		name: "sshd", needs: []string{"sshd", "ssh", "sftp", "ssh-keygen"}, what: "sshd: privilege separation, logins by key, a terminal, another user",
		prepare: func(l layout) {
			require.NoError(l.t, os.MkdirAll("/run/sshd", 0o755)) // the package's unit makes it
			for _, key := range []string{"host", "key"} {
				require.NoError(l.t, exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "recall", "-f", l.path(key)).Run())
			}
			l.file("conf", fmt.Sprintf(sshdConf, l.dir, port), 0o600)
		},
		command: func(l layout) []string { return []string{"/usr/sbin/sshd", "-D", "-e", "-f", l.path("conf")} },
		drive: func(l layout) error {
			if err := until("sshd", func() bool {
				text, err := os.ReadFile(l.path("pid")) // once it listens
				return err == nil && strings.HasSuffix(string(text), "\n")
			}); err != nil {
				return err
			}
			options := []string{"-F", "none", "-i", l.path("key"), "-o", "Port=" + port, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"}
			said, err := exec.Command("ssh", append(options, "-tt", "nobody@127.0.0.1")...).CombinedOutput()
			if !bytes.Contains(said, []byte("This account is currently not available.")) {
				return fmt.Errorf("ssh says %s (%w)", said, err)
			}
			l.file("batch", "put "+l.path("conf")+" "+l.path("up")+"\nrename "+l.path("up")+" "+l.path("renamed")+"\nls "+l.dir+"\n", 0o644)
			if said, err := exec.Command("sftp", append(options, "-b", l.path("batch"), "root@127.0.0.1")...).CombinedOutput(); err != nil {
				return fmt.Errorf("sftp says %s (%w)", said, err)
			}
			return signal(l, "pid", syscall.SIGTERM)
		},
		replace: []seen.Replacement{{Match: regexp.MustCompile(`^/dev/pts/[0-9]+$`), With: "/dev/pts/N"}},
	}
}
