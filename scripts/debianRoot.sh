#!/bin/sh
# First process of scripts/other-debian in its own mount, PID and cgroup namespaces.
# $1: Debian release. The other arguments are the command, which runs in a clone of this repository.
set -eu
release=$1
shift
root=/mnt clone=/src/kubectl-netdebug

mount -t tmpfs -o size=12g,mode=755 tmpfs "$root"
echo "other-debian: installing Debian $release"
debootstrap --variant=minbase --include=ca-certificates "$release" "$root" >/dev/null ||
  tail -n 20 "$root/debootstrap/debootstrap.log" >&2

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount --rbind /sys "$root/sys"
else
  # The control groups below the group of this process.
  mount -t sysfs sysfs "$root/sys"
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  grep -v '^0:' /proc/self/cgroup | while IFS=: read -r _ controllers _; do
    hierarchy=$root/sys/fs/cgroup/${controllers#name=}
    mkdir "$hierarchy"
    mount -t cgroup -o "$controllers" cgroup "$hierarchy"
  done
fi

# This machine's settings for package registries.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"
[ ! -e ~/.npmrc ] || cp ~/.npmrc "$root/root/.npmrc"

git clone --quiet . "$root$clone"
if [ -d ../shared ]; then
  mkdir "$root/src/shared"
  mount --bind ../shared "$root/src/shared"
fi

# Not chroot: programs that enter a node's mount namespace would find this machine's root there.
mkdir "$root/old"
cd "$root"
pivot_root . old
# shellcheck disable=SC2016 # the variables are those of the inner shell
exec env -i HOME=/root TERM="${TERM:-dumb}" CI="${CI:-}" DEBIAN_FRONTEND=noninteractive \
  NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  sh -ec '
    umount --lazy /old
    update-ca-certificates >/dev/null
    apt-get update -qq
    # A clean clone of the repository.
    apt-get install -y -qq --no-install-recommends git nodejs npm >/dev/null
    cd "$1"
    shift
    # Not exec: the first process has to reap.
    "$@"
    exit
  ' sh "$clone" "$@" </dev/null
