// Package place runs programs of this repository where a real systemd can be had
// and thrown away: in the container of test/container or the guest of test/vm.
package place

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Job is what is to be run there.
type Job struct {
	Guest    bool              // in the guest instead of the container
	Image    bool              // in the container over the guest's files, instead of this machine's
	Programs map[string]string // name in the job's directory → package, built for it
	Trees    map[string]string // likewise → directory of the repository, copied
	Command  []string          // run there, in the job's directory
	Packages string            // Debian packages that the guest has beyond those of every guest
	Env      []string          // of the harness, such as its time limit
}

// Ordinary is a script that makes an ordinary host of a bare one, as far as acts
// (prove/acts) look at it. It may be run again.
//
//go:embed ordinary.sh
var Ordinary string

// Bookworm is the Debian release of the guest unless VM_SUITE names another.
const Bookworm = "bookworm"

// Suite is the Debian release of the guest.
func Suite() string { return cmp.Or(os.Getenv("VM_SUITE"), Bookworm) }

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
	env := append(append(os.Environ(), "VM_PACKAGES="+job.Packages), job.Env...)
	if job.Image && !job.Guest {
		image, err := image(ctx, root, env)
		if err != nil {
			return err
		}
		env = append(env, "CONTAINER_IMAGE="+image)
	}
	c := exec.CommandContext(ctx, filepath.Join(root, harness), append([]string{"run", dir, "--"}, job.Command...)...)
	c.Env, c.Stdout, c.Stderr = env, os.Stderr, os.Stderr
	c.Cancel, c.WaitDelay = func() error { return c.Process.Signal(os.Interrupt) }, 10*time.Second
	if err = c.Run(); err != nil {
		err = fmt.Errorf("%s: %w", harness, err)
	}
	return errors.Join(err, read(dir))
}

// image is the file that has the guest's files, made unless it is there.
func image(ctx context.Context, root string, env []string) (string, error) {
	vm := func(what string) (string, error) {
		c := exec.CommandContext(ctx, filepath.Join(root, "test/vm/vm.sh"), what)
		c.Env = env
		return Output(c)
	}
	if _, err := vm("build"); err != nil {
		return "", err
	}
	path, err := vm("path")
	return filepath.Join(strings.TrimSpace(path), "root.img"), err
}
