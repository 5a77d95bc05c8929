/* A 64-bit program that enters the kernel by the i386 gate. */
#include "must.h"
#include <sys/mman.h>

static long gate(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

int main(void)
{
	/* The gate takes 32-bit pointers. */
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	strcpy(low, "made by the gate");
	gate(6, must(gate(5, (long)low, O_WRONLY | O_CREAT, 0600)), 0, 0); /* open, close */
	put("made by syscall");
	gate(10, (long)low, 0, 0);   /* unlink */
	gate(20, 0, 0, 0);           /* getpid */
	must(syscall(SYS_gettid));
	return 0;
}
