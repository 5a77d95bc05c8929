/* Work inside a chroot. The test has made jail/ with real/, etc/ and bin/child
 * (this program, static), the links jail/link -> /real and
 * jail/up -> ../../../../etc, and the file outside. */
#include "must.h"
#include <sys/un.h>

static int child(void)
{
	get("/link/kept");
	put("made by child");
	must(unlink("made by child"));
	return 0;
}

/* An absolute name for a socket begins at the new root as well. */
static void listen_at(const char *name)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0)), to = must(socket(AF_UNIX, SOCK_STREAM, 0));

	strcpy(path.sun_path, name);
	must(bind(fd, (void *)&path, sizeof(path)));
	must(listen(fd, 1));
	must(connect(to, (void *)&path, sizeof(path)));
	must(unlink(name));
}

int main(int argc, char **argv)
{
	int outside, jail;

	if (argc > 1 && !strcmp(argv[1], "child"))
		return child();
	outside = must(open(".", O_RDONLY | O_DIRECTORY));
	jail = must(open("jail", O_RDONLY | O_DIRECTORY));
	must(chroot("jail"));
	get("outside"); /* the working directory is not in the new root yet */
	must(chdir("/"));
	put("/link/kept");
	must(mkdir("/link/d", 0755));
	put("up/below etc");
	must(rename("up/below etc", "/link/d/../renamed"));
	must(chdir("/link"));
	put("relative");
	must(unlink("../../../real/relative"));
	must(symlink("/real/kept", "absolute"));
	get("absolute");
	must(chmod("absolute", 0600));
	must(renameat(jail, "real/absolute", outside, "escaped"));
	must(unlinkat(outside, "escaped", 0));
	must(rmdir("d"));
	listen_at("/link/socket");

	pid_t pid = must(fork());
	if (!pid) {
		must(execl("/bin/child", "child", "child", NULL));
	}
	reap(pid);
	pid = must(fork());
	if (!pid) {
		must(chdir("/bin"));
		must(execl("./child", "child", "child", NULL));
	}
	reap(pid);
	must(fchdir(outside));
	get("outside");
	return 0;
}
