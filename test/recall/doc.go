// Package recall holds the recorder against strace(1): the same deterministic
// workloads are run under both, and what the trace holds must be what the log
// of strace shows, nothing missing and nothing invented.
//
// The programs are in testdata/programs and built by the test. It needs root
// and BPF.
package recall
