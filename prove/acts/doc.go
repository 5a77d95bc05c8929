// Package acts tries inside a profile's sandbox what the profile is to prevent. A
// small static program (act.c) does the acts, in a unit with the profile's lines, in
// one without any, in units without one of the lines, and in units with one alone:
// what then is possible and was not tells which line denies it.
package acts

//go:generate ./build.sh
