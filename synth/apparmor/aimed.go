package apparmor

import (
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// signalWords are what apparmor.d(5) calls a signal where that is not its name
// in lower case without SIG.
var signalWords = map[string]string{"0": "exists", "SIGTSTP": "stp", "SIGPOLL": "io", "SIGIOT": "abrt", "SIGCLD": "chld"}

// knownSignals are the words that apparmor_parser 3.0 has.
var knownSignals = strings.Fields(`exists hup int quit ill trap abrt bus fpe kill usr1 segv usr2 pipe alrm term stkflt chld cont
	stop stp ttin ttou urg xcpu xfsz vtalrm prof winch io pwr sys`)

// signalWord is AppArmor's word for a signal, "" if it has none.
func signalWord(name string) string {
	word, ok := signalWords[name]
	if !ok {
		word = strings.ToLower(strings.TrimPrefix(name, "SIG"))
	}
	if slices.Contains(knownSignals, word) {
		return word
	}
	if n, ok := strings.CutPrefix(word, "rtmin+"); ok && len(n) <= 2 && strings.Trim(n, "0123456789") == "" {
		return word
	}
	return ""
}

// stays says whether what a call was aimed at is under the profile itself. Of
// what could not be told, it is not known.
func stays(target string) bool { return target == trace.TargetSelf || target == trace.TargetWorker }

// signalRule is the rule for signals that leave the worker: "" when there are
// none. Whom they reach has a label of its own that a trace does not tell.
func (d document) signalRule() (text string, why reason) {
	var words []string
	var evidence []synth.Evidence
	every := false
	for _, a := range d.profile.Arguments {
		if a.Name != trace.ArgSignal || stays(a.Target) {
			continue
		}
		word := signalWord(a.Value)
		every = every || word == ""
		words, evidence = append(words, word), append(evidence, a.Evidence)
	}
	switch {
	case len(words) == 0:
		return "", reason{}
	case every:
		return "signal (send)", because(evidence...)
	}
	slices.Sort(words)
	return "signal (send) set=(" + strings.Join(slices.Compact(words), ", ") + ")", because(evidence...)
}

// ptraceAccess is what AppArmor asks for a value of trace.ArgPtrace: "trace",
// "read", or "" for what needs no more than an earlier request did.
func ptraceAccess(value string) string {
	switch {
	case value == "PTRACE_ATTACH" || value == "PTRACE_SEIZE" || strings.HasPrefix(value, "PTRACE_MODE_ATTACH"):
		return "trace"
	case strings.HasPrefix(value, "PTRACE_MODE_READ"):
		return "read"
	}
	return ""
}

// tracesOthers says which access to processes that are not the worker's the
// facts show.
func (d document) tracesOthers() (reads, traces bool, evidence []synth.Evidence) {
	for _, a := range d.profile.Arguments {
		access := ptraceAccess(a.Value)
		if a.Name != trace.ArgPtrace || access == "" || stays(a.Target) {
			continue
		}
		reads, traces = reads || access == "read", traces || access == "trace"
		evidence = append(evidence, a.Evidence)
	}
	return reads, traces, evidence
}

// aims asks about signals and requests of ptrace(2) between processes, whose labels
// these are.
type aims struct {
	labels []label
	known  map[aimAsked]bool
}

type aimAsked struct {
	profile                    *Policy
	kind, access, signal, peer string
}

func (m aims) has(p *Policy, kind, access, signal, peer string) bool {
	ask := aimAsked{p, kind, access, signal, peer}
	have, ok := m.known[ask]
	if !ok {
		have = p.has(kind, access, signal, peer)
		m.known[ask] = have
	}
	return have
}

// admits says whether a signal or request of ptrace(2) is let pass, by both
// ends when the other one is of the worker.
func (m aims) admits(p *Policy, a trace.Argument) (Denial, bool) {
	d := Denial{Kind: a.Name, Name: a.Value, Of: a}
	var kind, does, suffers, word string
	switch {
	case !synth.RestsOnPermission(a.Seen), p.partial && stays(a.Target):
		return d, true
	case a.Name == trace.ArgSignal:
		kind, does, suffers, word = "signal", "send", "receive", signalWord(a.Value)
		d.Asks = "signal (send) set=(" + word + ")"
	case a.Name == trace.ArgPtrace && ptraceAccess(a.Value) != "":
		kind, does = "ptrace", ptraceAccess(a.Value)
		suffers = map[string]string{"read": "readby", "trace": "tracedby"}[does]
		d.Asks = "ptrace (" + does + ")"
	default:
		return d, true
	}
	if !stays(a.Target) {
		return d, m.has(p, kind, does, word, "")
	}
	if a.Target == trace.TargetSelf && kind == "ptrace" {
		return d, true
	}
	for _, from := range m.labels {
		if !slices.Contains(from, p) {
			continue
		}
		for _, to := range m.labels { // it may be any of them
			if a.Target == trace.TargetSelf && to.name() != from.name() {
				continue
			}
			suffered := !slices.ContainsFunc(to, func(other *Policy) bool { return !m.has(other, kind, suffers, word, from.name()) })
			if !suffered || !m.has(p, kind, does, word, to.name()) {
				d.Asks += " peer=" + to.name()
				return d, false
			}
		}
	}
	return d, true
}

// signalSet is a condition on signals: one of them or several in parentheses.
var signalSet = regexp.MustCompile(`[\s)]set\s*=\s*(\([^)]*\)|[^\s(]+)`)

// listed takes a list of a rule apart: its words stand between commas or blanks, in
// quotes or not.
func listed(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(" \t\n(),\"", r) })
}

// has says whether a rule grants the access, to the signal where one is asked
// for. Without a peer that is known, only a rule for all of them does.
func (p *Policy) has(kind, access, signal, peer string) bool {
	return slices.ContainsFunc(p.Others, func(rule string) bool {
		rest, ok := strings.CutPrefix(rule, kind)
		if !ok {
			return false
		}
		sets := signalSet.FindAllStringSubmatch(rest, -1)
		inSet := sets == nil || slices.ContainsFunc(sets, func(set []string) bool { return slices.Contains(listed(set[1]), signal) })
		head, who, limited := strings.Cut(signalSet.ReplaceAllString(rest, " "), "peer=")
		accesses := listed(head)
		return inSet && (len(accesses) == 0 || slices.Contains(accesses, access)) && (!limited || p.isPeer(strings.Trim(who, ` "`), peer))
	})
}

// isPeer says whether an expression behind peer= stands for a profile.
func (p *Policy) isPeer(expression, name string) bool {
	m, err := compileLabel(expression, map[string][]string{"profile_name": {p.Name}})
	return err == nil && name != "" && m.match(name)
}
