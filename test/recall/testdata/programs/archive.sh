# Archives made and unpacked again, each through a pipe to a program of its own.
set -eu
tar -czf one.tar.gz tree
tar -cf two.tar tree
xz -T2 -0 -k two.tar
gzip -k input
gzip -dc input.gz > unpacked
mkdir out
tar -xzf one.tar.gz -C out
tar -xJf two.tar.xz -C out --overwrite
tar -tf two.tar > list
