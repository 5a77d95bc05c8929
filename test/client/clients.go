package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// clients are the protocols that this program speaks.
func clients() map[string]func(args []string) error {
	return map[string]func([]string) error{"dns": askName, "dhcp": askLease, "ntp": askTime, "say": say, "send": send}
}

const (
	clientPatience = 5 * time.Second
	leasePatience  = 8 * time.Second // a server looks for three whether the address is in use
)

// askName prints the addresses that the server at the first argument has for the
// name in the second, over UDP unless the third says tcp.
func askName(args []string) error {
	if len(args) != 2 && (len(args) != 3 || args[2] != "tcp") {
		return errors.New("usage: client dns SERVER NAME [tcp]")
	}
	ctx, stop := context.WithTimeout(context.Background(), clientPatience)
	defer stop()
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		if len(args) == 3 {
			network = args[2]
		}
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(args[0], "53"))
	}}
	addresses, err := r.LookupHost(ctx, args[1]+".")
	if err == nil {
		fmt.Println(addresses)
	}
	return err
}

// askTime prints the stratum of an NTP server, RFC 5905.
func askTime(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: client ntp SERVER")
	}
	c, err := net.Dial("udp", net.JoinHostPort(args[0], "123"))
	if err != nil {
		return err
	}
	answer := make([]byte, 48)
	question := make([]byte, 48)
	question[0] = 4<<3 | 3 // version 4, client
	if err := errors.Join(c.SetDeadline(time.Now().Add(clientPatience)), write(c, question)); err != nil {
		return err
	}
	if _, err := c.Read(answer); err != nil {
		return err
	}
	fmt.Println("stratum", answer[1])
	return nil
}

func write(c net.Conn, data []byte) error {
	_, err := c.Write(data)
	return err
}

// askLease asks for a lease on an interface without an address, RFC 2131, and prints
// the network of what is offered. The answer is to come to the address offered.
func askLease(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: client dhcp INTERFACE")
	}
	link, err := net.InterfaceByName(args[0])
	if err != nil {
		return err
	}
	// A socket below IP, since the answer is for an address that is not there yet.
	all := int(binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_IP)))
	tap, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM, all)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(tap) }()
	timeout := unix.NsecToTimeval(leasePatience.Nanoseconds())
	if err := errors.Join(unix.Bind(tap, &unix.SockaddrLinklayer{Protocol: uint16(all), Ifindex: link.Index}),
		unix.SetsockoptTimeval(tap, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout)); err != nil {
		return err
	}
	if err := discover(link); err != nil {
		return err
	}
	for end := time.Now().Add(leasePatience); time.Now().Before(end); {
		packet := make([]byte, 1500)
		n, _, err := unix.Recvfrom(tap, packet, 0)
		if err != nil {
			return fmt.Errorf("no offer: %w", err)
		}
		// UDP from port 67; after both headers a reply with the client's new address.
		if n > 28+236 && packet[9] == unix.IPPROTO_UDP && binary.BigEndian.Uint16(packet[20:]) == 67 && packet[28] == 2 {
			fmt.Println("offered", net.IP(packet[28+16:28+20]).Mask(net.CIDRMask(24, 32)))
			return nil
		}
	}
	return errors.New("no offer")
}

// discover broadcasts a DHCPDISCOVER.
func discover(link *net.Interface) error {
	m := make([]byte, 240, 300)
	m[0], m[1], m[2] = 1, 1, 6 // a request, on Ethernet
	copy(m[4:], "test")
	copy(m[28:], link.HardwareAddr)
	copy(m[236:], []byte{99, 130, 83, 99})
	m = append(m, 53, 1, 1, 255) // DHCPDISCOVER
	m = append(m, make([]byte, 60)...)
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(s) }()
	return errors.Join(
		unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_BROADCAST, 1),
		unix.BindToDevice(s, link.Name),
		unix.Bind(s, &unix.SockaddrInet4{Port: 68}),
		unix.Sendto(s, m, 0, &unix.SockaddrInet4{Port: 67, Addr: [4]byte{255, 255, 255, 255}}))
}
