# Two repositories on one machine. Times and identity are fixed, so that the
# names of all objects are.
set -eu
export GIT_AUTHOR_NAME=name GIT_AUTHOR_EMAIL=name@example.com GIT_AUTHOR_DATE='1700000000 +0000'
export GIT_COMMITTER_NAME=name GIT_COMMITTER_EMAIL=name@example.com GIT_COMMITTER_DATE='1700000000 +0000'
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_PAGER=cat

# What was written in the second of the index is read again by whoever comes next.
settle() {
  touch -d 2020-01-01 ./*
  git update-index -q --refresh
}

git init -q -b main one
cd one
for i in 1 2; do echo "$i" > "file $i"; done
git add .
settle
git commit -q -m first
git checkout -q -b side
git mv 'file 1' moved
git commit -q -m second
git checkout -q main
settle
git rm -q 'file 2'
git commit -q -m third
git merge -q -m fourth side
settle
cd ..
git clone -q --no-local one two
cd one
git tag -a -m tag v1
git gc -q --prune=now
cd ../two
git fetch -q
git log --stat > ../log
