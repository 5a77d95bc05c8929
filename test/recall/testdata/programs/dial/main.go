// Dial is a workload of Go's network poller: every connect is non-blocking and
// returns EINPROGRESS and nothing else. Arguments: two ports, to listen on and
// to be refused at. The test has made the directory run and the link var -> run.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/osapi-io/osapi-profile/test/recall/testdata/programs/often"
)

func main() {
	often.Call()
	serve("tcp4", "127.0.0.1:"+os.Args[1])
	serve("unix", "var/socket")
	if _, err := net.Dial("tcp4", "127.0.0.1:"+os.Args[2]); err == nil {
		fail(fmt.Errorf("somebody listens on port %s", os.Args[2]))
	}
	c, err := net.Dial("udp4", "127.0.0.1:"+os.Args[2])
	must(err)
	must(c.Close())
}

type listener interface {
	net.Listener
	SetDeadline(time.Time) error
}

// serve takes one connection and echoes what comes over it. Before that it waits
// in vain, so that there always is a wait.
func serve(network, address string) {
	plain, err := net.Listen(network, address)
	must(err)
	l := plain.(listener)
	must(l.SetDeadline(time.Now().Add(20 * time.Millisecond)))
	if _, err := l.Accept(); err == nil {
		fail(fmt.Errorf("somebody connects to %s", address))
	}
	must(l.SetDeadline(time.Time{}))
	go func() {
		c, err := l.Accept()
		must(err)
		_, err = io.Copy(c, c)
		must(err)
		must(c.Close())
	}()
	c, err := net.Dial(network, address)
	must(err)
	must(c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		fail(fmt.Errorf("%s speaks first", address))
	}
	must(c.SetReadDeadline(time.Time{}))
	_, err = c.Write([]byte("text"))
	must(err)
	_, err = io.ReadFull(c, make([]byte, 4))
	must(err)
	must(c.Close())
	must(l.Close())
}

func must(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(99)
}
