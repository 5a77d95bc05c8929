package record

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func self(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

func open(name string, flags int) error {
	_, err := unix.Open(name, flags, 0)
	return err
}

// overlays are what overlayfs asks for as whoever mounted it, which differs by
// kernel, and of which no need of the worker is made.
var overlays = []string{"CAP_DAC_OVERRIDE ok override", "CAP_DAC_READ_SEARCH ok override", "CAP_SYS_ADMIN ok override", "CAP_SYS_ADMIN ok noaudit",
	"CAP_DAC_OVERRIDE ok", "CAP_DAC_READ_SEARCH ok"} // the last two: mount(2) of 6.1 looks into the work directory as the caller

// placeActions open files by ways that are no plain names.
func placeActions() map[string]action {
	all := map[string]action{
		"open by working directory": {do: func(d string) error { return errorsOf(os.Chdir(d+"/sub"), open("../file", 0)) },
			want: []string{"stat ok sub", "read ok file"}},
		"open by file descriptor": {do: func(d string) error {
			fd, err := unix.Open(d+"/file", unix.O_RDONLY, 0)
			err = errorsOf(err, open(self(fd), unix.O_RDWR))
			time.Sleep(lingering)
			return err
		}, want: []string{"read ok file", "read,write ok file"}},
		"open memory": {do: func(string) error {
			fd, err := unix.MemfdCreate("memory", 0)
			return errorsOf(err, open(self(fd), unix.O_RDONLY))
		}, want: []string{"read ok ^/ (anonymous)"}, facts: []string{"memfd_create flags 0  ok"}},
		"open a deleted file": {do: func(d string) error {
			fd, err := unix.Open(d+"/file", unix.O_RDONLY, 0)
			return errorsOf(err, unix.Unlink(d+"/file"), open(self(fd), unix.O_RDWR))
		}, want: []string{"read ok file", "delete ok file", "read,write ok file (anonymous)"}},
		"open a pipe": {do: func(string) error {
			var ends [2]int
			return errorsOf(unix.Pipe(ends[:]), open(self(ends[0]), unix.O_RDONLY))
		}, want: []string{"read ok ^/ (anonymous)"}},
		"open by handle": {do: func(d string) error {
			handle, _, err := unix.NameToHandleAt(cwd, d+"/file", 0)
			if err != nil {
				return err
			}
			where, err := unix.Open(d, unix.O_RDONLY|unix.O_DIRECTORY, 0)
			_, err2 := unix.OpenByHandleAt(where, handle, unix.O_RDWR)
			return errorsOf(err, err2)
		}, want: []string{"stat ok file", "read ok ", "read,write ok file", "CAP_DAC_READ_SEARCH ok"}},
		"open in a chroot": {do: func(d string) error { return errorsOf(unix.Chroot(d), open("/abs/gone", unix.O_RDWR)) },
			want: []string{"stat ok ", "read,write ok sub/gone", "CAP_SYS_CHROOT ok"}},
		"open on a bind mount": {do: apart(func(d string) error {
			return errorsOf(unix.Mount(d+"/sub", d+"/empty", "", unix.MS_BIND, ""), open(d+"/empty/gone", 0))
		}), want: []string{"mount ok empty <- sub", "mount ok ^/", "read ok empty/gone"}, facts: append([]string{"mount mount MS_BIND  ok"}, apartFacts...)},
		"open in a mount namespace": {do: apart(func(d string) error {
			return errorsOf(unix.Mount("tmpfs", d+"/empty", "tmpfs", 0, ""), open(d+"/empty/new", unix.O_CREAT|unix.O_WRONLY), unix.Chmod(d+"/empty/new", 0o600))
		}), want: []string{"mount ok empty", "mount ok ^/", "write,create ok empty/new", "chmod ok empty/new"},
			facts: append([]string{"mount mount 0 tmpfs ok"}, apartFacts...)},
		"open on an overlay": {do: apart(func(d string) error {
			err := unix.Mount("overlay", d+"/empty", "overlay", 0, "lowerdir="+d+"/sub:"+d+"/empty")
			if err == unix.ENODEV { //nolint:errorlint // an errno, as it came
				return absent("overlayfs")
			}
			return errorsOf(err, open(d+"/empty/gone", 0))
		}), want: []string{"mount ok empty", "mount ok ^/", "read ok empty/gone"}, facts: append([]string{"mount mount 0 overlay ok"}, apartFacts...), perhaps: overlays},
		"write on an overlay": {do: apart(func(d string) error {
			err := unix.Mount("tmpfs", d+"/link", "tmpfs", 0, "")
			err = errorsOf(err, os.Mkdir(d+"/sub/u", 0o700), os.Mkdir(d+"/sub/w", 0o700), os.Mkdir(d+"/sub/l", 0o700), os.WriteFile(d+"/sub/l/low", []byte("x"), 0o600))
			if err != nil {
				return err
			}
			err = unix.Mount("overlay", d+"/empty", "overlay", 0, "lowerdir="+d+"/sub/l,upperdir="+d+"/sub/u,workdir="+d+"/sub/w")
			if err == unix.ENODEV { //nolint:errorlint // an errno, as it came
				return absent("overlayfs")
			}
			return errorsOf(err, open(d+"/empty/low", unix.O_WRONLY))
		}), want: []string{"mount ok sub", "mount ok empty", "mount ok ^/", "write ok empty/low", "create ok sub/u", "create ok sub/w", "create ok sub/l",
			"write,create,truncate ok sub/l/low"},
			facts: append([]string{"mount mount 0 overlay ok", "mount mount 0 tmpfs ok"}, apartFacts...), perhaps: overlays},
	}
	for _, name := range []string{"open by file descriptor", "open memory", "open a deleted file", "open a pipe", "open by handle"} {
		a := all[name]
		a.together = true
		all[name] = a
	}
	return all
}

// familyActions make a socket of each family, by the types in turn until one is
// there. What this kernel lacks is a fact as well.
func familyActions() map[string]action {
	all := map[string]action{}
	for family := range uint16(48) {
		all["socket "+named(families, family, "AF_")] = action{
			do:    func(string) error { _ = makeSocket(family); return nil },
			learn: sync.OnceValue(func() []string { return makeSocket(family) }), together: true,
		}
	}
	return all
}

// familyCapabilities are what the making of a socket asks for.
var familyCapabilities = map[string]string{
	"AF_PACKET": "CAP_NET_RAW ok", "AF_XDP": "CAP_NET_RAW ok", "AF_LLC": "CAP_NET_RAW ok",
	"AF_KEY": "CAP_NET_ADMIN ok", "AF_VSOCK": "CAP_NET_ADMIN ok noaudit",
}

func makeSocket(family uint16) []string {
	var facts []string
	for _, kind := range []uint16{unix.SOCK_DGRAM, unix.SOCK_STREAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET} {
		fd, err := unix.Socket(int(family), int(kind), 0)
		errno, _ := err.(syscall.Errno) //nolint:errorlint // it is one as it stands
		facts = append(facts, fmt.Sprintf("socket create %s %s %s", named(families, family, "AF_"), socketTypes[kind], outcomeName(uint32(errno))))
		first := families[family] == "AF_KEY" && errno != unix.EAFNOSUPPORT // it asks before it looks at the type and the protocol
		if asked, ok := familyCapabilities[families[family]]; ok && (first || err == nil) {
			facts = append(facts, asked)
		}
		if err == nil {
			_ = unix.Close(fd)
		}
		if err == nil || errno == unix.EAFNOSUPPORT { // by any type; each would have the kernel look for a module
			break
		}
	}
	return facts
}
