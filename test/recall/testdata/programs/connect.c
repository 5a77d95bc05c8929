/* Sockets, connected without waiting. Arguments: the port to listen on and one
 * that nobody listens on. The test has made the directory run and the link
 * var -> run. */
#include "must.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/uio.h>
#include <sys/un.h>

static struct sockaddr_in inet(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

/* What a non-blocking connect comes to: an errno. */
static int dial(int type, struct sockaddr *to, socklen_t length)
{
	int fd = must(socket(to->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), failed = 0;
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (connect(fd, to, length) == -1) {
		if (errno != EINPROGRESS)
			return errno;
		must(poll(&p, 1, -1));
		must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &(socklen_t){ sizeof(failed) }));
	}
	must(close(fd));
	return failed;
}

static void expect(int got, int want)
{
	if (got != want) {
		dprintf(2, "connect: %s, not %s\n", strerror(got), strerror(want));
		_exit(97);
	}
}

static void unix_sockets(void)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "var/socket name" };
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0osapi-profile recall" };
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + 21;
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));

	must(bind(fd, (void *)&path, sizeof(path)));
	must(listen(fd, 8));
	expect(dial(SOCK_STREAM, (void *)&path, sizeof(path)), 0);
	must(rename("var/socket name", "var/moved"));
	expect(dial(SOCK_STREAM, (void *)&path, sizeof(path)), ENOENT);
	must(unlink("run/moved"));

	fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(bind(fd, (void *)&name, length));
	must(listen(fd, 8));
	expect(dial(SOCK_STREAM, (void *)&name, length), 0);
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, (int[2]){}));
}

/* Datagrams: each to an address of its own. */
static void datagrams(struct sockaddr_in *nobody)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "run/datagram" };
	struct sockaddr_un named = { .sun_family = AF_UNIX, .sun_path = "var/datagram" };
	struct iovec text = { "text", 4 };
	struct msghdr message = { .msg_name = nobody, .msg_namelen = sizeof(*nobody), .msg_iov = &text, .msg_iovlen = 1 };
	int to = must(socket(AF_UNIX, SOCK_DGRAM, 0)), from = must(socket(AF_UNIX, SOCK_DGRAM, 0));

	must(bind(to, (void *)&path, sizeof(path)));
	must(sendto(from, "text", 4, 0, (void *)&named, sizeof(named)));
	must(sendmsg(must(socket(AF_INET, SOCK_DGRAM, 0)), &message, 0));
}

int main(int argc, char **argv)
{
	struct sockaddr_in to, nobody;
	int fd = must(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP));

	if (argc != 3)
		return 2;
	to = inet(atoi(argv[1]));
	nobody = inet(atoi(argv[2]));
	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)));
	must(bind(fd, (void *)&to, sizeof(to)));
	must(listen(fd, 8));
	expect(dial(SOCK_STREAM, (void *)&to, sizeof(to)), 0);
	must(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
	expect(dial(SOCK_STREAM, (void *)&nobody, sizeof(nobody)), ECONNREFUSED);
	expect(dial(SOCK_DGRAM, (void *)&nobody, sizeof(nobody)), 0);
	unix_sockets();
	datagrams(&nobody);
	return 0;
}
