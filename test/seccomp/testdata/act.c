/* act CALL ARGUMENT: makes one system call and exits with its errno, 0 for none.
 * Static, so that it is all that a container holds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long value, result;

	if (argc != 3)
		return 255;
	value = strtol(argv[2], NULL, 0);
	if (!strcmp(argv[1], "socket"))
		result = syscall(SYS_socket, value, 3 /* SOCK_RAW */, 0);
	else if (!strcmp(argv[1], "stream"))
		result = syscall(SYS_socket, value, 1 /* SOCK_STREAM */, 0);
	else if (!strcmp(argv[1], "unshare"))
		result = syscall(SYS_unshare, value);
	else if (!strcmp(argv[1], "clone")) {
		result = syscall(SYS_clone, value | 17 /* SIGCHLD */, 0, 0, 0, 0);
		if (result == 0)
			_exit(0);
		if (result > 0)
			waitpid(result, NULL, 0);
	} else if (!strcmp(argv[1], "personality"))
		result = syscall(SYS_personality, value);
	else if (!strcmp(argv[1], "keyctl"))
		result = syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, value, 0);
	else
		return 255;
	return result < 0 ? errno : 0;
}
