#!/bin/sh
# Makes the secrets that compose.yaml mounts, in deploy/secrets or the folder given. What is there stays as it is.
# Whoever runs containers reads them by their user numbers: so the files can be read by all, and the folder by you alone.
set -eu
dir=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$dir"
cd "$dir"
word() { head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n'; }
keep() { # keep NAME writes standard input to NAME, unless there is one
	if [ -s "$1" ]; then cat >/dev/null; return; fi
	cat >"$1.new" && chmod 444 "$1.new" && mv "$1.new" "$1"
}
word | keep mongo_key
word | keep mongo_admin_password
word | keep mongo_imgsvc_password
word | keep redis_password
word | keep imgsvc_write_token
keep redis.conf <<END
requirepass $(cat redis_password)
maxmemory 256mb
maxmemory-policy allkeys-lru
save ""
appendonly no
END
keep imgsvc_store <<END
mongodb://imgsvc:$(cat mongo_imgsvc_password)@mongo-1,mongo-2,mongo-3/imgsvc?replicaSet=rs0&authSource=imgsvc
END
keep imgsvc_cache <<END
memory:64MiB redis://:$(cat redis_password)@redis:6379
END
