package unit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth/systemd"
)

// systemd 252 and 257 list the same groups in two ways.
func TestMembers(t *testing.T) {
	old := "@temporary\n    # Temporary filesystems\n    ramfs\n    tmpfs\n"
	later := "@temporary\n    # Temporary filesystems\n    ramfs (magic: 0x858458f6)\n    tmpfs (magic: 0x1021994)\n"
	require.Equal(t, []string{"ramfs", "tmpfs"}, members(old))
	require.Equal(t, []string{"ramfs", "tmpfs"}, members(later))
	require.Equal(t, []string{"@basic-api", "x"}, members("@known\n\n    @basic-api\n    x\n"))
}

// What was a boolean before is told by systemd 257 in words of its own.
func TestBooleansThatGrew(t *testing.T) {
	for _, c := range []struct {
		text string
		held map[string]any
		same bool
	}{
		{"PrivateTmp=yes", map[string]any{"PrivateTmp": true}, true},
		{"PrivateTmp=yes", map[string]any{"PrivateTmp": true, "PrivateTmpEx": "connected"}, true},
		{"PrivateTmp=yes", map[string]any{"PrivateTmp": true, "PrivateTmpEx": "disconnected"}, false},
		{"PrivateTmp=disconnected", map[string]any{"PrivateTmp": true, "PrivateTmpEx": "disconnected"}, true},
		{"PrivateTmp=true", map[string]any{"PrivateTmp": false, "PrivateTmpEx": "no"}, false},
		{"PrivateTmp=no", map[string]any{"PrivateTmp": false, "PrivateTmpEx": "no"}, true},
		{"PrivateUsers=yes", map[string]any{"PrivateUsers": true, "PrivateUsersEx": "self"}, true},
		{"PrivateUsers=yes", map[string]any{"PrivateUsers": true, "PrivateUsersEx": "identity"}, false},
		{"ProtectControlGroups=yes", map[string]any{"ProtectControlGroups": true, "ProtectControlGroupsEx": "yes"}, true},
	} {
		all, err := systemd.ReadAssignments("w.service", []byte("[Service]\n"+c.text+"\n"))
		require.NoError(t, err)
		r := reader{held: c.held, of: map[string]bool{"w.service": true}}
		require.Equal(t, c.same, len(r.compare(all)) == 0, "%s held as %v", c.text, c.held)
	}
}

// RestrictFileSystems= is a program that the kernel must be able to ask.
func TestRestrictFileSystemsNeedsTheKernel(t *testing.T) {
	require.NotEmpty(t, reader{features: "+BPF_FRAMEWORK", lsms: "capability,apparmor"}.lacks("RestrictFileSystems"))
	require.NotEmpty(t, reader{features: "+BPF_FRAMEWORK"}.lacks("RestrictFileSystems"))
	require.NotEmpty(t, reader{features: "-BPF_FRAMEWORK", lsms: "capability,bpf"}.lacks("RestrictFileSystems"))
	require.Empty(t, reader{features: "+BPF_FRAMEWORK", lsms: "capability,bpf"}.lacks("RestrictFileSystems"))
	require.Empty(t, reader{features: "+BPF_FRAMEWORK"}.lacks("ProtectHome"))
}
