package apparmor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

func TestDeniedAims(t *testing.T) {
	term := trace.Argument{Seen: trace.Seen{Outcome: trace.OK}, Syscall: "kill", Name: trace.ArgSignal, Value: "SIGTERM", Target: trace.TargetOutside}
	own := term
	own.Target = trace.TargetWorker
	read := trace.Argument{Seen: trace.Seen{Outcome: trace.OK}, Syscall: "kcmp", Name: trace.ArgPtrace, Value: "PTRACE_MODE_READ_REALCREDS", Target: trace.TargetOutside}
	attach := read
	attach.Syscall, attach.Value = "ptrace", "PTRACE_SEIZE"
	peek := read
	peek.Syscall, peek.Value = "ptrace", "PTRACE_PEEKDATA"
	for rule, denied := range map[string]map[trace.Argument]bool{
		"":                                            {term: true, own: true, read: true, attach: true, peek: false},
		"signal (send, receive) peer=p":               {term: true, own: false},
		"signal (send) peer=p":                        {own: true},
		"signal":                                      {term: false, own: false},
		"signal (send)":                               {term: false},
		"signal (receive)":                            {term: true},
		"signal (send) set=(hup, term)":               {term: false},
		"signal (send) set=(exists, hup)":             {term: true},
		"signal (send, receive) peer=other":           {term: true},
		"signal (send) set=(hup term)":                {term: false},
		"signal (send) set=(hup,term)":                {term: false},
		`signal send set=("term")`:                    {term: false},
		"signal (send) set=term":                      {term: false, own: true},
		"signal (send) set=kill":                      {term: true},
		`signal (send) set=("hup" "int")`:             {term: true},
		"signal set=(hup) set=(term)":                 {term: false, own: false},
		"signal (send,receive) peer=p set=(int term)": {term: true, own: false},
		`signal (send receive) set=term peer="p"`:     {term: true, own: false},
		"ptrace read":                                 {read: false, attach: true},
		"ptrace (read)":                               {read: false, attach: true},
		"ptrace (read, trace)":                        {read: false, attach: false},
		"ptrace (readby, tracedby)":                   {read: true, attach: true},
	} {
		p := &Policy{Name: "p", Others: []string{rule}}
		p.All = map[string]*Policy{"p": p}
		others := aims{[]label{{p}}, map[aimAsked]bool{}}
		for a, want := range denied {
			_, ok := others.admits(p, a)
			require.Equal(t, want, !ok, "%q and %s %s", rule, a.Syscall, a.Value)
		}
	}
}

// Of a stack the kernel compares the whole name: a rule for each of its profiles is
// none for it.
func TestStackIsAPeerByItsWholeName(t *testing.T) {
	kill := trace.Argument{Seen: trace.Seen{Outcome: trace.OK}, Syscall: "kill", Name: trace.ArgSignal, Value: "SIGTERM", Target: trace.TargetWorker}
	for peer, want := range map[string]bool{"w{,.*}": false, "w{,.*,//&**}": true, "w{,//&w.a}": true, "w{,//&w.b}": false, "w//&w.a": false} {
		rule := "signal (send, receive) peer=" + peer
		w, child := &Policy{Name: "w", Others: []string{rule}}, &Policy{Name: "w.a", Others: []string{rule}}
		others := aims{[]label{{w}, {w, child}}, map[aimAsked]bool{}}
		_, ok := others.admits(w, kill)
		require.Equal(t, want, ok, peer)
	}
}

func TestSignalWord(t *testing.T) {
	for name, word := range map[string]string{
		"SIGTERM": "term", "0": "exists", "SIGTSTP": "stp", "SIGRTMIN+2": "rtmin+2", "SIGRTMIN+x": "", "99": "", "SIGNAL) x": "",
	} {
		require.Equal(t, word, signalWord(name), name)
	}
}
