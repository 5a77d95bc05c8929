package minimize

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
)

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                           "no result of minimize",
		`[]`:                         "no result of minimize",
		`{"format":2}`:               "format 2, and 1 is known",
		`{"type":"header"}`:          "format 0, and 1 is known",
		`{"format":1,"grants":[{}]}`: `grant 0: "" "" is none`,
		`{"format":1,"grants":[{"kind":"exec","name":"/a","mark":"good"}]}`:               `"good" is no mark`,
		`{"format":1,"finished":true,"grants":[{"kind":"exec","name":"/a"}]}`:             `"" is no mark`,
		`{"format":1,"grants":[{"kind":"exec","name":"/a"},{"kind":"exec","name":"/a"}]}`: "exec /a is there twice",
		`{"format":1,"grants":[{"kind":"exec","name":"/a"}],"runs":[{"without":[1]}]}`:    "there are 1 grants",
		`{"format":1,"grants":[{"kind":"exec","name":"/a"}],"runs":[{"without":[0,0]}]}`:  "not sorted",
		`{"format":1,"grants":[{"kind":"exec","name":"/a"}],"runs":[{"without":[-1]}]}`:   "there are 1 grants",
	} {
		_, err := Read(strings.NewReader(text))
		assert.ErrorContains(t, err, want, text)
	}
}

func TestSave(t *testing.T) {
	name := filepath.Join(t.TempDir(), "marks.json")
	s := &State{Format: format, Worker: "/usr/bin/w\xff", Grants: []Grant{{Entry: synth.Entry{Kind: "exec", Name: "/a <b>"}, In: []string{synth.InSystemd}, Mark: synth.MarkRequired}},
		Operations: []Operation{{Name: "set", Took: 3}}, Runs: []Attempt{{Without: []int{0}}}, Finished: true}
	require.NoError(t, s.Save(name))
	info, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	got, err := ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, s, got)
	var b bytes.Buffer
	require.NoError(t, got.WriteText(&b))
	assert.Contains(t, b.String(), "of 1 grants 1 are required")
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"format":1,"key":"k","operations":[{"name":"set","milliseconds":3}],"grants":[{"kind":"write","name":"/a","mark":"tolerated","used":["set"]}],"runs":[{"without":[0],"failures":[{"operation":"set","detail":"x"}]}],"finished":true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		name := filepath.Join(t.TempDir(), "s")
		require.NoError(t, s.Save(name))
		again, err := ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, s.Marks(), again.Marks())
		require.Equal(t, s.Summary(), again.Summary())
	})
}
