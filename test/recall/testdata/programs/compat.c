/* Built for i386: other numbers, other calls, 16-bit identities. The test has
 * made the directory real and the link alias -> real. */
#include "must.h"
#include <netinet/in.h>
#include <sys/uio.h>
#include <sys/un.h>

/* All of these are socketcall(2) to the C library of Debian 12. */
static void sockets(void)
{
	struct sockaddr_in nobody = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "alias/socket" };
	struct iovec text = { "text", 4 };
	struct msghdr message = { .msg_name = &path, .msg_namelen = sizeof(path), .msg_iov = &text, .msg_iovlen = 1 };
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(connect(fd, (void *)&nobody, sizeof(nobody)));
	fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(bind(fd, (void *)&path, sizeof(path)));
	must(sendmsg(fd, &message, 0));
	must(unlink("real/socket"));
}

int main(void)
{
	char *argv[] = { "compat", "again", NULL };
	int fd;

	put("alias/a");
	must(chown("alias/a", 1, 1));
	must(truncate("alias/a", 2));
	fd = must(open("real/a", O_RDWR | O_APPEND));
	must(ftruncate(fd, 1));
	must(fchmod(fd, 0600));
	must(lseek(fd, 0, SEEK_END));
	must(mkdir("alias/d", 0755));
	must(rename("alias/a", "alias/d/b"));
	must(unlink("real/d/b"));
	must(rmdir("alias/d"));
	sockets();
	pid_t pid = must(fork());
	if (!pid) {
		get("input");
		must(execv("/bin/true", argv));
	}
	reap(pid);
	return 0;
}
