"""Write what Windows shows under Properties › Details: `python write_version_resource.py FILE`."""

import re
import sys
from pathlib import Path

from defect_workbench import __version__

TEXT = """VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0, OS=0x40004, fileType=0x1),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      StringStruct("FileDescription", "Defect Workbench"),
      StringStruct("FileVersion", "{version}"),
      StringStruct("InternalName", "defect-workbench"),
      StringStruct("LegalCopyright", "MIT licence"),
      StringStruct("OriginalFilename", "defect-workbench.exe"),
      StringStruct("ProductName", "Defect Workbench"),
      StringStruct("ProductVersion", "{version}"),
    ])]),
    VarFileInfo([VarStruct("Translation", [1033, 1200])]),
  ],
)
"""


def main() -> int:
    """Return the exit code."""
    target = Path(sys.argv[1])
    numbers = [int(digits) for digits in re.findall(r"\d+", __version__)][:4]
    four = tuple(numbers + [0] * (4 - len(numbers)))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(TEXT.format(numbers=four, version=__version__), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
