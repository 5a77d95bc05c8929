package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// guestPackages are what the daemons are, beyond what is in every guest.
const guestPackages = "nginx-light curl memcached libcap2-bin openssh-server openssh-client cron redis-server redis-tools " +
	"dnsmasq chrony rsyslog iproute2 procps perl"

// moduleRoot is the directory of go.mod, here or above.
func moduleRoot() (string, error) {
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

// daemonsIn lists the daemons that there are scripts of.
func daemonsIn(root string) ([]string, error) {
	scripts, err := filepath.Glob(filepath.Join(root, "test/sweep/daemons/*.sh"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range scripts {
		if name := strings.TrimSuffix(filepath.Base(s), ".sh"); name != "lib" {
			names = append(names, name)
		}
	}
	return names, nil
}

// runIn sweeps daemons in the container or the guest. With an error come the results
// that there are.
func runIn(ctx context.Context, root string, guest, each bool, keep string, daemons []string) (results []result, err error) {
	job, err := os.MkdirTemp("", "sweep")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(job)) }()
	for name, program := range map[string]string{"osapi-profile": "./cmd/osapi-profile", "sweep": "./test/sweep"} {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(job, name), program)
		build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", build, err, out)
		}
	}
	if err := os.CopyFS(filepath.Join(job, "daemons"), os.DirFS(filepath.Join(root, "test/sweep/daemons"))); err != nil {
		return nil, err
	}
	harness, patience := "test/container/container.sh", 10
	if guest {
		harness, patience = "test/vm/vm.sh", 30
	}
	args := []string{"run", job, "--", "./sweep", "-within"}
	if each {
		args = append(args, "-each")
	}
	c := exec.CommandContext(ctx, filepath.Join(root, harness), append(args, daemons...)...)
	c.Env = append(os.Environ(), "CONTAINER_TIMEOUT=3000", "VM_TIMEOUT=10000", "VM_PACKAGES="+guestPackages)
	if err := os.WriteFile(filepath.Join(job, "patience"), fmt.Append(nil, patience), 0o644); err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(job, "traces"), 0o755); err != nil {
		return nil, err
	}
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	c.Cancel, c.WaitDelay = func() error { return c.Process.Signal(os.Interrupt) }, 10*time.Second
	err = c.Run()
	if keep != "" {
		err = errors.Join(err, os.MkdirAll(keep, 0o755), exec.Command("cp", "-r", filepath.Join(job, "traces")+"/.", keep).Run())
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", harness, err)
	}
	text, unread := os.ReadFile(filepath.Join(job, "results.json"))
	if unread == nil {
		unread = json.Unmarshal(text, &results)
	}
	return results, errors.Join(err, unread)
}
