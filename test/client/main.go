// Client plays the client of daemons under test, where none of the tools that are
// needed anyway can.
//
//	client dns SERVER NAME [tcp]       prints the addresses of a name
//	client ntp SERVER                  prints the stratum of a server of time
//	client dhcp INTERFACE              prints the network of an address that is offered
//	client say NETWORK ADDRESS TEXT    says something and prints all that comes back
//	client send NETWORK ADDRESS TEXT   says something and waits for no answer
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 || clients()[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: client dns|ntp|dhcp|say|send ARGUMENT...")
		os.Exit(2)
	}
	if err := clients()[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}
