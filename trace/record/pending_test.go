package record

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// full takes so many bytes and no more.
type full struct {
	bytes.Buffer
	room int
}

var errFull = errors.New("full")

func (f *full) Write(text []byte) (int, error) {
	if len(text) <= f.room-f.Len() {
		return f.Buffer.Write(text)
	}
	n, _ := f.Buffer.Write(text[:f.room-f.Len()])
	return n, errFull
}

func TestPending(t *testing.T) {
	to := &full{room: 1 << 20}
	p := &pending{to: to}
	_, err := p.Write([]byte("one\n"))
	require.NoError(t, err)
	assert.Zero(t, to.Len(), "more may come")
	require.NoError(t, p.flush())
	require.NoError(t, p.flush())
	assert.Equal(t, "one\n", to.String())
	_, err = p.Write([]byte(strings.Repeat("x", flushAt)))
	require.NoError(t, err)
	assert.Equal(t, 4+flushAt, to.Len(), "not without a bound")
}

func TestPendingWhereNothingFits(t *testing.T) {
	to := &full{room: 6}
	p := &pending{to: to}
	_, err := p.Write([]byte("one\ntwo\n"))
	require.NoError(t, err)
	require.ErrorIs(t, p.flush(), errFull)
	to.room = 100
	require.ErrorIs(t, p.flush(), errFull, "what follows half a line could not be told from it")
	_, err = p.Write([]byte("three\n"))
	require.ErrorIs(t, err, errFull)
	assert.Equal(t, "one\ntw", to.String())
}
