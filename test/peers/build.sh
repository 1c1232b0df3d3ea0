#!/bin/sh
# Builds the real programs that the tests hold etcdlet against, each from its Go module, at the
# versions pinned in the go.mod and go.sum beside this file; and the load generator of bench/.
#
#   test/peers/build.sh [etcd|kubernetes|h2spec|promtool|grpcurl|envtest|loadgen|all]      (default: all)
#
# The programs go to $ETCDLET_PEERS, or to .peers/bin at the top of the repository. A stamp file per
# group holds the checksum of everything that decides what is built; while it agrees, nothing is built.
# Programs are built aside and renamed into place, so whoever runs one meanwhile never sees half of it.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${ETCDLET_PEERS:-$root/.peers/bin}

# Static, without paths of the building machine, without debug tables (they double the files). A
# GOFLAGS of the caller must not change what is built.
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false
strip="-s -w"

fail() {
  echo "build.sh: $*" >&2
  exit 1
}

# Version of one module as the go.mod of a group pins it. Read without go, so that programs that are up
# to date (from a cache, say) need no Go on the machine.
pinned() {
  awk -v module="$2" '$1 == module { print $2 }' "$here/$1/go.mod" | grep . ||
    fail "Cannot read the version of $2 from $1/go.mod"
}

require_go() {
  command -v go >/dev/null || fail "Cannot build $1: no go on PATH"
}

