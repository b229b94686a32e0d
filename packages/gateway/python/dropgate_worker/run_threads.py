"""The threads that blocking code of runs is carried out in: nobody can end one, so it is known which run it is for."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from .run.run_scope import run_scope


class RunThreads(ThreadPoolExecutor):
    """Those of a loop, for `asyncio.to_thread` and `run_in_executor`."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Calls it in a thread; the run that the current task works for is not over before that."""
        call = super().submit(fn, *args, **kwargs)
        scope = run_scope.get()
        if scope is not None:
            going_on = scope.request.going_on
            going_on.add(call)
            call.add_done_callback(going_on.discard)
        return call
