package unit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/osapi-io/osapi-profile/prove/ledger"
)

const appArmor = "/sys/kernel/security/apparmor"

// HasAppArmor says whether this kernel enforces AppArmor profiles.
func HasAppArmor() bool {
	on, err := os.ReadFile("/sys/module/apparmor/parameters/enabled")
	if err != nil || strings.TrimSpace(string(on)) != "Y" {
		return false
	}
	_, err = os.Stat(appArmor + "/profiles")
	return err == nil
}

// Load has the kernel enforce AppArmor profiles, which are unloaded again by
// [Host.Close]. A profile that was loaded before is not replaced.
func (h *Host) Load(ctx context.Context, text []byte) ([]string, error) {
	names, err := parser(ctx, text, "--names")
	if err != nil {
		return nil, err
	}
	there, err := loaded()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if slices.Contains(there, name) {
			return nil, fmt.Errorf("an AppArmor profile named %s is loaded already, and it is not this run's to replace", name)
		}
		if err := h.ledger.Note(ledger.Profile, name); err != nil {
			return nil, err
		}
	}
	_, err = parser(ctx, text, "--add", "--skip-cache", "--quiet")
	return names, err
}

// parser hands a profile to apparmor_parser(8) and gives the lines that it says.
func parser(ctx context.Context, text []byte, args ...string) ([]string, error) {
	c := exec.CommandContext(ctx, "apparmor_parser", args...)
	c.Stdin = strings.NewReader(string(text))
	out, err := c.Output()
	if e := (&exec.ExitError{}); errors.As(err, &e) {
		return nil, fmt.Errorf("apparmor_parser refuses the profile: %s", strings.TrimSpace(string(e.Stderr)))
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' }), err
}

// loaded are the names of the profiles that the kernel has.
func loaded() ([]string, error) {
	text, err := os.ReadFile(appArmor + "/profiles")
	var names []string
	for line := range strings.Lines(string(text)) {
		if i := strings.LastIndex(line, " ("); i > 0 {
			names = append(names, line[:i])
		}
	}
	return names, err
}

// unload takes a profile out of the kernel, and its children with it.
func unload(name string) error {
	f, err := os.OpenFile(appArmor+"/.remove", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(name)
	err = errors.Join(err, f.Close())
	if errors.Is(err, syscall.ENOENT) {
		return nil // it is not loaded
	}
	return err
}
