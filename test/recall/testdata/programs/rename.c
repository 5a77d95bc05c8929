/* Renames through symlinked directories. The test has made the directories
 * real, v1 and v2 and the links alias -> real, absolute -> (…)/real,
 * chain -> alias and current -> v1. */
#include "must.h"

static void within_current(void)
{
	put("current/new");
	must(rename("current/new", "current/old"));
	put("current/gone");
	must(unlink("current/gone"));
}

int main(void)
{
	put("alias/a");
	must(rename("alias/a", "chain/b"));
	must(rename("absolute/b", "real/../alias/./c"));
	must(renameat(AT_FDCWD, "chain/c", AT_FDCWD, "alias//d"));

	/* Over a file that is there, by a descriptor of the link's directory. */
	int dir = must(open("chain", O_RDONLY | O_DIRECTORY));
	put("alias/e");
	must(renameat2(dir, "d", AT_FDCWD, "absolute/e", 0));
	put("real/f");
	must(renameat2(dir, "e", dir, "f", RENAME_EXCHANGE));
	must(renameat2(dir, "f", dir, "g", RENAME_NOREPLACE));

	/* Directories, and what is in them afterwards. */
	must(mkdir("alias/sub", 0755));
	put("alias/sub/x");
	must(rename("alias/sub", "alias/moved"));
	must(rename("chain/moved/x", "real/moved/y"));
	must(unlink("absolute/moved/y"));
	must(rmdir("chain/moved"));

	/* The link itself, not what it leads to. */
	must(symlink("real", "link"));
	must(rename("link", "other"));
	must(unlink("other"));

	/* The same names lead elsewhere once the link is exchanged. It was there
	 * before the workload, and names through it are looked at a moment later. */
	within_current();
	must(usleep(300000));
	must(symlink("v2", "next"));
	must(rename("next", "current"));
	within_current();
	return 0;
}
