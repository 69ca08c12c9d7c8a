import subprocess
import sys
from pathlib import Path

from defect_workbench.app.recovery import Recovery

_CHILD = """
import sys, time
from pathlib import Path
from defect_workbench.app.recovery import Recovery
recovery = Recovery(Path(sys.argv[1]))
recovery.hold().write_bytes(b"work")
print("written", flush=True)
time.sleep(600)
"""


def test_work_of_a_killed_process_is_found_and_that_of_a_living_one_is_left_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "written"
        mine = Recovery(tmp_path)
        assert mine.left_behind() == []
        child.kill()
    (left,) = mine.left_behind()
    mine.take_over(left)
    assert mine.path.read_bytes() == b"work"
    assert Recovery(tmp_path).left_behind() == []
    mine.discard()
    assert list(tmp_path.glob("*.dwb")) == []
