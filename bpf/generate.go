// Package bpf holds the probes: their C sources, and the objects and Go
// bindings that bpf2go makes of them. Building needs no clang; `make generate`
// does.
package bpf

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -target amd64,arm64 -cc clang -cflags "-O2 -g -mcpu=v3 -Wall -Werror" -type event -type treatment -type call_key -type tally -type capability_key -type capability_value -type argument_key -type socket_key -type request_key -type program_key Recorder recorder.bpf.c -- -I/usr/include/x86_64-linux-gnu
