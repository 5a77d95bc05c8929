package main

import (
	"os"
	"os/signal"
	"syscall"
)

// endedBy are the signals that end what cleans up behind itself. SIGHUP is none of them
// where the caller ignores it, as nohup(1) does. The others are in any case: shells
// have what runs in the background ignore SIGINT and SIGQUIT, and kill(1) means it.
func endedBy() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
