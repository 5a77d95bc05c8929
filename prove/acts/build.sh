#!/bin/bash
# Builds the program for each machine. The same clang and lld give the same bytes: no
# path, date or build id is in them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
for arch in amd64:x86_64 arm64:aarch64; do
  # One segment for code, constants and the file's header, and none that is writable:
  # the program copies itself out of its memory.
  clang --target="${arch#*:}-linux-gnu" -I/usr/include/x86_64-linux-gnu -Os -Wall -Werror -ffreestanding -fno-builtin \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fno-ident -fno-pie -mgeneral-regs-only -nostdlib -static -fuse-ld=lld \
    -Wl,--no-rosegment,--build-id=none,--strip-all,-z,noexecstack,-z,norelro -o "program_${arch%:*}" act.c
done
