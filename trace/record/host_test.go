package record

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTooOld(t *testing.T) {
	for release, want := range map[string]bool{
		"5.10.0-46-cloud-amd64": true, "5.19.17": true, "6.0.19": true,
		"6.1.0-56-cloud-amd64": false, "6.1": false, "6.12.117+deb13-cloud-amd64": false, "7.0.4": false, "10.0": false,
		"": false, "unknown": false,
	} {
		assert.Equal(t, want, tooOld(release), release)
	}
}
