# A shell that forks: pipes, subshells, the background, and PATH searched in
# vain and with success. The test has made bin/ with tool, script and a broken
# link, and puts it into PATH behind a directory that is not there.
# What runs in the background outlasts the rest, so that the shell always waits.
set -eu
PATH=$PWD/missing:$PWD/bin:$PATH
cat input | tr a-z A-Z | sort > upper
( cd sub && umask 077 && echo nested > made; ( cp made copied; rm made ) )
{ sleep 1; echo late > background; } &
tool input
script input
(broken) 2> errors || test $? = 127
wait
cat <<END >> background
here
END
for i in 1 2 3; do : > "loop $i" ; mv "loop $i" sub; done
rm -r sub
exec cat upper
