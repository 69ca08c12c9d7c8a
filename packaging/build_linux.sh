#!/usr/bin/env bash
# Build the bundle for Linux: dist/defect-workbench/defect-workbench, with Python, all packages and the ResNet-50 weights
# inside. Installs what it needs into the active virtual environment.
#
#   WEIGHTS=FILE packaging/build_linux.sh    weights from a file, on a closed network
#   WEIGHTS=none packaging/build_linux.sh    without weights
#   EXTRAS=build packaging/build_linux.sh    without the optional extras (default: build,afm,onnx)
set -euo pipefail
cd "$(dirname "$0")/.."
extras=${EXTRAS:-build,afm,onnx}

if ! command -v python >/dev/null; then
    echo "build_linux.sh: there is no python on the path. Activate a virtual environment first:" \
        "python3 -m venv .venv && . .venv/bin/activate" >&2
    exit 2
fi
if [ -z "${CONDA_PREFIX:-}" ] && python -c 'import sys; sys.exit(sys.prefix != sys.base_prefix)'; then
    echo "build_linux.sh: no virtual environment is active, and the packages must not go into the system's Python" \
        "($(command -v python)). Activate one first: python3 -m venv .venv && . .venv/bin/activate" >&2
    exit 2
fi

echo "== install the program with the extras $extras into $(python -c 'import sys; print(sys.prefix)')"
python -m pip install --quiet --editable ".[$extras]"
python - <<'PYTHON'
import torch

cuda = torch.version.cuda
print(f"torch {torch.__version__}: " + (
    f"built for CUDA {cuda}; the bundle becomes several GB. For a smaller one, install a CPU build of torch first"
    if cuda else "CPU build; the bundle becomes about 1.4 GB"
))
PYTHON
echo "== check that this system has the libraries of the window, which the bundle takes along"
QT_QPA_PLATFORM=xcb python -c '
import sys
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.display_libraries import check_display_libraries
try:
    check_display_libraries()
except WorkbenchError as error:
    sys.exit(f"build_linux.sh: {error}")'

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
mkdir -p dist/defect-workbench/desktop
cp -r packaging/install_desktop.sh packaging/defect-workbench.desktop packaging/defect-workbench-session.xml \
    packaging/icons dist/defect-workbench/desktop/

{
    dist/defect-workbench/defect-workbench --version
    commit=$(git describe --always --dirty 2>/dev/null || true)
    echo "source: ${commit:-unknown}"
    python -c 'import platform, PySide6, torch
print(f"Python {platform.python_version()}, torch {torch.__version__}, Qt {PySide6.__version__}")'
    echo "needs $(getconf GNU_LIBC_VERSION) or later, $(uname -m)"
} >dist/defect-workbench/version.txt

echo "== size"
python packaging/bundle/state_size.py dist/defect-workbench
cat dist/defect-workbench/version.txt
echo "Test it with: packaging/test_bundle.sh dist/defect-workbench/defect-workbench"
