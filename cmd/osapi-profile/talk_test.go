package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/prove/minimize"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record"
)

var someStatus = record.Status{
	Elapsed: 62*time.Second + 400*time.Millisecond,
	Facts:   map[string]int{"syscall": 63, "file": 210, "novel": 1},
	Recent:  12,
	Lost:    3,
	Tasks:   4,
}

func TestStatusLine(t *testing.T) {
	require.Equal(t,
		"1m2s: syscall 63, exec 0, file 210, capability 0, socket 0, argument 0, novel 1; 12 new in 30 s; 3 lost; 4 processes",
		statusLine(someStatus))
}

func TestTalkOnTerminal(t *testing.T) {
	var b bytes.Buffer
	talk := newTalk(&b, false)
	talk.width = 30
	talk.status()(someStatus)
	require.Equal(t, "\r\x1b[K1m2s: syscall 63, exec 0, fil\r", b.String())

	b.Reset()
	talk.warn("events were lost")
	require.Equal(t, "\r\x1b[Kosapi-profile: warning: events were lost\n", b.String())

	b.Reset()
	talk.clear() // nothing is drawn any more
	require.Empty(t, b.String())
	talk.draw(someStatus)
	b.Reset()
	talk.clear()
	require.Equal(t, "\r\x1b[K", b.String())
}

func TestTalkOfSearch(t *testing.T) {
	var b bytes.Buffer
	talk := newTalk(&b, false)
	talk.advance(minimize.Progress{Done: 2})
	require.Empty(t, b.String(), "there is no terminal")
	talk.width = 100
	talk.advance(minimize.Progress{What: "everything as it is, watched"})
	require.Equal(t, "\r\x1b[Krun 1: everything as it is, watched\r", b.String())
	b.Reset()
	talk.advance(minimize.Progress{Done: 11, Left: 20, Time: 190 * time.Second, What: "without exec /usr/games"})
	require.Equal(t, "\r\x1b[Krun 12, about 20 more, 3m10s: without exec /usr/games\r", b.String())
}

func TestTalkOfOperations(t *testing.T) {
	status := someStatus
	status.Operation = "network.ping"
	require.Contains(t, statusLine(status), "; 4 processes; network.ping")

	var b bytes.Buffer
	talk := newTalk(&b, false)
	done := []trace.Operation{
		{Name: "a", First: 100, Last: 1640, Outcome: trace.OperationOK},
		{Name: "b", Last: 1, Outcome: trace.OperationFailed, Detail: "exit status 3"},
		{Name: "c", Outcome: trace.OperationSkipped},
	}
	for _, o := range done {
		talk.operation(o)
	}
	warnings := `osapi-profile: warning: operation b failed: exit status 3
osapi-profile: warning: operation c never ran
`
	require.Equal(t, "osapi-profile: operation a: 1.5s\n"+warnings, b.String())

	b.Reset()
	talk.quiet = true
	for _, o := range done {
		talk.operation(o)
	}
	require.Equal(t, warnings, b.String())
}

func TestTalkInPipe(t *testing.T) {
	var b bytes.Buffer
	talk := newTalk(&b, false)
	require.Nil(t, talk.status(), "nothing is drawn in a pipe")
	talk.clear()
	talk.summary("/var/lib/t.jsonl", record.Result{
		Facts: map[string]int{"syscall": 2},
		Holes: []trace.Hole{{Kind: trace.HoleLost, Detail: "file events", Count: 3}, {Kind: trace.HoleIOURing}},
	})
	require.Equal(t, `osapi-profile: trace in /var/lib/t.jsonl: syscall 2, exec 0, file 0, capability 0, socket 0, argument 0
osapi-profile: it has holes: lost: file events (3); io_uring
`, b.String())
}

func TestTalkQuiet(t *testing.T) {
	var b bytes.Buffer
	talk := newTalk(&b, true)
	talk.width = 80
	require.Nil(t, talk.status())
	talk.summary("t", record.Result{})
	require.Empty(t, b.String())
	talk.warn("x")
	require.Equal(t, 1, strings.Count(b.String(), "warning: x\n"))
}
