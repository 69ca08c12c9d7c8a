#!/usr/bin/env bash
# Test a bundle as a machine without Python and network would run it: empty PATH, no network, a new home folder.
#
#   packaging/test_bundle.sh [PROGRAM] [KEEP]
#
# PROGRAM: default dist/defect-workbench/defect-workbench. KEEP: a folder for the results and a picture of the window
# (window.xwd, or window.png where ImageMagick is installed); otherwise they are removed. Needs unshare (util-linux), and
# Xvfb for the window.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(readlink -f "${1:-$here/../dist/defect-workbench/defect-workbench}")
if [ ! -x "$program" ]; then
    echo "test_bundle.sh: $program is not a program; build it with packaging/build_linux.sh" >&2
    exit 2
fi
if [ -n "${2:-}" ]; then
    mkdir -p "$2"
    work=$(cd "$2" && pwd)
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi
if [ -n "$(ls -A "$work")" ]; then
    echo "test_bundle.sh: $work is not empty" >&2
    exit 2
fi
mkdir "$work/home" "$work/images" "$work/tmp"
# A user who is not root needs a user namespace to be allowed to take the network away.
if [ "$(id -u)" = 0 ]; then alone=(unshare -n); else alone=(unshare -rn); fi
env=$(command -v env)

bundle() { # run the program with nothing of this machine but its C library
    "${alone[@]}" "$env" -i PATH= HOME="$work/home" TMPDIR="$work/tmp" LANG=C.UTF-8 "$program" "$@"
}

passed() { echo "ok: $*"; }

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# Values are taken out of the JSON with grep, as the machine may have no Python.
number() { grep -o "\"$1\": *[0-9]*" "$2" | head -1 | grep -o '[0-9]*$'; }

cd "$work"
if "${alone[@]}" bash -c 'exec 3<>/dev/tcp/1.1.1.1/80' 2>/dev/null; then fail "the network could not be switched off"; fi

bundle --version | grep -Eq '^defect-workbench [0-9]+\.[0-9]+' || fail "no version"
passed "$(bundle --version)"

bundle --self-check >self-check.txt 2>self-check-progress.txt || { cat self-check.txt; fail "the self-check"; }
grep -q '^The program works here\.$' self-check.txt || { cat self-check.txt; fail "the self-check names limits"; }
grep -q 'carried by the program' self-check.txt || fail "the weights are not those of the bundle"
passed "self-check, with the weights of the bundle"

bundle demo --out demo --json >demo.json 2>demo-progress.txt || { tail -3 demo-progress.txt >&2; fail "demo"; }
grep -q '"backbone": {"name": "resnet50"' demo.json || fail "demo has no ResNet-50 features"
for file in manifest.csv session.dwb report.html report.pdf; do [ -s "demo/$file" ] || fail "demo wrote no $file"; done
passed "demo: $(number images demo.json) images, $(number clusters demo.json) clusters, with ResNet-50 features"

for kind in 01 02 03; do cp "$(ls -d demo/cluster-$kind)"/* images/; done
bundle cluster images --out grouped --json >cluster.json 2>cluster-progress.txt ||
    { tail -3 cluster-progress.txt >&2; fail "cluster"; }
grep -q '"backbone": {"name": "resnet50"' cluster.json || fail "cluster has no ResNet-50 features"
[ "$(number images cluster.json)" = "$(ls images | wc -l)" ] || fail "cluster lost images"
passed "cluster: $(number images cluster.json) images of a folder, $(number clusters cluster.json) clusters"

bundle export demo/session.dwb --slides slides.pptx >slides.txt 2>&1 || { cat slides.txt >&2; fail "slides"; }
[ -s slides.pptx ] || fail "no slides"
passed "slides"

if ! command -v Xvfb >/dev/null; then
    echo "skipped: the window, as Xvfb is not installed here"
    exit 0
fi
# -fbdir: the screen is a file, so that no other program is needed to look at it.
mkdir screen
exec 4<>screen/number
Xvfb -displayfd 4 -screen 0 1440x900x24 -fbdir "$work/screen" -nolisten tcp >xvfb.txt 2>&1 &
server=$!
window=
trap 'kill $window $server 2>/dev/null || true; [ -n "${2:-}" ] || rm -rf "$work"' EXIT

seconds=0
wait_until() { # wait_until SECONDS WHAT COMMAND…: ask once a second
    local limit=$1 what=$2
    shift 2
    seconds=0
    until "$@"; do
        seconds=$((seconds + 1))
        [ $seconds -lt "$limit" ] || fail "$what did not happen within $limit s"
        sleep 1
    done
}
screen_is_ready() { [ -s screen/number ] && [ -s screen/Xvfb_screen0 ]; }
drawn() { # whether the window fills the screen's picture by more than a dialog would
    kill -0 "$window" 2>/dev/null || { cat window.txt >&2; fail "the window ended by itself"; }
    [ "$(tr -d '\0' <screen/Xvfb_screen0 | wc -c)" -gt 2000000 ]
}
still() {
    local before
    before=$(cksum <screen/Xvfb_screen0)
    sleep 2
    drawn && [ "$before" = "$(cksum <screen/Xvfb_screen0)" ]
}

wait_until 20 "a screen" screen_is_ready
"${alone[@]}" "$env" -i PATH= HOME="$work/home" TMPDIR="$work/tmp" LANG=C.UTF-8 DISPLAY=":$(head -1 screen/number)" \
    "$program" "$work/demo/session.dwb" >window.txt 2>&1 &
window=$!
wait_until 120 "the window" drawn
wait_until 120 "a window that stands still" still
cp screen/Xvfb_screen0 window.xwd
convert xwd:window.xwd window.png 2>/dev/null || true # ImageMagick, if it is installed
[ ! -s window.png ] || rm window.xwd
kill -INT "$window"
wait "$window" && code=0 || code=$?
[ $code = 0 ] || { cat window.txt >&2; fail "the window ended with $code"; }
window=
passed "the window opens a session and closes"
