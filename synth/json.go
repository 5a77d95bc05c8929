package synth

import (
	"encoding/json"
	"errors"
	"fmt"
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

// ErrNotProfile is returned for JSON that WriteJSON did not write.
var ErrNotProfile = errors.New("not a profile as emit --format json writes it")

// ReadJSON reads what WriteJSON wrote. Its strings are whatever the file holds.
func ReadJSON(r io.Reader) (*Profile, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	var p Profile
	if err := dec.Decode(&p); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProfile, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: something follows it", ErrNotProfile)
	}
	if p.Worker.Name == "" || p.Syscalls == nil || p.Files == nil {
		return nil, fmt.Errorf("%w: the worker, its calls or files are missing", ErrNotProfile)
	}
	return &p, nil
}
