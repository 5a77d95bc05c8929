/* A worker to be recorded under pressure.
 *   work files DIR N          open N files of DIR that do not exist, each its own
 *   work slowly DIR N         the same, pausing after every hundredth
 *   work steps DIR            in a loop, until DIR/stop is there: a step is one
 *                             open of DIR/step.N and DIR/count says how many
 *   work short DIR N          N children after one another, each opens a file
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int look(const char *dir, const char *what, long n)
{
	char name[4096];

	snprintf(name, sizeof(name), "%s/%s.%ld", dir, what, n);
	return open(name, O_RDONLY) < 0 && errno == ENOENT ? 0 : 1;
}

static int files(const char *dir, long n, int pause)
{
	for (long i = 0; i < n; i++) {
		if (look(dir, "none", i))
			return 1;
		if (pause && i % 100 == 99)
			usleep(2000);
	}
	return 0;
}

/* A call that is made nowhere else, one more every 200 steps: TestRecorderIsKilled
 * lists the same. */
static void mark(long step)
{
	static const int calls[] = { SYS_getpgrp, SYS_getsid, SYS_times, SYS_getpriority,
				     SYS_sched_yield, SYS_sched_getscheduler, SYS_sync_file_range, SYS_umask };

	if (step % 200 == 0 && step / 200 < (long)(sizeof(calls) / sizeof(*calls)))
		syscall(calls[step / 200], 0, 0, 0, 0);
}

static int steps(const char *dir)
{
	char count[4096], stop[4096];

	snprintf(count, sizeof(count), "%s/count", dir);
	snprintf(stop, sizeof(stop), "%s/stop", dir);
	for (long i = 0; access(stop, F_OK); i++) {
		FILE *f;

		mark(i);
		if (look(dir, "step", i) || !(f = fopen(count, "w")) || fprintf(f, "%ld\n", i) < 0 || fclose(f))
			return 1;
		usleep(1000);
	}
	return unlink(count); /* the last that is done */
}

static int shorts(const char *dir, long n)
{
	int status;

	for (long i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(look(dir, "child", i));
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	alarm(120); /* nobody may be left to stop it */
	if (argc == 4 && !strcmp(argv[1], "files"))
		return files(argv[2], atol(argv[3]), 0);
	if (argc == 4 && !strcmp(argv[1], "slowly"))
		return files(argv[2], atol(argv[3]), 1);
	if (argc == 3 && !strcmp(argv[1], "steps"))
		return steps(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "short"))
		return shorts(argv[2], atol(argv[3]));
	fputs("usage: work files|slowly DIR N | steps DIR | short DIR N\n", stderr);
	return 2;
}
