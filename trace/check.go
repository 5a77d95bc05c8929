package trace

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A trace may come from another machine, and its strings end up in units and
// profiles. All but paths, which every emitter escapes, are refused here
// unless they are what the kernel's own names look like, so that none of them
// can end a line or a quotation.

// names checks that each value is a name of the kernel's: letters, digits and
// a little punctuation. Empty ones pass.
func names(values ...string) error {
	for _, v := range values {
		for i := range len(v) {
			c := v[i]
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.:|+-", c) >= 0 {
				continue
			}
			return fmt.Errorf("%.40q is no name", v)
		}
	}
	return nil
}

// words checks that each value is one line that can be printed.
func words(values ...string) error {
	for _, v := range values {
		if !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fmt.Errorf("%.40q is not one line of text", v)
		}
	}
	return nil
}

// present checks that no value is empty.
func present(values ...string) error {
	for _, v := range values {
		if v == "" {
			return errors.New("a field that identifies the record is missing")
		}
	}
	return nil
}

func (h Header) check() error {
	if h.Version < 1 {
		return errors.New("the header has no version")
	}
	for _, p := range h.Probes {
		if err := words(p.Fact, p.Hook); err != nil {
			return err
		}
	}
	return cmp.Or(present(h.Run), names(h.Run, h.Arch, string(h.Attached)), words(h.Tool, h.Unit, h.User, h.Kernel, h.OS, h.Root))
}

func (s Subject) check() error {
	if s.ID < 1 {
		return fmt.Errorf("subject id %d is below 1", s.ID)
	}
	return names(s.Runtime, string(s.Lifted))
}

func (s Seen) check() error {
	if s.Subject < 0 {
		return fmt.Errorf("subject %d is below 0", s.Subject)
	}
	return cmp.Or(names(s.Outcome), words(s.Operation))
}

func (f Syscall) check() error {
	return cmp.Or(f.Seen.check(), present(f.Name), names(f.Name, f.ABI))
}

func (f Exec) check() error {
	if f.Target < 0 {
		return fmt.Errorf("target %d is below 0", f.Target)
	}
	return f.Seen.check()
}

func (f File) check() error {
	return cmp.Or(f.Seen.check(), present(string(f.Path)), names(f.Syscall, f.Type, f.FS, f.Device))
}

func (f Capability) check() error {
	return cmp.Or(f.Seen.check(), present(f.Name), names(f.Name, string(f.Optional), f.Syscall, f.Argument), words(f.Caller))
}

func (f Socket) check() error {
	if f.Address != "" {
		if ip, err := netip.ParseAddr(f.Address); err != nil || ip.Zone() != "" {
			return fmt.Errorf("%.60q is no IP address", f.Address)
		}
	}
	if f.Port < 0 || f.Port > 65535 {
		return fmt.Errorf("%d is no port", f.Port)
	}
	return cmp.Or(f.Seen.check(), present(f.Action, f.Family), names(f.Action, f.Family, f.Type))
}

func (f Argument) check() error {
	return cmp.Or(f.Seen.check(), present(f.Syscall, f.Name), names(f.Syscall, f.Name, f.Value, f.Target))
}

func (h Hole) check() error { return cmp.Or(present(h.Kind), names(h.Kind)) }

// clean makes Detail one line. A hole is never refused for its wording.
func (h Hole) clean() Hole {
	h.Detail = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, h.Detail)
	return h
}

func (e End) check() error {
	for _, h := range e.Holes {
		if err := h.check(); err != nil {
			return err
		}
	}
	return names(e.Signal)
}
