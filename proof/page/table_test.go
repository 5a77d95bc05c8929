package page

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/osapi-io/osapi-profile/synth"
)

func TestTable(t *testing.T) {
	table := func() *Table {
		return &Table{Head: "| A | B |\n| --- | --- |\n", Lists: []string{"Why:", "What for:"}, Order: []string{"one as root", "two", "three"}}
	}
	first := table()
	first.Put("two", "2")
	first.Item(0, "two", []string{"it\nis", "<so>"})
	first.Item(1, "two", []string{"{x}"})
	first.Put("one as root", "1")
	first.Item(1, "one as root", []string{"y: z"})
	want := "| A | B |\n| --- | --- |\n| one as root | 1 |\n| two | 2 |\n" +
		"\nWhy:\n\n- two: it is; &lt;so>.\n" +
		"\nWhat for:\n\n- one as root: y: z.\n- two: \\{x}.\n"
	assert.Equal(t, want, first.String())

	again := table()
	again.Read(want)
	assert.Equal(t, want, again.String(), "what is read is written again")
	again.Put("two", "3")
	again.Put("nobody", "4") // has no place
	assert.Equal(t, "| A | B |\n| --- | --- |\n| one as root | 1 |\n| two | 3 |\n\nWhat for:\n\n- one as root: y: z.\n", again.String(),
		"a row that is new takes none of the old one's items")
	assert.Equal(t, table().Head, table().String())
}

func TestWeigh(t *testing.T) {
	p := &synth.Profile{
		Syscalls:     []synth.SyscallGrant{{Name: "read"}, {Name: "open"}, {Name: "open"}},
		Capabilities: []synth.CapabilityGrant{{Name: "CAP_CHOWN", Need: synth.Required}, {Name: "CAP_KILL", Need: synth.OptionalCheck}},
	}
	text := "# ReadWritePaths=/no\nReadWritePaths=\nReadWritePaths=-/a\nReadWritePaths=-/b\nReadOnlyPaths=/c\n"
	assert.Equal(t, Weight{Syscalls: 2, Capabilities: 1, Writable: 2}, Weigh(p, text))
}
