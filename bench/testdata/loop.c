/* What is measured from within: prints how many nanoseconds one turn took, for
 * a loop the median over stretches of it, which a change of tasks hits rarely.
 *   loop getppid MILLISECONDS
 *   loop open MILLISECONDS FILE
 *   loop mmap MILLISECONDS
 *   loop names NUMBER DIRECTORY    (one turn: that many files that are not there)
 *   loop forks NUMBER              (one turn: that many children, each by itself)
 *   loop run COMMAND [ARGUMENT]...   (one turn)
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

static int ask(const char *unused)
{
	(void)unused;
	syscall(SYS_getppid);
	return 0;
}

static int look(const char *file)
{
	int fd = open(file, O_RDONLY);

	return fd < 0 || close(fd);
}

/* Each one asks whether the caller may have more memory than others. */
static int map(const char *unused)
{
	(void)unused;
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED || munmap(at, 4096);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int spin(int (*turn)(const char *), const char *file, double limit)
{
	static double took[STRETCHES];
	double start = now(), last = start;
	int n = 0;

	while (n < STRETCHES && last - start < limit) {
		for (int i = 0; i < TURNS; i++)
			if (turn(file)) {
				perror(file ? file : "turn");
				return 1;
			}
		double end = now();

		took[n++] = (end - last) / TURNS;
		last = end;
	}
	qsort(took, n, sizeof(*took), by_size);
	return report(took[n / 2]);
}

static int names(long n, const char *directory)
{
	double start = now();
	char name[4096];

	for (long i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/none.%ld", directory, i);
		if (open(name, O_RDONLY) >= 0)
			return 1;
	}
	return report(now() - start);
}

static int forks(long n)
{
	double start = now();
	int status;

	for (long i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return report(now() - start);
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
		return spin(ask, NULL, atof(argv[2]) * 1e6);
	if (argc == 4 && !strcmp(argv[1], "open"))
		return spin(look, argv[3], atof(argv[2]) * 1e6);
	if (argc == 3 && !strcmp(argv[1], "mmap"))
		return spin(map, NULL, atof(argv[2]) * 1e6);
	if (argc == 4 && !strcmp(argv[1], "names"))
		return names(atol(argv[2]), argv[3]);
	if (argc == 3 && !strcmp(argv[1], "forks"))
		return forks(atol(argv[2]));
	fputs("usage: loop getppid|mmap MS | open MS FILE | names N DIR | forks N | run COMMAND...\n", stderr);
	return 2;
}
