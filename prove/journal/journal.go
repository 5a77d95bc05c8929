// Package journal reads what journalctl(1) writes as JSON.
package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Entry is one of the journal.
type Entry struct {
	Cursor  string `json:"__CURSOR"`
	Message any    `json:"MESSAGE"` // a list of numbers where it is no text
	Unit    string `json:"UNIT"`    // that systemd speaks of; a service cannot set it
	User    string `json:"_UID"`    // whose process said it
}

// Text is what an entry says.
func (e Entry) Text() string {
	list, ok := e.Message.([]any)
	if !ok {
		text, _ := e.Message.(string)
		return text
	}
	text := make([]byte, 0, len(list))
	for _, n := range list {
		number, _ := n.(float64)
		text = append(text, byte(number))
	}
	return string(text)
}

// After are entries without the one at a cursor. That one is asked for, by --cursor=,
// and left out here: where it does not match, --after-cursor= leaves out the first one
// that does (journalctl of systemd 252).
func After(text []byte, cursor string) ([]Entry, error) {
	var all []Entry
	for decoder := json.NewDecoder(bytes.NewReader(text)); decoder.More(); {
		var e Entry
		if err := decoder.Decode(&e); err != nil {
			return all, fmt.Errorf("journalctl: %w", err)
		}
		if e.Cursor != cursor {
			all = append(all, e)
		}
	}
	return all, nil
}
