// Package inside holds the tests that need a systemd of their own as PID 1. They
// are built with the tag inside and run by package attach, with the binary
// osapi-profile in the working directory.
package inside
