/* The calls that take a directory by its descriptor. The test has made the
 * directories one and two and the link alias -> one. */
#include "must.h"
#include <linux/openat2.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static void names(int one, int two)
{
	struct open_how how = { .flags = O_RDWR | O_CREAT | O_EXCL, .mode = 0600, .resolve = RESOLVE_BENEATH };

	must(mkdirat(one, "dir", 0755));
	must(close(must(openat(one, "dir/file", O_RDWR | O_CREAT | O_EXCL, 0644))));
	must(close(must(syscall(SYS_openat2, two, "second", &how, sizeof(how)))));
	must(linkat(one, "dir/file", two, "hard", 0));
	must(symlinkat("dir/file", one, "soft"));
	must(linkat(one, "soft", two, "linked soft", 0));
	must(linkat(one, "soft", two, "followed", AT_SYMLINK_FOLLOW));
	must(renameat2(two, "hard", one, "renamed", RENAME_NOREPLACE));
	must(mknodat(one, "fifo", S_IFIFO | 0600, 0));
	must(mknodat(one, "null", S_IFCHR | 0666, makedev(1, 3)));
	must(fchmodat(one, "soft", 0640, 0));
	must(fchownat(one, "soft", 1, 1, AT_SYMLINK_NOFOLLOW));
	must(fchownat(one, "soft", 1, 1, 0));
	must(utimensat(one, "renamed", NULL, 0));
	must(utimensat(one, "soft", NULL, AT_SYMLINK_NOFOLLOW));
	must(unlinkat(one, "soft", 0));
	must(unlinkat(two, "linked soft", 0));
	must(unlinkat(one, "dir/file", 0));
	must(unlinkat(one, "dir", AT_REMOVEDIR));
}

static void descriptors(int one)
{
	int fd = must(openat(one, "renamed", O_RDWR | O_APPEND | O_TRUNC));

	must(fchmod(fd, 0600));
	must(fchown(fd, 2, 2));
	must(ftruncate(fd, 4096));
	must(futimens(fd, NULL));
	must(fchownat(fd, "", 3, 3, AT_EMPTY_PATH));
	must(fsetxattr(fd, "user.recall", "x", 1, 0));
	must(fremovexattr(fd, "user.recall"));
	must(close(fd));
	fd = must(openat(one, "renamed", O_PATH));
	must(fchownat(fd, "", 4, 4, AT_EMPTY_PATH));
	must(close(fd));
	must(truncate("alias/renamed", 1));
	must(setxattr("alias/renamed", "user.recall", "x", 1, 0));
}

/* A file that gets its name after it was opened. */
static void nameless(int two)
{
	int fd = must(open("alias", O_TMPFILE | O_RDWR, 0600));
	char name[64];

	must(write(fd, "x", 1));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	must(linkat(AT_FDCWD, name, two, "named", AT_SYMLINK_FOLLOW));
	must(close(must(openat(two, "named", O_RDONLY))));
	must(unlinkat(two, "named", 0));
	must(close(must(open(name, O_RDONLY)))); /* by its descriptor, the name gone */
	must(close(fd));
}

int main(void)
{
	int one = must(open("alias", O_RDONLY | O_DIRECTORY)), two = must(open("two", O_PATH | O_DIRECTORY));

	names(one, two);
	descriptors(one);
	nameless(two);
	must(fchdir(two));
	must(mkdirat(AT_FDCWD, "here", 0700));
	must(rmdir("../alias/../two/here"));
	must(close(must(open(".", O_RDONLY | O_DIRECTORY))));
	must(close(must(creat("created", 0600))));
	must(close(must(open("/dev/null", O_RDWR))));
	return 0;
}
