package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/osapi-io/osapi-profile/test/place"
)

// daemon is one that has a plan in proof/daemons.
type daemon struct {
	Name    string
	Unit    string
	Package string // of Debian, whose version is told
	Own     bool   // the unit is of the plan's making, Debian has none
	Apart   bool   // programs that it starts have AppArmor profiles of their own
}

// postgres is the version of PostgreSQL that a Debian release has.
func postgres(suite string) string {
	if suite == place.Bookworm {
		return "15"
	}
	return "17"
}

// daemons are all, as a Debian release has them.
func daemons(suite string) []daemon {
	postfix := "postfix.service"
	if suite == place.Bookworm {
		postfix = "postfix@-.service"
	}
	return []daemon{
		{Name: "nginx", Unit: "nginx.service", Package: "nginx-light"},
		{Name: "redis", Unit: "redis-server.service", Package: "redis-server"},
		{Name: "postgresql", Unit: "postgresql@" + postgres(suite) + "-main.service", Package: "postgresql-" + postgres(suite)},
		{Name: "chrony", Unit: "chrony.service", Package: "chrony"},
		{Name: "ssh", Unit: "ssh.service", Package: "openssh-server"},
		{Name: "unbound", Unit: "unbound.service", Package: "unbound"},
		{Name: "dnsmasq", Unit: "dnsmasq.service", Package: "dnsmasq"},
		{Name: "mosquitto", Unit: "mosquitto.service", Package: "mosquitto"},
		{Name: "postfix", Unit: postfix, Package: "postfix"},
		{Name: "ngircd", Unit: "ngircd.service", Package: "ngircd"},
		{Name: "rsyslog", Unit: "rsyslog.service", Package: "rsyslog"},
		{Name: "cron", Unit: "cron.service", Package: "cron"},
		{Name: "memcached", Unit: "memcached.service", Package: "memcached"},
		{Name: "haproxy", Unit: "haproxy.service", Package: "haproxy"},
		{Name: "python", Unit: "proof-python.service", Package: "python3", Own: true},
		{Name: "node", Unit: "proof-node.service", Package: "nodejs", Own: true},
	}
}

// names are those of all, in the order of pages.
func names() (all []string) {
	for _, d := range daemons(place.Bookworm) {
		all = append(all, d.Name)
	}
	return all
}

// choose finds daemons of a Debian release by name; all, if none is named.
func choose(suite string, names []string) ([]daemon, error) {
	if len(names) == 0 {
		return daemons(suite), nil
	}
	var chosen []daemon
	for _, name := range names {
		found := false
		for _, d := range daemons(suite) {
			if d.Name == name {
				chosen, found = append(chosen, d), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no daemon %q; proof/daemons has those that there are", name)
		}
	}
	return chosen, nil
}

// guestPackages are all daemons and their clients, so that there is one image of a
// Debian release. What Debian only recommends is named where a daemon's configuration
// takes it for given.
func guestPackages(suite string) string {
	return "nginx-light curl memcached openssh-server openssh-client cron redis-server redis-tools dnsmasq chrony rsyslog " +
		"iproute2 procps mosquitto mosquitto-clients unbound dns-root-data haproxy python3 nodejs postfix ngircd postgresql-" + postgres(suite)
}

// suiteHere is the Debian release of this machine.
func suiteHere() (string, error) {
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok {
			return name, nil
		}
	}
	return "", fmt.Errorf("/etc/os-release names no VERSION_CODENAME")
}
