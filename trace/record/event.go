package record

import (
	"encoding/binary"
	"fmt"

	"github.com/osapi-io/osapi-profile/bpf"
)

// Kinds and flags of events, and the order of their strings: bpf/abi.h.
const (
	eventFile = iota + 1
	eventPath
	eventPaths
	eventExec
)

const (
	eventCreated = 1 << iota
	eventUnlinked
	eventFollow
	eventCut
	eventUID
	eventGID
	eventCaps
	eventFirst
	eventScript
	eventDetached
	eventTmpfile
	eventFault
	eventAttached
)

// What of a sandbox is lifted stands in the flags from here on: enum lifted.
const eventLifted = 13

const (
	textName = iota
	textName2
	textWalk
	textWalk2
	textRoot
	textCount
)

// event is one record of the ring buffer.
type event struct {
	bpf.RecorderEvent
	text [textCount]string
}

// decodeEvent reads a record. It fails on anything whose lengths do not add up.
func decodeEvent(raw []byte) (event, error) {
	var e event
	n, err := binary.Decode(raw, binary.NativeEndian, &e.RecorderEvent)
	if err != nil {
		return event{}, fmt.Errorf("event of %d bytes: %w", len(raw), err)
	}
	raw = raw[n:]
	for i, length := range e.Length {
		if int(length) > len(raw) {
			return event{}, fmt.Errorf("event of kind %d: string %d does not fit", e.Kind, i)
		}
		e.text[i] = string(raw[:length])
		raw = raw[length:]
	}
	if e.Kind < eventFile || e.Kind > eventExec {
		return event{}, fmt.Errorf("event of unknown kind %d", e.Kind)
	}
	return e, nil
}

func (e *event) is(flag uint32) bool { return e.Flags&flag != 0 }
