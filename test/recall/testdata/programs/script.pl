# Modules, a child process, and a file edited by way of a link.
use strict;
use warnings;
use File::Basename;
use File::Copy;
use File::Find;
use POSIX qw(:sys_wait_h);

copy("input", "alias/copied") or die $!;
move("alias/copied", "real/moved") or die $!;
find(sub { print "$File::Find::name\n" if -f }, "real");
open(my $out, ">>", "alias/" . basename("x/log")) or die $!;
print $out "line\n";
close $out;
open(my $pipe, "-|", "/bin/cat", "input") or die $!;
my @lines = <$pipe>;
close $pipe;
unlink "real/moved", "alias/log";
