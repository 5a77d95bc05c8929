package written_test

import (
	"testing"

	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/stretchr/testify/require"
)

func TestFormatOf(t *testing.T) {
	for text, want := range map[string]written.Format{
		"# c\n[Service]\nA=b\n": written.Systemd, " [Unit] \r\n": written.Systemd,
		"profile x {\n}\n": written.AppArmor, "include <a>\n/usr/bin/x flags=(complain) { # c\n}\n": written.AppArmor,
		"{\"type\":\"header\"}\n{}": written.Trace, "{\"type\":\"hea": written.Trace, "\x1f\x8b": written.Trace, "{\n\"worker\": {}}": written.JSON,
		"{\"defaultAction\":1}": written.Seccomp,
	} {
		got, err := written.FormatOf([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]error{
		"": written.ErrEmpty, " \n": written.ErrEmpty, "#!/bin/sh\necho\n": written.ErrUnknown, "{": written.ErrUnknown, "{}": written.ErrUnknown,
		"# profile x {\n": written.ErrUnknown,
	} {
		_, err := written.FormatOf([]byte(text))
		require.ErrorIs(t, err, want, text)
	}
}

func FuzzFormatOf(f *testing.F) {
	f.Add([]byte("{\"type\":\"header\"}\n[Service]\nprofile x {\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if format, err := written.FormatOf(text); (format == "") != (err != nil) {
			t.Fatal(format, err)
		}
	})
}
