// Package inside holds the tests that need a systemd of their own, and, where the
// kernel has it, AppArmor. They are built with the tag inside and run by package
// enforce, with what it lays out in the working directory: the binaries
// osapi-profile and act, the directory demo, and kept/trace.jsonl, the trace of
// the demo's daemon.
package inside
