// Package sysnum names system calls by number, for each ABI that a kernel
// serves at the same time.
package sysnum

import "fmt"

//go:generate go run generate.go

// ABI is the convention a call was made by; the values are those of enum abi
// in bpf/abi.h.
type ABI uint32

// The ABIs of one machine: its own, the 32-bit one (i386 on amd64, arm on
// arm64), and on amd64 that of 32-bit pointers in 64-bit registers.
const (
	Native ABI = iota
	Compat
	X32
)

const x32Bit = 0x40000000

// Label is what a trace calls the ABI; the native one has no label.
func (a ABI) Label(goarch string) string {
	switch {
	case a == X32:
		return "x32"
	case a == Compat && goarch == "amd64":
		return "i386"
	case a == Compat:
		return "arm"
	}
	return ""
}

// Table gives number → name of the machine's calls under an ABI. The tables
// are shared: they must not be changed.
func Table(goarch string, abi ABI) map[uint32]string {
	switch {
	case goarch == "amd64" && abi == Compat:
		return linux386
	case goarch == "amd64":
		return linuxamd64
	case goarch == "arm64" && abi == Compat:
		return linuxarm
	case goarch == "arm64" && abi == Native:
		return linuxarm64
	}
	return nil
}

// Name is the name of a call as syscalls(2) has it, or syscall_NNN.
func Name(goarch string, abi ABI, number uint32) string {
	if name, ok := Table(goarch, abi)[number&^x32Bit]; ok {
		return name
	}
	return fmt.Sprintf("syscall_%d", number)
}
