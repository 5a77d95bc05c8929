// Package unit runs a service from exactly the text that was emitted: it is put
// below /run/systemd/system, read by systemd, read back over D-Bus, started,
// stopped, and taken away again, by the next run if this one is killed.
package unit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/dbus"

	"github.com/osapi-io/osapi-profile/prove/ledger"
)

// Directory is where units live that go with the machine.
const Directory = "/run/systemd/system"

// Host is this machine's systemd, and all that a proof has made on the machine.
type Host struct {
	Swept []ledger.Entry // what runs that were killed had left, gone now

	conn   *dbus.Conn
	ledger *ledger.Ledger
}

// Open asks for systemd, as root, and removes what killed runs left behind.
func Open(ctx context.Context) (*Host, error) {
	// Cancelled is what runs here, not what removes it: that needs the connection too.
	conn, err := dbus.NewSystemdConnectionContext(context.WithoutCancel(ctx))
	if err != nil {
		return nil, fmt.Errorf("systemd does not answer; is it running as PID 1, and are you root? %w", err)
	}
	h := &Host{conn: conn}
	left, err := ledger.Abandoned(ledger.Dir)
	for _, l := range left {
		h.Swept = append(h.Swept, l.Entries...)
		err = errors.Join(err, h.undo(ctx, l))
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("removing what a run that was killed left behind: %w", err)
	}
	if h.ledger, err = ledger.Open(ledger.Dir); err != nil {
		conn.Close()
		return nil, err
	}
	return h, nil
}

// File is one that systemd reads: Name is relative to [Directory], such as
// "x.service" or "x.service.d/50-y.conf".
type File struct {
	Name string
	Text []byte
}

// Service is one that a proof has installed.
type Service struct {
	Name  string
	Files []File

	host   *Host
	cursor string // of the journal, before the text was read
}

// Unit is a service to be installed: its name, and the files that make it up or
// change it.
type Unit struct {
	Name  string
	Files []File
}

// Install puts files in place that make up, or change, the service with the given
// name, and has systemd read them. A service that runs is stopped before, and
// started again by [Host.Close].
func (h *Host) Install(ctx context.Context, name string, files ...File) (*Service, error) {
	all, err := h.InstallAll(ctx, Unit{name, files})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// InstallAll installs several services, which systemd reads at once.
func (h *Host) InstallAll(ctx context.Context, units ...Unit) ([]*Service, error) {
	for _, u := range units {
		if p, err := h.conn.GetUnitPropertyContext(ctx, u.Name, "ActiveState"); err == nil && p.Value.Value() != "inactive" && p.Value.Value() != "failed" {
			if err := h.ledger.Note(ledger.Again, u.Name); err != nil {
				return nil, err
			}
		}
		if err := h.ledger.Note(ledger.Unit, u.Name); err != nil {
			return nil, err
		}
		if err := h.stop(ctx, u.Name); err != nil {
			return nil, err
		}
	}
	cursor, err := journalEnd(ctx)
	if err != nil {
		return nil, err
	}
	var out []*Service
	for _, u := range units {
		for _, f := range u.Files {
			if err := h.put(f); err != nil {
				return nil, err
			}
		}
		out = append(out, &Service{Name: u.Name, Files: u.Files, host: h, cursor: cursor})
	}
	if err := h.conn.ReloadContext(ctx); err != nil {
		return nil, fmt.Errorf("having systemd read %s: %w", units[0].Name, err)
	}
	for _, s := range out {
		if err := s.loaded(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// put writes a file that was not there before.
func (h *Host) put(f File) error {
	if clean := filepath.Clean(f.Name); clean != f.Name || strings.HasPrefix(clean, "..") || filepath.IsAbs(clean) {
		return fmt.Errorf("%q is no name below %s", f.Name, Directory)
	}
	path := filepath.Join(Directory, f.Name)
	if dir := filepath.Dir(path); dir != Directory {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			if err := h.ledger.Note(ledger.Directory, dir); err != nil {
				return err
			}
			if err := os.Mkdir(dir, 0o755); err != nil {
				return err
			}
		}
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already; it was not made by this run, so it is left alone", path)
	}
	if err := h.ledger.Note(ledger.File, path); err != nil {
		return err
	}
	return os.WriteFile(path, f.Text, 0o644)
}

// loaded says whether systemd took up the service and each of its files.
func (s *Service) loaded(ctx context.Context) error {
	p, err := s.host.conn.GetUnitPropertiesContext(ctx, s.Name)
	if err != nil {
		return fmt.Errorf("asking systemd about %s: %w", s.Name, err)
	}
	if state := p["LoadState"]; state != "loaded" {
		lines, _ := s.Refused(ctx)
		return fmt.Errorf("systemd does not load %s, it says it is %v\n%s", s.Name, state, strings.Join(lines, "\n"))
	}
	fragment, _ := p["FragmentPath"].(string)
	read, _ := p["DropInPaths"].([]string)
	for _, f := range s.Files {
		path := filepath.Join(Directory, f.Name)
		if path != fragment && !slices.Contains(read, path) {
			return fmt.Errorf("systemd reads %s from %s and not from %s", s.Name, fragment, path)
		}
	}
	return nil
}

// Start gives the result of the start job, which is "done" when it worked.
func (s *Service) Start(ctx context.Context) (string, error) {
	job := make(chan string, 1)
	if _, err := s.host.conn.StartUnitContext(ctx, s.Name, "replace", job); err != nil {
		return "", fmt.Errorf("starting %s: %w", s.Name, err)
	}
	return await(ctx, job)
}

// Running says whether the service is more than inactive or failed: it may be about to
// start, to stop or to start again.
func (s *Service) Running(ctx context.Context) (bool, error) { return s.host.running(ctx, s.Name) }

// Stop stops the service as its unit says, and waits for that.
func (s *Service) Stop(ctx context.Context) error { return s.host.stop(ctx, s.Name) }

// End stops the service, kills it when it does not stop, and has systemd forget how it
// ended.
func (s *Service) End(ctx context.Context) error { return s.host.end(ctx, s.Name) }

func await(ctx context.Context, job <-chan string) (string, error) {
	select {
	case result := <-job:
		return result, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Name makes a name for a service that is unlike that of any other, and shows whose
// it is to whoever finds it.
func Name(label string) string {
	plain := strings.Map(func(r rune) rune {
		if r < 128 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_') {
			return r
		}
		return '-'
	}, label)
	return fmt.Sprintf("osapi-profile-%s-%s.service", plain[:min(len(plain), 64)], strings.ToLower(rand.Text()[:8]))
}
