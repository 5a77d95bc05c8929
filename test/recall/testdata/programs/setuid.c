/* Gives up root and gets it back from a program with the setuid bit: bin/tool,
 * which reads the file secret that only root may. */
#include "must.h"
#include <grp.h>

int main(void)
{
	char *argv[] = { "tool", "secret", NULL };

	must(setgroups(0, NULL));
	must(setresgid(65534, 65534, 65534));
	must(setresuid(65534, 65534, 65534));
	if (open("secret", O_RDONLY) != -1)
		return 1;
	must(execv("bin/tool", argv));
	return 1;
}
