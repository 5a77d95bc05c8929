package main

import (
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace/record"
)

func TestRecordExit(t *testing.T) {
	for _, tc := range []struct {
		result record.Result
		err    error
		code   int
		text   string
	}{
		{record.Result{Exit: 7}, nil, 7, ""},
		{record.Result{Exit: -1, Signal: syscall.SIGTERM}, nil, 143, ""},
		{record.Result{Exit: 7, Failed: 1}, nil, 124, ""},
		{record.Result{Failed: 1, Stopped: true}, nil, 124, ""},
		{record.Result{Failed: 1}, errors.New("disk full"), 125, "disk full"},
		{record.Result{Exit: 7}, errors.New("disk full"), 125, "disk full"},
		{record.Result{}, &record.NotExecutedError{Name: "x", Err: syscall.ENOENT}, 127, `cannot execute "x": no such file or directory`},
		{record.Result{}, fmt.Errorf("starting: %w", &record.NotExecutedError{Name: "x", Err: syscall.EACCES}), 126, `starting: cannot execute "x": permission denied`},
	} {
		e, ok := errors.AsType[*exitError](recordExit(tc.result, tc.err))
		require.True(t, ok)
		require.Equal(t, tc.code, e.code)
		if tc.text == "" {
			require.NoError(t, e.err)
		} else {
			require.EqualError(t, e.err, tc.text)
		}
	}
	require.NoError(t, recordExit(record.Result{}, nil))
	require.NoError(t, recordExit(record.Result{Exit: -1, Signal: syscall.SIGTERM, Stopped: true}, nil))
}

func TestIgnoredSignalsStayIgnored(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	c := passedOn()
	defer signal.Stop(c)
	require.True(t, signal.Ignored(syscall.SIGHUP))
	require.NoError(t, syscall.Kill(syscall.Getpid(), syscall.SIGUSR1))
	require.Equal(t, syscall.SIGUSR1, <-c)
}
