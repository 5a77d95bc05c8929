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
		"":                                  {term: true, own: false, read: true, attach: true, peek: false},
		"signal":                            {term: false},
		"signal (send)":                     {term: false},
		"signal (receive)":                  {term: true},
		"signal (send) set=(hup, term)":     {term: false},
		"signal (send) set=(exists, hup)":   {term: true},
		"signal (send, receive) peer=other": {term: true},
		"ptrace (read)":                     {read: false, attach: true},
		"ptrace (read, trace)":              {read: false, attach: false},
		"ptrace (readby, tracedby)":         {read: true, attach: true},
	} {
		p := &Policy{Others: []string{rule}}
		for a, want := range denied {
			got := p.deniedAims(&trace.Trace{Arguments: []trace.Argument{a}})
			require.Equal(t, want, len(got) == 1, "%q and %s %s", rule, a.Syscall, a.Value)
		}
	}
}

func TestSignalWord(t *testing.T) {
	for name, word := range map[string]string{
		"SIGTERM": "term", "0": "exists", "SIGTSTP": "stp", "SIGRTMIN+2": "rtmin+2", "SIGRTMIN+x": "", "99": "", "SIGNAL) x": "",
	} {
		require.Equal(t, word, signalWord(name), name)
	}
}
