package markdown

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

func TestProviders(t *testing.T) {
	of := func(operations ...string) (e synth.Evidence) {
		for _, o := range operations {
			e.Facts = append(e.Facts, synth.FactRef{Operation: o})
		}
		return e
	}
	p := &synth.Profile{
		Operations: []synth.Operation{
			{Name: "startup"}, {Name: "user.create"}, {Name: "dns.get"},
			{Name: "user.delete", Elsewhere: &synth.Elsewhere{Users: []string{"osapi"}}}, {Name: "idle"},
		},
		Capabilities: []synth.CapabilityGrant{
			{Name: "CAP_CHOWN", Need: synth.Required, Evidence: of("user.create")},
			{Name: "CAP_SYS_PTRACE", Need: synth.Required, Evidence: of("user.delete", "startup")},
			{Name: "CAP_SYS_ADMIN", Need: synth.OptionalCheck, Evidence: of("dns.get")},
		},
		Execs: []synth.ExecGrant{{Path: "/usr/sbin/useradd", Kind: synth.KindProgram, Evidence: of("user.create")}},
		Files: []synth.FileGrant{{Path: "/etc/passwd", Uses: []synth.Use{
			{Operation: "user.create", Access: trace.AccessWrite}, {Operation: "dns.get", Access: trace.AccessRead},
		}}},
	}
	got, err := Table("providers", p)
	require.NoError(t, err)
	require.Equal(t, "What is also seen in `idle` is left out: the worker does it unasked.\n\n"+
		"| Provider | Operations                   | Capabilities                  | Executes  | Changes       | No capability helps a user |\n"+
		"| -------- | ---------------------------- | ----------------------------- | --------- | ------------- | -------------------------- |\n"+
		"| `user`   | `user.create`, `user.delete` | `CAP_CHOWN`, `CAP_SYS_PTRACE` | `useradd` | `/etc/passwd` | `user.delete`              |\n"+
		"| `dns`    | `dns.get`                    | none                          |           |               |                            |\n", got)

	got, err = Table("providers", &synth.Profile{Operations: p.Operations[:1]})
	require.NoError(t, err)
	require.Equal(t, noProviders+"\n", got)
}
