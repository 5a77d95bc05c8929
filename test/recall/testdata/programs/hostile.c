/* Names that mean something to somebody, and names that are long. */
#include "must.h"

static const char *const names[] = {
	" leading", "trailing ", "new\nline", "tab\t", "quote\"", "it's", "back\\slash", "100%s", "*", "[a-z]?", "{a,b}", "]",
	"`id`", "$(id)", "|", "<file>", "(deleted)", "a (deleted)", "\xff\xfe", "\xc3\x28", "\x01\x7f", "#!", "@abstract", "-rf",
	"\xe2\x80\xae" "reversed", "..." };

int main(void)
{
	char name[256], deep[5200] = "";

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		must(mkdir(names[i], 0755));
		snprintf(name, sizeof(name), "%s/%s", names[i], names[i]);
		put(name);
		must(rename(name, "moved"));
		must(rename("moved", name));
		get(name);
		must(unlink(name));
		must(rmdir(names[i]));
	}
	memset(name, 'n', 255);
	name[255] = 0;
	put(name);
	must(unlink(name));

	/* More directories than most have, still a path that can be written. */
	for (int i = 0; i < 100; i++) {
		snprintf(deep + strlen(deep), 32, "%slevel %d", i ? "/" : "", i);
		must(mkdir(deep, 0755));
	}
	strcat(deep, "/file");
	put(deep);
	must(unlink(deep));
	for (int i = 0; i < 100; i++) {
		*strrchr(deep, '/') = 0;
		must(rmdir(deep));
	}
	return 0;
}
