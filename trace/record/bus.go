package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
)

// patience is how long systemd may take to answer.
const patience = 5 * time.Second

// dialSystemd gives a connection to systemd itself, which may take so long. It lasts until
// it is closed: one that is made within a context ends with that.
func dialSystemd(limit time.Duration) (*dbus.Conn, error) {
	ctx, cancel := context.WithCancel(context.Background())
	late := time.AfterFunc(limit, cancel)
	conn, err := dbus.NewSystemdConnectionContext(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	if !late.Stop() {
		conn.Close()
		return nil, fmt.Errorf("connecting to systemd: %w", context.DeadlineExceeded)
	}
	return conn, nil
}

// ask has a question put to systemd, which may take so long to answer. When it has
// executed itself anew (systemctl daemon-reexec) no connection from before is left: it
// is asked once more by another.
func (u *unit) ask(limit time.Duration, question func(ctx context.Context) error) error {
	put := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		return question(ctx)
	}
	err := put()
	if err == nil || u.conn.Connected() && !errors.Is(err, context.DeadlineExceeded) {
		return err // or it refuses
	}
	conn, err := dialSystemd(limit)
	if err != nil {
		return err
	}
	u.conn.Close()
	u.conn, u.running = conn, false // how its job ends is told to the one that is gone
	return put()
}
