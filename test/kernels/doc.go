// Package kernels runs the recorder on the stock kernels of Debian's releases,
// whose verifiers and hooks differ from each other and from those of the machine
// that the tests run on. What a kernel lacks stands in a table, so that a probe
// that was silently left out, or replaced by a lesser one, is a failure.
package kernels
