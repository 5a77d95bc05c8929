package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/test/place"
)

// guestPackages are what the daemons are, beyond what is in every guest.
const guestPackages = "nginx-light curl memcached libcap2-bin openssh-server openssh-client cron redis-server redis-tools " +
	"dnsmasq chrony rsyslog iproute2 procps perl"

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
	command := []string{"./sweep", "-within", "-patience", "10"}
	if guest {
		command[3] = "30"
	}
	if each {
		command = append(command, "-each")
	}
	job := place.Job{
		Guest:    guest,
		Programs: map[string]string{"osapi-profile": "./cmd/osapi-profile", "sweep": "./test/sweep", "client": "./test/client"},
		Trees:    map[string]string{"daemons": "test/sweep/daemons"},
		Command:  slices.Concat(command, daemons),
		Packages: guestPackages,
		Env:      []string{"CONTAINER_TIMEOUT=3000", "VM_TIMEOUT=10000"},
	}
	err = place.Run(ctx, root, job, func(dir string) error {
		if keep != "" {
			if err := errors.Join(os.MkdirAll(keep, 0o755), exec.CommandContext(ctx, "cp", "-r", filepath.Join(dir, "traces")+"/.", keep).Run()); err != nil {
				return fmt.Errorf("keeping the traces: %w", err)
			}
		}
		text, err := os.ReadFile(filepath.Join(dir, "results.json"))
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &results)
	})
	return results, err
}
