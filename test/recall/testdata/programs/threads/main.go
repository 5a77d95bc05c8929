// Threads is a workload of goroutines that each hold a thread of their own and
// work on files in a directory of their own, which is the working directory of
// that thread alone. One of them runs a program.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"github.com/osapi-io/osapi-profile/test/recall/testdata/programs/often"
)

const workers = 4

func main() {
	often.Call()
	var ready, done sync.WaitGroup
	ready.Add(workers)
	done.Add(workers)
	for i := range workers {
		go func() {
			defer done.Done()
			runtime.LockOSThread() // and never unlocked: its directory is its own
			ready.Done()
			ready.Wait() // all threads exist before any of them works
			work(fmt.Sprintf("worker %d", i))
		}()
	}
	done.Wait()
	must(exec.Command("/bin/true").Run())
}

// work is done in a directory that only this thread is in.
func work(name string) {
	must(os.Mkdir(name, 0o755))
	must(syscall.Unshare(syscall.CLONE_FS))
	must(syscall.Chdir(name))
	for _, file := range []string{"a", "b", "c"} {
		must(os.WriteFile(file, []byte(name), 0o644))
		must(syscall.Rename(file, file+".renamed"))
		_, err := os.ReadFile(file + ".renamed")
		must(err)
	}
	must(os.Remove("a.renamed"))
	must(syscall.Symlink("b.renamed", "link"))
	must(os.Chmod("link", 0o600))
	must(os.WriteFile("../shared by "+name, nil, 0o644))
	_, err := os.ReadDir(".")
	must(err)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
}