checksum() {
  (
    if [ "$1" = loadgen ]; then
      cat "$root"/bench/load/generator/*.go "$root"/bench/load/generator/go.*
    elif [ "$1" = envtest ]; then
      cat "$root"/test/envtest/*.go "$root"/test/envtest/go.*
    else
      cat "$here/$1/go.mod" "$here/$1/go.sum"
    fi
    cat "$here/build.sh"
    uname -sm
  ) | if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

# up_to_date GROUP PROGRAM...: the stamp agrees and every program is there.
up_to_date() {
  group=$1
  shift
  [ "$(cat "$bin/.stamp-$group" 2>/dev/null || true)" = "$(checksum "$group")" ] || return 1
  for program in "$@"; do
    [ -x "$bin/$program" ] || return 1
  done
}

# put_in_place GROUP PROGRAM...: moves the programs from $aside into place and writes the stamp last.
put_in_place() {
  group=$1
  shift
  rm -f "$bin/.stamp-$group"
  for program in "$@"; do
    mv -f "$aside/$program" "$bin/$program"
  done
  checksum "$group" >"$bin/.stamp-$group"
}

build_etcd() {
  programs="etcd etcdctl etcdutl bbolt"
  # shellcheck disable=SC2086 # The names are words on purpose.
  if up_to_date etcd $programs; then
    echo "build.sh: etcd is up to date in $bin"
  else
    require_go etcd
    started=$(date +%s)
    # One by one: the last part of the package path, from which go would take the name, is "v3".
    while read -r program package; do
      (cd "$here/etcd" && go build -mod=readonly -trimpath -ldflags "$strip" -o "$aside/$program" "$package") ||
        fail "Cannot build $program from $package"
    done <<PACKAGES
etcd go.etcd.io/etcd/server/v3
etcdctl go.etcd.io/etcd/etcdctl/v3
etcdutl go.etcd.io/etcd/etcdutl/v3
bbolt go.etcd.io/bbolt/cmd/bbolt
PACKAGES
    # shellcheck disable=SC2086
    put_in_place etcd $programs
    echo "build.sh: built etcd in $(($(date +%s) - started)) s"
  fi
  "$bin/etcd" --version | head -n 1
  "$bin/etcdctl" version | head -n 1
  "$bin/etcdutl" version | head -n 1
  # Not "bbolt version": 1.5.0 still calls itself 1.4.0-alpha.0.
  echo "bbolt version: $(pinned etcd go.etcd.io/bbolt)"
}

build_kubernetes() {
  programs="kube-apiserver kube-controller-manager kube-scheduler kubectl kubeadm"
  # shellcheck disable=SC2086
  if up_to_date kubernetes $programs; then
    echo "build.sh: kubernetes is up to date in $bin"
  else
    require_go kubernetes
    started=$(date +%s)
    version=$(pinned kubernetes k8s.io/kubernetes)
    # Without these the programs call themselves v0.0.0-master, and kubectl and the apiserver, which
    # parse their own version as semver to decide what is on, would not behave like the release.
    minor=${version#v*.}
    minor=${minor%%.*}
    flags=$strip
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
      flags="$flags -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor"
      flags="$flags -X $package.gitTreeState=clean"
    done
    packages=
    for program in $programs; do
      packages="$packages k8s.io/kubernetes/cmd/$program"
    done
    # shellcheck disable=SC2086
    (cd "$here/kubernetes" && go build -mod=readonly -trimpath -ldflags "$flags" -o "$aside/" $packages) ||
      fail "Cannot build kubernetes"
    # shellcheck disable=SC2086
    put_in_place kubernetes $programs
    echo "build.sh: built kubernetes in $(($(date +%s) - started)) s"
  fi
  for program in kube-apiserver kube-controller-manager kube-scheduler; do
    echo "$program: $("$bin/$program" --version)"
  done
  echo "kubectl: $("$bin/kubectl" version --client | head -n 1)"
}

# build_tool NAME MODULE: the program cmd/NAME of a module, which is pinned in the folder NAME. What it says of
# its own version is not used: h2spec 2.2.1 calls itself 2.0.0, and the others know it in a release only.
build_tool() {
  if up_to_date "$1" "$1"; then
    echo "build.sh: $1 is up to date in $bin"
  else
    require_go "$1"
    started=$(date +%s)
    (cd "$here/$1" && go build -mod=readonly -trimpath -ldflags "$strip" -o "$aside/" "$2/cmd/$1") ||
      fail "Cannot build $1"
    put_in_place "$1" "$1"
    echo "build.sh: built $1 in $(($(date +%s) - started)) s"
  fi
  echo "$1 version: $(pinned "$1" "$2")"
}

build_h2spec() { build_tool h2spec github.com/summerwind/h2spec; }
build_promtool() { build_tool promtool github.com/prometheus/prometheus; }
build_grpcurl() { build_tool grpcurl github.com/fullstorydev/grpcurl; }

build_envtest() {
  if up_to_date envtest envtest; then
    echo "build.sh: envtest is up to date in $bin"
    return
  fi
  require_go envtest
  started=$(date +%s)
  (cd "$root/test/envtest" && go test -c -mod=readonly -trimpath -ldflags "$strip" -o "$aside/envtest" .) ||
    fail "Cannot build envtest"
  put_in_place envtest envtest
  echo "build.sh: built envtest in $(($(date +%s) - started)) s"
}

build_loadgen() {
  if up_to_date loadgen loadgen; then
    echo "build.sh: loadgen is up to date in $bin"
    return
  fi
  require_go loadgen
  started=$(date +%s)
  (cd "$root/bench/load/generator" && go build -mod=readonly -trimpath -ldflags "$strip" -o "$aside/loadgen" .) ||
    fail "Cannot build loadgen"
  put_in_place loadgen loadgen
  echo "build.sh: built loadgen in $(($(date +%s) - started)) s"
}

mkdir -p "$bin"
aside=$(mktemp -d "$bin/.building-XXXXXX")
trap 'rm -rf "$aside"' EXIT
trap 'exit 1' INT TERM

case ${1:-all} in
etcd) build_etcd ;;
kubernetes) build_kubernetes ;;
h2spec) build_h2spec ;;
promtool) build_promtool ;;
grpcurl) build_grpcurl ;;
envtest) build_envtest ;;
loadgen) build_loadgen ;;
all)
  build_etcd
  build_kubernetes
  build_h2spec
  build_promtool
  build_grpcurl
  build_envtest
  build_loadgen
  ;;
*) fail "Unknown group: \"$1\" (one of etcd, kubernetes, h2spec, promtool, grpcurl, envtest, loadgen, all)" ;;
esac
