package systemd_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// TestEmittedTextAdmitsEveryFact reads the text back as systemd does and asks
// it about each fact of the trace it was made of.
func TestEmittedTextAdmitsEveryFact(t *testing.T) {
	check := func(t *testing.T, in *trace.Trace, opt systemd.Options, fold synth.Fold) {
		var text bytes.Buffer
		require.NoError(t, systemd.DropIn(&text, synth.Infer(in, synth.Options{Fold: fold}), opt))
		box, err := systemd.ReadSandbox(bytes.NewReader(text.Bytes()), opt.Version)
		require.NoError(t, err, text.String())
		if refused := box.Refuses(in); len(refused) > 0 {
			t.Fatalf("fold %s: %+v\n%q\n%s", fold, refused, refused[0].Fact, text.String())
		}
	}
	options := []systemd.Options{{Version: 252}, {Version: 252, User: "osapi"}, {Version: 257, User: "osapi"}, {Version: 231}, {Version: 257, ReadAllowlist: true}, {Version: 239, ReadAllowlist: true}}
	for name, b := range samples() {
		t.Run(name, func(t *testing.T) {
			for _, opt := range options {
				for _, fold := range synth.Folds() {
					check(t, b.Trace, opt, fold)
				}
			}
		})
	}
	for seed := range uint64(800) {
		r := rand.New(rand.NewPCG(seed, 2))
		in := tracegen.Trace(r, 1+r.IntN(20))
		check(t, in, options[seed%uint64(len(options))], synth.Folds()[seed%uint64(len(synth.Folds()))])
	}
}
