// Package selinux writes a profile as a CIL module for hosts with SELinux, such
// as RHEL: a domain for the worker, and a type for the files that it makes.
// SELinux goes by labels, so the module is made for the policy of one kind of
// host, whose file_contexts(5) says which label a path has there. It is
// experimental: it compiles against the reference policy, but no worker has been
// run under it.
package selinux

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Options steer the module.
type Options struct {
	Contexts *Contexts // of the hosts it is made for
}

// ErrBlind says that a kind of facts is missing that a module cannot do without.
var ErrBlind = errors.New("what a domain may not do would break the worker, and no probe saw facts of kind")

// module is one in the making.
type module struct {
	p        *synth.Profile
	contexts *Contexts
	name     string
	rules    rules
	unknown  []trace.Path // paths that the policy has no label for
	made     map[string]bool
	labels   []string // filecon lines
}

// key is what a rule is about.
type key struct{ target, class string }

// rules are permissions by target and class.
type rules map[key]map[string]bool

func (r rules) allow(target, class string, permissions ...string) {
	k := key{target, class}
	if r[k] == nil {
		r[k] = map[string]bool{}
	}
	for _, p := range permissions {
		r[k][p] = true
	}
}

func newModule(p *synth.Profile, opt Options) (*module, error) {
	for _, kind := range []string{"file", "exec", "capability", "socket", "syscall", "argument"} {
		if !p.Sees(kind) {
			return nil, fmt.Errorf("%w %q", ErrBlind, kind)
		}
	}
	m := &module{p: p, contexts: opt.Contexts, name: cilName(p.Worker.Name), rules: rules{}, made: map[string]bool{}}
	m.processes()
	m.capabilities()
	m.sockets()
	m.files()
	m.programs()
	return m, nil
}

// cilName is a worker's name as an identifier can have it.
func cilName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, name)
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		name = "w" + name
	}
	return name
}

func (m *module) domain() string { return m.name + "_t" }

// data is the type of files that the worker makes.
func (m *module) data() string { return m.name + "_data_t" }

