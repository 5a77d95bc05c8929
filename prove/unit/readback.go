package unit

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
)

// Difference is a directive that systemd holds otherwise than the text says.
type Difference struct {
	Line synth.Line // the last assignment of the directive
	Want []string   // words of the text that systemd does not hold
	Got  []string   // words that it holds and the text does not have
	// Why is set where this host is known not to have what the directive needs:
	// what it says was then not proven, but nothing is wrong with the text.
	Why string
	// Unread says that it could not be compared.
	Unread string
}

// String is one line for people.
func (d Difference) String() string {
	name, _, _ := strings.Cut(d.Line.Text, "=")
	switch {
	case d.Why != "":
		return name + "= is not in force on this host: " + d.Why
	case d.Unread != "":
		return fmt.Sprintf("%s was not read back: %s", d.Line, d.Unread)
	}
	return fmt.Sprintf("%s: systemd holds %s= with %s and without %s", d.Line, name, list(d.Got), list(d.Want))
}

func list(words []string) string { return cmp.Or(strings.Join(words, " "), "nothing more") }

// ReadBack compares each directive that the installed files set in the [Service]
// section, together with what other files of the service say of it, with what systemd
// holds, and gives those that differ.
func (s *Service) ReadBack(ctx context.Context) ([]Difference, error) {
	held, err := s.host.conn.GetAllPropertiesContext(ctx, s.Name)
	if err != nil {
		return nil, fmt.Errorf("asking systemd about %s: %w", s.Name, err)
	}
	texts, err := s.Texts(ctx)
	if err != nil {
		return nil, err
	}
	var all []systemd.Assignment
	for _, f := range texts {
		read, err := systemd.ReadAssignments(f.Name, f.Text)
		if err != nil {
			return nil, err
		}
		all = append(all, read...)
	}
	r := reader{held: held, groups: groups(ctx), features: features(ctx), lsms: lsms(), of: map[string]bool{}}
	for _, f := range s.Files {
		r.of[filepath.Join(Directory, f.Name)] = true
	}
	return r.compare(all), nil
}

// Texts are the files that make up the service, its own and those of others, in the
// order in which systemd reads them. Names are absolute.
func (s *Service) Texts(ctx context.Context) ([]File, error) { return s.host.Texts(ctx, s.Name) }

// Texts are those of any service.
func (h *Host) Texts(ctx context.Context, name string) ([]File, error) {
	held, err := h.conn.GetUnitPropertiesContext(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("asking systemd about %s: %w", name, err)
	}
	if state := held["LoadState"]; state != "loaded" {
		return nil, fmt.Errorf("systemd has no %s (%v)", name, state)
	}
	var out []File
	for _, path := range append([]string{property[string](held, "FragmentPath")}, property[[]string](held, "DropInPaths")...) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		out = append(out, File{path, text})
	}
	return out, nil
}

// reader compares text with what systemd holds.
type reader struct {
	held     map[string]any
	groups   func(kind, name string) []string // what a name with an "@" stands for
	of       map[string]bool                  // the files whose directives are compared
	features string                           // what systemd was built with: "+SECCOMP -BPF_FRAMEWORK"
	lsms     string                           // the kernel's security modules: "capability,apparmor,bpf"
}

// settled are directives that do not say what is allowed. Those that run
// something are compared by what ran, in [Service.Outcome].
func settled(name string) bool {
	return strings.HasPrefix(name, "Exec") && !strings.HasSuffix(name, "Paths") && !strings.HasSuffix(name, "Directories")
}

func (r reader) compare(all []systemd.Assignment) []Difference {
	var settings systemd.Settings
	last := map[string]synth.Line{}
	var names []string
	for _, a := range all {
		if a.Section != "Service" || settled(a.Name) {
			continue
		}
		settings = append(settings, a.Setting)
		if r.of[a.File] && !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
		last[a.Name] = a.Line
	}
	var out []Difference
	for _, name := range names {
		d := Difference{Line: last[name]}
		want, got, err := r.words(name, settings)
		if err != nil {
			d.Unread = err.Error()
			out = append(out, d)
			continue
		}
		d.Want, d.Got = missing(want, got), missing(got, want)
		if name == "SystemCallFilter" {
			d.Got = missing(d.Got, r.groups("syscall-filter", "@default")) // in every allow-list unasked
		}
		if name == "DeviceAllow" && r.held["ProtectClock"] == true {
			d.Got = missing(d.Got, []string{"char-rtc", "r"}) // which this directive opens
		}
		d.Why = r.lacks(name) // it may hold a value that it does nothing with
		if len(d.Want)+len(d.Got) > 0 || d.Why != "" {
			out = append(out, d)
		}
	}
	return out
}

// lacks says why a directive cannot be in force with this systemd.
func (r reader) lacks(name string) string {
	for feature, directives := range map[string][]string{
		"BPF_FRAMEWORK": {"RestrictFileSystems", "SocketBindAllow", "SocketBindDeny", "RestrictNetworkInterfaces"},
		"SECCOMP": {"SystemCallFilter", "SystemCallArchitectures", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime",
			"RestrictSUIDSGID", "MemoryDenyWriteExecute", "LockPersonality"},
		"APPARMOR": {"AppArmorProfile"},
	} {
		if slices.Contains(directives, name) && strings.Contains(" "+r.features+" ", " -"+feature+" ") {
			return "this systemd was built without " + feature
		}
	}
	if name == "RestrictFileSystems" && !slices.Contains(strings.Split(r.lsms, ","), "bpf") {
		return "this kernel has no security module in BPF" // systemd asks it the same, lsm_supported
	}
	return ""
}

// missing are the words of a that b does not have, each once.
func missing(a, b []string) []string {
	var out []string
	for _, w := range a {
		if !slices.Contains(b, w) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return out
}

// words spells a directive, as the text has it and as systemd holds it, in the
// same words.
func (r reader) words(name string, settings systemd.Settings) (want, got []string, err error) {
	held, known := r.held[cmp.Or(heldAs[name], name)]
	if ex, ok := r.held[name+"Ex"].(string); ok { // of a directive that was a boolean before
		if ex == yesAs[name] {
			ex = "yes"
		}
		held, known = ex, true
	}
	if !known {
		return nil, nil, fmt.Errorf("systemd has no property %s", name)
	}
	if name == "CPUQuota" { // its "%" is none that begins a specifier
		settings = slices.Clone(settings)
		for i := range settings {
			settings[i].Value = strings.ReplaceAll(settings[i].Value, "%", "%%")
		}
	}
	want, err = settings.Words(name)
	if err != nil {
		return nil, nil, err
	}
	if len(want) > 0 && strings.HasPrefix(want[0], "~") {
		return nil, nil, fmt.Errorf("a list that takes away")
	}
	if spell := lists()[name]; spell != nil {
		return spell(r, want, held)
	}
	return scalar(want, held)
}

// heldAs are properties that are not called as their directive is.
var heldAs = map[string]string{"CPUQuota": "CPUQuotaPerSecUSec"}

// yesAs is what systemd 257 says for "yes" of directives that were booleans before.
var yesAs = map[string]string{"PrivateTmp": "connected", "PrivateUsers": "self"}
