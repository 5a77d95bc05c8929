package apparmor

import (
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// Policy is a profile as it was read back from its text: an independent look at
// what Write wrote, and the base on which a profile is asked what it admits. The
// other profiles of the text, its children among them, stand beside it in All.
type Policy struct {
	Name         string             // as the kernel has it: "worker//child"
	All          map[string]*Policy // every profile of the text by its name, this one included
	Flags        string
	Capabilities []string  // "net_raw"; one "" stands for all
	Networks     []Network // one without a family stands for all
	Others       []string  // signal, ptrace, dbus and such rules, as they stand
	Includes     []string  // what is read in when the profile is loaded, and was not here
	Complain     bool
	files        []pathRule
	links        []linkRule
	unix         []unixRule
	mounts       []mountRule
	denied       []string // capabilities and networks that deny rules take away, as "capability net_raw"
	programs     *matcher // what it is attached to, of a profile by hand
	// partial is set where not all of what it leads to is in All: what runs there,
	// and what it does to its own processes, is not judged.
	partial bool
}

// Network is a network rule; an empty word stands for all.
type Network struct{ Family, Type string }

type pathRule struct {
	owner bool
	name  *matcher
	perms perms
	deny  bool
	at    synth.Line
	exec  string // what executing it does to the profile: "ix", "Cx", "pix"
	to    string // the profile behind "->", with "&" before it when it is stacked
}

// moves says whether executing it may leave the profile.
func (r pathRule) moves() bool { return r.exec != "" && !strings.EqualFold(r.exec, "ix") }

// unixRule grants actions on UNIX sockets; without any it grants all, and an empty
// type stands for all.
type unixRule struct {
	actions []string
	typ     string
}

// mountRule grants mounting ("mount"), changing ("remount") or unmounting
// ("umount"); without a name, anywhere.
type mountRule struct {
	does string
	at   *matcher
}

type linkRule struct{ name, target *matcher }

// tunables are the variables of <tunables/global> that a profile may use, as
// AppArmor 3.0 and 4 ship them.
func tunables() map[string][]string {
	pid := make([]string, 0, 7)
	for n := range 6 {
		pid = append(pid, "[1-9]"+strings.Repeat("[0-9]", n))
	}
	pid = append(pid, "[1-4]"+strings.Repeat("[0-9]", 6))
	pids := []string{"{" + strings.Join(pid, ",") + "}"}
	return map[string][]string{
		"PROC": {"/proc/"}, "pid": pids, "tid": pids, "run": {"/run/", "/var/run/"},
		"HOMEDIRS": {"/home/"}, "HOME": {"@{HOMEDIRS}/*/", "/root/"},
	}
}

// Read understands what Write writes, and such profiles by hand as use no more
// of the language than that. It gives the first profile of the text.
func Read(text []byte) (*Policy, error) {
	r := reader{all: map[string]*Policy{}, vars: tunables()}
	s := &scanner{in: string(text), line: 1}
	for {
		words, err := s.statement()
		if err != nil {
			return nil, fmt.Errorf("apparmor: line %d: %w", s.line, err)
		}
		if words == nil {
			break
		}
		if err := r.statement(words); err != nil {
			return nil, fmt.Errorf("apparmor: line %d: %w", s.line, err)
		}
	}
	switch {
	case r.first == nil:
		return nil, fmt.Errorf("apparmor: no profile in the text")
	case len(r.open) > 0:
		return nil, fmt.Errorf("apparmor: line %d: profile %s has no end", s.line, r.open[0].Name)
	}
	return r.first, nil
}

// reader is at some place of a text.
type reader struct {
	first *Policy
	open  []*Policy // the profile that is read, behind those that it stands in
	all   map[string]*Policy
	vars  map[string][]string
}

// statement takes one line of the preamble, head or end of a profile, or rule.
func (r *reader) statement(words []word) error {
	first := words[0]
	if name, value, ok := strings.Cut(first.text, "}="); ok && !first.quoted && strings.HasPrefix(name, "@{") {
		r.vars[name[2:]] = append([]string{value}, texts(words[1:])...)
		return nil
	}
	switch {
	case first.text == "profile" && !first.quoted:
		return r.begin(words)
	case first.text == "}" && !first.quoted:
		if len(r.open) == 0 {
			return fmt.Errorf("'}' without a profile")
		}
		r.open = r.open[:len(r.open)-1]
		return nil
	case len(r.open) == 0 && !first.quoted && (first.text == "abi" || first.text == "include"):
		return nil
	case len(r.open) == 0:
		return fmt.Errorf("a profile is expected before %q", first.text)
	}
	return r.open[len(r.open)-1].statement(words, r.vars)
}

// begin takes the head of a profile.
func (r *reader) begin(words []word) error {
	if len(words) < 2 {
		return fmt.Errorf("a profile with a name is expected")
	}
	p := &Policy{Name: words[1].text, Flags: strings.Join(texts(words[2:]), " "), All: r.all}
	for _, outer := range r.open {
		p.Name = outer.Name + "//" + words[1].text
	}
	if r.all[p.Name] != nil {
		return fmt.Errorf("profile %s is there twice", p.Name)
	}
	if r.first == nil {
		r.first = p
	}
	r.all[p.Name] = p
	r.open = append(r.open, p)
	return nil
}

// statement takes one rule, without its comma.
func (p *Policy) statement(words []word, vars map[string][]string) error {
	first := words[0]
	if first.quoted || strings.HasPrefix(first.text, "/") {
		return p.file(words, vars, false)
	}
	if strings.HasPrefix(first.text, "@{") {
		return p.file(words, vars, false)
	}
	switch first.text {
	case "include":
		p.Includes = append(p.Includes, words[len(words)-1].text)
	case "capability":
		p.Capabilities = append(p.Capabilities, strings.Join(texts(words[1:]), " "))
	case "network":
		n := append(texts(words[1:]), "", "")
		p.Networks = append(p.Networks, Network{n[0], n[1]})
	case "unix":
		return p.unixSockets(texts(words[1:]))
	case "mount", "remount", "umount":
		return p.mount(words, vars)
	case "signal", "ptrace", "pivot_root", "dbus", "userns", "mqueue", "io_uring":
		p.Others = append(p.Others, strings.Join(texts(words), " "))
	case "link":
		return p.link(words, vars)
	case "owner":
		return p.file(words[1:], vars, true)
	default:
		return fmt.Errorf("unknown rule %q", first.text)
	}
	return nil
}

func (p *Policy) file(words []word, vars map[string][]string, owner bool) error {
	if len(words) != 2 && (len(words) != 4 || words[2].text != "->") {
		return fmt.Errorf("a name and its permissions are expected, not %d words", len(words))
	}
	m, err := compile(words[0].text, vars)
	if err != nil {
		return err
	}
	r := pathRule{owner: owner, name: m}
	plain := words[1].text
	for _, exec := range []string{"pix", "Cx", "Px", "ix"} {
		if before, ok := strings.CutSuffix(plain, exec); ok {
			plain, r.exec, r.perms = before, exec, permExec
			break
		}
	}
	for _, c := range plain {
		i := strings.IndexRune("mrwk", c)
		if i < 0 {
			return fmt.Errorf("unknown permission %q in %q", c, words[1].text)
		}
		r.perms |= 1 << i
	}
	if len(words) == 4 {
		r.to = words[3].text
	}
	switch {
	case r.to == "" && r.exec != "" && r.exec != "ix":
		return fmt.Errorf("%s without the profile that it leads to", r.exec)
	case r.to != "" && (r.exec == "" || r.exec == "ix"):
		return fmt.Errorf("%q leads to no profile", words[1].text)
	}
	if strings.HasSuffix(r.exec, "ix") {
		r.perms = r.perms.implied()
	}
	p.files = append(p.files, r)
	return nil
}

func (p *Policy) link(words []word, vars map[string][]string) error {
	if len(words) != 4 || words[2].text != "->" {
		return fmt.Errorf("link NAME -> TARGET is expected")
	}
	name, err := compile(words[1].text, vars)
	if err != nil {
		return err
	}
	target, err := compile(words[3].text, vars)
	p.links = append(p.links, linkRule{name, target})
	return err
}

func (p *Policy) unixSockets(words []string) error {
	var r unixRule
	for _, w := range words {
		actions, isActions := strings.CutPrefix(w, "(")
		typ, isType := strings.CutPrefix(w, "type=")
		switch {
		case isActions:
			r.actions = strings.FieldsFunc(actions, func(c rune) bool { return strings.ContainsRune(", )", c) })
		case isType:
			r.typ = typ
		default:
			return fmt.Errorf("unix (ACTIONS) type=TYPE is expected")
		}
	}
	p.unix = append(p.unix, r)
	return nil
}

func (p *Policy) mount(words []word, vars map[string][]string) error {
	r := mountRule{does: words[0].text}
	switch {
	case len(words) == 1:
	case r.does == "mount" && len(words) == 3 && words[1].text == "->", r.does != "mount" && len(words) == 2:
		m, err := compile(words[len(words)-1].text, vars)
		if err != nil {
			return err
		}
		r.at = m
	default:
		return fmt.Errorf("%s with the name of a mount point alone is expected", r.does)
	}
	p.mounts = append(p.mounts, r)
	return nil
}
