/* A daemon in the old way: two forks and a session of its own. Its parent waits
 * for the end of a pipe that only the daemon holds, so that the workload ends
 * when all of it has. Argument: the directory to work in. */
#include "must.h"

static void serve(const char *dir)
{
	char name[4096];

	must(chdir("/"));
	umask(022);
	snprintf(name, sizeof(name), "%s/run/pid", dir);
	put(name);
	must(chdir(dir));
	int log = must(open("log", O_WRONLY | O_CREAT | O_APPEND, 0640));
	must(write(log, "started\n", 8));
	must(rename("log", "log.1")); /* as logrotate(8) does */
	must(write(log, "still here\n", 11));
	put("log");
	must(unlink(name));
}

int main(int argc, char **argv)
{
	int alive[2];
	pid_t pid;
	char c;

	if (argc != 2)
		return 2;
	must(pipe(alive));
	pid = must(fork());
	if (!pid) {
		must(setsid());
		if (must(fork()))
			_exit(0); /* orphans the daemon */
		must(close(alive[0]));
		serve(argv[1]);
		_exit(0);
	}
	must(close(alive[1]));
	reap(pid);
	must(read(alive[0], &c, 1));
	return 0;
}
