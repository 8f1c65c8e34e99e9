"""What user code finds in a worker, and that nothing it does to its own process spoils the calls after it."""

import pytest

from calling import call, detail, value
from conftest import wait_until


def test_the_system_s_files_that_programs_read_are_there(http):
    found = value(
        http,
        """
        import os, pwd, socket, ssl
        def udf():
            certificates = ssl.get_default_verify_paths().openssl_capath
            return {
                "localhost": socket.gethostbyname("localhost"),
                "users": pwd.getpwuid(0).pw_name,
                "certificates": len(os.listdir(certificates)) > 0 if os.path.isdir(certificates) else True,
            }
        """,
    )
    assert found == {"localhost": "127.0.0.1", "users": "root", "certificates": True}


def test_a_child_that_comes_back_is_not_taken_for_the_call(http):
    returned = value(
        http,
        """
        import os, time
        def udf():
            child = os.fork()
            if child:
                time.sleep(0.2)
            return "the call" if child else "the child"
        """,
    )
    assert returned == "the call"
    assert value(http, "def udf(): return 'next'") == "next"


def test_text_that_is_no_unicode_can_be_said_in_an_exception(http):
    answer = call(http, r"def udf(): raise FileNotFoundError('\udcff.csv')")
    assert answer.status_code == 422
    assert detail(answer) == r"FileNotFoundError: \udcff.csv"


@pytest.mark.parametrize(
    "havoc",
    [
        "os.close(1); os.close(2)",
        "os.dup2(os.open('/dev/null', os.O_WRONLY), 1)",
        "sys.modules.clear()",
        "os.chmod('/tmp', 0); os.umask(0o777)",
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
        "sys.settrace(lambda *_: 1 / 0)",
        "sys.setrecursionlimit(60)",
        "sys.stdout = None; sys.stderr = 5",
        "os.environ.clear(); sys.path.clear()",
        "builtins.len = builtins.open = None",
        "os.closerange(3, 1000)",
    ],
)
def test_whatever_a_call_does_to_its_process_the_next_is_served(http, havoc):
    shown = value(http, "import os\ndef udf(): return os.listdir('.')")  # packages beneath the folder, where some are
    # What becomes of this one is its own doing.
    call(http, f"import builtins, os, signal, sys\ndef udf():\n    {havoc}\n    return 1")
    served = call(
        http,
        """
        import os, pathlib, subprocess
        def nest(n): return n and nest(n - 1)
        def udf():
            print("printed")
            pathlib.Path("here.txt").write_text("written")
            nest(400)
            return [os.listdir("."), pathlib.Path("here.txt").read_text(), subprocess.call(["false"])]
        """,
    )
    there, *rest = served.json()
    assert ({*there} - {*shown, ".cache"}, rest) == ({"here.txt"}, ["written", 1])
    assert '"stdout":"printed\\n"' in served.headers["x-fused-metadata"]


def test_code_that_patches_what_ends_its_processes_leaves_none(http):
    value(
        http,
        """
        import os, subprocess
        def udf():
            os.kill = os.waitpid = lambda *_: (0, 0)
            subprocess.Popen(["sleep", "600"], start_new_session=True)
        """,
    )
    assert value(http, "import os\ndef udf(): return [p for p in os.listdir('/proc') if p.isdigit()]") == ["1"]
    for _ in range(4):
        call(http, "import os\ndef udf(): os._exit(0)")  # what it patched stays with its owner's worker


def test_a_library_that_was_imported_once_is_there_at_once_for_everybody(http, stranger):
    value(http, "import rioxarray\ndef udf(): return 1")

    def found() -> bool:
        call(stranger, "import os\ndef udf(): os._exit(0)")
        return "rioxarray" in value(stranger, "import sys\ndef udf(): return list(sys.modules)")

    wait_until(found)
