package kernels

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/test/need"
)

// kernel is a guest, and what its kernel is known to lack.
type kernel struct {
	suite   string // VM_SUITE: the userland
	from    string // VM_KERNEL: the suite of the kernel
	append  string // VM_APPEND: parameters of the kernel
	release string // how uname -r begins
	systemd int
	tests   string   // of trace/record
	absent  []string // programs whose hook it does not have
	lacks   []string // actions that are not possible there
	table   bool     // goes through the table of actions by default
}

// In which release a hook came or went stands in trace/record/functions.go and
// bpf/*.h, at each.
func kernels() map[string]kernel {
	return map[string]kernel{
		"6.1": {
			suite: "bookworm", from: "bookworm", release: "6.1.", systemd: 252, tests: core + more, table: true,
			absent: []string{
				"capability_tracepoint", "fexit___sys_bind_socket", "fexit___sys_listen_socket", "fexit_do_file_open",
				"fexit_security_file_truncate", "request",
			},
			// memfd_secret(2) is off by default until 6.5, fchmodat2(2) is of 6.6
			lacks: append(since612(), "memfd_secret", "fchmodat2(2)", "fchmodat2(2) of a descriptor"),
		},
		"6.12": {
			suite: "trixie", from: "trixie", release: "6.12.", systemd: 257, tests: core,
			absent: []string{"capability_tracepoint", "fexit_do_file_open", "request_sqe"},
			lacks:  since612(),
		},
		// The guest's processor has no cx16, which since 6.19 task storage needs but for
		// caches that are debugged (trace/record/scope.go). 7.2 and newer let a task be
		// preempted in a program of sys_enter or sys_exit, and skip it for whoever makes a
		// call on that processor meanwhile, which the recorder counts as a hole, and which an
		// emulated processor is slow enough to see often. Preempted lazily it seldom does; by
		// default only tests that take a hole for what it is are run there all the same.
		"7": {
			suite: "trixie", from: "trixie-backports", append: "slab_debug=F,kmalloc-* preempt=lazy", release: "7.", systemd: 257, tests: loads,
			absent: []string{"fexit_do_filp_open", "request_sqe"},
		},
	}
}

// since612 are actions by calls of 6.13 (extended attributes) and 6.17.
func since612() []string {
	return []string{"getxattrat", "listxattrat", "file_getattr", "file_setattr"}
}

// probePaths are the ways to see that each of these kernels has.
var probePaths = []string{"fexit", "tracepoints", "kprobe"}

// By default one guest goes through the table of actions on the path of probes that a
// recording chooses there: to go through it takes a guest minutes.
var (
	wholeTable = flag.Bool("table", false, "go through the table of actions in each guest on each path of probes, for half an hour")
	onlyPath   = flag.String("path", "", "go through the table on this path of probes alone: fexit, tracepoints or kprobe")
	write      = flag.Bool("write", false, "go through that table, and through no other test, and renew the kernels' rows in "+page)
)

// paths are those on which this kernel goes through the table.
func (k kernel) paths() []string {
	switch {
	case *onlyPath != "":
		return []string{*onlyPath}
	case *wholeTable || *write:
		return probePaths
	case k.table:
		return probePaths[:1]
	}
	return nil
}

// core are the tests of the probes themselves. What else a kernel could change is
// tried on the oldest alone: each recording costs the emulated guest
// some ten seconds.
const (
	loads = "TestEachProgramLoads"
	core  = loads + "|TestEachWay|TestRings|TestInterpreters"
	truth = "|TestCapabilitiesAgainstTheTruth" // with the whole table
	more  = "|TestNoWay|TestScope|TestSetuidExec|TestAttachLosesNoChild|TestCgroup|TestRefusedCalls"
)

