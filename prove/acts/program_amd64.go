package acts

import _ "embed"

// program is act.c, built for this machine.
//
//go:embed program_amd64
var program []byte
