package main

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEndedBy(t *testing.T) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) // tests may be under nohup themselves
	require.Contains(t, endedBy(), syscall.SIGHUP)
	signal.Ignore(syscall.SIGHUP) // as under nohup
	t.Cleanup(func() { signal.Reset(syscall.SIGHUP) })
	require.NotContains(t, endedBy(), syscall.SIGHUP)
	require.Contains(t, endedBy(), syscall.SIGTERM)
}
