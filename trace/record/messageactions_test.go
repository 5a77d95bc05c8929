package record

import (
	"os"

	"golang.org/x/sys/unix"
)

func messageActions() map[string]action {
	loopback := unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	return map[string]action{
		"descriptor": {do: func(d string) error {
			ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
			file, err2 := unix.Open(d+"/file", unix.O_RDWR, 0)
			control := make([]byte, 64)
			err3 := unix.Sendmsg(ends[0], []byte("x"), unix.UnixRights(ends[0], file), nil, 0)
			_, _, _, _, err4 := unix.Recvmsg(ends[1], make([]byte, 1), control, 0)
			return errorsOf(err, err2, err3, err4)
		}, want: []string{"read,write ok file", "received read,write ok file"},
			facts: []string{"socket create AF_UNIX SOCK_DGRAM ok", "sendmsg ancillary SCM_RIGHTS  ok", "recvmsg ancillary SCM_RIGHTS  ok"}},
		"credentials": doing([]string{"socket create AF_UNIX SOCK_DGRAM ok", "sendmsg ancillary SCM_CREDENTIALS  ok"}, func() error {
			ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
			return errorsOf(err, unix.Sendmsg(ends[0], []byte("x"), unix.UnixCredentials(&unix.Ucred{Pid: int32(os.Getpid())}), nil, 0))
		}),
		"accept": doing(internet("SOCK_STREAM", "bind", "listen", "connect", "accept"), func() error {
			server, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
			client, err2 := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
			err3 := errorsOf(unix.Bind(server, &loopback), unix.Listen(server, 1))
			name, err4 := unix.Getsockname(server)
			if err := errorsOf(err, err2, err3, err4, unix.Connect(client, name)); err != nil {
				return err
			}
			_, _, err = unix.Accept4(server, 0)
			return err
		}),
		"accept UNIX": {do: func(d string) error {
			server, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			client, err2 := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			name := &unix.SockaddrUnix{Name: d + "/s"}
			if err := errorsOf(err, err2, unix.Bind(server, name), unix.Listen(server, 1), unix.Connect(client, name)); err != nil {
				return err
			}
			_, _, err = unix.Accept(server)
			return err
		}, want: []string{"create,bind ok s", "connect ok s"}, facts: []string{
			"socket create AF_UNIX SOCK_STREAM ok", "socket bind AF_UNIX SOCK_STREAM s ok", "socket listen AF_UNIX SOCK_STREAM ok",
			"socket connect AF_UNIX SOCK_STREAM s ok", "socket accept AF_UNIX SOCK_STREAM ok"}},
		"datagram": doing(internet("SOCK_DGRAM", "bind", "send", "receive"), func() error { return datagrams(&loopback, false) }),
		"message":  doing(internet("SOCK_DGRAM", "bind", "send", "receive"), func() error { return datagrams(&loopback, true) }),
	}
}

// internet words what is done to sockets by the address of this machine.
func internet(kind string, actions ...string) []string {
	list := []string{"socket create AF_INET " + kind + " ok"}
	for _, a := range actions {
		list = append(list, "socket "+a+" AF_INET "+kind+" 127.0.0.1 ok")
	}
	return list
}

// datagrams sends one and takes it in by either of the two calls.
func datagrams(to *unix.SockaddrInet4, message bool) error {
	server, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	client, err2 := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	err3 := unix.Bind(server, to)
	name, err4 := unix.Getsockname(server)
	if err := errorsOf(err, err2, err3, err4, unix.Sendto(client, []byte("x"), 0, name)); err != nil {
		return err
	}
	if message {
		_, _, _, _, err = unix.Recvmsg(server, make([]byte, 1), nil, 0)
	} else {
		_, _, err = unix.Recvfrom(server, make([]byte, 1), 0)
	}
	return err
}
