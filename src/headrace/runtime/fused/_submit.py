"""One udf for each of a list of arguments, many at once (Fused protocol notes 4.8)."""

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from concurrent.futures import TimeoutError as Late
from typing import Any

from headrace.errors import HeadraceError, Invalid, NotServed
from headrace.runtime.fused._run import run
from headrace.runtime.fused.types import UdfSelfRecursionError

WORKERS, MOST_WORKERS = 32, 1024


class Pool:
    """Runs that were started together, in the order of their arguments. Those that fail are tried again."""

    def __init__(
        self,
        udf: Any,  # noqa: ANN401 - a udf, or what names one
        arguments: list[dict[str, Any]],
        common: dict[str, Any],  # arguments of every run
        workers: int,
        tries: int,
        options: dict[str, Any],
    ) -> None:
        self.arg_list, self._udf, self._common, self._options, self._tries = arguments, udf, common, options, tries
        self._took: list[float | None] = [None] * len(arguments)
        self._started: set[int] = set()
        self._executor = ThreadPoolExecutor(max(1, min(workers, len(arguments))), "headrace-submit")
        self._futures = [self._executor.submit(self._run, at, given) for at, given in enumerate(arguments)]
        self._executor.shutdown(wait=False)  # it takes no more, and its threads end with their work

    def _run(self, at: int, given: dict[str, Any]) -> Any:  # noqa: ANN401
        self._started.add(at)
        began = time.perf_counter()
        try:
            for tries_left in range(self._tries, -1, -1):
                try:
                    return run(self._udf, parameters={**self._common, **given}, **self._options)
                except (UdfSelfRecursionError, Invalid, NotServed):
                    raise
                except Exception:
                    if not tries_left:
                        raise
        finally:
            self._took[at] = time.perf_counter() - began
        raise AssertionError

    def __len__(self) -> int:
        return len(self._futures)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.results())

    def __getitem__(self, at: int) -> "Future[Any]":
        return self._futures[at]

    def wait(self) -> "Pool":
        """Until all have ended, well or not."""
        wait(self._futures)
        return self

    def tail(self, stop_on_exception: bool = False, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002 - as published
        """Print each run as it ends."""
        at_of = {id(future): at for at, future in enumerate(self._futures)}
        try:
            for future in as_completed(self._futures, timeout):
                at, error = at_of[id(future)], future.exception()
                said = f"{type(error).__name__}: {error}" if error else "success"
                sys.stdout.write(f"Run #{at} {self.arg_list[at]}: {said}\n")
                if error and stop_on_exception:
                    return
        except Late:
            sys.stdout.write(f"{len(self.pending()) + len(self.running())} runs have not ended.\n")

    def cancel(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002 - as published
        """Start no more of them."""
        for future in self._futures:
            future.cancel()
        if wait:
            self.wait()

    def done(self) -> bool:
        """Whether all have ended."""
        return all(future.done() for future in self._futures)

    def all_succeeded(self) -> bool:
        """Whether all have ended well."""
        return all(self._word(at) == "success" for at in range(len(self)))

    def any_failed(self) -> bool:
        """Whether one has ended badly."""
        return any(self._word(at) == "error" for at in range(len(self)))

    def any_succeeded(self) -> bool:
        """Whether one has ended well."""
        return any(self._word(at) == "success" for at in range(len(self)))

    def results(self, return_exceptions: bool = False) -> list[Any]:  # noqa: FBT001, FBT002 - as published
        """What each gave, waited for; raises the first error, or has it stand in its place."""
        self.wait()
        errors = self.errors()
        if errors and not return_exceptions:
            raise self._told(min(errors))
        return [errors.get(at) or future.result() for at, future in enumerate(self._futures)]

    def results_now(self, return_exceptions: bool = False) -> dict[int, Any]:  # noqa: FBT001, FBT002 - as published
        """What those gave that have ended, by their number."""
        return {**self.success(), **(self.errors() if return_exceptions else {})}

    def errors(self) -> dict[int, BaseException]:
        """The errors of those that have failed, by their number."""
        ended = ((at, future) for at, future in enumerate(self._futures) if future.done() and not future.cancelled())
        return {at: error for at, future in ended if (error := future.exception()) is not None}

    def first_error(self) -> BaseException | None:
        """The error of the first that has failed."""
        errors = self.errors()
        return errors[min(errors)] if errors else None

    def success(self) -> dict[int, Any]:
        """What those gave that have ended well, by their number."""
        return {at: self._futures[at].result() for at in range(len(self)) if self._word(at) == "success"}

    def pending(self) -> dict[int, Any]:
        """The arguments of those that have not begun, by their number."""
        return self._in("pending")

    def running(self) -> dict[int, Any]:
        """The arguments of those that run, by their number."""
        return self._in("running")

    def cancelled(self) -> dict[int, Any]:
        """The arguments of those that were cancelled, by their number."""
        return self._in("cancelled")

    def times(self) -> list[Any]:
        """How long each took."""
        from datetime import timedelta

        return [None if took is None else timedelta(seconds=took) for took in self._took]

    def status(self) -> Any:  # noqa: ANN401 - a Series
        """How many stand where: a Series by the words success, error, running, pending, cancelled."""
        import pandas as pd

        return pd.Series([self._word(at) for at in range(len(self))], dtype=object).value_counts()

    def arg_df(self) -> Any:  # noqa: ANN401 - a DataFrame
        """The arguments, a row each."""
        import pandas as pd

        return pd.DataFrame(self.arg_list)

    def df(self, ignore_exceptions: bool = False, flatten: bool = True, drop_index: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - as published
        """The results as one frame: frames one below the other, anything else as a column `result`.

        The index holds the arguments. Raises the first error, unless errors are to be left out.
        """
        import pandas as pd

        self.wait()
        errors = self.errors()
        if errors and not ignore_exceptions:
            raise self._told(min(errors))
        found = self.success()
        frames = [at for at, value in found.items() if isinstance(value, pd.DataFrame)]
        if flatten and found and len(frames) == len(found):
            if drop_index:
                return pd.concat([found[at] for at in frames], ignore_index=True)
            keyed = {at: self._indexed(found[at], at) for at in frames}
            return pd.concat(keyed.values())
        frame = pd.DataFrame({"result": pd.Series(list(found.values()), dtype=object).infer_objects()})
        if not drop_index and found and any(self.arg_list):
            frame.index = self._index(list(found))
        return frame

    collect = df

    def _indexed(self, frame: Any, at: int) -> Any:  # noqa: ANN401
        import pandas as pd

        given = self.arg_list[at]
        if not given:
            return frame
        levels = [[_hashable(value)] * len(frame) for value in given.values()]
        own = [frame.index.get_level_values(level) for level in range(frame.index.nlevels)]
        return frame.set_axis(pd.MultiIndex.from_arrays([*levels, *own], names=[*given, *frame.index.names]))

    def _index(self, numbers: list[int]) -> Any:  # noqa: ANN401
        import pandas as pd

        rows = [{name: _hashable(value) for name, value in self.arg_list[at].items()} for at in numbers]
        frame = pd.DataFrame(rows)
        return pd.Index(frame.iloc[:, 0]) if frame.shape[1] == 1 else pd.MultiIndex.from_frame(frame)

    def _word(self, at: int) -> str:
        future = self._futures[at]
        if future.cancelled():
            return "cancelled"
        if future.done():
            return "error" if future.exception() else "success"
        return "running" if at in self._started else "pending"

    def _in(self, word: str) -> dict[int, Any]:
        return {at: self.arg_list[at] for at in range(len(self)) if self._word(at) == word}

    def _told(self, at: int) -> BaseException:
        error = self.errors()[at]
        if isinstance(error, HeadraceError):
            return error
        try:
            return type(error)(f"Run #{at}\n{self.arg_list[at]}\n{error}")
        except TypeError:
            return error


def submit(
    udf: Any,  # noqa: ANN401 - a udf, or what names one
    arg_list: Any,  # noqa: ANN401 - a list or a DataFrame
    /,
    *,
    engine: str | None = "remote",
    instance_type: str | None = None,
    max_workers: int | None = None,
    n_processes_per_worker: int | None = None,
    max_retry: int = 2,
    debug_mode: bool = False,
    collect: bool = True,
    execution_type: str = "thread_pool",
    cache_max_age: str | int | None = None,
    cache: bool = True,
    ignore_exceptions: bool = False,
    flatten: bool = True,
    drop_index: bool = False,
    **arguments: Any,  # noqa: ANN401 - given to every run
) -> Any:  # noqa: ANN401 - a frame, or the pool
    """Run a udf for each element of a list, or row of a DataFrame, in `max_workers` (32) threads, and collect a frame.

    An element is a dict of arguments, or the udf's first argument. A run that fails is tried again `max_retry` times.
    `collect=False` gives the pool at once; `debug_mode=True` runs the first element alone and gives what that gives.
    `n_processes_per_worker` and `execution_type` decide nothing here: every run has a process of its own.
    """
    given = [one if isinstance(one, dict) else {_first(udf): one} for one in _elements(arg_list)]
    options: dict[str, Any] = {"engine": engine, "instance_type": instance_type, "cache": cache}
    options["cache_max_age"] = cache_max_age
    if debug_mode:
        return run(udf, parameters={**arguments, **given[0]}, **options)
    workers = WORKERS if max_workers is None else max_workers
    if not 1 <= workers <= MOST_WORKERS:
        raise Invalid(f"max_workers wants 1 to {MOST_WORKERS}, and got {workers}.")
    pool = Pool(udf, given, arguments, workers, max(0, max_retry), options)
    if not collect:
        return pool
    return pool.df(ignore_exceptions=ignore_exceptions, flatten=flatten, drop_index=drop_index)


def _elements(arg_list: Any) -> Sequence[Any]:  # noqa: ANN401
    if hasattr(arg_list, "to_dict") and hasattr(arg_list, "columns"):
        return arg_list.to_dict(orient="records")
    elements = list(arg_list)
    if not elements:
        raise Invalid("submit wants at least one element to run the udf for.")
    return elements


def _first(udf: Any) -> str:  # noqa: ANN401
    """The name of the udf's first parameter."""
    import inspect

    from headrace.runtime.fused._load import load

    loaded = load(udf) if isinstance(udf, str) else udf
    names = list(inspect.signature(getattr(loaded, "function", loaded)).parameters)
    if not names:
        raise Invalid("The udf takes no argument; give dicts, which may be empty.")
    return names[0]


def _hashable(value: Any) -> Any:  # noqa: ANN401
    try:
        hash(value)
    except TypeError:
        return str(value)
    return value
