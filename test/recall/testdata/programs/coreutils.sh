# What maintainer scripts are made of. The test has made tree/ with files,
# links and directories.
set -eu
cp -a tree copy
tar -cf archive.tar -C copy .
mkdir unpacked
tar -xpf archive.tar -C unpacked
find unpacked -name '*.txt' -newer input -o -type l
find copy -name '*.log' -delete
sed -i 's/text/changed/' copy/a.txt unpacked/sub/b.txt
ln -sfn copy latest
ln -f copy/a.txt hard
mv -T unpacked moved
install -m 0600 -D input etc/conf.d/input
chmod -R go-w moved
chown -hR 1:1 moved
touch -d @0 moved/a.txt
mkfifo fifo
truncate -s 10 input
rm -rf moved copy
