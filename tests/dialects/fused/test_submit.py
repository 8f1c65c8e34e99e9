"""What the newer published client sends for many arguments at once (2.9.5), unmodified, and from inside a udf."""

SQUARE = """
@fused.udf
def square(n: int, plus: int = 0):
    if n < 0:
        raise ValueError(f"{n} is less than nothing")
    return n * n + plus
"""


def test_submit_runs_thirty_two_at_once(new):
    said = new.run(f"""{SQUARE}
frame = fused.submit(square, [{{"n": n}} for n in range(32)], plus=1, cache=False)
answer = [list(frame.index.names), frame.result.tolist()]
""")
    assert said.answer == [["n"], [n * n + 1 for n in range(32)]]


# `submit(..., n_processes_per_worker=2)` of this client calls its own `run` with an argument that it does not take, and
# sends nothing. What it would send is the step below, which its `run` sends.
STEP = """
def each(udf, elements, processes):
    step = udf._to_job_step(arg_list=elements)
    step.n_processes = processes
    return fused.run(step)
"""


def test_several_processes_answer_a_list_of_arguments(new):
    said = new.run(f"""{SQUARE}{STEP}
told = each(square, [{{"n": 1}}, {{"n": -1}}, {{"n": 3}}], 2)
answer = [[told[str(at)][name] for at in range(3)] for name in ("status", "result", "exception", "n")]
""")
    wrong = "ValueError: -1 is less than nothing"
    assert said.answer == [["success", "error", "success"], [1, None, 9], [None, wrong, None], [1, -1, 3]]


def test_frames_of_several_processes_come_back(new):
    said = new.run(f"""{STEP}
@fused.udf
def table(n: int):
    import pandas as pd
    return pd.DataFrame({{"a": range(n)}})
told = each(table, [{{"n": 1}}, {{"n": 2}}], 2)
answer = [[type(one["result"]).__name__, one["result"].a.tolist(), one["status"], one["n"]] for one in told.values()]
""")
    assert said.answer == [["DataFrame", [0], "success", 1], ["DataFrame", [0, 1], "success", 2]]


def test_runs_that_are_gathered_come_back(new):
    said = new.run(f"""{SQUARE}
import asyncio
async def gathered():
    return await asyncio.gather(*(fused.run_async(square, n=n) for n in range(6)))
answer = asyncio.run(gathered())
""")
    assert said.answer == [n * n for n in range(6)]


def test_a_udf_that_the_client_sends_submits_and_loads_others(new):
    said = new.run("""
@fused.udf
def part(n: int = 1):
    return n * 2
part.to_fused(overwrite=True)

@fused.udf
def whole(n: int = 3):
    frame = fused.submit("part", [{"n": n} for n in range(n)])
    return {"sum": int(frame.result.sum()), "one": fused.run("part", n=9), "loaded": fused.load("part")(n=4)}
answer = fused.run(whole, n=5)
""")
    assert said.answer == {"sum": 20, "one": 18, "loaded": 8}
