// Package apparmor holds what synth/apparmor takes for granted to a kernel that
// has AppArmor: which permission each access asks for, and that a worker which
// does a bit of everything does it all again under its own profile.
package apparmor
