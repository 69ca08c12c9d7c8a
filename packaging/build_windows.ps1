# Build the bundle for Windows: dist\defect-workbench\defect-workbench.exe, with Python, all packages and the ResNet-50
# weights inside. Installs what it needs into the active virtual environment.
#
# NOT RUN YET: this script was written beside build_linux.sh without a Windows machine. What it shares with Linux (the
# specification, the weights) is tested there; its own lines are not.
#
#   .\packaging\build_windows.ps1                     weights are downloaded
#   .\packaging\build_windows.ps1 -Weights FILE       weights from a file, on a closed network
#   .\packaging\build_windows.ps1 -Weights none       without weights
#
# Sessions (.dwb) open with a double click after this, for the present user (PROGRAM is the full path of the .exe):
#   $key = 'HKCU:\Software\Classes'
#   New-Item -Force "$key\.dwb" -Value 'DefectWorkbench.Session'
#   New-Item -Force "$key\DefectWorkbench.Session\shell\open\command" -Value '"PROGRAM" "%1"'
#   New-Item -Force "$key\DefectWorkbench.Session\DefaultIcon" -Value '"PROGRAM",0'
# and no more after:
#   Remove-Item -Recurse "$key\.dwb", "$key\DefectWorkbench.Session"
param(
    [string]$Weights = '',
    [string]$Extras = 'build,afm,onnx'
)
$ErrorActionPreference = 'Stop'
Set-Location (Join-Path $PSScriptRoot '..')

function Invoke-Checked {
    # PowerShell goes on after a program that failed.
    $program, $rest = $args
    & $program @rest
    if ($LASTEXITCODE -ne 0) { throw "$program $rest ended with $LASTEXITCODE" }
}

if (-not (Get-Command python -ErrorAction SilentlyContinue)) {
    Write-Error 'build_windows.ps1: there is no python on the path. Activate a virtual environment first: python -m venv .venv; .\.venv\Scripts\Activate.ps1'
}
python -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)'
if ($LASTEXITCODE -ne 0 -and -not $env:CONDA_PREFIX) {
    Write-Error 'build_windows.ps1: no virtual environment is active. Activate one first: python -m venv .venv; .\.venv\Scripts\Activate.ps1'
}

Write-Output "== install the program with the extras $Extras"
Invoke-Checked python -m pip install --quiet --editable ".[$Extras]"

if ($Weights -eq 'none') {
    if (Test-Path build\carried-weights) { Remove-Item -Recurse build\carried-weights }
} else {
    Write-Output '== ResNet-50 weights'
    $file = if ($Weights) { @($Weights) } else { @() }
    Invoke-Checked python packaging\bundle\carry_weights.py build\carried-weights @file
}

Write-Output '== version resource'
Invoke-Checked python packaging\bundle\write_version_resource.py build\version_info.txt

Write-Output '== PyInstaller'
Invoke-Checked python -m PyInstaller --noconfirm --clean --log-level WARN --distpath dist --workpath build\pyinstaller packaging\defect_workbench.spec

Write-Output '== size'
Invoke-Checked python packaging\bundle\state_size.py dist\defect-workbench
Invoke-Checked dist\defect-workbench\defect-workbench.exe --version
Invoke-Checked dist\defect-workbench\defect-workbench.exe --self-check
