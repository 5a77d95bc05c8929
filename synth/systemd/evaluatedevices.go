package systemd

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// devices is the device policy.
type devices struct {
	policy string // "strict", "closed", "auto"; "" for auto
	allow  []deviceEntry
}

// deviceEntry is one DeviceAllow=.
type deviceEntry struct {
	node   string // path of a node, "" for a class
	kind   string // of a class: "char", "block" or "" for both
	class  string // its name in /proc/devices, with wildcards, or its major number
	rights string // of "rwm"
}

// readDevices reads the policy. A list that opens something closes the rest, and
// until 250 ProtectClock= was such a list: it opens the clock for reading.
func readDevices(s Settings, version int) (devices, error) {
	v := devices{policy: s.value("DevicePolicy")}
	for _, o := range s {
		switch {
		case o.Name != "DeviceAllow":
		case o.Value == "":
			v.allow = nil
		default:
			e, err := readDevice(o.Value)
			if err != nil {
				return v, err
			}
			v.allow = append(v.allow, e)
		}
	}
	if s.yes("PrivateDevices") && (v.policy == "" || v.policy == "auto") {
		v.policy = "closed"
	}
	if s.yes("ProtectClock") && (version < clockAlone || v.closes()) {
		v.allow = append(v.allow, deviceEntry{kind: "char", class: "rtc", rights: "r"})
	}
	return v, nil
}

// readDevice reads one DeviceAllow=: a node or a class, and what may be done with
// it, everything where nothing is said.
func readDevice(value string) (deviceEntry, error) {
	var e deviceEntry
	words, err := splitWords(value)
	if err != nil || len(words) == 0 || len(words) > 2 {
		return e, fmt.Errorf("%w: DeviceAllow=%s", ErrSyntax, value)
	}
	if e.rights = "rwm"; len(words) == 2 {
		e.rights = words[1]
	}
	if strings.Trim(e.rights, "rwm") != "" {
		return e, fmt.Errorf("%w: DeviceAllow=%s", ErrSyntax, value)
	}
	what, err := expand(words[0])
	if err != nil {
		return e, err
	}
	kind, class, classed := strings.Cut(what, "-")
	switch {
	case what == "*":
		e.class = "*"
	case classed && (kind == "char" || kind == "block"):
		e.kind, e.class = kind, class
	case strings.HasPrefix(what, "/dev/") || strings.HasPrefix(what, "/run/systemd/inaccessible/"):
		e.node = path.Clean(what)
	default:
		return e, fmt.Errorf("%w: DeviceAllow= has %q, which is no device", ErrSyntax, what)
	}
	return e, nil
}

func (v devices) closes() bool {
	return v.policy == "closed" || v.policy == "strict" || len(v.allow) > 0
}

// by is the directive that closes a device.
func (v devices) by() string {
	if v.policy == "closed" || v.policy == "strict" {
		return "DevicePolicy"
	}
	return "DeviceAllow"
}

// refuses says whether a device cannot be opened or made, and whether it may be
// open for all that is known: the number behind a name is the host's choice.
func (v devices) refuses(f trace.File) (refused, unsure bool) {
	rights := deviceRights(f.Access)
	if !v.closes() || rights == "" || f.Type != "block" && f.Type != "char" {
		return false, false
	}
	if v.policy != "strict" && openAnyhow(f.Type, f.Device, rights) {
		return false, false
	}
	sure, perhaps := "", ""
	for _, e := range v.allow {
		switch meant, known := e.means(f); {
		case meant:
			sure = joinRights(sure, e.rights)
		case !known:
			perhaps = joinRights(perhaps, e.rights)
		}
	}
	refused = strings.Trim(rights, sure) != ""
	return refused, refused && strings.Trim(rights, sure+perhaps) == ""
}

