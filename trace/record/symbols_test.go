package record

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/osapi-io/osapi-profile/trace"
)

// What access(2) was granted by the capabilities of the worker is the worker's, though
// the kernel has put other credentials in place; what an overlay asks below itself is not.
func TestOwnChecks(t *testing.T) {
	s := &symbols{}
	stack := func(names ...string) []uint64 {
		list := make([]uint64, len(names)+1) // ends with 0
		for i, name := range names {
			list[i] = uint64(0x1000*(len(s.table)+1) + 4)
			s.table = append(s.table, symbol{list[i] - 4, name})
		}
		return list
	}
	plain := stack("capable_wrt_inode_uidgid", "generic_permission", "inode_permission", "do_faccessat")
	overlay := stack("capable_wrt_inode_uidgid", "generic_permission", "ovl_permission", "inode_permission", "do_faccessat")
	below := stack("capable_wrt_inode_uidgid", "generic_permission", "inode_permission", "ovl_permission", "inode_permission", "do_faccessat")
	for _, c := range []struct {
		call, outcome string
		stack         []uint64
		want          bool
	}{
		{"access", trace.OK, plain, true},
		{"faccessat", trace.OK, plain, true},
		{"faccessat2", trace.OK, overlay, true},
		{"access", trace.OK, below, false},
		{"access", "EPERM", plain, false},
		{"openat", trace.OK, plain, false},
	} {
		f := trace.Capability{Seen: trace.Seen{Outcome: c.outcome}, Syscall: c.call}
		assert.Equal(t, c.want, s.own(f, c.stack), "%+v", c)
	}
}
