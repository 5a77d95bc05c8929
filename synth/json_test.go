package synth_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/stretchr/testify/require"
)

func TestProfilesAreReadBack(t *testing.T) {
	for seed := range uint64(40) {
		var first, again bytes.Buffer
		require.NoError(t, synth.WriteJSON(&first, synth.Infer(tracegen.Trace(rand.New(rand.NewPCG(seed, 9)), 10), synth.Options{})))
		p, err := synth.ReadJSON(bytes.NewReader(first.Bytes()))
		require.NoError(t, err)
		require.NoError(t, synth.WriteJSON(&again, p))
		require.Equal(t, first.String(), again.String())
	}
	for _, text := range []string{"", "{}", "[]", "null", "{", `{"defaultAction":"x"}`, `{"worker":{"name":"x"}}`} {
		_, err := synth.ReadJSON(strings.NewReader(text))
		require.ErrorIs(t, err, synth.ErrNotProfile, text)
	}
}

func FuzzReadJSON(f *testing.F) {
	var b bytes.Buffer
	require.NoError(f, synth.WriteJSON(&b, synth.Infer(tracegen.Trace(rand.New(rand.NewPCG(1, 9)), 3), synth.Options{})))
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := synth.ReadJSON(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, g := range p.Grants() {
			require.NotContains(t, g.String()+g.Because(), "\n")
		}
		_, err = json.Marshal(p)
		require.NoError(t, err)
	})
}
