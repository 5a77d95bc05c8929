package acts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProfilesUnderAnotherName(t *testing.T) {
	for head, want := range map[string]struct{ head, was string }{
		"profile osapi flags=(attach_disconnected) {": {"profile x flags=(attach_disconnected) {", "osapi"},
		"profile osapi {":   {"profile x {", "osapi"},
		"/usr/sbin/nginx {": {"profile x {", "/usr/sbin/nginx"},
		"profile nginx /usr/{,s}bin/nginx flags=(complain) { # the": {"profile x flags=(complain) {", "nginx"},
		`"/a b" flags=(audit, attach_disconnected) {`:               {"profile x flags=(audit, attach_disconnected) {", "/a b"},
		"profile d @{exec_path} {":                                  {"profile x {", "d"},
	} {
		got, was, err := underOwnName("# x {\nabi <abi/3.0>,\n@{a}={b,c}\n"+head+"\n  /x r,\n}\n", "x", "  /act mrix,")
		require.NoError(t, err)
		require.Equal(t, "# x {\nabi <abi/3.0>,\n@{a}={b,c}\n"+want.head+"\n  /act mrix,\n  /x r,\n}\n", got)
		require.Equal(t, want.was, was)
	}
	_, _, err := underOwnName("# nothing\n/x r,\n", "x", "")
	require.Error(t, err)
}
