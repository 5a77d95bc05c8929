// Package place runs programs of this repository where a real systemd can be had
// and thrown away: in the container of test/container or the guest of test/vm.
package place

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Job is what is to be run there.
type Job struct {
	Guest    bool              // in the guest instead of the container
	Programs map[string]string // name in the job's directory → package, built for it
	Trees    map[string]string // likewise → directory of the repository, copied
	Command  []string          // run there, in the job's directory
	Packages string            // Debian packages that the guest has beyond those of every guest
	Env      []string          // of the harness, such as its time limit
}

// Root is the directory of go.mod, here or above.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no go.mod in %s or above: run this in the sources", dir)
		}
	}
}

// Run does a job of the repository at root. What it left in its directory is given
// to read, with an error too.
func Run(ctx context.Context, root string, job Job, read func(dir string) error) (err error) {
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for name, program := range job.Programs {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(dir, name), program)
		build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", build, err, out)
		}
	}
	for name, tree := range job.Trees {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(root, tree))); err != nil {
			return err
		}
	}
	harness := "test/container/container.sh"
	if job.Guest {
		harness = "test/vm/vm.sh"
	}
	c := exec.CommandContext(ctx, filepath.Join(root, harness), append([]string{"run", dir, "--"}, job.Command...)...)
	c.Env = append(append(os.Environ(), "VM_PACKAGES="+job.Packages), job.Env...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	c.Cancel, c.WaitDelay = func() error { return c.Process.Signal(os.Interrupt) }, 10*time.Second
	if err = c.Run(); err != nil {
		err = fmt.Errorf("%s: %w", harness, err)
	}
	return errors.Join(err, read(dir))
}
