// Package often makes the system calls that the Go runtime makes now and then.
// Which of them a run makes is up to the scheduler; once each of them was made
// on purpose, the set is always the same.
package often

import (
	"syscall"
	"time"
	"unsafe"
)

const futexWake = 1

// Call makes each of them once.
func Call() {
	page, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	must(err)
	must(syscall.Madvise(page, syscall.MADV_DONTNEED))
	must(syscall.Munmap(page))
	for _, call := range []uintptr{syscall.SYS_GETTID, syscall.SYS_GETPID, syscall.SYS_SCHED_YIELD} {
		_, _, _ = syscall.RawSyscall(call, 0, 0, 0)
	}
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, 0, 0, 0, 8, 0, 0)
	var word uint32
	_, _, _ = syscall.RawSyscall(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(&word)), futexWake, 1)
	short := syscall.Timespec{Nsec: 1}
	_, _, _ = syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&short)), 0, 0)
	_, _, _ = syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(syscall.Getpid()), uintptr(syscall.Gettid()), uintptr(syscall.SIGURG))
	time.Sleep(time.Millisecond)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