// Each program loads alone, doctor tells of the best hook for all that the kernel
// has, and the recorder's tests pass on each path of probes.
func TestKernels(t *testing.T) {
	programs, rows := build(t), &table{}
	t.Cleanup(func() { rows.renew(t) })
	t.Run("here", func(t *testing.T) { rows.here(t, programs) })
	t.Run("5.10", func(t *testing.T) {
		t.Parallel()
		testTooOld(t, programs)
	})
	for name, k := range kernels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := k.run(t, programs, k.script())
			assert.True(t, g.doctor.Ready, "%+v", g.doctor)
			assert.True(t, strings.HasPrefix(g.doctor.Kernel, k.release), g.doctor.Kernel)
			assert.Equal(t, k.systemd, g.doctor.Systemd)
			assert.Equal(t, k.hooks(t), g.doctor.hooks())
			assert.Equal(t, k.loads(t), g.under("TestEachProgramLoads", passed))
			assert.Equal(t, sorted(k.absent), g.under("TestEachProgramLoads", skipped))
			if strings.HasPrefix(k.tests, core) && !*write {
				g.ways(t)
			}
			for _, o := range g.outcomes {
				rows.add(name, k, g.doctor.Kernel, o)
				assert.Subset(t, k.lacks, slices.Collect(maps.Keys(o.Impossible)), o.Path)
			}
			assert.Len(t, g.outcomes, len(k.paths()))
			assert.Empty(t, g.all(failed))
			require.NoError(t, g.err, "%s", g.output)
			t.Logf("%s, systemd %d: %d programs loaded, %d tests passed, in %s\n%s", g.doctor.Kernel, g.doctor.Systemd,
				len(k.loads(t)), len(g.all(passed)), g.took, g.tables())
		})
	}
}

// testTooOld: the oldest kernel that boots here is refused, and said why, before
// anything is started. It is Debian 11's, which the archive may drop any day: then
// there is nothing to try.
func testTooOld(t *testing.T, programs string) {
	k := kernel{suite: "bookworm", from: "bullseye", release: "5.10."}
	need.VM(t)
	if out, err := k.vm(t, "build").CombinedOutput(); err != nil {
		t.Skipf("no image with the kernel of %s: %v\n%s", k.from, err, out)
	}
	g := k.run(t, programs, `./osapi-profile doctor --json >doctor.json; echo doctor $?; ./osapi-profile doctor
		./osapi-profile record -o trace -- touch worker; echo record $?; [ ! -e worker ]; echo worker $?`)
	require.NoError(t, g.err, "%s", g.output)
	assert.True(t, strings.HasPrefix(g.doctor.Kernel, k.release), g.doctor.Kernel)
	assert.False(t, g.doctor.Ready)
	for _, said := range []string{
		"doctor 1\n", "record 125\n", "worker 0\n", "Linux " + g.doctor.Kernel + " is too old: 6.1 or newer is needed",
		"to do: boot Linux 6.1 or newer",
	} {
		assert.Contains(t, g.output, said)
	}
	t.Logf("%s, in %s\n%s", g.doctor.Kernel, g.took, g.output)
}

// programs are all that the probes are made of.
func programs(t *testing.T) []string {
	spec, err := bpf.LoadRecorder()
	require.NoError(t, err)
	var names []string
	for name := range spec.Programs {
		names = append(names, name)
	}
	return sorted(names)
}

// loads are the programs that must load.
func (k kernel) loads(t *testing.T) []string {
	return slices.DeleteFunc(programs(t), func(name string) bool { return slices.Contains(k.absent, name) })
}

// hooks are those that the recorder must choose: trampolines for all functions.
func (k kernel) hooks(t *testing.T) []string {
	list := []string{"tp_btf/sched_process_exec", "tp_btf/sys_enter+sys_exit", "tp_btf/sys_exit", "fexit/security_capable"}
	for _, name := range k.loads(t) {
		if function, ok := strings.CutPrefix(name, "fexit_"); ok {
			list = append(list, "fexit/"+function)
		}
	}
	request := "tp_btf/io_uring_submit_req"
	if slices.Contains(k.absent, "request") {
		request = "tp_btf/io_uring_submit_sqe"
	}
	return sorted(append(list, request))
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
