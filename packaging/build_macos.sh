#!/usr/bin/env bash
# Build the bundle for macOS: dist/Defect Workbench.app, with Python, all packages and the ResNet-50 weights inside, and
# sessions (.dwb) as its documents. Installs what it needs into the active virtual environment.
#
# NOT RUN YET: this script was written beside build_linux.sh without a Mac. What it shares with Linux (the specification,
# the weights) is tested there; its own lines, the Info.plist and the double click on a session are not.
#
#   WEIGHTS=FILE packaging/build_macos.sh    weights from a file, on a closed network
#   WEIGHTS=none packaging/build_macos.sh    without weights
#
# The app is not signed. On other Macs it opens after: xattr -dr com.apple.quarantine "Defect Workbench.app"
set -euo pipefail
cd "$(dirname "$0")/.."
extras=${EXTRAS:-build,afm,onnx}

if ! command -v python >/dev/null; then
    echo "build_macos.sh: there is no python on the path. Activate a virtual environment first:" \
        "python3 -m venv .venv && . .venv/bin/activate" >&2
    exit 2
fi
if [ -z "${CONDA_PREFIX:-}" ] && python -c 'import sys; sys.exit(sys.prefix != sys.base_prefix)'; then
    echo "build_macos.sh: no virtual environment is active. Activate one first:" \
        "python3 -m venv .venv && . .venv/bin/activate" >&2
    exit 2
fi

echo "== install the program with the extras $extras"
python -m pip install --quiet --editable ".[$extras]"

case ${WEIGHTS:-} in
none) rm -rf build/carried-weights ;;
*)
    echo "== ResNet-50 weights"
    python packaging/bundle/carry_weights.py build/carried-weights ${WEIGHTS:+"$WEIGHTS"}
    ;;
esac

echo "== PyInstaller"
python -m PyInstaller --noconfirm --clean --log-level WARN --distpath dist --workpath build/pyinstaller \
    packaging/defect_workbench.spec

echo "== size"
app="dist/Defect Workbench.app"
du -sh "$app"
"$app/Contents/MacOS/defect-workbench" --version
"$app/Contents/MacOS/defect-workbench" --self-check
