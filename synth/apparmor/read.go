package apparmor

import (
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// Policy is a profile as it was read back from its text: an independent look at
// what Write wrote, and the base on which a profile is asked what it admits.
type Policy struct {
	Name         string
	Flags        string
	Capabilities []string  // "net_raw"; one "" stands for all
	Networks     []Network // one without a family stands for all
	Others       []string  // signal, ptrace, mount and dbus rules, as they stand
	Includes     []string  // what is read in when the profile is loaded, and was not here
	Complain     bool
	files        []pathRule
	links        []linkRule
	denied       []string // capabilities and networks that deny rules take away, as "capability net_raw"
}

// Network is a network rule; an empty word stands for all.
type Network struct{ Family, Type string }

type pathRule struct {
	owner bool
	name  *matcher
	perms perms
	deny  bool
	at    synth.Line
	moves bool // executing it leaves the profile
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
	return map[string][]string{"PROC": {"/proc/"}, "pid": pids, "tid": pids}
}

// Read understands what Write writes, and such profiles by hand as use no more
// of the language than that.
func Read(text []byte) (*Policy, error) {
	p := &Policy{}
	vars := tunables()
	s := &scanner{in: string(text), line: 1}
	for {
		words, err := s.statement()
		if err != nil {
			return nil, fmt.Errorf("apparmor: line %d: %w", s.line, err)
		}
		if words == nil {
			break
		}
		if err := p.statement(words, vars); err != nil {
			return nil, fmt.Errorf("apparmor: line %d: %w", s.line, err)
		}
	}
	if p.Name == "" {
		return nil, fmt.Errorf("apparmor: no profile in the text")
	}
	return p, nil
}

// statement takes one rule, or line of the preamble, without its comma.
func (p *Policy) statement(words []word, vars map[string][]string) error {
	first := words[0]
	if first.quoted || strings.HasPrefix(first.text, "/") {
		return p.file(words, vars, false)
	}
	if name, value, ok := strings.Cut(first.text, "}="); ok && strings.HasPrefix(name, "@{") {
		vars[name[2:]] = append([]string{value}, texts(words[1:])...)
		return nil
	}
	if strings.HasPrefix(first.text, "@{") {
		return p.file(words, vars, false)
	}
	switch first.text {
	case "abi", "}":
	case "include":
		p.Includes = append(p.Includes, words[len(words)-1].text)
	case "profile":
		if len(words) < 2 || p.Name != "" {
			return fmt.Errorf("one profile with a name is expected")
		}
		p.Name = words[1].text
		p.Flags = strings.Join(texts(words[2:]), " ")
	case "capability":
		p.Capabilities = append(p.Capabilities, strings.Join(texts(words[1:]), " "))
	case "network":
		n := append(texts(words[1:]), "", "")
		p.Networks = append(p.Networks, Network{n[0], n[1]})
	case "signal", "ptrace", "mount", "remount", "umount", "pivot_root", "dbus":
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
	if len(words) != 2 {
		return fmt.Errorf("a name and its permissions are expected, not %d words", len(words))
	}
	m, err := compile(words[0].text, vars)
	if err != nil {
		return err
	}
	r := pathRule{owner: owner, name: m}
	for _, c := range strings.Replace(words[1].text, "ix", "x", 1) {
		i := strings.IndexRune("mrwkx", c)
		if i < 0 {
			return fmt.Errorf("unknown permission %q in %q", c, words[1].text)
		}
		r.perms |= 1 << i
	}
	r.perms = r.perms.implied()
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
