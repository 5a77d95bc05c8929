/* The ways to start a program. The test has made bin/tool (a C program that
 * opens what it is told to), bin/script (#!…/bin/tool), bin/nested
 * (#!…/bin/script) and the link bin/alias -> tool. */
#include "must.h"
#include <linux/sched.h>
#include <pthread.h>
#include <spawn.h>

extern char **environ;

static void by_vfork(const char *program)
{
	char *argv[] = { (char *)program, "input", NULL };
	pid_t pid = must(vfork());

	if (!pid) {
		execve("bin/missing", argv, environ);
		execve(program, argv, environ);
		_exit(1);
	}
	reap(pid);
}

static void by_posix_spawn(void)
{
	char *argv[] = { "tool", "input", NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 7, "output", O_WRONLY | O_CREAT, 0600);
	if (posix_spawn(&pid, "bin/alias", &actions, NULL, argv, environ))
		_exit(1);
	reap(pid);
}

static void by_clone3(void)
{
	char *argv[] = { "tool", "input", NULL };
	struct clone_args args = { .flags = CLONE_VFORK, .exit_signal = SIGCHLD };
	pid_t pid = must(syscall(SYS_clone3, &args, sizeof(args)));

	if (!pid) {
		must(chdir("bin"));
		must(execv("./tool", argv));
	}
	reap(pid);
}

static void by_execveat(int flags)
{
	char *argv[] = { "tool", "input", NULL };
	int dir = must(open("bin", O_PATH | O_DIRECTORY)), file = must(open("bin/alias", O_PATH));
	pid_t pid = must(fork());

	if (!pid && flags)
		must(syscall(SYS_execveat, file, "", argv, environ, flags));
	if (!pid)
		must(syscall(SYS_execveat, dir, "alias", argv, environ, 0));
	reap(pid);
	must(close(dir));
	must(close(file));
}

static void *execute(void *unused)
{
	char *argv[] = { "tool", "input", NULL };

	(void)unused;
	must(usleep(100000)); /* until the first thread waits */
	must(execv("bin/tool", argv));
	return NULL;
}

/* A thread that is not the first one takes over the whole process. */
static void by_thread(void)
{
	pid_t pid = must(fork());
	pthread_t thread;

	if (!pid) {
		pthread_create(&thread, NULL, execute, NULL);
		pthread_join(thread, NULL);
		_exit(1);
	}
	reap(pid);
}

int main(void)
{
	by_vfork("bin/tool");
	by_vfork("bin/script");
	by_vfork("bin/nested");
	by_posix_spawn();
	by_clone3();
	by_execveat(0);
	by_execveat(AT_EMPTY_PATH);
	by_thread();
	return 0;
}
