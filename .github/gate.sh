#!/usr/bin/env bash
# What action.yml does, and anybody can without it: build the base and this commit in checkouts of their own, gate them,
# and tell GitHub. Run it in a git repository with
#
#   GATE_SERVE    the command that starts a server, with {port} in it; it is run in the checkout
#   GATE_BUILD    the command that builds a checkout                           (nothing to build)
#   GATE_LOAD     a path, or a script in this folder                           (/)
#   GATE_BASE_REF a branch, tag or commit                                      (HEAD^)
#   GATE_MARGIN, GATE_ALPHA, GATE_STRICT, GATE_FLAGS    as imgsvc gate has them
#   GATE_OUT      a folder to be made, for checkouts and report/               (a temporary one)
#   IMGSVC        the program       (built from GATE_SOURCE, by the Go there is, which fetches the version it needs)
#
# The exit code is that of the gate. GITHUB_STEP_SUMMARY and GITHUB_OUTPUT are written where they are set.
set -euo pipefail

if [ -z "${GATE_SERVE:-}" ]; then
	echo 'GATE_SERVE is missing: the command that starts a server, with {port} in it' >&2
	exit 2
fi
out=${GATE_OUT:-$(mktemp -d)}
mkdir -p "$out/report"
out=$(cd "$out" && pwd)
top=$(git rev-parse --show-toplevel)
here=$PWD

# say escapes a line for a workflow command.
say() {
	local text=${2//%/%25}
	text=${text//$'\r'/%0D}
	[ -z "${GITHUB_ACTIONS:-}" ] || printf '::%s title=imgsvc gate::%s\n' "$1" "${text//$'\n'/%0A}"
}
give_up() {
	say error "INVALID: $1"
	printf '%s\n' "$1" >&2
	[ -z "${GITHUB_STEP_SUMMARY:-}" ] || printf '### ⚠️ imgsvc gate: INVALID\n\n%s\n' "$1" >>"$GITHUB_STEP_SUMMARY"
	exit "${2:-1}"
}

# find_base prints the commit to compare with, fetching it where the clone is shallow.
find_base() {
	local ref=${GATE_BASE_REF:-}
	if [ -z "$ref" ]; then
		git rev-parse -q --verify 'HEAD^^{commit}' && return
		git fetch -q --no-tags --deepen 1 origin >&2 && git rev-parse -q --verify 'HEAD^^{commit}'
		return
	fi
	git rev-parse -q --verify "origin/$ref^{commit}" || git rev-parse -q --verify "$ref^{commit}" && return
	git fetch -q --no-tags --depth 1 origin "$ref" >&2 && git rev-parse -q --verify 'FETCH_HEAD^{commit}'
}
# shellcheck disable=SC2317 # the trap calls it
cleanup() {
	for side in base candidate; do
		git -C "$top" worktree remove --force "$out/$side" 2>/dev/null || true
	done
}
trap cleanup EXIT

base=$(find_base | head -n 1) || true
[ -n "$base" ] || give_up "the base ${GATE_BASE_REF:-HEAD^} is not to be found: does checkout fetch it?"
head=$(git rev-parse HEAD)

# Both sides are checkouts of the same kind, on paths of the same length as near as can be, built the same way.
for side in base candidate; do
	commit=$head
	[ "$side" = candidate ] || commit=$base
	git worktree add -q --detach "$out/$side" "$commit" || give_up "$commit cannot be checked out"
	printf 'building the %s, %s\n' "$side" "$commit"
	(cd "$out/$side" && bash -euo pipefail -c "${GATE_BUILD:-:}") || give_up "the $side, $commit, does not build"
done

if [ -z "${IMGSVC:-}" ]; then
	IMGSVC=$out/imgsvc
	(cd "${GATE_SOURCE:?the folder imgsvc is built from}" && GOTOOLCHAIN=auto go build -pgo=off -o "$IMGSVC" ./cmd/imgsvc) ||
		give_up "imgsvc does not build"
fi

flags=()
[ "${GATE_STRICT:-false}" != true ] || flags+=(--strict)
# Words of GATE_FLAGS are flags, as in a shell's line.
read -r -a further <<<"${GATE_FLAGS:-}"
code=0
(cd "$here" && "$IMGSVC" gate \
	--base "cd $out/base && $GATE_SERVE" --candidate "cd $out/candidate && $GATE_SERVE" \
	--margin "${GATE_MARGIN:-5%}" --alpha "${GATE_ALPHA:-0.01}" \
	--output "$out/report/gate.json" --html "$out/report/gate.html" \
	--markdown "$out/report/gate.md" --junit "$out/report/gate.junit.xml" \
	${flags[@]+"${flags[@]}"} ${further[@]+"${further[@]}"} "${GATE_LOAD:-/}") || code=$?

field() { [ ! -e "$out/report/gate.json" ] || sed -n "s/^  \"$1\": \"\\(.*\\)\",\$/\\1/p" "$out/report/gate.json" | head -n 1 | sed 's/\\\(["\\]\)/\1/g'; }
verdict=$(field verdict)
[ -n "$verdict" ] || give_up "the gate did not run (exit code $code)" "$code"
case $verdict in
PASS) say notice "PASS: $(field summary)" ;;
INCONCLUSIVE) say warning "INCONCLUSIVE: $(field summary)" ;;
*) say error "$verdict: $(field summary)" ;;
esac
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$out/report/gate.md" >>"$GITHUB_STEP_SUMMARY"
[ -z "${GITHUB_OUTPUT:-}" ] || printf 'verdict=%s\n' "$verdict" >>"$GITHUB_OUTPUT"
printf 'report: %s\n' "$out/report"
exit "$code"
