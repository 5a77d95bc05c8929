/* Opens the file that is its last argument, for reading. */
#include "must.h"

int main(int argc, char **argv)
{
	if (access(argv[argc - 1], F_OK))
		must(chdir(".."));
	get(argv[argc - 1]);
	return 0;
}
