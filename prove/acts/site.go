package acts

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// nobodys is the number of a user and group that no one is given: neither Debian's
// users nor those that systemd makes up reach it (UIDS-GIDS of systemd).
const nobodys = "65533"

// site is what acts are done to on this machine.
type site struct {
	granted    *synth.Profile // nil: not known
	user       string         // that the unit names, "" for root
	writable   []string       // directories that the profile leaves writable
	victim     string         // PID of a process outside that only waits
	privileged string         // a copy of the program, with a group of its own by its setgid bit
	port       string         // that this program has
	lowPort    string         // likewise, below 1024; "" for none
	udpPort    string         // likewise, for datagrams

	suffix string   // makes names that nobody else has
	made   []string // names that acts may make
	open   []interface{ Close() error }
}

// grants says whether the worker may do something to a file, as training has it.
func (s *site) grants(path string, access trace.Access) bool {
	if s.granted == nil || access == 0 {
		return false
	}
	if access == trace.AccessExec {
		for _, x := range s.granted.Execs {
			if x.Name().Match(trace.Path(path)) {
				return true
			}
		}
		return false
	}
	return s.granted.GrantsFile(trace.Path(path), access)
}

// anyOf is the first file that there is by one of some patterns, and to which the
// worker has no such access: to one that it has, the act would be its own.
func anyOf(access trace.Access, patterns ...string) func(*site) (string, string) {
	return func(s *site) (string, string) {
		for _, p := range patterns {
			found, _ := filepath.Glob(p)
			for _, name := range found {
				real, err := filepath.EvalSymlinks(name)
				if err != nil {
					continue
				}
				if info, err := os.Stat(real); err == nil && !info.IsDir() && info.Mode()&os.ModeNamedPipe == 0 && !s.grants(real, access) {
					return real, ""
				}
			}
		}
		return "", "there is none, or the worker uses it: " + strings.Join(patterns, ", ")
	}
}

// identity puts before a path which file the same or another one is of, for acts that
// must not mistake an empty one for it, as in file.h.
func identity(of, path string) string {
	var st unix.Stat_t
	_ = unix.Stat(of, &st) // 0:0 is no file
	return fmt.Sprintf("%d:%d:%s", st.Dev, st.Ino, path)
}

// socketOf is the first socket that there is of some.
func socketOf(lacks string, paths ...string) func(*site) (string, string) {
	return func(*site) (string, string) {
		for _, p := range paths {
			if info, err := os.Stat(p); err == nil && info.Mode()&os.ModeSocket != 0 {
				return p, ""
			}
		}
		return "", lacks
	}
}

// containerSockets are those of container engines among the known ways out.
func containerSockets() []string {
	var out []string
	for _, r := range synth.Routes() {
		for _, engine := range []string{"docker", "containerd", "podman", "crio", "lxd", "incus"} {
			if r.Socket && strings.Contains(string(r.Path), engine) {
				out = append(out, string(r.Path))
				break
			}
		}
	}
	return out
}

// newIn is a name for a new file in a directory.
func newIn(dir string) func(*site) (string, string) {
	return func(s *site) (string, string) {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return "", "there is no " + dir
		}
		name := filepath.Join(dir, ".osapi-profile-act-"+s.suffix+strconv.Itoa(len(s.made)))
		s.made = append(s.made, name)
		return name, ""
	}
}

// inGranted is a name for a new file where the profile lets the worker write.
func inGranted(s *site) (string, string) {
	for _, dir := range s.writable {
		if name, lacks := newIn(dir)(s); lacks == "" {
			return name, ""
		}
	}
	return "", "the profile leaves no directory writable that there is"
}

// inWritable is the same, or one in /tmp.
func inWritable(s *site) (string, string) {
	if name, lacks := inGranted(s); lacks == "" {
		return name, ""
	}
	return newIn("/tmp")(s)
}

// otherUser is root for a service that has another, else nobody's.
func otherUser(s *site) (string, string) {
	if s.user != "" && s.user != "root" && s.user != "0" {
		return "0", ""
	}
	return nobodys, ""
}

// otherHome is a file in the home directory of a person who is not the worker.
func otherHome(access trace.Access) func(*site) (string, string) {
	return func(s *site) (string, string) {
		text, _ := os.ReadFile("/etc/passwd")
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			f := strings.Split(lines.Text(), ":")
			if len(f) < 7 || f[0] == s.user || !strings.HasPrefix(f[5], "/home/") {
				continue
			}
			if name, lacks := anyOf(access, f[5]+"/.[!.]*", f[5]+"/*")(s); lacks == "" {
				return name, ""
			}
		}
		return "", "no other user has a file in a home directory"
	}
}

// blockDevice is the first disk.
func blockDevice(*site) (string, string) {
	found, _ := filepath.Glob("/dev/*")
	for _, name := range found {
		if info, err := os.Lstat(name); err == nil && info.Mode()&(os.ModeDevice|os.ModeCharDevice) == os.ModeDevice {
			return name, ""
		}
	}
	return "", "there is no disk in /dev"
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// newSite takes ports, so that who may have them is told that they are in use.
func newSite(granted *synth.Profile) (*site, error) {
	s := &site{granted: granted, suffix: strings.ToLower(rand.Text()[:8]) + "-"}
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.open = append(s.open, tcp, udp)
	_, s.port, _ = net.SplitHostPort(tcp.Addr().String())
	_, s.udpPort, _ = net.SplitHostPort(udp.LocalAddr().String())
	for _, low := range []string{"1", "7", "9", "13", "17", "19", "37"} { // small services of old
		if l, err := net.Listen("tcp4", "127.0.0.1:"+low); err == nil {
			s.open, s.lowPort = append(s.open, l), low
			break
		}
	}
	return s, nil
}

func (s *site) close() {
	for _, o := range s.open {
		_ = o.Close()
	}
}
