package main

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

// say writes a text, in which escapes are as Go's, and prints what comes back until
// the other end closes or says nothing more for a while.
func say(args []string) error {
	c, err := begin(args)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := c.SetReadDeadline(time.Now().Add(clientPatience)); err != nil {
		return err
	}
	n, err := io.Copy(os.Stdout, c)
	if n > 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// send writes a text and no more.
func send(args []string) error {
	c, err := begin(args)
	if err != nil {
		return err
	}
	return c.Close()
}

func begin(args []string) (net.Conn, error) {
	if len(args) != 3 {
		return nil, errors.New("usage: client say|send NETWORK ADDRESS TEXT")
	}
	text, err := strconv.Unquote(`"` + args[2] + `"`)
	if err != nil {
		return nil, err
	}
	c, err := net.DialTimeout(args[0], args[1], clientPatience)
	if err != nil {
		return nil, err
	}
	return c, write(c, []byte(text))
}