// Write writes the module.
func Write(w io.Writer, p *synth.Profile, opt Options) error {
	m, err := newModule(p, opt)
	if err != nil {
		return err
	}
	var b strings.Builder
	m.head(&b)
	m.declare(&b)
	targets := make([]key, 0, len(m.rules))
	for k := range m.rules {
		targets = append(targets, k)
	}
	slices.SortFunc(targets, func(a, b key) int { return cmp.Or(cmp.Compare(a.target, b.target), cmp.Compare(a.class, b.class)) })
	for _, k := range targets {
		fmt.Fprintf(&b, "(allow %s %s (%s (%s)))\n", m.domain(), k.target, k.class, strings.Join(slices.Sorted(maps.Keys(m.rules[k])), " "))
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// head says what the module stands on and what it cannot vouch for. Comments
// end with their line, so nothing of the worker may bring one of its own.
func (m *module) head(b *strings.Builder) {
	say := func(format string, args ...any) { fmt.Fprintf(b, "; "+format+"\n", args...) }
	say("EXPERIMENTAL: SELinux module for %s, made by osapi-profile from %d recorded runs.", synth.Printable(string(m.p.Worker.Exe)), len(m.p.Worker.Runs))
	say("It compiles against the policy whose file_contexts it was made with; no worker was run under it. Try it with")
	say("  semodule -i FILE.cil && semanage permissive -a %s && restorecon -RF %s", m.domain(), synth.Printable(string(m.p.Worker.Exe)))
	say("and look for what is missing with ausearch -m avc -ts recent -c, before taking the domain out of permissive mode.")
	say("Files are known by their labels: what is allowed for a path is allowed for every file of its type.")
	if len(m.p.Holes) == 0 {
		say("HOLES: none known.")
	}
	for _, h := range m.p.Holes {
		say("HOLE %s: %s", synth.Printable(h.Kind), synth.Printable(h.Detail))
	}
	for _, e := range m.p.Escapes {
		say("WAY OUT %s: %s", synth.Printable(string(e.Name())), e.Why)
	}
	for _, p := range m.unknown {
		say("NOT ALLOWED, because the policy has no label for it: %s", synth.Printable(string(p)))
	}
}

// declare writes the types, how the domain is entered, and the labels.
func (m *module) declare(b *strings.Builder) {
	domain, exec, data := m.domain(), m.name+"_exec_t", m.data()
	for _, t := range []string{domain, exec, data} {
		fmt.Fprintf(b, "(type %s)\n(roletype object_r %s)\n", t, t)
	}
	fmt.Fprintf(b, "(roletype system_r %s)\n(typeattributeset domain (%s))\n", domain, domain)
	fmt.Fprintf(b, "(typeattributeset file_type (%s %s))\n", exec, data)
	m.assertions(b)
	fmt.Fprintf(b, "; systemd enters the domain by executing the worker, under NoNewPrivileges= as well\n")
	fmt.Fprintf(b, "(typetransition init_t %s process %s)\n", exec, domain)
	fmt.Fprintf(b, "(allow init_t %s (file (execute getattr map open read)))\n", exec)
	fmt.Fprintf(b, "(allow init_t %s (process (getattr rlimitinh siginh signal sigkill signull sigstop transition)))\n", domain)
	fmt.Fprintf(b, "(allow init_t %s (process2 (nnp_transition nosuid_transition)))\n", domain)
	fmt.Fprintf(b, "(allow %s %s (file (entrypoint execute execute_no_trans getattr map open read)))\n", domain, exec)
	fmt.Fprintf(b, "(allow %s init_t (fd (use)))\n(allow %s init_t (process (sigchld)))\n", domain, domain)
	fmt.Fprintf(b, "(allow %s init_t (unix_stream_socket (getattr ioctl read write)))\n", domain)
	if regex, ok := escape(m.p.Worker.Exe); ok {
		m.labels = append(m.labels, fmt.Sprintf("(filecon \"%s\" file (system_u object_r %s ((s0) (s0))))", regex, exec))
	}
	slices.Sort(m.labels)
	for _, l := range slices.Compact(m.labels) {
		fmt.Fprintln(b, l)
	}
	for _, t := range slices.Sorted(maps.Keys(m.made)) {
		for _, class := range []string{"dir", "fifo_file", "file", "lnk_file", "sock_file"} {
			fmt.Fprintf(b, "(typetransition %s %s %s %s)\n", domain, t, class, data)
		}
	}
}

// assertions puts the domain among those that a policy lets at passwords and load
// modules: that no other may is asserted by it (neverallow).
func (m *module) assertions(b *strings.Builder) {
	shadow := m.rules[key{"shadow_t", "file"}]
	if shadow["read"] {
		fmt.Fprintf(b, "(typeattributeset can_read_shadow_passwords (%s))\n", m.domain())
	}
	if shadow["write"] || shadow["create"] || shadow["append"] {
		fmt.Fprintf(b, "(typeattributeset can_write_shadow_passwords (%s))\n", m.domain())
	}
	if m.rules[key{"self", "capability"}]["sys_module"] {
		fmt.Fprintf(b, "(typeattributeset can_load_kernmodule (%s))\n", m.domain())
	}
}

// escape writes a path as the regular expression of a filecon. Paths with
// characters that its string or its file could stumble over get no label of their
// own: the type transition gives them one when they are made.
func escape(p trace.Path) (string, bool) {
	var b strings.Builder
	for _, r := range string(p) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("/_-@:,=%", r):
			b.WriteRune(r)
		case r == '.' || r == '+':
			b.WriteString(`\` + string(r))
		default:
			return "", false
		}
	}
	return b.String(), strings.HasPrefix(string(p), "/")
}
