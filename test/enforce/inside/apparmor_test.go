//go:build inside

package inside

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const profile = "/etc/apparmor.d/nginx-demo"

// load puts the emitted profile and this host's additions to it in force.
func load(t *testing.T, text, additions string) {
	t.Helper()
	local := "/etc/apparmor.d/local/nginx-demo"
	require.NoError(t, os.WriteFile(profile, []byte(text), 0o644))
	require.NoError(t, os.WriteFile(local, []byte(additions), 0o644))
	command(t, "apparmor_parser", "--replace", "--skip-cache", profile)
	t.Cleanup(func() { command(t, "rm", "-f", profile, local) })
	loaded, err := os.ReadFile("/sys/kernel/security/apparmor/profiles")
	require.NoError(t, err)
	require.Contains(t, string(loaded), "nginx-demo (enforce)\n")
}

// denials empties the kernel's log and gives AppArmor's denials for the profile.
func denials(t *testing.T) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(command(t, "dmesg", "--read-clear")) {
		if strings.Contains(line, `apparmor="DENIED"`) && strings.Contains(line, `profile="nginx-demo"`) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// TestAppArmor has the daemon do its work under the emitted profile alone, and
// together with the emitted unit.
func TestAppArmor(t *testing.T) {
	command(t, "sysctl", "-q", "-w", "kernel.printk_ratelimit=0")
	load(t, emit(t, "apparmor"), "")
	denials(t)
	confined := emit(t, "unit", "--apparmor-profile", "nginx-demo")
	for name, files := range map[string]map[string]string{
		"alone":         {service: unconfined + "AppArmorProfile=nginx-demo\n"},
		"with the unit": {service: confined, service + ".d/arguments.conf": arguments},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t)
			m.install(files)
			m.works()
			assert.Empty(t, denials(t))
		})
	}
}

// TestAppArmorRefuses tries the acts under the profile, first as it was emitted,
// then with the one rule that would allow each.
func TestAppArmorRefuses(t *testing.T) {
	text := emit(t, "apparmor")
	const admitted = "/usr/local/bin/act mrix,\n"
	rules := []string{"/srv/forbidden w,\n", "/usr/bin/true mrix,\n", "capability net_bind_service,\n"}
	denied := []string{
		`operation="mknod" profile="nginx-demo" name="/srv/forbidden"`,
		`operation="exec" profile="nginx-demo" name="/usr/bin/true"`,
		`operation="capable" profile="nginx-demo"`,
	}
	for i := range len(rules) + 1 {
		additions, name := admitted, "as emitted"
		if i < len(rules) {
			additions, name = admitted+rules[i], "with "+strings.TrimSpace(rules[i])
		}
		t.Run(name, func(t *testing.T) {
			m := newManager(t)
			load(t, text, additions)
			m.install(map[string]string{service: unconfined + "AppArmorProfile=nginx-demo\n", service + ".d/tried.conf": tried()})
			denials(t)
			results := m.outcomes()
			log := strings.Join(denials(t), "\n")
			for j, got := range results {
				if i == j {
					assert.Zero(t, got, acts()[j].name)
					assert.NotContains(t, log, denied[j])
				} else {
					assert.Equal(t, syscall.EACCES, got, acts()[j].name)
					assert.Contains(t, log, denied[j])
				}
			}
		})
	}
}
