// Package prove runs what needs a systemd of its own of the packages below prove/
// in the container and the guest.
package prove
