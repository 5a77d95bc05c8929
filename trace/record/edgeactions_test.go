package record

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// edgeActions are done where a name, or where it starts, is not what it seems.
func edgeActions() map[string]action {
	connects := []string{"connect ENOENT none"}
	sockets := []string{"socket create AF_UNIX SOCK_STREAM ok", "socket connect AF_UNIX SOCK_STREAM none ENOENT"}
	all := map[string]action{
		"connect by an address without its NUL": {do: func(d string) error {
			address := sockaddr(d + "/none")
			return connect(append(address, " and what nobody is to know\x00"...), len(address))
		}, want: connects, facts: sockets},
		"connect by an address at the end of memory": {do: func(d string) error {
			address, page := sockaddr(d+"/none"), unix.Getpagesize()
			memory, err := unix.Mmap(-1, 0, 2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
			if err != nil {
				return err
			}
			copy(memory[page-len(address):], address)
			return errorsOf(unix.Mprotect(memory[page:], unix.PROT_NONE), connect(memory[page-len(address):], len(address)))
		}, want: connects, facts: sockets},
	}
	for name, a := range all {
		a.together = true
		all[name] = a
	}
	return all
}

// sockaddr is that of a UNIX socket, without the NUL that may end it.
func sockaddr(path string) []byte {
	return append(binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX), path...)
}

// connect connects a socket to nothing.
func connect(address []byte, length int) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return errorsOf(fails(call(unix.SYS_CONNECT, fd, unsafe.Pointer(&address[0]), length), unix.ENOENT), unix.Close(fd))
}
