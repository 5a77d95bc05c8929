/* act KIND ARGUMENT: does one thing that a profile may forbid, and exits with the
 * errno that came of it, 0 for none. Run inside a unit's sandbox, its exit status
 * tells what the sandbox does. Static, and with few system calls of its own, so
 * that it lives in the sandbox of any other program.
 *
 *   act write FILE   create FILE
 *   act exec FILE    become FILE; on success the exit status is FILE's
 *   act bind PORT    bind a TCP socket to PORT on the loopback address
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { USAGE = 255 };

static int bind_port(int port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? fd : bind(fd, (struct sockaddr *)&to, sizeof(to));
}

int main(int argc, char **argv)
{
	int result;

	if (argc != 3)
		return USAGE;
	if (!strcmp(argv[1], "read"))
		result = open(argv[2], O_RDONLY);
	else if (!strcmp(argv[1], "write"))
		result = open(argv[2], O_WRONLY | O_CREAT, 0644);
	else if (!strcmp(argv[1], "exec"))
		result = execv(argv[2], argv + 2);
	else if (!strcmp(argv[1], "bind"))
		result = bind_port(atoi(argv[2]));
	else
		return USAGE;
	return result < 0 ? errno : 0;
}
