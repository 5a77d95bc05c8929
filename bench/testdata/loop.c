/* What is measured from within: prints how many nanoseconds one turn took, for
 * a loop the median over stretches of it, which a change of tasks hits rarely.
 *   loop getppid MILLISECONDS
 *   loop open MILLISECONDS FILE
 *   loop run COMMAND [ARGUMENT]...   (one turn)
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TURNS 256         /* in a stretch */
#define STRETCHES 65536 /* at most */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int report(double nanoseconds)
{
	return printf("%.1f\n", nanoseconds) < 0;
}

static int turn(const char *file)
{
	if (!file) {
		syscall(SYS_getppid);
		return 0;
	}
	int fd = open(file, O_RDONLY);

	return fd < 0 || close(fd);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int spin(const char *file, double limit)
{
	static double took[STRETCHES];
	double start = now(), last = start;
	int n = 0;

	while (n < STRETCHES && last - start < limit) {
		for (int i = 0; i < TURNS; i++)
			if (turn(file)) {
				perror(file);
				return 1;
			}
		double end = now();

		took[n++] = (end - last) / TURNS;
		last = end;
	}
	qsort(took, n, sizeof(*took), by_size);
	return report(took[n / 2]);
}

static int run(char **command)
{
	double start = now();
	int status;
	pid_t pid = fork();

	if (!pid) {
		execvp(*command, command);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "%s: status %#x\n", *command, status);
		return 1;
	}
	return report(now() - start);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "run"))
		return run(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "getppid"))
		return spin(NULL, atof(argv[2]) * 1e6);
	if (argc == 4 && !strcmp(argv[1], "open"))
		return spin(argv[3], atof(argv[2]) * 1e6);
	fputs("usage: loop getppid MS | open MS FILE | run COMMAND...\n", stderr);
	return 2;
}
