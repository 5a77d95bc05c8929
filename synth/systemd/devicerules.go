package systemd

import (
	"cmp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// deviceRows close the device policy where /dev itself cannot be private.
func deviceRows() []row {
	file := []string{"file"}
	unless := "a file in /dev is opened whose kind is not known"
	return []row{
		{
			name: "DevicePolicy", since: 208, kinds: file,
			says:    "No device can be opened but null, zero, full, random, urandom, tty, terminals, and those that DeviceAllow= lists.",
			unless:  unless + "; not written beside PrivateDevices=, which implies it",
			against: (*draft).unknownDevices,
			write: func(d *draft, t *text) {
				if !d.writes("PrivateDevices") {
					t.line("DevicePolicy=closed")
				}
			},
		},
		{
			name: "DeviceAllow", beside: "DevicePolicy", since: 208, kinds: file,
			unless: unless, against: (*draft).unknownDevices, write: writeDevices,
		},
	}
}

// deviceRule is a device that the worker opens or makes.
type deviceRule struct {
	node     string // as DeviceAllow= has it
	rights   string // of "rwm", in that order
	evidence []synth.Evidence
}

const opens = trace.AccessRead | trace.AccessWrite | trace.AccessAppend | trace.AccessTruncate

// unknownDevices finds what may be a device for all that is known.
func (d *draft) unknownDevices() []conflict {
	return d.files("may be any device", func(g synth.FileGrant) bool {
		return g.Access&opens != 0 && len(g.Devices) == 0 && g.Type == "" && g.Name().MayLieIn("/dev") ||
			slices.ContainsFunc(g.Devices, func(device string) bool { return !strings.Contains(device, ":") })
	})
}

// deviceRules gathers the devices beyond those that are always open. A node is
// called by its name in /dev where it has one; else by its number, which
// systemd takes for a node that is not there.
func (d *draft) deviceRules() []deviceRule {
	by := map[string]*deviceRule{}
	for _, g := range d.Files {
		rights := deviceRights(g.Access)
		if rights == "" {
			continue
		}
		for _, device := range g.Devices {
			kind, number, _ := strings.Cut(device, " ")
			if openAnyhow(kind, number, rights) {
				continue
			}
			node := "/dev/" + kind + "/" + number
			if g.Path != "" && len(g.Devices) == 1 && synth.Within(g.Path, "/dev") && spellable(g.Path) && word("", g.Path) == string(g.Path) {
				node = string(g.Path)
			}
			if by[node] == nil {
				by[node] = &deviceRule{node: node}
			}
			by[node].rights = joinRights(by[node].rights, rights)
			by[node].evidence = append(by[node].evidence, g.Evidence)
		}
	}
	out := make([]deviceRule, 0, len(by))
	for _, r := range by {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b deviceRule) int { return cmp.Compare(a.node, b.node) })
	return out
}

func deviceRights(a trace.Access) string {
	rights := ""
	if a&trace.AccessRead != 0 {
		rights += "r"
	}
	if a&data != 0 {
		rights += "w"
	}
	if a&trace.AccessCreate != 0 {
		rights += "m"
	}
	return rights
}

func joinRights(a, b string) string {
	out := ""
	for _, c := range "rwm" {
		if strings.ContainsRune(a+b, c) {
			out += string(c)
		}
	}
	return out
}

// openAnyhow says whether any policy leaves a device open: the pseudo devices
// for all uses, terminals but for making them.
func openAnyhow(kind, number, rights string) bool {
	major, _, _ := strings.Cut(number, ":")
	terminal := len(major) == 3 && "136" <= major && major <= "143"
	return kind == "char" && (slices.Contains(pseudoDevices, number) || terminal && !strings.Contains(rights, "m"))
}

func writeDevices(d *draft, t *text) {
	if d.writes("PrivateDevices") {
		return
	}
	rules := d.deviceRules()
	if d.dropIn {
		t.line("DeviceAllow=")
	}
	if len(rules) > 0 {
		t.say("A node must be there when the service starts, or it stays closed.")
	}
	for _, r := range rules {
		t.item("%s", needers(r.evidence...))
		t.line("DeviceAllow=" + r.node + " " + r.rights)
	}
}
