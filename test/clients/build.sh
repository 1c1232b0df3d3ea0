#!/bin/sh
# Builds the clients in other languages that the tests let loose on etcdlet, with the versions pinned
# beside each.
#
#   test/clients/build.sh [go|python|rust|java|all]      (default: all)
#
# The programs are client-go, client-python, client-rust and client-java in $ETCDLET_PEERS, or in .peers/bin at
# the top of the repository; what they need is in the folder `clients` there.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${ETCDLET_PEERS:-$root/.peers/bin}
needs=$bin/clients

# launcher NAME COMMAND: a program that runs the command with its own arguments.
launcher() {
  printf '#!/bin/sh\n%s "$@"\n' "$2" >"$bin/$1.new"
  chmod +x "$bin/$1.new"
  mv -f "$bin/$1.new" "$bin/$1"
}

build_go() {
  (cd "$here/go" && CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "-s -w" -o "$bin/client-go" .)
}

build_python() {
  [ -x "$needs/python/bin/python" ] || python3 -m venv "$needs/python"
  "$needs/python/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --only-binary :all: -r "$here/python/requirements.txt"
  mkdir -p "$needs/python/messages"
  "$needs/python/bin/python" -m grpc_tools.protoc -I "$root/proto" \
    --python_out="$needs/python/messages" --grpc_python_out="$needs/python/messages" \
    rpc.proto kv.proto auth.proto
  launcher client-python \
    "PYTHONPATH='$needs/python/messages' exec '$needs/python/bin/python' '$here/python/client.py'"
}

build_rust() {
  (cd "$here/rust" && cargo build --quiet --locked --release --target-dir "$needs/rust")
  launcher client-rust "exec '$needs/rust/release/client'"
}

build_java() {
  (cd "$here/java" && mvn --quiet --batch-mode -Dstyle.color=never "-Dclients.target=$needs/java" prepare-package)
  launcher client-java "exec java -cp '$needs/java/classes:$needs/java/libraries/*' Client"
}

mkdir -p "$needs"
case ${1:-all} in
go | python | rust | java) "build_$1" ;;
all)
  build_go
  build_python
  build_rust
  build_java
  ;;
*)
  echo "build.sh: Unknown client: \"$1\" (one of go, python, rust, java, all)" >&2
  exit 1
  ;;
esac
