package main

import (
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEndedBy(t *testing.T) {
	require.Contains(t, endedBy(), syscall.SIGHUP)
	signal.Ignore(syscall.SIGHUP) // as under nohup
	t.Cleanup(func() { signal.Reset(syscall.SIGHUP) })
	require.NotContains(t, endedBy(), syscall.SIGHUP)
	require.Contains(t, endedBy(), syscall.SIGTERM)
}
