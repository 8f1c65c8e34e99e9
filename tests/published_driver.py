"""Runs inside a published client's environment: executes the scripts it is told and says what they gave.

A line on stdin is the path of a script; the line that answers it holds, as JSON, what the script left in `answer`,
what was printed, and the traceback where it failed. Standard library only: the environment is not ours.
"""

import contextlib
import io
import json
import os
import runpy
import sys
import traceback
import warnings

out = sys.stdout
warnings.simplefilter("ignore")

for line in sys.stdin:
    printed, complained = io.StringIO(), io.StringIO()
    answer, failure = None, None
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
        try:
            answer = runpy.run_path(line.rstrip("\n")).get("answer")
        except BaseException:  # noqa: BLE001 - the boundary: whatever the script does wrong is told
            failure = traceback.format_exc()
    said = {"answer": answer, "stdout": printed.getvalue(), "stderr": complained.getvalue(), "failure": failure}
    out.write(json.dumps(said, default=str) + "\n")
    out.flush()
os._exit(0)  # a thread that waits for a server which is gone, as one of a script that failed may, would keep it
