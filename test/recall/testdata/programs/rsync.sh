# A copy, and a second one of what has changed since. Times that are no time of
# today: what a copy is given anew differs from what it should have.
set -eu
find tree -depth -exec touch -h -d 2020-01-01 {} +
rsync -a tree/ copy/
echo changed > tree/a.txt
rm tree/sub/c.log
find tree -depth -exec touch -h -d 2021-01-01 {} +
rsync -a --checksum --delete --hard-links tree/ copy/
