# A package with a configuration file, through its life. It has no scripts: these
# would want a root that they can run in.
set -eu
umask 022
for version in 1 2; do dpkg-deb -Zxz --build package$version $version.deb; done
for version in 1 2; do dpkg --root="$PWD/root" --log="$PWD/log" --force-confnew --install $version.deb; done
dpkg --root="$PWD/root" --listfiles recall
dpkg --root="$PWD/root" --log="$PWD/log" --remove recall
dpkg --root="$PWD/root" --log="$PWD/log" --purge recall
