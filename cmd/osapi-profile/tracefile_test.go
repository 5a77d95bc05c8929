package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace/record"
	"github.com/osapi-io/osapi-profile/trace/store"
)

var someFacts = record.Result{Facts: map[string]int{"syscall": 1}}

func TestTraceIsNeverReplacedUnasked(t *testing.T) {
	name := filepath.Join(t.TempDir(), "t.jsonl")
	require.NoError(t, os.WriteFile(name, []byte("old"), 0o644))
	require.NoError(t, os.Link(name, name+".link"))

	_, err := createTrace(name, "w", false)
	require.EqualError(t, err, name+" exists; choose another name, or replace it with --force")

	f, err := createTrace(name, "w", true)
	require.NoError(t, err)
	require.NoError(t, f.finish(someFacts, nil))
	require.True(t, f.kept)
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	require.Zero(t, info.Size())
	old, err := os.ReadFile(name + ".link")
	require.NoError(t, err)
	require.Equal(t, "old", string(old))
}

// TestTraceOfAProof: what never began leaves no file behind.
func TestTraceOfAProof(t *testing.T) {
	name := filepath.Join(t.TempDir(), "t.jsonl")
	for _, text := range []string{"", "fact\n"} {
		f, err := openTrace(name, "choose another name")
		require.NoError(t, err)
		_, err = f.WriteString(text)
		require.NoError(t, err)
		require.NoError(t, f.close(f.written()))
		if text == "" {
			require.NoFileExists(t, name)
		}
	}
	_, err := openTrace(name, "choose another name")
	require.EqualError(t, err, name+" exists; choose another name")
}

// TestTraceIsTakenBack: a command that cannot be executed must not cost the trace that
// --force was to replace.
func TestTraceIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "t.jsonl")
	require.NoError(t, os.WriteFile(name, []byte("old"), 0o644))
	f, err := createTrace(name, "w", true)
	require.NoError(t, err)
	require.NoError(t, f.finish(record.Result{}, errors.New("not executed")))
	require.False(t, f.kept)
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "old", string(text))

	f, err = createTrace(name, "w", true)
	require.NoError(t, err)
	_, err = f.WriteString("new")
	require.NoError(t, err)
	require.NoError(t, f.finish(someFacts, errors.New("disk full")))
	text, err = os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "new", string(text))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing else is left")
}

func TestTraceIsNotWrittenThroughALink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(filepath.Join(dir, "elsewhere"), link))
	_, err := createTrace(link, "w", false)
	require.ErrorContains(t, err, "exists")
	require.NoFileExists(t, filepath.Join(dir, "elsewhere"))
}

func TestTraceToDevice(t *testing.T) {
	f, err := createTrace("/dev/null", "w", true)
	require.NoError(t, err)
	require.NoError(t, f.finish(record.Result{}, errors.New("no probes")))
	require.False(t, f.kept)
	require.FileExists(t, "/dev/null")
}

func TestStoredTrace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	t.Setenv("OSAPI_PROFILE_STATE", dir)
	for _, tc := range []struct {
		name   string
		result record.Result
		err    error
		kept   bool
	}{
		{"worker never started", record.Result{}, errors.New("no BTF"), false},
		{"ended well", record.Result{}, nil, true},
		{"ended badly with facts", someFacts, errors.New("disk full"), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := createTrace("", "/usr/bin/w", false)
			require.NoError(t, err)
			require.NoError(t, f.finish(tc.result, tc.err))
			require.Equal(t, tc.kept, f.kept)
			if !tc.kept {
				require.NoFileExists(t, f.Name())
				return
			}
			last, unfinished, err := store.Last(dir)
			require.NoError(t, err)
			require.Empty(t, unfinished)
			require.Equal(t, f.Name(), last)
		})
	}
}

func TestTraceInMissingDirectory(t *testing.T) {
	_, err := createTrace(filepath.Join(t.TempDir(), "a", "b"), "w", false)
	require.ErrorIs(t, err, syscall.ENOENT)
}
