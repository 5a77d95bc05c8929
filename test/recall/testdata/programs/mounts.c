/* A mount namespace of its own, with an empty tmpfs on top of dir and a bind
 * mount of dir/inner at other. The test has made the two directories. */
#include "must.h"

int main(void)
{
	must(unshare(CLONE_NEWNS));
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("tmpfs", "dir", "tmpfs", 0, "size=1m"));
	must(mkdir("dir/inner", 0755));
	must(mount("dir/inner", "other", NULL, MS_BIND, NULL));
	put("other/file");
	get("dir/inner/file");
	must(rename("other/file", "other/renamed"));
	must(unlink("dir/inner/renamed"));
	must(chdir("other"));
	put("../dir/x");
	put("y");
	must(unlink("y"));
	/* Nobody can look into a namespace when all that were in it are gone. */
	must(usleep(300000));
	return 0;
}
