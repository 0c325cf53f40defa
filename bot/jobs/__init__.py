"""Which task runs next, on which worker, and what happens when a task fails or its process dies?

A thin layer over DBOS: SQLite in the data directory, or PostgreSQL for several replicas. The
delivery's id makes a task unique, one worker at a time works on a pull request, and a task that
failed temporarily is enqueued again with a delay, which frees its worker and its pull request.

`queue` runs the tasks, `attempts` performs one attempt, `records` reads the queue's rows, `lanes`
decides who waits for whom, `sweeper` finds deliveries that were missed, `janitor` looks for
crashed jobs, `liveness` detects dead replicas, `embedded` owns the SQLite file.
"""

from bot.jobs.queue import Queue
from bot.jobs.worker import QueueOptions, Worker

__all__ = ["Queue", "QueueOptions", "Worker"]
