// Sweep holds the capabilities that osapi-profile finds a daemon to require against
// what happens when they are taken away.
//
// A daemon of Debian's runs as a systemd unit, clients put it to work, and what they
// observe is written down. That is done once with all capabilities under the recorder,
// then with exactly those required, which must make no difference, and then without
// each of these, which must make one. With -each it is also done without each of all
// the others.
//
//	go run ./test/sweep [-each] [-guest] [-write PAGE] [DAEMON]...
//
// The daemons are the scripts in test/sweep/daemons. They run in the container of
// test/container, or with -guest in the guest of test/vm.
package main
