// Package attach records services of a real systemd: started, restarted and found
// running. Its tests only carry what is needed into the container and the guest;
// what is done there stands in the package inside.
package attach
