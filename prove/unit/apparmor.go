package unit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
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

// Load gives AppArmor profiles to the kernel, in the mode that their flags say, to be
// unloaded again by [Host.Close]. A profile that was loaded before is not replaced.
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
		if there[name] != "" {
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

// Enforced says which of the profiles that are loaded is in a mode in which the kernel
// refuses nothing.
func Enforced(names []string) error {
	there, err := loaded()
	if err != nil {
		return err
	}
	return enforced(names, there)
}

func enforced(names []string, modes map[string]string) error {
	for _, name := range names {
		if mode := modes[name]; mode == "complain" || mode == "unconfined" {
			return fmt.Errorf("the AppArmor profile %s is in %s mode, in which nothing is refused: take that out of its flags to have it enforced", name, mode)
		}
	}
	return nil
}

// loaded are the profiles that the kernel has: name → mode.
func loaded() (map[string]string, error) {
	text, err := os.ReadFile(appArmor + "/profiles")
	return modes(string(text)), err
}

// modes reads what the kernel says, "NAME (MODE)" a line.
func modes(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if i := strings.LastIndex(line, " ("); i > 0 {
			out[line[:i]] = strings.TrimSuffix(line[i+len(" ("):], ")")
		}
	}
	return out
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