// means says whether an entry is about a device, as far as that is known.
func (e deviceEntry) means(f trace.File) (meant, known bool) {
	if e.node != "" {
		if e.node == string(f.Path) || e.node == "/dev/"+f.Type+"/"+f.Device || nodes[e.node] != "" && nodes[e.node] == f.Type+" "+f.Device {
			return true, true
		}
		// Names below these lead to nodes that have another name as well.
		link := slices.ContainsFunc([]string{"/dev/disk", "/dev/mapper", "/dev/input/by-id", "/dev/input/by-path", "/dev/serial", "/dev/snd/by-path"},
			func(dir string) bool { return synth.Within(trace.Path(e.node), trace.Path(dir)) })
		return false, !link && f.Device != ""
	}
	if e.kind != "" && e.kind != f.Type {
		return false, true
	}
	major, _, _ := strings.Cut(f.Device, ":")
	if e.class == "*" || e.class == major {
		return true, true
	}
	names := majors[f.Type+" "+major]
	if slices.ContainsFunc(names, func(name string) bool { return globs(e.class, name) }) {
		return true, true
	}
	return false, len(names) > 0
}

// globs matches as fnmatch(3) without flags does, for which a slash is nothing special.
func globs(pattern, name string) bool {
	slash := strings.NewReplacer("/", "\x01")
	ok, err := path.Match(slash.Replace(pattern), slash.Replace(name))
	return ok && err == nil
}

// nodes are the numbers that every kernel gives these names.
var nodes = map[string]string{
	"/dev/null": "char 1:3", "/dev/zero": "char 1:5", "/dev/full": "char 1:7", "/dev/random": "char 1:8", "/dev/urandom": "char 1:9",
	"/dev/kmsg": "char 1:11", "/dev/mem": "char 1:1", "/dev/port": "char 1:4", "/dev/tty": "char 5:0", "/dev/console": "char 5:1",
	"/dev/ptmx": "char 5:2", "/dev/net/tun": "char 10:200", "/dev/fuse": "char 10:229", "/dev/kvm": "char 10:232",
	"/dev/loop-control": "char 10:237",
}

// majors are the classes of devices whose number is the same on every kernel
// (Documentation/admin-guide/devices.txt), as /proc/devices names them. The
// others get theirs when their driver is loaded.
var majors = func() map[string][]string {
	out := map[string][]string{}
	for _, m := range []struct {
		kind, names string
		first, last int
	}{
		{"char", "mem", 1, 1}, {"char", "/dev/vc/0 tty ttyS", 4, 4}, {"char", "/dev/tty /dev/console /dev/ptmx ttyprintk", 5, 5}, {"char", "lp", 6, 6},
		{"char", "vcs", 7, 7}, {"char", "misc", 10, 10}, {"char", "input", 13, 13}, {"char", "sound", 14, 14}, {"char", "sg", 21, 21}, {"char", "fb", 29, 29},
		{"char", "video4linux", 81, 81}, {"char", "i2c", 89, 89}, {"char", "ppp", 108, 108}, {"char", "alsa", 116, 116}, {"char", "ptm", 128, 135},
		{"char", "pts", 136, 143}, {"char", "usb", 180, 180}, {"char", "ttyUSB", 188, 188}, {"char", "usb_device", 189, 189}, {"char", "cpu/msr", 202, 202},
		{"char", "cpu/cpuid", 203, 203}, {"char", "drm", 226, 226}, {"block", "ramdisk", 1, 1}, {"block", "fd", 2, 2}, {"block", "loop", 7, 7},
		{"block", "sd", 8, 8}, {"block", "md", 9, 9}, {"block", "sr", 11, 11}, {"block", "nbd", 43, 43}, {"block", "sd", 65, 71},
		{"block", "sd", 128, 135}, {"block", "mmc", 179, 179}, {"block", "blkext", 259, 259},
	} {
		for n := m.first; n <= m.last; n++ {
			out[m.kind+" "+strconv.Itoa(n)] = strings.Fields(m.names)
		}
	}
	return out
}()
