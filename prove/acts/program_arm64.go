package acts

import _ "embed"

// program is act.c, built for this machine.
//
//go:embed program_arm64
var program []byte
