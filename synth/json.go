package synth

import (
	"encoding/json"
	"io"
)

// WriteJSON writes the profile with its evidence, indented, with a newline at
// the end. Lists that are empty are [] and never null.
func WriteJSON(w io.Writer, p *Profile) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(p)
}
