package unit

import (
	"crypto/rand"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/prove/ledger"
)

// Scratch makes a directory that every service can reach, for programs that are to
// run in one and what they write: a file system of its own, since the one that /run
// is may let nothing be executed, or setuid bits have no effect.
func (h *Host) Scratch(label string) (string, error) {
	dir := fmt.Sprintf("/run/osapi-profile-%s-%s", label, strings.ToLower(rand.Text()[:8]))
	if err := h.ledger.Note(ledger.Directory, dir); err != nil {
		return "", err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	if err := h.ledger.Note(ledger.Mount, dir); err != nil {
		return "", err
	}
	if err := unix.Mount("osapi-profile", dir, "tmpfs", unix.MS_NODEV, "mode=0755,size=16m"); err != nil {
		return "", fmt.Errorf("mounting a file system on %s: %w", dir, err)
	}
	return dir, nil
}

// Leaves says that a file with this name may come to be, by a service, and is to be
// gone afterwards.
func (h *Host) Leaves(path string) error { return h.ledger.Note(ledger.File, path) }
