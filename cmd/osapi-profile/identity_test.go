package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace/record"
)

func TestIdentity(t *testing.T) {
	none, err := identityOf("", nil)
	require.NoError(t, err)
	require.Nil(t, none)

	for _, name := range []string{"root", "0"} {
		got, err := identityOf(name, []string{"cap_net_raw"})
		require.NoError(t, err)
		require.Equal(t, &record.Identity{Name: "root", Groups: got.Groups, Ambient: []string{"cap_net_raw"}}, got)
		require.Contains(t, got.Groups, uint32(0))
	}
}

func TestIdentityRefused(t *testing.T) {
	for _, tc := range []struct {
		user    string
		ambient []string
		err     string
	}{
		{"no-such-user", nil, "--user no-such-user: user: unknown user no-such-user"},
		{"", []string{"CAP_NET_RAW"}, "--ambient needs --user: without it the worker keeps all that the recorder has"},
		{"root", []string{"CAP_FLY"}, `--ambient: unknown capability "CAP_FLY"; capabilities(7) lists them`},
	} {
		_, err := identityOf(tc.user, tc.ambient)
		require.EqualError(t, err, tc.err)
	}
}
