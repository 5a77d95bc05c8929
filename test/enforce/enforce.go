// Package enforce proves that profiles hold: the demo's daemon is recorded, the
// profiles that come of it are installed as they are, the daemon does its work
// again, and acts outside of the profile are refused for the reason it states.
//
// The tests here only carry what is needed into the container and the guest; what
// is done there stands in the package inside.
package enforce
