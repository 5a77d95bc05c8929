package main

import "fmt"

// daemon is one that has a plan in proof/daemons.
type daemon struct {
	Name    string
	Unit    string
	Package string // of Debian, whose version is told
	Own     bool   // the unit is of the plan's making, Debian has none
}

func daemons() []daemon {
	return []daemon{
		{Name: "nginx", Unit: "nginx.service", Package: "nginx-light"},
		{Name: "redis", Unit: "redis-server.service", Package: "redis-server"},
		{Name: "postgresql", Unit: "postgresql@15-main.service", Package: "postgresql-15"},
		{Name: "chrony", Unit: "chrony.service", Package: "chrony"},
		{Name: "ssh", Unit: "ssh.service", Package: "openssh-server"},
		{Name: "unbound", Unit: "unbound.service", Package: "unbound"},
		{Name: "dnsmasq", Unit: "dnsmasq.service", Package: "dnsmasq"},
		{Name: "mosquitto", Unit: "mosquitto.service", Package: "mosquitto"},
		{Name: "rsyslog", Unit: "rsyslog.service", Package: "rsyslog"},
		{Name: "cron", Unit: "cron.service", Package: "cron"},
		{Name: "memcached", Unit: "memcached.service", Package: "memcached"},
		{Name: "haproxy", Unit: "haproxy.service", Package: "haproxy"},
		{Name: "python", Unit: "proof-python.service", Package: "python3", Own: true},
	}
}

// choose finds daemons by name; all, if none is named.
func choose(names []string) ([]daemon, error) {
	if len(names) == 0 {
		return daemons(), nil
	}
	var chosen []daemon
	for _, name := range names {
		found := false
		for _, d := range daemons() {
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

// guestPackages are all daemons and their clients, so that there is one image.
const guestPackages = "nginx-light curl memcached openssh-server openssh-client cron redis-server redis-tools dnsmasq chrony rsyslog " +
	"iproute2 procps postgresql-15 mosquitto mosquitto-clients unbound haproxy python3"
