// socket.h: acts with sockets. Nothing leaves the machine.
#pragma once
#include "call.h"

enum {
	AF_UNIX = 1, AF_INET = 2, AF_PACKET = 17, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3,
	SOCK_NONBLOCK = O_NONBLOCK, SOCK_CLOEXEC = O_CLOEXEC, IPPROTO_ICMP = 1,
};

static long socket_of(int family, int type, int protocol)
{
	return CALL(__NR_socket, family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

static int act_raw(const char *unused) { return failed(socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }

// act_packet asks for no protocol, so that nothing is received.
static int act_packet(const char *unused) { return failed(socket_of(AF_PACKET, SOCK_RAW, 0)); }

struct address {
	unsigned short family;
	unsigned char port[2], ip[4], zero[8];
};

static struct address loopback(const char *port)
{
	ulong n = number(port);
	struct address a = {.family = AF_INET, .port = {n >> 8, n}, .ip = {127, 0, 0, 1}};

	return a;
}

// act_listen asks for a port of this machine that somebody has: EADDRINUSE comes when
// all have agreed. Where it is free, as in a network of the sandbox's own, nobody
// outside would have seen it.
static int act_listen(const char *port)
{
	struct address to = loopback(port);
	long fd = socket_of(AF_INET, SOCK_STREAM, 0), result;

	if (fd < 0)
		return failed(fd);
	result = CALL(__NR_bind, fd, &to, sizeof(to));
	return result == 0 ? ENONET : reached(result, EADDRINUSE);
}

// act_reach sends two empty datagrams to a port of this machine that somebody has.
// Where nobody has it, as in a network of the sandbox's own, the first comes back.
static int act_reach(const char *port)
{
	struct address to = loopback(port);
	long fd = socket_of(AF_INET, SOCK_DGRAM, 0), result;

	if (fd < 0)
		return failed(fd);
	result = CALL(__NR_connect, fd, &to, sizeof(to));
	for (int i = 0; i < 2 && result >= 0; i++)
		result = CALL(__NR_sendto, fd, "", 0, 0, 0, 0);
	return failed(result);
}

// act_connect connects to a UNIX socket and says nothing there.
static int act_connect(const char *path)
{
	struct {
		unsigned short family;
		char path[108];
	} to = {.family = AF_UNIX};
	ulong n = length(path);
	long fd;

	if (n >= sizeof(to.path))
		return EINVAL;
	memcpy(to.path, path, n);
	fd = socket_of(AF_UNIX, SOCK_STREAM, 0);
	return fd < 0 ? failed(fd) : failed(CALL(__NR_connect, fd, &to, sizeof(to.family) + n + 1));
}
